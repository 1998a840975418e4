fn main() {}

async fn undo(_: u32, _: u32) {}

#[tta::workflow(compensate = undo)]
//~             ^^^^^^^^^^
async fn step(id: u32) -> u32 {
    id
}
