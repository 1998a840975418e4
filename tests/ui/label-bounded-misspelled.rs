#[tta::primitive(labels(model: bound(64) = model))]
//~                            ^^^^^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
