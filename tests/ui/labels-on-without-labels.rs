#[tta::primitive(labels(on = "all"))]
//~              ^^^^^^
fn serve() {}

fn main() {}
