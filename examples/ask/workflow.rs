//! From a question to an answer with its sources, in six steps.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use tta::llm::Spent;

use crate::{
    answer::Answer,
    error::AskError,
    model::{Model, Tier},
    steps::{choose_model, cite, load_corpus, rank, split},
};

pub(crate) struct Settings {
    pub(crate) corpus: Option<PathBuf>,
    pub(crate) top: usize,
    pub(crate) tier: Option<Tier>,
}

/// An answer, and what it has cost.
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) spent: Spent,
}

/// Answers `question` on stdout. Whatever goes wrong on the way is the workflow's error, and its trace shows where.
#[tta::workflow(
    fields(question.words = question.split_whitespace().count()),
    ret(sources = ret.answer.sources.len()),
)]
pub(crate) async fn ask(question: &str, model: &Model, settings: &Settings) -> Result<Answered, AskError> {
    let documents = load_corpus(settings.corpus.as_deref()).await?;
    let passages = split(&documents);
    let ranking = rank(question, passages, settings.top).await?;
    let decision = choose_model(question, &ranking, settings.tier);
    let completion = decision.run(|tier| model.complete(tier, question, &ranking.passages)).await?;
    let sources = cite(&completion.text, &ranking.passages);
    let answer = Answer { text: completion.text, sources };
    // The last step of the workflow, so that its trace follows the answer. A reader that has gone, as in
    // `ask ... | head -1`, is no failure.
    let _ = write!(io::stdout().lock(), "{answer}");
    Ok(Answered { answer, spent: tta::context().spent() })
}
