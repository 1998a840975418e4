#[tta::primitive(errors = "Failure")]
//~                       ^^^^^^^^^
fn serve() {}

fn main() {}
