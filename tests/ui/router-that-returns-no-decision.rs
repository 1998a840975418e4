fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

#[tta::router]
fn pick() -> Model {
//~          ^^^^^
    Model::Small
}
