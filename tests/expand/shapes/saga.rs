/// What is undone where it fails.
#[tta::workflow(kind = "saga", report = tell)]
pub async fn order(item: u32) -> Result<u32, String> {
    Ok(item)
}

fn tell<T>(_: T) {}

fn main() {}
