fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

struct Failure;

#[derive(Clone, Copy, tta::Route)]
enum Store {
    Near,
}

#[tta::router(default = Store::Near)]
//~                     ^^^^^^^^^^^
fn pick() -> Result<tta::Decision<Model>, Failure> {
    Err(Failure)
}
