//! What is seen of money that was not spent: each time once, in every call around what has saved it.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::{advance, sleep};
use tta::llm::{Response, Spent};
use tta::testing::{Capture, CapturedSpan, capture};
use tta::{LlmResponse, PolicyError, Usage};

#[derive(Clone, Debug, PartialEq)]
struct Answer(u64);

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().usage(Usage::openai(self.0, 0))
    }
}

/// It has cost as many tokens.
#[derive(Clone, Debug, PartialEq, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Garbled(u64),
    #[error_kind(transparent)]
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

impl LlmResponse for Failure {
    fn response(&self) -> Response<'_> {
        match self {
            Failure::Garbled(tokens) => Response::new().usage(Usage::openai(*tokens, 0)),
            Failure::Refused(_) => Response::unbilled(),
        }
    }
}

/// gpt-4o costs $2.50 for a million tokens of a prompt.
const PICO: u64 = 2_500_000;

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn ask(tokens: u64) -> Result<Answer, Failure> {
    sleep(Duration::from_millis(1)).await;
    Ok(Answer(tokens))
}

fn number(span: &CapturedSpan, key: &str) -> Option<f64> {
    span.attribute(key).and_then(|value| value.parse().ok())
}

/// In tokens of a prompt.
fn saved_by(seen: &Capture, primitive: &str) -> Option<f64> {
    let dollars = seen.metric("tta_cache_savings_dollars_total", &[("primitive_name", primitive)])?;
    Some((dollars * 1e12 / PICO as f64).round())
}

fn saved_in(span: &CapturedSpan) -> Option<f64> {
    Some((number(span, "tta.cost.saved_usd")? * 1e12 / PICO as f64).round())
}

#[tta::primitive(cache(ttl = "1m"))]
async fn summary(_topic: &'static str, tokens: u64) -> Result<u64, Failure> {
    ask(tokens).await?;
    ask(tokens).await.map(|answer| answer.0)
}

#[tta::primitive]
async fn step(topic: &'static str) -> Result<u64, Failure> {
    summary(topic, 100).await
}

#[tta::workflow]
async fn report(topic: &'static str) -> Result<Spent, Failure> {
    step(topic).await?;
    Ok(tta::context().spent())
}

#[tokio::test(start_paused = true)]
async fn a_hit_saves_what_the_entry_has_cost_and_every_call_around_says_so_once() {
    let seen = capture();
    assert_eq!(saved_by(&seen, "summary"), Some(0.0), "before the first call");
    let first = seen.scope(report("tea")).await.expect("it is answered");
    assert_eq!((first.saved().pico(), first.total().pico()), (0, 200 * PICO));
    let second = seen.scope(report("tea")).await.expect("it is answered");
    assert_eq!((second.saved().pico(), second.total().pico(), second.calls()), (200 * PICO, 0, 0));
    for name in ["summary", "step", "invoke_workflow report"] {
        let saved: Vec<_> = seen.spans().iter().filter(|span| span.name == name).map(saved_in).collect();
        assert_eq!(saved, [Some(0.0), Some(200.0)], "{name}");
    }
    assert_eq!(saved_by(&seen, "summary"), Some(200.0));
    let of_calls = [("workflow_name", "report")];
    let calls = seen.metric("tta_workflow_call_cost_dollars_count", &of_calls);
    assert_eq!(calls, Some(1.0), "a workflow that has asked no model is no call that cost nothing");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_call_of_another_saves_what_that_costs() {
    let seen = capture();
    let all = seen.scope(futures::future::join_all((0..5).map(|_| report("milk")))).await;
    let spent: Vec<_> = all.into_iter().map(|one| one.expect("it is answered")).collect();
    let total = |of: fn(&Spent) -> tta::Money| spent.iter().map(|one| of(one).pico()).sum::<u64>() / PICO;
    assert_eq!((total(Spent::total), total(Spent::saved)), (200, 4 * 200));
    assert_eq!(saved_by(&seen, "summary"), Some(800.0));
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"), cache(ttl = "1m", stale = "1h"))]
async fn quote(_of: &'static str) -> Answer {
    sleep(Duration::from_millis(1)).await;
    Answer(100)
}

#[tokio::test(start_paused = true)]
async fn who_has_a_stale_answer_fetched_anew_pays_for_that_and_saves_nothing() {
    let seen = capture();
    assert_eq!(quote("tea").await, Answer(100));
    advance(Duration::from_mins(2)).await;
    seen.scope(quote("tea")).await;
    assert_eq!(saved_by(&seen, "quote"), Some(0.0), "it is paid for, in the background");
    // Another one who comes before that has ended.
    seen.scope(quote("tea")).await;
    assert_eq!(saved_by(&seen, "quote"), Some(100.0));
    sleep(Duration::from_secs(1)).await;
    seen.scope(quote("tea")).await;
    assert_eq!(saved_by(&seen, "quote"), Some(200.0));
    let spans = seen.spans();
    let last = spans.iter().rfind(|span| span.attribute("tta.cache.outcome").as_deref() == Some("hit"));
    let last = last.expect("it is there");
    assert_eq!((saved_in(last), number(last, "tta.cost.usd")), (Some(100.0), Some(0.0)));
}

#[tta::workflow]
async fn in_a_mood(moods: &Arc<AtomicU32>) -> Spent {
    let _ = keyed(1, moods.clone()).await;
    tta::context().spent()
}

#[tta::primitive(cache(ttl = "1m", negative_ttl = "1m", stale_if_error = "1h", key = of))]
async fn keyed(of: u32, moods: Arc<AtomicU32>) -> Result<u64, Failure> {
    ask(100).await?;
    if moods.load(Relaxed) > 0 { Err(Failure::Garbled(0)) } else { Ok(1) }
}

#[tokio::test(start_paused = true)]
async fn errors_that_are_kept_and_old_answers_in_their_place_save_nothing() {
    let seen = capture();
    let moods = Arc::new(AtomicU32::new(1));
    let spent = async |moods| seen.scope(in_a_mood(moods)).await;
    assert_eq!(spent(&moods).await.wasted().pico(), 100 * PICO);
    let kept = spent(&moods).await;
    assert_eq!((kept.total().pico(), kept.saved().pico()), (0, 0));
    advance(Duration::from_mins(2)).await;
    moods.store(0, Relaxed);
    assert_eq!(spent(&moods).await.total().pico(), 100 * PICO);
    advance(Duration::from_mins(2)).await;
    moods.store(1, Relaxed);
    let old = spent(&moods).await;
    let is_wasted = (old.total().pico(), old.wasted().pico()) == (100 * PICO, 100 * PICO);
    assert!(is_wasted && old.saved().pico() == 0, "the old answer has not made the call useful: {old:?}");
}

/// A call, with those that it makes.
#[derive(Clone, Debug)]
enum Tree {
    Ask(u64),
    Garbled(u64),
    /// Fails with the first of them that does, or after all of them.
    Step(Vec<Tree>, bool),
    /// Goes on whatever becomes of them.
    Tolerant(Vec<Tree>),
    /// Fails so many times.
    Stubborn(Vec<Tree>, u32),
    /// By a key that others may have, too.
    Cached(u64, Arc<Tree>),
    Together(Vec<Tree>),
}

type Ended = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

fn call(tree: Tree) -> Ended {
    Box::pin(async move {
        match tree {
            Tree::Ask(tokens) => ask(tokens).await.map(drop),
            Tree::Garbled(tokens) => garbled(tokens).await.map(drop),
            Tree::Step(calls, fails) => plain(calls, fails).await,
            Tree::Tolerant(calls) => tolerant(calls).await,
            Tree::Stubborn(calls, fails) => stubborn(calls, fails, &AtomicU32::new(0)).await,
            Tree::Cached(key, tree) => kept(key, tree).await,
            Tree::Together(calls) => {
                futures::future::join_all(calls.into_iter().map(call)).await.into_iter().collect()
            }
        }
    })
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn garbled(tokens: u64) -> Result<Answer, Failure> {
    Err(Failure::Garbled(tokens))
}

async fn all(calls: &[Tree]) -> Result<(), Failure> {
    for tree in calls {
        call(tree.clone()).await?;
    }
    Ok(())
}

#[tta::primitive]
async fn plain(calls: Vec<Tree>, fails: bool) -> Result<(), Failure> {
    all(&calls).await?;
    if fails { Err(Failure::Garbled(0)) } else { Ok(()) }
}

#[tta::primitive]
async fn tolerant(calls: Vec<Tree>) -> Result<(), Failure> {
    for tree in calls {
        let _ = call(tree).await;
    }
    Ok(())
}

#[tta::primitive(retry(max = 3, backoff = "1ms..1ms"))]
async fn stubborn(calls: Vec<Tree>, fails: u32, tried: &AtomicU32) -> Result<(), Failure> {
    all(&calls).await?;
    if tried.fetch_add(1, Relaxed) < fails { Err(Failure::Garbled(0)) } else { Ok(()) }
}

#[tta::primitive(cache(ttl = "1h", key = key))]
async fn kept(key: u64, tree: Arc<Tree>) -> Result<(), Failure> {
    call((*tree).clone()).await
}

#[tta::workflow]
async fn root(tree: Tree) -> Spent {
    let _ = call(tree).await;
    tta::context().spent()
}

/// Tokens, by what has become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tokens {
    useful: u64,
    wasted: u64,
    saved: u64,
}

impl Tokens {
    fn add(&mut self, more: Tokens) {
        self.useful += more.useful;
        self.wasted += more.wasted;
        self.saved += more.saved;
    }

    fn fail(&mut self) {
        self.wasted += std::mem::take(&mut self.useful);
    }
}

/// What a tree should spend, one call after the other.
fn expected(tree: &Tree, cached: &mut HashMap<u64, u64>) -> (bool, Tokens) {
    let mut tokens = Tokens::default();
    let mut all = |calls: &[Tree], tokens: &mut Tokens, goes_on: bool| {
        for tree in calls {
            let (is_ok, own) = expected(tree, cached);
            tokens.add(own);
            if !is_ok && !goes_on {
                return false;
            }
        }
        true
    };
    let is_ok = match tree {
        Tree::Ask(own) => {
            tokens.useful += own;
            true
        }
        Tree::Garbled(own) => {
            tokens.wasted += own;
            false
        }
        Tree::Step(calls, fails) => all(calls, &mut tokens, false) && !fails,
        Tree::Tolerant(calls) => all(calls, &mut tokens, true),
        Tree::Stubborn(calls, fails) => {
            let mut tried = 0;
            (0..=3).any(|_| {
                let mut own = Tokens::default();
                let is_ok = all(calls, &mut own, false) && {
                    tried += 1;
                    tried > *fails
                };
                if !is_ok {
                    own.fail();
                }
                tokens.add(own);
                is_ok
            })
        }
        Tree::Cached(key, tree) => {
            if let Some(worth) = cached.get(key) {
                tokens.saved += worth;
                true
            } else {
                let (is_ok, own) = expected(tree, cached);
                tokens.add(own);
                if is_ok {
                    cached.insert(*key, own.useful);
                }
                is_ok
            }
        }
        Tree::Together(_) => unreachable!("they are not one after the other"),
    };
    if !is_ok {
        tokens.fail();
    }
    (is_ok, tokens)
}

/// One key is one tree, of which no part has it again.
struct Forest {
    rng: Rng,
    shared: Vec<(u64, Arc<Tree>)>,
    next: u64,
    is_concurrent: bool,
}

impl Forest {
    fn tree(&mut self, depth: u32) -> Tree {
        let tokens = self.rng.u64(1..1_000);
        match if depth == 0 { self.rng.u32(0..2) } else { self.rng.u32(0..12) } {
            0 if self.rng.bool() => Tree::Garbled(tokens),
            0 | 1 => Tree::Ask(tokens),
            2 | 3 => Tree::Step(self.trees(depth), self.rng.u32(0..4) == 0),
            4 => Tree::Tolerant(self.trees(depth)),
            5 | 6 => Tree::Stubborn(self.trees(depth), self.rng.u32(0..3)),
            7 if self.is_concurrent => Tree::Together(self.trees(depth)),
            7..10 if !self.shared.is_empty() => {
                let (key, tree) = self.rng.choice(&self.shared).expect("there is one").clone();
                Tree::Cached(key, tree)
            }
            _ => {
                let tree = Arc::new(self.tree(depth - 1));
                self.next += 1;
                self.shared.push((self.next, tree.clone()));
                Tree::Cached(self.next, tree)
            }
        }
    }

    fn trees(&mut self, depth: u32) -> Vec<Tree> {
        (0..self.rng.usize(1..4)).map(|_| self.tree(depth - 1)).collect()
    }
}

static KEYS: AtomicU64 = AtomicU64::new(0);

/// Calls a random tree, and compares the root with the leaves; returns it with what was spent.
async fn grown(seed: u64, is_concurrent: bool) -> (Tree, Tokens) {
    let next = KEYS.fetch_add(1_000_000, Relaxed);
    let mut forest = Forest { rng: Rng::with_seed(seed), shared: Vec::new(), next, is_concurrent };
    let tree = Tree::Tolerant((0..6).map(|_| forest.tree(4)).collect());
    let seen = capture();
    let spent = seen.scope(root(tree.clone())).await;
    let saved = spent.saved().pico() / PICO;
    let spans = seen.spans();
    // A leaf of what was saved is a call whose cache had an answer; in all others are only those around it.
    let has_saved = |span: &&CapturedSpan| {
        let outcome = span.attribute("tta.cache.outcome");
        outcome.is_some_and(|outcome| outcome == "hit" || outcome == "coalesced")
    };
    let leaves: f64 = spans.iter().filter(has_saved).filter_map(saved_in).sum();
    assert_eq!(leaves, saved as f64, "{seed}: leaves of {tree:?}");
    assert_eq!(saved_by(&seen, "kept"), Some(saved as f64), "{seed}: metrics of {tree:?}");
    let workflow = seen.span("invoke_workflow root");
    assert_eq!(saved_in(&workflow).unwrap_or_default(), saved as f64, "{seed}");
    let wasted = spent.wasted().pico() / PICO;
    (tree, Tokens { useful: spent.total().pico() / PICO - wasted, wasted, saved })
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_in_any_tree_of_calls_is_the_sum_of_its_leaves() {
    let mut all = Tokens::default();
    for seed in 0..200 {
        let (tree, found) = grown(seed, false).await;
        let (_, own) = expected(&tree, &mut HashMap::new());
        assert_eq!(found, own, "{seed}: {tree:?}");
        all.add(found);
    }
    assert!(
        all.saved > 10_000 && all.useful > 10_000 && all.wasted > 10_000,
        "they are of all kinds: {all:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_saved_by_calls_at_the_same_time_is_the_sum_of_its_leaves_too() {
    let mut all = Tokens::default();
    for seed in 0..100 {
        all.add(grown(seed, true).await.1);
    }
    assert!(all.saved > 10_000, "{all:?}");
}
