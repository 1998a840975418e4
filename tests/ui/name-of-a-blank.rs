#[tta::primitive(name = " ")]
//~                     ^^^
fn serve() {}

fn main() {}
