fn main() {}

const GPT: &str = "gpt-5";

#[derive(tta::Route)]
enum Model {
    #[route(provider = "openai", model = GPT)]
//~                                      ^^^
    Small,
    #[route(provider = "", model = "gpt-5")]
//~                    ^^
    Large,
}
