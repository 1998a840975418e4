#[tta::primitive(labels(model: bounded = model))]
//~                            ^^^^^^^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
