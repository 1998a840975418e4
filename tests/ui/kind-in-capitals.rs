#[tta::primitive(kind = "LLM")]
//~                     ^^^^^
fn ask() {}

fn main() {}
