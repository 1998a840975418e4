#[tta::primitive(crate = tta())]
//~                         ^
fn serve() {}

fn main() {}
