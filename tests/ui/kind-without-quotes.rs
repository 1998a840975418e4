#[tta::primitive(kind = llm)]
//~                     ^^^
fn ask() {}

fn main() {}
