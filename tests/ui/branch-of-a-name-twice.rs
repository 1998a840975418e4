fn main() {}

#[tta::primitive]
fn step(id: u32) -> u32 {
    #[branch("size")]
    if id > 1 {
        return 1;
    }
    #[branch("size")]
//~          ^^^^^^
    if id > 7 { 2 } else { 3 }
}
