#[tta::primitive(name("serve"))]
//~              ^^^^
fn serve() {}

fn main() {}
