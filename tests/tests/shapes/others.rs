//! Attributes of others, on either side of ours.

use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::support::{observed, pause, run};

#[async_trait::async_trait]
trait Lookup: Sync {
    async fn lookup(&self, word: String, found: &mut Vec<String>) -> Result<usize, String>;

    #[tta::primitive]
    async fn twice(&self, word: &str) -> usize {
        pause().await;
        word.len() * 2
    }
}

struct Table {
    limit: usize,
}

#[async_trait::async_trait]
impl Lookup for Table {
    #[tta::primitive(fields(limit = self.limit, %word), ret(n = ret))]
    async fn lookup(&self, word: String, found: &mut Vec<String>) -> Result<usize, String> {
        pause().await;
        if word.len() > self.limit {
            return Err(word);
        }
        found.push(word);
        Ok(found.len())
    }
}

struct Local;

#[async_trait::async_trait(?Send)]
trait Alone {
    async fn alone(self: Box<Self>, (a, b): (u8, u8)) -> u8;
}

#[async_trait::async_trait(?Send)]
impl Alone for Local {
    #[tta::primitive]
    async fn alone(self: Box<Self>, (a, b): (u8, u8)) -> u8 {
        let shared = std::rc::Rc::new(a);
        pause().await;
        *shared + b
    }
}

#[test]
fn async_trait_methods_run_within_the_box() {
    let mut found = Vec::new();
    let table: &dyn Lookup = &Table { limit: 4 };
    assert_eq!(run(table.lookup("four".to_owned(), &mut found)), Ok(1));
    assert_eq!(run(table.lookup("fives".to_owned(), &mut found)), Err("fives".to_owned()));
    assert_eq!(run(table.twice("ab")), 4);
    assert_eq!(run(Box::new(Local).alone((1, 2))), 3);
}

/// Written by hand as `async_trait` writes it.
#[tta::primitive]
fn by_hand(n: u8) -> std::pin::Pin<Box<dyn Future<Output = u8> + Send>> {
    let doubled = n * 2;
    Box::pin(async move {
        pause().await;
        doubled
    })
}

/// Its block takes nothing of the arguments.
#[tta::primitive(fields(len = kept.len()))]
fn by_hand_for_ever(kept: String, lent: &str) -> std::pin::Pin<Box<dyn Future<Output = usize> + 'static>> {
    let (moved, owned) = (kept, lent.to_owned());
    let kept = moved.clone();
    Box::pin(async move {
        pause().await;
        moved.len() + owned.len() + kept.len()
    })
}

/// The same, by the name that the `futures` crate has for it.
#[tta::primitive(fields(n))]
fn by_name(n: &u8) -> futures::future::BoxFuture<'_, Result<u8, String>> {
    Box::pin(async move {
        pause().await;
        if *n == 0 {
            return Err("zero".to_owned());
        }
        Ok(*n)
    })
}

#[test]
fn a_boxed_future_is_wrapped_within_its_box() {
    assert_eq!(run(by_hand(2)), 4);
    assert_eq!(run(by_hand_for_ever("kept".to_owned(), "lent")), 12);
    assert_eq!(run(by_name(&2)), Ok(2));
    assert_eq!(run(by_name(&0)), Err("zero".to_owned()));
}

#[tracing::instrument]
#[tta::primitive]
async fn instrumented_outside(n: u8) -> u8 {
    pause().await;
    pause().await;
    n
}

#[tta::primitive]
#[tracing::instrument]
async fn instrumented_inside(n: u8) -> u8 {
    pause().await;
    pause().await;
    n
}

#[tracing::instrument]
async fn only_instrumented(n: u8) -> u8 {
    pause().await;
    pause().await;
    n
}

#[tta::primitive]
#[tracing::instrument(skip_all, err)]
#[inline]
#[must_use]
async fn instrumented_with_arguments(n: u8) -> Result<u8, String> {
    pause().await;
    Ok(n)
}

#[tta::primitive]
#[cfg_attr(not(any()), inline, tracing::instrument)]
async fn instrumented_on_a_condition(n: u8) -> u8 {
    pause().await;
    pause().await;
    n
}

#[cfg_attr(any(), gone)]
#[tta::primitive]
#[cfg_attr(any(), tracing::instrument)]
#[cfg_attr(not(any()), must_use)]
async fn not_instrumented(n: u8) -> u8 {
    pause().await;
    n
}

#[cfg_attr(not(any()), tta::primitive)]
#[cfg_attr(not(any()), tracing::instrument)]
async fn observed_on_a_condition(n: u8) -> u8 {
    pause().await;
    pause().await;
    n
}

#[derive(Default)]
struct Entered(AtomicUsize);

impl<S: tracing::Subscriber> Layer<S> for &'static Entered {
    fn on_enter(&self, _: &tracing::span::Id, _: Context<'_, S>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn entered<F: Future>(future: impl FnOnce() -> F) -> usize {
    static ALONE: Mutex<()> = Mutex::new(());
    static ENTERED: Entered = Entered(AtomicUsize::new(0));
    let _alone = ALONE.lock();
    ENTERED.0.store(0, SeqCst);
    let subscriber = tracing_subscriber::registry().with(&ENTERED);
    tracing::subscriber::with_default(subscriber, || run(future()));
    ENTERED.0.load(SeqCst)
}

#[test]
fn a_tracing_span_is_entered_at_every_poll_on_either_side() {
    let plain = entered(|| only_instrumented(1));
    assert!(plain > 1);
    assert_eq!(entered(|| instrumented_outside(1)), plain);
    assert_eq!(entered(|| instrumented_inside(1)), plain);
    assert!(entered(|| instrumented_with_arguments(1)) > 1);
    assert_eq!(entered(|| instrumented_on_a_condition(1)), plain);
    assert_eq!(entered(|| observed_on_a_condition(1)), plain);
    assert_eq!(entered(|| not_instrumented(1)), 0);
}

#[tta::workflow]
#[cfg_attr(not(any()), tokio::test)]
async fn a_tokio_test_on_a_condition_is_a_test() {
    tokio::task::yield_now().await;
}

#[test]
fn other_attributes_leave_a_span_of_ours() {
    for n in [1, 2] {
        assert_eq!(observed("instrumented_outside", || run(instrumented_outside(n))), n);
        assert_eq!(observed("instrumented_inside", || run(instrumented_inside(n))), n);
        assert_eq!(observed("instrumented_on_a_condition", || run(instrumented_on_a_condition(n))), n);
        assert_eq!(observed("observed_on_a_condition", || run(observed_on_a_condition(n))), n);
        assert_eq!(observed("not_instrumented", || run(not_instrumented(n))), n);
    }
}

#[tta::workflow]
#[tokio::test]
async fn a_tokio_test_below_is_still_a_test() {
    tokio::task::yield_now().await;
}

#[tokio::test]
#[tta::workflow]
async fn a_tokio_test_above_is_still_a_test() {
    tokio::task::yield_now().await;
}

#[tta::primitive]
#[tokio::test(flavor = "current_thread")]
#[should_panic(expected = "on purpose")]
async fn a_tokio_test_may_panic() {
    tokio::task::yield_now().await;
    panic!("on purpose");
}

#[test]
#[tta::workflow]
fn a_test_is_annotated() {}

#[tta::workflow]
#[test]
fn a_test_is_annotated_above() -> Result<(), String> {
    Ok(())
}

#[tta::workflow]
#[tokio::main(flavor = "current_thread")]
async fn started(n: u8) -> u8 {
    tokio::task::yield_now().await;
    n
}

#[test]
fn a_function_that_starts_a_runtime_still_does() {
    assert_eq!(started(3), 3);
}

#[must_use]
#[tta::primitive]
async fn must_use_above() -> u8 {
    1
}

#[tta::primitive]
#[must_use]
fn must_use_below() -> u8 {
    1
}

#[tta::primitive]
#[must_use = "it is a number"]
async fn must_use_with_a_reason() -> u8 {
    1
}

#[test]
fn must_use_stays() {
    assert_eq!(run(must_use_above()) + must_use_below() + run(must_use_with_a_reason()), 3);
}
