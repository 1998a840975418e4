#[tta::workflow(name = "answer_question", kind = "agent")]
pub async fn answer(question: String) -> String {
    question
}

fn main() {}
