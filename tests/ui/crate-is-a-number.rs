#[tta::primitive(crate = 1)]
//~                      ^
fn serve() {}

fn main() {}
