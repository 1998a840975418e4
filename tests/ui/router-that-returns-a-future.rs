fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

#[tta::router]
fn pick() -> impl Future<Output = tta::Decision<Model>> {
//~          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    std::future::ready(tta::Decision::new(Model::Small, "only one"))
}
