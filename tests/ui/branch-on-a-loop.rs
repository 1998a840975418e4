fn main() {}

#[tta::primitive]
fn step(id: u32) -> u32 {
    #[branch("again")]
    while id > 7 {}
//~ ^^^^^
    id
}
