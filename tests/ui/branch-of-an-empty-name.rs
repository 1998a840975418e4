fn main() {}

#[tta::primitive]
fn step(id: u32) -> u32 {
    #[branch("")]
//~          ^^
    if id > 1 { 2 } else { 3 }
}
