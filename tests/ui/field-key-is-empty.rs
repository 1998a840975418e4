#[tta::primitive(fields("" = 1))]
//~                     ^^
fn serve() {}

fn main() {}
