fn main() {}

async fn undo(_: u32, _: u32) {}

#[tta::primitive(compensate = undo)]
pub fn step(id: u32) -> u32 {
//~ ^^
    id
}
