fn main() {}

#[derive(tta::Route)]
#[route(model = "gpt-5")]
//~     ^^^^^
enum Model {
    Small,
}
