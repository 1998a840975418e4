fn main() {}

async fn undo(_: &mut u32, _: u32) {}

#[tta::primitive(compensate = undo)]
async fn step(id: &mut u32) -> u32 {
//~                ^^^
    *id
}
