#[tta::primitive(labels(model: bounded(0) = model))]
//~                                    ^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
