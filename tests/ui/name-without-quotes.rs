#[tta::primitive(name = lookup)]
//~                     ^^^^^^
fn serve() {}

fn main() {}
