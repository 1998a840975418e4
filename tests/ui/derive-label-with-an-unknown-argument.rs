#[derive(tta::Label)]
#[label(rename = "snake_case")]
//~     ^^^^^^
pub enum Tier {
    Free,
}

fn main() {}
