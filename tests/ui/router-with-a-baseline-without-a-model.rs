fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

#[tta::router(baseline = Model::Large)]
//~                      ^^^^^
fn pick() -> tta::Decision<Model> {
    tta::Decision::new(Model::Small, "small")
}
