#[tta::primitive(fields())]
//~              ^^^^^^
fn serve() {}

fn main() {}
