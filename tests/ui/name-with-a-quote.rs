#[tta::primitive(name = "serve \"again\"")]
//~                     ^^^^^^^^^^^^^^^^^
fn serve() {}

fn main() {}
