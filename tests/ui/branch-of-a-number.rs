fn main() {}

#[tta::primitive]
fn step(id: u32) -> u32 {
    #[branch(7)]
//~          ^
    if id > 1 { 2 } else { 3 }
}
