#[derive(tta::Label)]
#[label(rename_all = "Snake_Case")]
//~                  ^^^^^^^^^^^^
pub enum Tier {
    Free,
}

fn main() {}
