#[derive(Clone, Copy, tta::Label)]
pub enum Digit {
    Zero,
    One,
    Two,
    Three,
    Four,
    Five,
    Six,
    Seven,
    Eight,
    Nine,
    Ten,
}

#[tta::primitive(labels(a: Digit, b: Digit, c: Digit))]
//~              ^^^^^^
pub fn add(a: Digit, b: Digit, c: Digit) -> bool {
    matches!((a, b, c), (Digit::Zero, Digit::Zero, Digit::Zero))
}

fn main() {}
