#[tta::primitive(name = 42)]
//~                     ^^
fn serve() {}

fn main() {}
