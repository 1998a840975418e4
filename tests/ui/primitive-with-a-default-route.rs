fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

struct Failure;

#[tta::primitive(kind = "router", default = Model::Small)]
//~                               ^^^^^^^
fn pick() -> Result<tta::Decision<Model>, Failure> {
    Err(Failure)
}
