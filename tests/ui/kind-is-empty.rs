#[tta::primitive(kind = "")]
//~                     ^^
fn serve() {}

fn main() {}
