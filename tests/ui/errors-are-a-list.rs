#[tta::primitive(errors = [std::fmt::Error, std::io::Error])]
//~                       ^
fn serve() -> Result<u8, std::fmt::Error> {
    Ok(1)
}

fn main() {}
