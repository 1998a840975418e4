#[derive(tta::Label)]
pub enum Tier {
    Free,
    Paid(u8),
//~     ^^^^
}

fn main() {}
