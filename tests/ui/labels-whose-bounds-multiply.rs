#[tta::primitive(labels(a: bounded(200) = a, b: bounded(200) = b))]
//~              ^^^^^^
pub fn add(a: &str, b: &str) -> bool {
    a == b
}

fn main() {}
