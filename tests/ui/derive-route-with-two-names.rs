fn main() {}

#[derive(tta::Route)]
enum Model {
    Small,
    #[route("large")]
    #[route("big")]
//~         ^^^^^
    Large,
}
