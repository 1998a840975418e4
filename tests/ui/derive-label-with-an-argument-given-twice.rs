#[derive(tta::Label)]
#[label(rename_all = "snake_case", rename_all = "kebab-case", many, many, crate = tta, crate = tta)]
//~                                ^^^^^^^^^^                       ^^^^               ^^^^^
pub enum Tier {
    Free,
}

fn main() {}
