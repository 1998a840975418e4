#[tta::primitive(fields(3))]
//~                     ^
fn serve() {}

fn main() {}
