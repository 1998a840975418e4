fn main() {}

async fn release(_: u32, _: u32) {}

#[tta::primitive(compensate = release)]
async fn reserve(item: u32) -> Result<u32, String> {
    Ok(item)
}

#[tta::workflow(kind = "saga")]
async fn order(item: u32) -> Result<u32, String> {
    reserve(item).await
}
