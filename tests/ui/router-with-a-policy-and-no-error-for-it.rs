fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

#[tta::router(timeout("1s"))]
async fn pick() -> tta::Decision<Model> {
//~                ^^^
    tta::Decision::new(Model::Small, "only one")
}
