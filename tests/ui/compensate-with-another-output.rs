fn main() {}

async fn undo(_: u32, _: String) {}

#[tta::primitive(compensate = undo)]
//~                           ^^^^
async fn step(id: u32) -> Result<u32, String> {
    Ok(id)
}
