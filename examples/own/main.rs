//! An exporter of spans, a sampler and a recorder of metrics of your own, behind the same two attributes.
//!
//! `cargo run --example own`
#![allow(clippy::print_stdout, reason = "a program talks to its user")]

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::registry::{AtomicStorage, Registry};
use tta::opentelemetry::trace::{Link, SpanKind, TraceId, TraceState};
use tta::opentelemetry::{Context, KeyValue};
use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{
    Sampler, SamplingDecision, SamplingResult, ShouldSample, SpanData, SpanExporter,
};

/// Writes a line for each span that has ended. It is called on a thread of its own, and may block.
#[derive(Debug)]
struct Lines;

impl SpanExporter for Lines {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        for span in spans {
            let took = span.end_time.duration_since(span.start_time).unwrap_or_default();
            println!("span {} {} {took:?}", span.span_context.trace_id(), span.name);
        }
        Ok(())
    }
}

/// Keeps every trace but those of health checks.
#[derive(Clone, Debug)]
struct NoHealthChecks;

impl ShouldSample for NoHealthChecks {
    fn should_sample(
        &self,
        _parent: Option<&Context>,
        _trace_id: TraceId,
        name: &str,
        _kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let is_check = name == "invoke_workflow health";
        let decision = if is_check { SamplingDecision::Drop } else { SamplingDecision::RecordAndSample };
        SamplingResult { decision, attributes: Vec::new(), trace_state: TraceState::NONE }
    }
}

/// Keeps the numbers in memory. Of a client for `StatsD`, say, no more than the three `register` would differ.
#[derive(Clone)]
struct Numbers(Arc<Registry<Key, AtomicStorage>>);

impl Recorder for Numbers {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.0.get_or_create_counter(key, |counter| Counter::from_arc(counter.clone()))
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.0.get_or_create_gauge(key, |gauge| Gauge::from_arc(gauge.clone()))
    }
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.0.get_or_create_histogram(key, |histogram| Histogram::from_arc(histogram.clone()))
    }
}

#[tta::workflow]
async fn health() -> bool {
    reach_database().await
}

#[tta::workflow(fields(items))]
async fn checkout(items: u32) -> Result<u32, std::fmt::Error> {
    reach_database().await.then_some(items * 5).ok_or(std::fmt::Error)
}

#[tta::primitive(kind = "db")]
async fn reach_database() -> bool {
    true
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers = Numbers(Arc::new(Registry::atomic()));
    let telemetry = tta::Telemetry::builder()
        .span_exporter(Lines)
        // What is below a span is kept if that is.
        .sampler(Sampler::ParentBased(Box::new(NoHealthChecks)))
        .recorder(numbers.clone())
        // Those that are compiled in for the other examples.
        .console(false)
        .otlp(false)
        .prometheus(false)
        .init()?;
    for items in [1, 2] {
        health().await;
        checkout(items).await?;
    }
    // Blocks for as long as it takes, so not on a thread that others need.
    let report = tokio::task::spawn_blocking(move || telemetry.shutdown(Duration::from_secs(5))).await?;
    println!("{report}");
    // The checks are missing from the spans only: sampling never changes a metric.
    numbers.0.visit_counters(|key, counter| {
        let count = counter.load(Relaxed);
        if count > 0 {
            let labels: Vec<_> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            println!("{} {} {count}", key.name(), labels.join(" "));
        }
    });
    Ok(())
}
