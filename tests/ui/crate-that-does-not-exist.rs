#[tta::primitive(crate = telemetry)]
//~                      ^^^^^^^^^
fn serve() {}

fn main() {}
