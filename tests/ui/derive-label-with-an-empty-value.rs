#[derive(tta::Label)]
pub enum Tier {
    #[label("")]
//~         ^^
    Free,
}

fn main() {}
