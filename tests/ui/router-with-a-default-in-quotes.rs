fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

struct Failure;

#[tta::router(default = "small")]
//~                     ^^^^^^^
fn pick() -> Result<tta::Decision<Model>, Failure> {
    Err(Failure)
}
