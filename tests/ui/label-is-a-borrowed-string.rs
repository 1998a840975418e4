#[tta::primitive(labels(region: &str = region))]
//~                             ^^^^
fn place(region: &str) -> usize {
    region.len()
}

fn main() {}
