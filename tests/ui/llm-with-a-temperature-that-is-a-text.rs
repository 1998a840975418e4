fn main() {}

struct Answer;

impl tta::LlmResponse for Answer {
    fn response(&self) -> tta::llm::Response<'_> {
        tta::llm::Response::new()
    }
}

#[tta::primitive(llm(provider = "openai", model = "o3", temperature = 'h'))]
//~                                                                   ^^^
async fn f() -> Answer {
    Answer
}
