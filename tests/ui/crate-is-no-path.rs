#[tta::primitive(crate = "not a path")]
//~                      ^^^^^^^^^^^^
fn serve() {}

fn main() {}
