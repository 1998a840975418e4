fn main() {}

#[tta::router]
fn pick() {}
//~^^^^
