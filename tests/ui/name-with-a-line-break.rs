#[tta::primitive(name = "serve\nagain")]
//~                     ^^^^^^^^^^^^^^
fn serve() {}

fn main() {}
