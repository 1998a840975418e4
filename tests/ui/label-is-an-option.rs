#[tta::primitive(labels(cached: Option<bool>))]
//~                             ^^^^^^^^^^^^
fn load(cached: Option<bool>) -> bool {
    cached.unwrap_or_default()
}

fn main() {}
