fn main() {}

#[derive(tta::Route)]
enum Model {
    #[route(small)]
//~         ^^^^^
    Small,
}
