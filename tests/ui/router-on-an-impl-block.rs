fn main() {}

#[derive(Clone, Copy, tta::Route)]
enum Model {
    Small,
    Large,
}

struct Shop;

mod inner {
    use super::{Model, Shop};

    #[tta::router]
    impl Shop {
//~ ^^^^
        fn pick(&self) -> tta::Decision<Model> {
            tta::Decision::new(Model::Small, "only one")
        }
    }
}
