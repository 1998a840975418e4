#[tta::primitive]
async fn count() -> u32 {
    "three"
//~ ^^^^^^^
}

fn main() {}
