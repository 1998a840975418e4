#[derive(tta::Label)]
#[label(crate = "tta")]
//~             ^^^^^
pub enum Tier {
    Free,
}

fn main() {}
