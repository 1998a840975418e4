fn main() {}

#[tta::primitive]
fn step(id: u32) -> u32 {
    #[branch("again")]
    let twice = if id > 1 { 2 } else { 3 };
//~ ^^^
    twice
}
