#[derive(tta::Label)]
pub enum Tier {
    #[label("free\ntrial")]
//~         ^^^^^^^^^^^^^
    Free,
}

fn main() {}
