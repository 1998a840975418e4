//! `TTA_FILTER` and `tta.busy_ms`: which spans there are, and what they tell of the time on the task. One
//! telemetry runs at a time, so the tests take turns.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tta::opentelemetry::trace::SpanId;
use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tta::{Telemetry, TelemetryBuilder};

static TURN: Mutex<()> = Mutex::new(());

#[derive(Clone, Debug, Default)]
struct Exporter(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        Ok(())
    }
}

#[tta::workflow]
async fn checkout() -> u32 {
    prices().await
}

#[tta::primitive(kind = "cache")]
async fn prices() -> u32 {
    price().await + price().await
}

#[tta::primitive]
async fn price() -> u32 {
    21
}

#[tta::workflow]
async fn health_check() -> u32 {
    prices().await
}

#[tta::primitive]
async fn works_and_waits() {
    works();
    tokio::time::sleep(Duration::from_millis(60)).await;
    works();
}

#[tta::primitive]
fn works() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(10) {}
}

/// What the exporter gets of `run`.
fn exported(build: impl FnOnce(TelemetryBuilder) -> TelemetryBuilder, run: impl FnOnce()) -> Vec<SpanData> {
    let exporter = Exporter::default();
    let builder = Telemetry::builder().span_exporter(exporter.clone());
    let builder = builder.console(false).otlp(false).prometheus(false);
    let telemetry = build(builder).init().expect("telemetry");
    run();
    let report = telemetry.shutdown(Duration::from_secs(10));
    assert!(report.is_complete(), "{report}");
    exporter.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn names(spans: &[SpanData]) -> Vec<&str> {
    let mut names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    names.sort_unstable();
    names
}

fn orders() {
    assert_eq!(futures::executor::block_on(checkout()), 42);
    assert_eq!(futures::executor::block_on(health_check()), 42);
}

#[test]
fn what_a_filter_names_has_no_span_and_what_it_calls_hangs_below_its_caller() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let spans = exported(|builder| builder.filter("kind=cache, workflow=health_*"), orders);
    assert_eq!(names(&spans), ["invoke_workflow checkout", "price", "price"]);
    let root = spans.iter().find(|span| span.parent_span_id == SpanId::INVALID).expect("a root");
    for span in spans.iter().filter(|span| span.name == "price") {
        assert_eq!(span.parent_span_id, root.span_context.span_id());
    }
}

#[test]
fn without_a_filter_every_call_has_a_span_again() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    drop(exported(|builder| builder.filter("name=*"), orders));
    assert_eq!(exported(|builder| builder, orders).len(), 8);
}

#[test]
fn a_filter_does_not_change_a_metric() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let executions = || {
        let stats = tta::stats();
        stats.sites().iter().map(tta::SiteStats::calls).sum::<u64>()
    };
    let before = executions();
    let spans = exported(|builder| builder.filter("name=*"), orders);
    assert_eq!((spans.len(), executions() - before), (0, 8));
}

#[test]
fn a_filter_that_cannot_be_read_is_an_error_that_says_what_can() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let error = Telemetry::builder().filter("ping").init().expect_err("no rule").to_string();
    assert!(
        error.contains("TTA_FILTER") && error.contains("\"ping\"") && error.contains("`name=…`"),
        "{error}"
    );
}

#[test]
fn the_time_on_the_task_is_the_time_of_the_polls() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let spans = exported(|builder| builder.busy_time(true), || runtime.block_on(works_and_waits()));
    let busy = |name: &str| {
        let span = spans.iter().find(|span| span.name == name).expect("the span");
        let value = span.attributes.iter().find(|attribute| attribute.key.as_str() == "tta.busy_ms");
        let value = value.expect("the attribute").value.as_str().parse::<f64>().expect("a number");
        let took = span.end_time.duration_since(span.start_time).expect("in order").as_secs_f64() * 1e3;
        (value, took)
    };
    let (worked, took) = busy("works_and_waits");
    assert!(worked >= 20.0 && worked <= took - 50.0, "{worked} ms of {took} ms");
    let (worked, took) = busy("works");
    assert!((took - worked).abs() < 0.001, "a sync function is busy all the time: {worked} ms of {took} ms");

    let spans = exported(|builder| builder, || runtime.block_on(works_and_waits()));
    let is_busy = |span: &SpanData| span.attributes.iter().any(|own| own.key.as_str() == "tta.busy_ms");
    assert!(!spans.iter().any(is_busy), "nobody asked for it");
}
