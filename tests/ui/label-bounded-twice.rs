#[tta::primitive(labels(model: bounded(64, 128) = model))]
//~                                    ^^^^^^^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
