#[tta::primitive(fields("user name" = 1))]
//~                     ^^^^^^^^^^^
fn serve() {}

fn main() {}
