#[derive(tta::Label)]
pub enum Tier {
    #[label(free)]
//~         ^^^^
    Free,
}

fn main() {}
