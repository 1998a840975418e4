fn main() {}

struct Receipt(u32);

async fn undo(_: u32, _: Receipt) {}

#[tta::primitive(compensate = undo)]
async fn step(id: u32) -> Result<Receipt, String> {
//~                       ^^^^^^
    Ok(Receipt(id))
}
