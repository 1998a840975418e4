#[tta::primitive(labels(model: bounded<64> = model))]
//~                            ^^^^^^^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
