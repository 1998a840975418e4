#[derive(tta::Label)]
#[label(rename_all = snake_case)]
//~                  ^^^^^^^^^^
pub enum Tier {
    Free,
}

fn main() {}
