#[tta::primitive(level = "info")]
//~              ^^^^^
fn serve() {}

fn main() {}
