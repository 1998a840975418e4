#[derive(tta::Label)]
#[label(rename_all = "snake_case")]
#[label(rename_all = "kebab-case")]
//~     ^^^^^^^^^^
pub enum Tier {
    Free,
}

fn main() {}
