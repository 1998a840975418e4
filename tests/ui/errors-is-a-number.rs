#[tta::primitive(errors = 404)]
//~                       ^^^
fn serve() -> Result<u8, u8> {
    Ok(1)
}

fn main() {}
