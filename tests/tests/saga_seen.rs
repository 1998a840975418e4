//! What is seen of sagas: compensations in the trace of their workflow, linked to what they undo, and counted.
#![allow(clippy::unused_async, reason = "a policy asks for an async function, whatever is in it")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tta::testing::{Capture, Expected, assert_trace_matches, capture};

#[derive(Debug, PartialEq, tta::ErrorKind)]
enum Failure {
    #[error_kind(permanent)]
    SoldOut,
}

#[tta::workflow(kind = "saga")]
async fn order(waits: bool) -> Result<(), Failure> {
    reserve(1).await?;
    charge(2).await?;
    if waits {
        std::future::pending::<()>().await;
    }
    Err(Failure::SoldOut)
}

#[tta::primitive(compensate = release)]
async fn reserve(item: u32) -> Result<u32, Failure> {
    Ok(item)
}

#[tta::primitive]
async fn release(_item: u32, _reserved: u32) {}

#[tta::primitive(compensate = refund)]
async fn charge(cents: u32) -> Result<(), Failure> {
    let _ = cents;
    Ok(())
}

async fn refund(_cents: u32) -> Result<(), Failure> {
    Err(Failure::SoldOut)
}

fn compensations(capture: &Capture, step: &str) -> [Option<f64>; 3] {
    ["success", "error", "cancelled"].map(|status| {
        let labels = [("workflow_name", "order"), ("primitive_name", step), ("status", status)];
        capture.metric("tta_saga_compensations_total", &labels)
    })
}

fn tree() -> Vec<Expected> {
    vec![Expected::new(
        "invoke_workflow order",
        vec![
            Expected::new("reserve", vec![]),
            Expected::new("charge", vec![]),
            Expected::new("charge compensation", vec![]),
            Expected::new("reserve compensation", vec![Expected::new("release", vec![])]),
        ],
    )]
}

#[tokio::test(start_paused = true)]
async fn compensations_are_spans_of_the_workflow_linked_to_the_steps_that_they_undo() {
    let seen = capture();
    assert_eq!(seen.scope(order(false)).await, Err(Failure::SoldOut));
    assert_trace_matches(&seen, &tree());

    let workflow = seen.span("invoke_workflow order");
    let attribute = |span: &tta::testing::CapturedSpan, key: &str| span.attribute(key);
    assert_eq!(attribute(&workflow, "tta.saga.compensated").as_deref(), Some("1"));
    assert_eq!(attribute(&workflow, "tta.saga.failed").as_deref(), Some("1"));
    for step in ["reserve", "charge"] {
        let span = seen.span(&format!("{step} compensation"));
        assert_eq!(attribute(&span, "tta.saga.step").as_deref(), Some(step));
    }
    let failed = seen.span("charge compensation");
    assert_eq!(attribute(&failed, "error.type").as_deref(), Some("sold_out"));
    assert_eq!(attribute(&failed, "tta.status").as_deref(), Some("error"));
    assert_eq!(compensations(&seen, "reserve"), [Some(1.0), Some(0.0), Some(0.0)]);
    assert_eq!(compensations(&seen, "charge"), [Some(0.0), Some(1.0), Some(0.0)]);
}

#[tokio::test(start_paused = true)]
async fn a_compensation_is_linked_to_its_step_and_the_workflow_says_why() {
    let seen = capture();
    assert_eq!(seen.scope(order(false)).await, Err(Failure::SoldOut));
    for step in ["reserve", "charge"] {
        let links = seen.span(&format!("{step} compensation")).links.links.clone();
        let linked: Vec<_> = links.iter().map(|link| link.span_context.span_id()).collect();
        assert_eq!(linked, [seen.span(step).id()]);
    }
    let workflow = seen.span("invoke_workflow order");
    let event = workflow.events.iter().find(|event| event.name == "compensate").expect("an event");
    let attributes: Vec<String> =
        event.attributes.iter().map(|own| format!("{} {}", own.key, own.value)).collect();
    assert_eq!(attributes, ["tta.saga.cause error", "tta.saga.steps 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_was_cancelled_is_compensated_in_the_same_trace() {
    let seen = capture();
    let ended = tokio::time::timeout(Duration::from_secs(1), seen.scope(order(true))).await;
    assert!(ended.is_err());
    tta::saga::drain().await;
    assert_trace_matches(&seen, &tree());
    let workflow = seen.span("invoke_workflow order");
    assert_eq!(workflow.attribute("tta.status").as_deref(), Some("cancelled"));
    assert_eq!(workflow.event_names(), ["compensate"]);
    // It had ended before they were.
    assert_eq!(workflow.attribute("tta.saga.failed"), None);
    assert!(seen.span("release").end_time >= workflow.end_time);
    assert_eq!(compensations(&seen, "reserve"), [Some(1.0), Some(0.0), Some(0.0)]);
}

#[tokio::test(start_paused = true)]
async fn series_of_a_step_exist_at_zero_once_a_saga_has_done_it() {
    #[tta::workflow(kind = "saga")]
    async fn works() -> Result<u32, Failure> {
        reserve(1).await
    }
    let seen = capture();
    assert_eq!(seen.scope(works()).await, Ok(1));
    for status in ["success", "error", "cancelled"] {
        let labels = [("workflow_name", "works"), ("primitive_name", "reserve"), ("status", status)];
        assert_eq!(seen.metric("tta_saga_compensations_total", &labels), Some(0.0));
    }
}

#[test]
fn what_a_runtime_leaves_is_counted_as_cancelled() {
    let seen = capture();
    seen.run(|| {
        let mut dropped = Box::pin(order(true));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(dropped.as_mut().poll(&mut task).is_pending());
    });
    assert_eq!(compensations(&seen, "reserve"), [Some(0.0), Some(0.0), Some(1.0)]);
    assert_eq!(compensations(&seen, "charge"), [Some(0.0), Some(0.0), Some(1.0)]);
}

#[test]
fn a_future_of_a_saga_can_go_to_another_thread() {
    fn can_go<T: Send>(_: T) {}
    can_go(order(false));
    can_go(reserve(1));
}

#[tokio::test]
async fn the_reason_of_an_error_is_not_what_failed_while_it_was_compensated() {
    #[tta::workflow(kind = "saga")]
    async fn fails() -> Result<(), Failure> {
        charge(1).await?;
        decline().await
    }
    #[tta::primitive]
    async fn decline() -> Result<(), Failure> {
        Err(Failure::SoldOut)
    }
    let seen = capture();
    assert!(seen.scope(fails()).await.is_err());
    let origin = seen.span("invoke_workflow fails").attribute("tta.error.origin");
    assert_eq!(origin, Some(seen.span("decline").id().to_string()));
}

#[test]
fn a_shutdown_waits_for_what_is_compensated_on_another_thread_and_says_what_it_did_not_wait_for() {
    #[tta::workflow(kind = "saga")]
    async fn slow(milliseconds: u64) {
        step(milliseconds).await;
        std::future::pending::<()>().await;
    }
    #[tta::primitive(compensate = undo)]
    async fn step(milliseconds: u64) -> u64 {
        milliseconds
    }
    async fn undo(milliseconds: u64, _: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        UNDONE.fetch_add(1, Relaxed);
    }
    static UNDONE: AtomicU32 = AtomicU32::new(0);
    let problems = |milliseconds: u64, timeout: Duration| {
        let builder = tta::Telemetry::builder().console(false).otlp(false).prometheus(false);
        let telemetry = builder.init().expect("nothing else runs");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().worker_threads(1).build();
        let runtime = runtime.expect("a runtime");
        runtime.block_on(async {
            let ended = tokio::time::timeout(Duration::from_millis(1), slow(milliseconds)).await;
            assert!(ended.is_err());
        });
        telemetry.shutdown(timeout).to_string()
    };
    let said = problems(50, Duration::from_mins(1));
    assert_eq!(UNDONE.load(Relaxed), 1, "{said}");
    assert!(!said.contains("compensated"), "{said}");
    let said = problems(60_000, Duration::from_millis(20));
    assert_eq!(UNDONE.load(Relaxed), 1, "{said}");
    assert!(said.contains("sagas that are still being compensated: 1; await `drain` before"), "{said}");
}
