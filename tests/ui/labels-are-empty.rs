#[tta::primitive(labels())]
//~              ^^^^^^
fn serve() {}

fn main() {}
