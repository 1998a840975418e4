#[derive(tta::Label)]
#[label(rename_all = "kebabcase")]
//~                  ^^^^^^^^^^^
pub enum Tier {
    Free,
}

fn main() {}
