fn main() {}

async fn undo(_: std::borrow::Cow<'_, str>, _: u32) {}

#[tta::primitive(compensate = undo)]
async fn step(id: std::borrow::Cow<'_, str>) -> u32 {
//~           ^^
    id.len() as u32
}
