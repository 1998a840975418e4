fn main() {}

#[tta::primitive(baseline = Model::Large)]
//~              ^^^^^^^^
fn pick() {}
