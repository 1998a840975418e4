#[tta::primitive(ok_if)]
//~              ^^^^^
fn serve() -> Result<u8, u8> {
    Ok(1)
}

fn main() {}
