/// Which way it goes.
#[tta::primitive]
pub fn fee(cents: Option<u32>) -> u32 {
    #[branch("size")]
    if cents > Some(100) {
        return 5;
    }
    #[branch("kind")]
    match cents {
        None => 0,
        Some(cents) => cents / 10,
    }
}

fn main() {}
