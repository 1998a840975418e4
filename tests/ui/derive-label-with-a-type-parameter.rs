#[derive(tta::Label)]
pub enum Tier<T> {
//~           ^
    Free,
    Paid(T),
//~     ^^^
}

fn main() {}
