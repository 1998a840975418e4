fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

type Chosen = tta::Decision<Model>;

#[tta::router(default = Model::Large)]
fn pick() -> Chosen {
//~          ^^^^^^
    tta::Decision::new(Model::Small, "only one")
}
