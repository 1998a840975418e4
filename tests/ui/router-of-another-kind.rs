fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

#[tta::router(kind = "llm")]
//~                  ^^^^^
fn pick() -> tta::Decision<Model> {
    tta::Decision::new(Model::Small, "only one")
}
