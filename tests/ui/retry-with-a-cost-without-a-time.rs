#[tta::primitive(retry(max = 3, cost = "$1"))]
//~                                    ^^^^
async fn ask() -> Result<u8, tta::PolicyError> {
    Ok(1)
}

fn main() {}
