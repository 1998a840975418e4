struct Local;

#[async_trait::async_trait]
trait Model {
    async fn ask(&self, question: &str) -> Result<String, std::fmt::Error>;
}

#[async_trait::async_trait]
impl Model for Local {
    #[tta::primitive(kind = "llm")]
    async fn ask(&self, question: &str) -> Result<String, std::fmt::Error> {
        Ok(question.to_owned())
    }
}

fn main() {}
