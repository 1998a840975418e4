//! Every call ends once, as what it was, and gauges return to zero.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tta::testing::{Capture, capture};

#[derive(Debug, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient, code = "E1", severity = "warning")]
    Busy,
    #[error_kind(permanent)]
    Refused,
}

/// What one call of `primitive` left behind: its counts by status, and the calls that still run.
fn counts(capture: &Capture, primitive: &str) -> [f64; 4] {
    let count = |status| {
        let labels = [("primitive_name", primitive), ("status", status)];
        capture.metric("tta_primitive_executions_total", &labels).unwrap_or(-1.0)
    };
    let active = capture.metric("tta_primitives_active", &[("primitive_name", primitive)]);
    [count("success"), count("error"), count("cancelled"), active.unwrap_or(-1.0)]
}

const SUCCESS: [f64; 4] = [1.0, 0.0, 0.0, 0.0];
const ERROR: [f64; 4] = [0.0, 1.0, 0.0, 0.0];
const CANCELLED: [f64; 4] = [0.0, 0.0, 1.0, 0.0];
const NOTHING: [f64; 4] = [0.0, 0.0, 0.0, 0.0];

fn errors(capture: &Capture, kind: &str, category: &str) -> Option<f64> {
    capture.metric("tta_primitive_errors_total", &[("error_type", kind), ("category", category)])
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Pending `polls` times.
async fn pending(polls: u32) {
    let mut left = polls;
    std::future::poll_fn(move |_| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        Poll::Pending
    })
    .await;
}

#[tta::primitive]
async fn slow() -> u32 {
    pending(2).await;
    7
}

#[tta::primitive]
async fn kinded(error: Failure) -> Result<(), Failure> {
    pending(0).await;
    Err(error)
}

#[test]
fn an_error_is_counted_by_its_kind_and_shown_on_the_span() {
    let capture = capture();
    let _ = futures::executor::block_on(kinded(Failure::Busy));
    assert_eq!(counts(&capture, "kinded"), ERROR);
    assert_eq!(errors(&capture, "busy", "transient"), Some(1.0));
    assert_eq!(errors(&capture, "refused", "permanent"), Some(0.0), "known before it happens");
    let span = capture.span("kinded");
    assert!(span.is_error());
    assert_eq!(span.attribute("error.type").as_deref(), Some("busy"));
    assert_eq!(span.attribute("tta.status").as_deref(), Some("error"));
    assert_eq!(span.attribute("tta.error.code").as_deref(), Some("E1"));
    assert_eq!(span.attribute("tta.error.severity").as_deref(), Some("warning"));
    let _ = Failure::Refused;
}

type Hidden<T> = Result<T, std::num::ParseIntError>;

#[tta::primitive]
async fn aliased(text: &str) -> Hidden<i32> {
    text.parse()
}

#[tta::primitive]
async fn generic<T, E>(result: Result<T, E>) -> Result<T, E> {
    result
}

#[tta::primitive]
fn hidden_by_impl(text: &str) -> impl std::fmt::Debug + use<> {
    text.parse::<i32>()
}

#[tta::primitive]
fn boxed() -> Result<(), Box<dyn std::error::Error>> {
    Err("no".into())
}

#[test]
fn results_are_told_apart_by_type_and_not_by_name() {
    let capture = capture();
    let _ = futures::executor::block_on(aliased("x"));
    let _ = futures::executor::block_on(generic::<(), _>(Err(Failure::Refused)));
    let _ = hidden_by_impl("x");
    let _ = boxed();
    assert_eq!(counts(&capture, "aliased"), ERROR);
    assert_eq!(counts(&capture, "generic"), ERROR);
    assert_eq!(counts(&capture, "hidden_by_impl"), ERROR);
    assert_eq!(counts(&capture, "boxed"), ERROR);
    let kind = |name| capture.span(name).attribute("error.type").unwrap_or_default();
    assert_eq!(kind("aliased"), "ParseIntError");
    assert_eq!(kind("generic"), "Failure");
    assert_eq!(kind("hidden_by_impl"), "ParseIntError");
    assert_eq!(kind("boxed"), "Box<dyn Error>");
}

#[tta::primitive]
fn boxed_future(path: &'static str) -> Pin<Box<dyn Future<Output = Result<String, std::io::Error>> + Send>> {
    // Only the function's type says what `?` converts to.
    Box::pin(async move {
        let text = std::fs::read_to_string(path)?;
        Ok(text)
    })
}

#[test]
fn a_boxed_block_takes_its_type_from_the_signature() {
    let capture = capture();
    let _ = futures::executor::block_on(boxed_future("/nowhere/at/all"));
    assert_eq!(counts(&capture, "boxed_future"), ERROR);
    assert_eq!(errors(&capture, "io::error::Error", "unknown"), Some(1.0));
}

#[tta::primitive]
async fn absent() -> Option<u32> {
    None
}

#[tta::primitive(error_if = |found: &Option<u32>| found.is_none())]
async fn must_be_there() -> Option<u32> {
    None
}

#[tta::primitive(ok_if = |result: &Result<(), Failure>| matches!(result, Ok(()) | Err(Failure::Busy)))]
async fn tolerant(error: Failure) -> Result<(), Failure> {
    Err(error)
}

#[test]
fn none_is_a_success_unless_a_rule_says_otherwise() {
    let capture = capture();
    futures::executor::block_on(async {
        absent().await;
        must_be_there().await;
        let _ = tolerant(Failure::Busy).await;
        let _ = tolerant(Failure::Refused).await;
    });
    assert_eq!(counts(&capture, "absent"), SUCCESS);
    assert_eq!(counts(&capture, "must_be_there"), ERROR);
    assert_eq!(counts(&capture, "tolerant"), [1.0, 1.0, 0.0, 0.0]);
    assert_eq!(errors(&capture, "error_if", "unknown"), Some(1.0));
    assert_eq!(errors(&capture, "refused", "permanent"), Some(1.0));
}

#[tta::primitive]
async fn panics_at(poll: u32) {
    pending(poll).await;
    panic!("deliberate");
}

#[tta::primitive]
fn panics() {
    panic!("deliberate");
}

#[test]
fn a_panic_is_an_error_in_whatever_poll_it_happens() {
    for at in 0..3 {
        let capture = capture();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut future = pin!(panics_at(at));
            while poll(future.as_mut()).is_pending() {}
        }));
        assert!(panicked.is_err());
        assert_eq!(counts(&capture, "panics_at"), ERROR);
        assert_eq!(errors(&capture, "panic", "unknown"), Some(1.0));
        assert_eq!(capture.span("panics_at").attribute("error.type").as_deref(), Some("panic"));
        // The next call on this thread is not affected.
        futures::executor::block_on(slow_but_sure());
        assert_eq!(capture.span("slow_but_sure").attribute("tta.status").as_deref(), Some("success"));
        assert_ne!(capture.span("slow_but_sure").parent_span_id, capture.span("panics_at").id());
    }
    let capture = capture();
    assert!(catch_unwind(panics).is_err());
    assert_eq!(counts(&capture, "panics"), ERROR);
}

#[tta::primitive(fields(first = numbers[0]))]
async fn looks_at(numbers: &[u32]) -> usize {
    numbers.len()
}

#[test]
fn a_panic_in_an_expression_of_the_attribute_is_counted_too() {
    let capture = capture();
    let panicked = catch_unwind(AssertUnwindSafe(|| futures::executor::block_on(looks_at(&[]))));
    assert!(panicked.is_err());
    assert_eq!(counts(&capture, "looks_at"), ERROR);
}

#[test]
fn a_future_that_a_thread_local_value_holds_may_be_dropped_when_its_thread_ends() {
    thread_local! {
        static HELD: std::cell::RefCell<Option<Pin<Box<dyn Future<Output = u32>>>>> =
            const { std::cell::RefCell::new(None) };
    }
    let capture = capture();
    let context = opentelemetry::Context::current();
    let thread = std::thread::spawn(move || {
        // Made before anything of ours is, so destroyed after it.
        HELD.with(|_| ());
        let _attached = context.attach();
        let mut future: Pin<Box<dyn Future<Output = u32>>> = Box::pin(outer());
        assert!(poll(future.as_mut()).is_pending());
        HELD.set(Some(future));
    });
    thread.join().expect("the thread ends as any other");
    assert_eq!(counts(&capture, "outer"), CANCELLED);
    assert_eq!(counts(&capture, "slow"), CANCELLED);
}

#[tta::primitive]
async fn slow_but_sure() {
    pending(0).await;
}

#[test]
fn an_annotated_future_may_cross_catch_unwind_as_a_plain_one_may() {
    fn may_cross<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    may_cross(&slow());
}

#[tta::primitive]
async fn outer() -> u32 {
    slow().await
}

#[test]
fn a_future_dropped_between_polls_is_cancelled_with_everything_below_it() {
    let capture = capture();
    {
        let mut future = Box::pin(outer());
        assert!(poll(future.as_mut()).is_pending());
        assert_eq!(counts(&capture, "outer")[3], 1.0, "it runs");
        assert_eq!(counts(&capture, "slow")[3], 1.0);
    }
    assert_eq!(counts(&capture, "outer"), CANCELLED);
    assert_eq!(counts(&capture, "slow"), CANCELLED);
    let (outer, slow) = (capture.span("outer"), capture.span("slow"));
    assert_eq!(slow.parent_span_id, outer.id());
    assert!(slow.end_time <= outer.end_time, "a child ends before its parent");
    assert!(!outer.is_error());
    assert_eq!(outer.attribute("tta.status").as_deref(), Some("cancelled"));
}

#[test]
fn a_future_that_is_never_polled_has_not_run_and_is_not_counted() {
    let capture = capture();
    drop(outer());
    assert_eq!(counts(&capture, "outer"), NOTHING);
    assert!(capture.spans().is_empty());
}

#[test]
fn a_future_dropped_after_its_end_is_counted_once() {
    let capture = capture();
    let mut future = Box::pin(slow());
    while poll(future.as_mut()).is_pending() {}
    drop(future);
    assert_eq!(counts(&capture, "slow"), SUCCESS);
    assert_eq!(capture.spans().len(), 1);
}

#[test]
fn a_future_dropped_while_another_panic_unwinds_is_cancelled_and_not_panicked() {
    let capture = capture();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut future = Box::pin(slow());
        assert!(poll(future.as_mut()).is_pending());
        panic!("somebody else's");
    }));
    assert!(panicked.is_err());
    assert_eq!(counts(&capture, "slow"), CANCELLED);
}

#[tta::primitive]
async fn a_sub_call() -> Result<(), Failure> {
    kinded(Failure::Busy).await?;
    unreachable!("the error returned early")
}

#[test]
fn an_early_return_ends_the_call() {
    let capture = capture();
    let _ = futures::executor::block_on(a_sub_call());
    assert_eq!(counts(&capture, "a_sub_call"), ERROR);
    assert_eq!(counts(&capture, "kinded"), ERROR);
}

#[tta::workflow]
async fn order(fail: bool) -> Result<(), Failure> {
    slow_but_sure().await;
    if fail { kinded(Failure::Refused).await } else { Ok(()) }
}

#[test]
fn a_workflow_counts_itself_and_its_steps() {
    let capture = capture();
    for fail in [false, true, true] {
        let _ = futures::executor::block_on(order(fail));
    }
    let workflow = |status| {
        capture.metric("tta_workflow_executions_total", &[("workflow_name", "order"), ("status", status)])
    };
    assert_eq!(["success", "error", "cancelled"].map(workflow), [Some(1.0), Some(2.0), Some(0.0)]);
    assert_eq!(capture.metric("tta_workflow_errors_total", &[("error_type", "refused")]), Some(2.0));
    assert_eq!(capture.metric("tta_workflows_active", &[("workflow_name", "order")]), Some(0.0));
    let step = |name, status| {
        let labels = [("workflow_name", "order"), ("primitive_name", name), ("status", status)];
        capture.metric("tta_workflow_steps_total", &labels)
    };
    assert_eq!(step("slow_but_sure", "success"), Some(3.0));
    assert_eq!(step("kinded", "error"), Some(2.0));
    let count = capture.metric("tta_workflow_duration_seconds_count", &[("workflow_name", "order")]);
    assert_eq!(count, Some(3.0));
}

#[tta::workflow]
async fn nesting() {
    outer().await;
}

#[test]
fn only_the_calls_that_a_workflow_makes_itself_are_its_steps() {
    let capture = capture();
    futures::executor::block_on(async {
        let mut future = pin!(nesting());
        while poll(future.as_mut()).is_pending() {}
    });
    let steps = |name| {
        capture.metric("tta_workflow_steps_total", &[("workflow_name", "nesting"), ("primitive_name", name)])
    };
    assert_eq!(steps("outer"), Some(1.0));
    assert_eq!(steps("slow"), None);
    assert_eq!(capture.span("slow").attribute("tta.step.index"), None);
}

#[test]
fn calls_are_counted_alike_on_two_runtimes_and_on_none() {
    let capture = capture();
    let single = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    single.block_on(capture.scope(slow_but_sure()));
    let multi = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    multi.block_on(async { tokio::spawn(slow_but_sure()).await }).expect("the task ends");
    futures::executor::block_on(slow_but_sure());
    assert_eq!(counts(&capture, "slow_but_sure")[0], 3.0);
}

/// Calls itself `depth` times over, awaits at the bottom, and panics there if it is told to.
#[tta::primitive(ret(left = *ret), ok_if = |left: &u32| *left != u32::MAX)]
fn descends(depth: u32, panics: bool) -> Pin<Box<dyn Future<Output = u32>>> {
    Box::pin(async move {
        if depth == 0 {
            pending(1).await;
            assert!(!panics, "deliberate");
            return 0;
        }
        descends(depth - 1, panics).await + 1
    })
}

/// What it comes to when it is polled until it is ready.
fn polled<F: Future + ?Sized>(mut future: Pin<Box<F>>) -> F::Output {
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
}

#[test]
fn calls_end_as_what_they_were_at_any_depth() {
    for depth in [1, 15, 16, 17, 100] {
        let capture = capture();
        let calls = f64::from(depth) + 1.0;
        for _ in 0..2 {
            assert_eq!(polled(descends(depth, false)), depth);
        }
        assert_eq!(counts(&capture, "descends"), [2.0 * calls, 0.0, 0.0, 0.0], "at depth {depth}");
        let panicked = catch_unwind(|| polled(descends(depth, true)));
        assert!(panicked.is_err());
        assert_eq!(counts(&capture, "descends"), [2.0 * calls, calls, 0.0, 0.0], "at depth {depth}");
        let mut dropped = descends(depth, false);
        assert!(poll(dropped.as_mut()).is_pending());
        drop(dropped);
        assert_eq!(counts(&capture, "descends"), [2.0 * calls, calls, calls, 0.0], "at depth {depth}");
        assert_eq!(tta::span().trace_id(), None, "at depth {depth} something is left current");
    }
}

#[tta::primitive]
async fn query(error: Option<Failure>) -> Result<(), Failure> {
    tokio::task::yield_now().await;
    error.map_or(Ok(()), Err)
}

#[tta::primitive]
async fn load(error: Failure) -> Result<(), Failure> {
    query(None).await?;
    query(Some(error)).await
}

#[derive(Debug, tta::ErrorKind)]
enum Wrapped {
    #[error_kind(permanent, code = "W")]
    Load,
}

#[tta::workflow]
async fn report(error: Failure) -> Result<(), Wrapped> {
    load(error).await.map_err(|_| Wrapped::Load)
}

#[test]
fn what_is_known_of_an_error_is_on_the_span_where_it_first_appeared() {
    let capture = capture();
    let _ = futures::executor::block_on(report(Failure::Busy));
    let spans = capture.spans();
    let first =
        spans.iter().find(|span| span.name == "query" && span.is_error()).expect("the query that failed");
    assert_eq!(first.attribute("tta.error.code").as_deref(), Some("E1"));
    assert_eq!(first.attribute("tta.error.origin"), None);
    for (name, error_type) in [("load", "busy"), ("invoke_workflow report", "load")] {
        let span = capture.span(name);
        assert!(span.is_error());
        assert_eq!(span.attribute("error.type").as_deref(), Some(error_type));
        assert_eq!(span.attribute("tta.error.origin"), Some(first.id().to_string()), "{name}");
        for key in ["tta.error.code", "tta.error.category", "tta.error.severity"] {
            assert_eq!(span.attribute(key), None, "{name} {key}");
        }
    }
}

#[tta::primitive]
async fn with_fallback() -> Result<(), Failure> {
    if query(Some(Failure::Busy)).await.is_err() {
        query(None).await?;
    }
    Err(Failure::Refused)
}

#[tta::primitive]
async fn first_of_two() -> Result<(), Failure> {
    let slow = async {
        query(None).await?;
        query(None).await
    };
    futures::future::try_join(query(Some(Failure::Busy)), slow).await.map(drop)
}

#[test]
fn an_error_that_was_dealt_with_is_not_where_a_later_one_comes_from() {
    let capture = capture();
    let _ = futures::executor::block_on(with_fallback());
    let own = capture.span("with_fallback");
    assert_eq!(own.attribute("tta.error.origin"), None);
    assert_eq!(own.attribute("tta.error.category").as_deref(), Some("permanent"));
    let _ = futures::executor::block_on(first_of_two());
    let failed = capture.spans().into_iter().rfind(|span| span.name == "query" && span.is_error());
    let origin = capture.span("first_of_two").attribute("tta.error.origin");
    assert_eq!(
        origin,
        failed.map(|span| span.id().to_string()),
        "what was cancelled beside it succeeded in nothing"
    );
}
