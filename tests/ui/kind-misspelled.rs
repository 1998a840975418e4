#[tta::primitive(kind = "retreival")]
//~                     ^^^^^^^^^^^
fn search() {}

fn main() {}
