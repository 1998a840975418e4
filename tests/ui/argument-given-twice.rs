#[tta::primitive(kind = "tool", name = "serve", kind = "http")]
//~                                             ^^^^
fn serve() {}

fn main() {}
