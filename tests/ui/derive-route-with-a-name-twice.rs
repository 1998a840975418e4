fn main() {}

#[derive(tta::Route)]
enum Model {
    Small,
    #[route("small")]
//~         ^^^^^^^
    Large,
}
