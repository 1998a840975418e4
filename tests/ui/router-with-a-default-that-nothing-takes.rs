fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

#[tta::router(default = Model::Large)]
//~                     ^^^^^^^^^^^^
fn pick() -> tta::Decision<Model> {
    tta::Decision::new(Model::Small, "only one")
}
