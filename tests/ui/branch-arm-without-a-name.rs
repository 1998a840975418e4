fn main() {}

#[tta::primitive]
fn step(id: u32) -> u32 {
    #[branch("size")]
    match id {
        #[arm]
//~     ^^^^^^
        1 => 2,
        _ => 3,
    }
}
