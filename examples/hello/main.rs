//! The program of the README, kept here so that it compiles.
#![allow(clippy::print_stdout, reason = "a program talks to its user")]

#[tta::primitive(kind = "retrieval", ret(documents = ret.len()))]
async fn search(question: &str) -> Vec<&'static str> {
    let documents = ["Labels are closed sets.", "Spans nest."];
    documents.into_iter().filter(|text| text.to_lowercase().contains(question)).collect()
}

#[tta::primitive(fields(documents = documents.len()))]
async fn summarize(documents: Vec<&str>) -> Option<String> {
    (!documents.is_empty()).then(|| documents.join(" "))
}

#[tta::workflow]
async fn answer(question: &str) -> Option<String> {
    let documents = search(question).await;
    summarize(documents).await
}

#[tokio::main]
async fn main() -> Result<(), tta::ConfigError> {
    let _telemetry = tta::init()?;
    let answer = answer("labels").await;
    println!("{}", answer.as_deref().unwrap_or("nothing found"));
    Ok(())
}
