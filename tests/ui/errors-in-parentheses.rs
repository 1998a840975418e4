#[tta::primitive(errors(std::fmt::Error))]
//~              ^^^^^^
fn serve() -> Result<u8, std::fmt::Error> {
    Ok(1)
}

fn main() {}
