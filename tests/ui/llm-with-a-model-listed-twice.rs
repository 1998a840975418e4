fn main() {}

struct Answer;

impl tta::LlmResponse for Answer {
    fn response(&self) -> tta::llm::Response<'_> {
        tta::llm::Response::new()
    }
}

#[tta::primitive(llm(provider = "openai", model = "o3", models = ["gpt-5", "o3", "gpt-5"]))]
//~                                                                              ^^^^^^^
async fn f() -> Answer {
    Answer
}
