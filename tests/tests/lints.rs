//! Expansions are silent under every lint that a user's crate may forbid.
//!
//! Compiling this file is the test; `cargo clippy` on it is the other half.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    future_incompatible,
    keyword_idents,
    let_underscore,
    missing_docs,
    nonstandard_style,
    refining_impl_trait,
    rust_2018_idioms,
    rust_2021_compatibility,
    rust_2024_compatibility,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unreachable_pub,
    unused,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::cargo
)]
// Of the workspace, not of expansions.
#![allow(clippy::multiple_crate_versions, clippy::cargo_common_metadata)]

use futures::executor::block_on;
use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{self, BoxStream, Stream, StreamExt as _};

/// A function with a cache, and its handle.
#[cfg(feature = "policies")]
#[tta::primitive(cache(ttl = "1m", stale = "1m"))]
pub async fn cached(word: &str, count: usize) -> Result<usize, tta::PolicyError> {
    Ok(word.len() * count)
}

/// Routes.
#[cfg(feature = "policies")]
#[derive(Clone, Copy, Debug, tta::Route)]
pub enum Model {
    /// One.
    Small,
    /// Another.
    #[route("large-one")]
    Large,
}

#[cfg(feature = "policies")]
static MODELS: tta::router::Adaptive<Model> = tta::router::Adaptive::new();

/// A router.
///
/// # Errors
/// None.
#[cfg(feature = "policies")]
#[tta::router(default = Model::Small, timeout("1s"))]
pub async fn pick(word: &str) -> Result<tta::Decision<Model>, tta::PolicyError> {
    Ok(MODELS.choose(word))
}

/// A router that does not wait.
#[cfg(feature = "policies")]
#[tta::router]
pub fn pick_now(word: &str) -> tta::Decision<Model> {
    if word.is_empty() {
        return tta::Decision::new(Model::Small, "empty");
    }
    tta::Decision::new(Model::Large, "full")
}

/// A step, and what undoes it.
#[cfg(feature = "policies")]
#[tta::primitive(compensate = undo)]
pub async fn step(word: &str, count: usize) -> Result<usize, tta::PolicyError> {
    Ok(word.len() * count)
}

/// It is undone.
#[cfg(feature = "policies")]
pub async fn undo(word: &str, count: usize, done: usize) {
    let _ = std::future::ready((word, count, done)).await;
}

/// A workflow that undoes what it has done.
#[cfg(feature = "policies")]
#[tta::workflow(kind = "saga", report = told)]
pub async fn saga(mut count: usize, (first, _): (usize, usize)) -> Result<usize, tta::PolicyError> {
    count += first;
    step("word", count).await
}

/// What became of it.
#[cfg(feature = "policies")]
pub fn told(report: &tta::saga::SagaReport) {
    let _ = report.is_complete();
}

/// What a model has answered.
#[derive(Clone, Debug)]
pub struct Reply(u64);

impl tta::LlmResponse for Reply {
    fn response(&self) -> tta::llm::Response<'_> {
        tta::llm::Response::new().usage(tta::Usage::openai(self.0, 1))
    }
}

/// Asks a model that only the attribute mentions.
///
/// # Errors
/// None.
#[tta::primitive(llm(provider = "openai", model = model, max_tokens = Some(100_u32), input_tokens = prompt.len()))]
pub async fn asked(model: &str, prompt: String) -> Result<Reply, tta::PolicyError> {
    Ok(Reply(1))
}

/// Asks it as often as it takes.
///
/// # Errors
/// None.
#[cfg(feature = "policies")]
#[tta::primitive(
    llm(provider = "openai", model = model),
    cache(ttl = "1m"),
    retry(max = 1),
    hedge(after = "1s"),
    timeout("5s")
)]
pub async fn asked_again(model: String) -> Result<Reply, tta::PolicyError> {
    Ok(Reply(1))
}

/// Branches of every kind.
#[tta::primitive]
#[must_use]
pub fn branches(number: Option<u32>, word: &str) -> u32 {
    let known = #[branch("known")]
    match number {
        Some(0) => return 0,
        Some(number) => number,
        None => 7,
    };
    #[branch("long")]
    if word.len() > 4 {
        return known;
    }
    #[branch("last")]
    if word.is_empty() {
        1
    } else if let Some(first) = word.chars().next() {
        u32::from(first)
    } else {
        known
    }
}

/// A label.
#[derive(Clone, Copy, Debug, tta::Label)]
#[label(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Tier {
    /// One value.
    FreeTrial,
    /// Another.
    #[label("paid")]
    Customer,
}

/// An error.
#[derive(Clone, Copy, Debug, tta::ErrorKind)]
pub enum Failure {
    /// Try again.
    #[error_kind(transient, code = "429", severity = "critical", name = "too_busy")]
    Busy,
    /// Do not.
    #[error_kind(permanent)]
    Lost(u8),
    /// Who knows.
    Other {
        /// Where.
        at: u8,
    },
}

/// Every argument.
///
/// # Errors
/// When there is no word.
#[tta::primitive(
    name = "lookup",
    kind = "retrieval",
    labels(tier: Tier, long: bool = word.len() > 3, model: bounded(8) = model, on = "all"),
    fields(len = word.len(), %word, shown = ?tier, "a-b" = 1, model.name = model),
    ret(hits = ret.len(), first = ?ret.first()),
    error_if = |result: &Result<Vec<char>, Failure>| result.is_err(),
    errors = Failure,
    maturity = "production"
)]
pub async fn lookup(word: String, tier: Tier, model: &str, mut most: usize) -> Result<Vec<char>, Failure> {
    most += model.len();
    if word.is_empty() {
        return Err(if matches!(tier, Tier::Customer) { Failure::Busy } else { Failure::Other { at: 1 } });
    }
    let first = word.chars().next().ok_or(Failure::Lost(1))?;
    std::future::ready(()).await;
    Ok(std::iter::once(first).cycle().take(most).collect())
}

/// A plain function.
#[tta::workflow(labels(tier: Tier), fields(n), ret(ret))]
#[must_use]
pub fn plain(tier: Tier, n: u64) -> u64 {
    if matches!(tier, Tier::Customer) { n + 1 } else { n }
}

/// One expression.
#[tta::primitive]
#[must_use]
pub async fn one_expression(a: u8, b: u8) -> u8 {
    std::future::ready(a).await + b
}

/// Items first.
#[tta::primitive]
#[must_use]
pub async fn items_first(n: u8) -> u8 {
    async fn inner(n: u8) -> u8 {
        std::future::ready(n).await
    }
    if n > 3 { inner(n).await } else { inner(n + 1).await }
}

/// Does not return.
#[tta::primitive]
pub async fn forever() -> ! {
    std::future::pending().await
}

/// Returns nothing.
#[tta::primitive]
pub async fn nothing(numbers: &mut Vec<u8>, (a, _): (u8, u8), _unused: String, _: u8) {
    numbers.push(a);
    std::future::ready(()).await;
}

/// A generic function.
#[tta::primitive]
pub async fn generic<T: Clone + Sync, const N: usize>(items: &[T; N]) -> Option<T> {
    std::future::ready(items.first().cloned()).await
}

/// A store.
#[derive(Debug, Default)]
pub struct Store {
    items: Vec<u8>,
}

impl Store {
    /// Borrows from its receiver.
    #[tta::primitive(fields(at, len = self.items.len()))]
    pub async fn get(&mut self, at: usize) -> Option<&mut u8> {
        std::future::ready(self.items.get_mut(at)).await
    }

    /// Takes its receiver.
    #[tta::primitive]
    #[must_use]
    pub fn with(mut self, item: u8) -> Self {
        self.items.push(item);
        self
    }

    /// An iterator in a future.
    #[tta::primitive]
    pub async fn all(&self) -> impl Iterator<Item = &u8> {
        std::future::ready(self.items.iter()).await
    }
}

/// A trait.
pub trait Search {
    /// Finds.
    fn search(&self, word: &str) -> impl Future<Output = Result<usize, Failure>> + Send;

    /// With a body.
    #[tta::primitive]
    fn plain(&self) -> usize {
        3
    }
}

impl Search for Store {
    #[tta::primitive]
    async fn search(&self, word: &str) -> Result<usize, Failure> {
        std::future::ready(if word.is_empty() { Err(Failure::Busy) } else { Ok(word.len()) }).await
    }
}

/// A trait of objects.
#[async_trait::async_trait]
pub trait Object {
    /// Finds.
    async fn find(&self, word: String) -> Result<usize, Failure>;
}

#[async_trait::async_trait]
impl Object for Store {
    #[tta::primitive(fields(%word), ret(ret))]
    async fn find(&self, word: String) -> Result<usize, Failure> {
        std::future::ready(Ok(word.len())).await
    }
}

/// A future of its own making.
#[tta::primitive(fields(n), ret(ret))]
pub fn made(n: u8) -> impl Future<Output = Result<u8, Failure>> + Send {
    std::future::ready(if n == 0 { Err(Failure::Busy) } else { Ok(n) })
}

/// An async block.
#[must_use]
#[tta::primitive(fields(n))]
pub fn block(n: u8) -> BoxFuture<'static, u8> {
    async move { n }.boxed()
}

/// A stream.
#[tta::primitive(labels(many: bool = words.len() > 3))]
pub fn items<'a>(words: &'a [&'a str]) -> impl Stream<Item = &'a str> {
    stream::iter(words.iter().copied())
}

/// A stream in a box, perhaps.
///
/// # Errors
/// When there are no words.
#[tta::primitive(error_if = |item: &Result<String, Failure>| item.is_err())]
pub async fn perhaps(words: &[&str]) -> Result<BoxStream<'static, Result<String, Failure>>, Failure> {
    if words.is_empty() {
        return Err(Failure::Busy);
    }
    std::future::ready(()).await;
    Ok(stream::iter(vec![Ok(words.concat())]).boxed())
}

/// All methods.
#[tta::primitive(kind = "db", fields(len = self.items.len()))]
impl Store {
    /// One.
    pub async fn any(&self) -> Option<u8> {
        std::future::ready(self.items.first().copied()).await
    }

    /// Left out.
    #[tta::primitive(skip)]
    #[must_use]
    pub const fn new(items: Vec<u8>) -> Self {
        Self { items }
    }

    /// Another.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

#[test]
fn expansions_are_silent_under_every_lint() {
    assert_eq!(
        block_on(lookup("word".to_owned(), Tier::Customer, "m", 1)).map(|hits| hits.len()).ok(),
        Some(2)
    );
    assert!(block_on(lookup(String::new(), Tier::FreeTrial, "m", 1)).is_err());
    assert_eq!(plain(Tier::Customer, 1), 2);
    assert_eq!(block_on(one_expression(1, 2)), 3);
    assert_eq!(block_on(asked("gpt-4o", String::new())).map(|Reply(tokens)| tokens).ok(), Some(1));
    assert_eq!(block_on(items_first(1)), 2);
    drop(forever());
    let mut numbers = Vec::new();
    block_on(nothing(&mut numbers, (1, 2), String::new(), 3));
    assert_eq!(block_on(generic(&[1, 2])), Some(1));
    let mut store = Store::default().with(3);
    assert_eq!(block_on(store.get(0)).copied(), Some(3));
    assert_eq!(block_on(store.all()).count(), 1);
    assert_eq!(block_on(made(0)).ok(), None);
    assert_eq!(block_on(made(1)).ok(), Some(1));
    assert_eq!(block_on(block(1)), 1);
    assert_eq!(block_on(items(&["a", "b"]).count()), 2);
    assert_eq!(
        block_on(async { perhaps(&["a", "b"]).await.ok()?.next().await?.ok() }).as_deref(),
        Some("ab")
    );
    assert!(block_on(perhaps(&[])).is_err());
    assert_eq!(block_on(Store::new(vec![3]).any()), Some(3));
    assert!(!store.is_empty());
    assert_eq!(Search::plain(&store), 3);
    assert_eq!(block_on(Search::search(&store, "four")).ok(), Some(4));
    assert_eq!(block_on(Object::find(&store, "four".to_owned())).ok(), Some(4));
}
