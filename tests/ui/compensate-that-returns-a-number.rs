fn main() {}

async fn undo(id: u32, _: u32) -> u32 {
    id
}

#[tta::primitive(compensate = undo)]
//~                           ^^^^
async fn step(id: u32) -> u32 {
    id
}
