fn main() {}

async fn undo(_: u32) {}

#[tta::primitive(compensate = undo)]
pub fn step(id: u32) -> impl futures_core::Stream<Item = u32> {
//~ ^^
    futures::stream::iter([id])
}
