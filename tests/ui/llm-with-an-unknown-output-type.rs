fn main() {}

struct Answer;

impl tta::LlmResponse for Answer {
    fn response(&self) -> tta::llm::Response<'_> {
        tta::llm::Response::new()
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", output_type = "jason"))]
//~                                                                       ^^^^^^^
async fn f() -> Answer {
    Answer
}
