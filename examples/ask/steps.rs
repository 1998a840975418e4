//! The steps from a question to an answer, but for the model's.
//!
//! This is what annotated code looks like: plain async Rust, and on each function what it is and which of its
//! counts are worth recording.

use std::{ops::Range, panic, path::Path, sync::Arc};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tta::Decision;

use crate::{
    corpus::{self, Document, Passage},
    error::AskError,
    model::Tier,
    rank::{self, Counts},
};

/// How many parts of the corpus are searched at the same time.
const SHARDS: usize = 4;

/// A question of more words than this is worth the better model, and so is one that
/// the best passage answers hardly better than the next: by less than this part of its score.
const LONG_QUESTION: usize = 20;
const CLEAR_LEAD: f64 = 0.1;

#[tta::primitive(ret(documents = ret.len(), bytes = ret.iter().map(|document| document.text.len()).sum::<usize>()))]
pub(crate) async fn load_corpus(dir: Option<&Path>) -> Result<Vec<Document>, AskError> {
    let dir = dir.map(Path::to_path_buf);
    off_thread(move || corpus::read(dir.as_deref())).await
}

#[tta::primitive(fields(documents = documents.len()), ret(passages = ret.len()))]
pub(crate) fn split(documents: &[Document]) -> Vec<Passage> {
    documents.iter().flat_map(corpus::passages).collect()
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Ranking {
    /// Best first, at most as many as asked for.
    pub(crate) passages: Vec<Passage>,
    /// How far the best score is ahead of the next, in hundredths of the best.
    lead: f64,
}

/// Counts words in all shards at once, then scores: BM25 needs the whole corpus only for sums.
#[tta::primitive(kind = "retrieval", fields(passages = passages.len(), top), ret(found = ret.passages.len(), lead = ret.lead))]
pub(crate) async fn rank(question: &str, passages: Vec<Passage>, top: usize) -> Result<Ranking, AskError> {
    let question: Arc<[String]> = rank::terms(question).into();
    let passages: Arc<[Passage]> = passages.into();
    let size = passages.len().div_ceil(SHARDS).max(1);
    let shards = (0..passages.len()).step_by(size).map(|start| start..passages.len().min(start + size));
    let counts =
        join_all(shards.map(|shard| rank_shard(shard, passages.clone(), question.clone()))).await.concat();

    let scores = rank::bm25(&counts);
    let mut order: Vec<usize> = (0..counts.len()).filter(|at| counts[*at].matches()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let best = *order.first().ok_or(AskError::NothingFound)?;
    let next = order.get(1).map_or(0.0, |at| scores[*at]);
    Ok(Ranking {
        passages: order.iter().take(top).map(|at| passages[*at].clone()).collect(),
        lead: ((1.0 - next / scores[best]) * 100.0).round() / 100.0,
    })
}

#[tta::primitive(
    kind = "retrieval",
    fields(first = shard.start, passages = shard.len()),
    ret(matching = ret.iter().filter(|counts| counts.matches()).count()),
)]
async fn rank_shard(shard: Range<usize>, passages: Arc<[Passage]>, question: Arc<[String]>) -> Vec<Counts> {
    // A word of a heading counts three times.
    let text = |Passage { source, text }: &Passage| format!("{source} {source} {source} {text}");
    let count = move |passage: &Passage| Counts::of(&text(passage), &question);
    off_thread(move || passages[shard].iter().map(count).collect()).await
}

/// The fast model is enough to repeat what one passage says; the better one reads several. What that saves is compared
/// with asking the better one each time.
#[tta::router(baseline = Tier::Quality)]
pub(crate) fn choose_model(question: &str, ranking: &Ranking, wish: Option<Tier>) -> Decision<Tier> {
    if let Some(tier) = wish {
        Decision::new(tier, "asked for")
    } else if question.split_whitespace().count() > LONG_QUESTION {
        Decision::new(Tier::Quality, "long question")
    } else if ranking.lead < CLEAR_LEAD {
        Decision::new(Tier::Quality, "no clear passage")
    } else {
        Decision::new(Tier::Fast, "clear passage")
    }
}

/// The passages that the answer names like `[2]`, or all that the model was given if it names none.
#[tta::primitive(ret(sources = ret.len()))]
pub(crate) fn cite(answer: &str, passages: &[Passage]) -> Vec<String> {
    let named = |number: usize| answer.contains(&format!("[{number}]"));
    let none_named = !(1..=passages.len()).any(named);
    (1..)
        .zip(passages)
        .filter(|(number, _)| none_named || named(*number))
        .map(|(number, passage)| format!("[{number}] {}", passage.source))
        .collect()
}

/// Runs what would hold up the other tasks on a thread of its own.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(failure) => panic::resume_unwind(failure.into_panic()),
    }
}
