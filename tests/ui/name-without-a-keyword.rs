#[tta::primitive("lookup")]
//~              ^^^^^^^^
fn serve() {}

fn main() {}
