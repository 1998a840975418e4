fn main() {}

#[tta::primitive(kidn = "tool")]
//~              ^^^^
fn step(id: u32) -> u32 {
    #[branch("size")]
    if id > 7 { 2 } else { 3 }
}
