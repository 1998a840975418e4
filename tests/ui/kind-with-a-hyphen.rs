#[tta::primitive(kind = "feature-store")]
//~                     ^^^^^^^^^^^^^^^
fn serve() {}

fn main() {}
