#[tta::primitive(name = r"serve\again")]
//~                     ^^^^^^^^^^^^^^
fn serve() {}

fn main() {}
