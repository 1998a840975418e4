#[tta::primitive(kind = "vector db")]
//~                     ^^^^^^^^^^^
fn serve() {}

fn main() {}
