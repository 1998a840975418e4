#[tta::workflow]
async fn count(many: bool) -> Result<u32, String> {
    if many {
        return 3;
//~            ^
    }
    Ok(1)
}

fn main() {}
