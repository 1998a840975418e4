fn main() {}

#[derive(tta::Route)]
enum Model {
    #[route(model = "gpt-5")]
//~         ^^^^^
    Small,
    #[route("big", provider = "openai")]
//~                ^^^^^^^^
    Large,
}
