#[tta::primitive(kind = 1)]
//~                     ^
fn serve() {}

fn main() {}
