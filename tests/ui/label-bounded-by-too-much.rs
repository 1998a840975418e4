#[tta::primitive(labels(model: bounded(100_000) = model))]
//~                                    ^^^^^^^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
