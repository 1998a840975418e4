#[tta::primitive(labels(model: bounded(-1) = model))]
//~                                    ^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
