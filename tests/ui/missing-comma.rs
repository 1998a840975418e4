#[tta::primitive(kind = "tool" name = "serve")]
//~                            ^^^^
fn serve() {}

fn main() {}
