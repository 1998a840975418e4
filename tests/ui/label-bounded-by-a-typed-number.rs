#[tta::primitive(labels(model: bounded(64u8) = model))]
//~                                    ^^^^
fn ask(model: &str) -> usize {
    model.len()
}

fn main() {}
