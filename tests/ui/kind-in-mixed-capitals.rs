#[tta::primitive(kind = "Retreival")]
//~                     ^^^^^^^^^^^
fn search() {}

fn main() {}
