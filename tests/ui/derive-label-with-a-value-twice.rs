#[derive(tta::Label)]
pub enum Tier {
    Free,
    #[label("free")]
//~         ^^^^^^
    Trial,
}

fn main() {}
