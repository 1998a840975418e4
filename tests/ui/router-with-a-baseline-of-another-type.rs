fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
}

#[derive(Clone, Copy, tta::Route)]
enum Store {
    #[route(provider = "openai", model = "gpt-5")]
    Near,
}

#[tta::router(baseline = Store::Near)]
//~                      ^^^^^^^^^^^
fn pick() -> tta::Decision<Model> {
    tta::Decision::new(Model::Small, "small")
}
