#[tta::primitive(labels(model: bounded(many) = model))]
//~                                    ^^^^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
