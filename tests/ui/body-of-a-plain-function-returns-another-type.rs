#[tta::primitive]
fn count() -> u32 {
    "three"
//~ ^^^^^^^
}

fn main() {}
