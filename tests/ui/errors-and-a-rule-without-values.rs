#[tta::primitive(errors = , error_if =)]
//~                       ^ ^^^^^^^^
fn serve() {}

fn main() {}
