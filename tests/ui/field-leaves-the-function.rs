#[tta::primitive(fields(id = text.parse::<u8>()?))]
//~                                            ^
fn serve(text: &str) -> Result<usize, std::num::ParseIntError> {
    Ok(text.len())
}

fn main() {}
