#[tta::primitive(crate)]
//~              ^^^^^
fn serve() {}

fn main() {}
