fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

mod inner {
    use super::Model;

    #[tta::router]
    #[tta::primitive]
//~ ^^^^^^^^^^^^^^^^^
    fn pick() -> tta::Decision<Model> {
        tta::Decision::new(Model::Small, "only one")
    }
}
