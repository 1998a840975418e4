//! How far a caller is believed, and whose headers are read. One telemetry runs at a time, so they take turns.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::executor::block_on;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{FutureExt as _, Link, SpanKind, TraceContextExt as _, TraceId, Tracer as _};
use opentelemetry::{Context, KeyValue};
use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{
    Sampler, SamplingDecision, SamplingResult, ShouldSample, SpanData, SpanExporter,
};
use tta::propagation::{B3Propagator, Trust, extract, inject};
use tta::{Telemetry, TelemetryBuilder};

static TURN: Mutex<()> = Mutex::new(());

type Headers = HashMap<String, String>;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone, Debug, Default)]
struct Exported(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exported {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        Ok(())
    }
}

/// What a workflow has sent, whose cause and correlation it knew, and its spans, the inner one first.
struct Served {
    sent: Headers,
    cause: Option<String>,
    correlation: String,
    baggage: Option<String>,
    spans: Vec<SpanData>,
}

#[tta::workflow]
async fn serve() -> (Headers, Option<String>, String, Option<String>) {
    let context = tta::context();
    let cause = context.causation_id().map(str::to_owned);
    (send().await, cause, context.correlation_id().to_owned(), context.baggage("tenant"))
}

#[tta::primitive(kind = "http")]
async fn send() -> Headers {
    let mut headers = Headers::new();
    inject(&mut headers);
    headers
}

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Silent but for what the test looks at.
fn builder() -> TelemetryBuilder {
    Telemetry::builder().console(false).otlp(false).prometheus(false)
}

fn request(flags: &str) -> Headers {
    let headers = [
        ("traceparent", format!("00-{TRACE}-{SPAN}-{flags}")),
        ("tracestate", "a@b@c=1,d=2".to_owned()),
        ("baggage", "tta-workflow-id=w,tta-correlation-id=c,tenant=t".to_owned()),
    ];
    headers.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Serves a request whose flags are these.
fn served(builder: TelemetryBuilder, flags: &str) -> Served {
    let _turn = turn();
    let exported = Exported::default();
    let telemetry = builder.span_exporter(exported.clone()).init().expect("the settings are right");
    let (sent, cause, correlation, baggage) = block_on(serve().with_context(extract(&request(flags))));
    telemetry.shutdown(TIMEOUT);
    let spans = std::mem::take(&mut *exported.0.lock().unwrap_or_else(PoisonError::into_inner));
    Served { sent, cause, correlation, baggage, spans }
}

#[test]
fn always_goes_on_with_the_trace_as_the_caller_has_decided() {
    for (flags, spans) in [("03", 2), ("02", 0)] {
        let served = served(builder(), flags);
        assert_eq!(served.spans.len(), spans);
        let sent = &served.sent["traceparent"];
        assert!(sent.contains(TRACE) && sent.ends_with(flags), "{sent}");
        assert!(!sent.contains(SPAN), "also a hop that is not sampled is one of its own");
        assert_eq!(served.sent["tracestate"], "a@b@c=1,d=2");
        assert_eq!((served.cause.as_deref(), served.correlation.as_str()), (Some("w"), "c"));
        assert_eq!(served.baggage.as_deref(), Some("t"));
    }
}

#[test]
fn sampled_off_keeps_the_trace_and_lets_our_sampler_decide() {
    type Set = fn(TelemetryBuilder) -> TelemetryBuilder;

    let off = || builder().trust_remote(Trust::SampledOff);
    let samplers: [(Set, bool); 5] = [
        // By default as the parent says, and where there is none all.
        (|builder| builder, true),
        (|builder| builder.sampler(Sampler::AlwaysOn), true),
        (|builder| builder.sampler(Sampler::AlwaysOff), false),
        // These are asked as code of the program's.
        (|builder| builder.sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn))), true),
        (|builder| builder.sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff))), false),
    ];
    for (place, (set, is_sampled)) in samplers.into_iter().enumerate() {
        for flags in ["00", "01"] {
            let served = served(set(off()), flags);
            assert_eq!(served.spans.len(), if is_sampled { 2 } else { 0 }, "{place} {flags}");
            let sent = &served.sent["traceparent"];
            assert!(sent.contains(TRACE) && !sent.contains(SPAN), "{sent}");
            assert!(sent.ends_with(if is_sampled { "01" } else { "00" }), "{place} {flags}: {sent}");
            assert_eq!(served.sent["tracestate"], "a@b@c=1,d=2", "{place}");
            if let [_, workflow] = &*served.spans {
                assert_eq!(workflow.span_context.trace_id().to_string(), TRACE);
                assert_eq!(workflow.parent_span_id.to_string(), SPAN);
            }
            assert_eq!(served.baggage.as_deref(), Some("t"));
        }
    }
}

#[test]
fn never_begins_a_trace_with_a_link_to_the_caller_and_takes_nothing_else() {
    for flags in ["00", "01"] {
        let served = served(builder().trust_remote(Trust::Never), flags);
        let [step, workflow] = &*served.spans else { panic!("{:?}", served.spans) };
        assert_ne!(workflow.span_context.trace_id().to_string(), TRACE);
        assert_eq!(workflow.parent_span_id.to_string(), "0".repeat(16));
        let [link] = &*workflow.links.links else { panic!("{:?}", workflow.links) };
        assert_eq!(link.span_context.trace_id().to_string(), TRACE);
        assert_eq!(link.span_context.span_id().to_string(), SPAN);
        assert_eq!(link.span_context.trace_state().header(), "");
        assert_eq!(step.links.links.len(), 0, "only the first span has it");
        assert!(!served.sent["traceparent"].contains(TRACE) && !served.sent.contains_key("tracestate"));
        assert!(served.cause.is_none() && served.correlation != "c" && served.baggage.is_none());
    }
}

#[test]
fn a_span_of_the_opentelemetry_api_has_the_link_too() {
    let _turn = turn();
    let exported = Exported::default();
    let telemetry = builder().trust_remote(Trust::Never).span_exporter(exported.clone()).init();
    let context = extract(&request("01"));
    drop(opentelemetry::global::tracer("foreign").start_with_context("root", &context));
    telemetry.expect("the settings are right").shutdown(TIMEOUT);
    let spans = exported.0.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(spans[0].links.links[0].span_context.trace_id().to_string(), TRACE);
}

/// Adds a member of its own to the trace state, as samplers by probability do.
#[derive(Clone, Debug)]
struct Stating;

impl ShouldSample for Stating {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let state =
            parent.map(|parent| parent.span().span_context().trace_state().clone()).unwrap_or_default();
        let trace_state = state.insert("ot", "th:0").and_then(|state| state.delete("d")).unwrap_or_default();
        SamplingResult { decision: SamplingDecision::RecordAndSample, attributes: Vec::new(), trace_state }
    }
}

#[test]
fn what_a_sampler_changes_of_the_tracestate_goes_first_and_the_rest_stays_as_it_came() {
    let served = served(builder().sampler(Stating), "01");
    assert_eq!(served.sent["tracestate"], "ot=th:0,a@b@c=1");
}

#[test]
fn every_reason_is_there_at_0_before_the_first_garbage_and_counts() {
    let _turn = turn();
    let telemetry = Telemetry::builder().console(false).otlp(false);
    let telemetry =
        telemetry.prometheus_addr(([127, 0, 0, 1], 0).into()).init().expect("the settings are right");
    let address = telemetry.prometheus_addr().expect("it is served");
    let series = || {
        let (_, _, body) = tta_tests::http_get(&format!("http://{address}/metrics"), "text/plain");
        let ours = body.lines().filter_map(|line| line.strip_prefix("tta_propagation_errors_total{"));
        ours.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = series();
    // Of what servers tell that they have spent, two.
    let known = if cfg!(feature = "llm") { 18 } else { 16 };
    assert_eq!(before.len(), known, "{before:#?}");
    assert!(before.iter().all(|line| line.ends_with(" 0")), "{before:#?}");
    let _ = extract(&Headers::from([("traceparent".to_owned(), "garbage".to_owned())]));
    let after = series();
    let counted: Vec<_> = after.iter().filter(|line| !line.ends_with(" 0")).collect();
    assert_eq!(counted, [r#"propagator="tracecontext",reason="malformed"} 1"#]);
}

/// One header with the trace id alone.
#[derive(Debug)]
struct Own(String);

impl TextMapPropagator for Own {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        injector.set(&self.0, context.span().span_context().trace_id().to_string());
    }

    fn extract_with_context(&self, context: &Context, _: &dyn Extractor) -> Context {
        context.clone()
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(std::slice::from_ref(&self.0))
    }
}

#[test]
fn propagators_chosen_in_code_are_the_ones_that_are_used_also_by_who_asks_opentelemetry() {
    let own = || {
        let own: [Box<dyn TextMapPropagator + Send + Sync>; 2] =
            [Box::new(B3Propagator::single()), Box::new(Own("own-trace".to_owned()))];
        own
    };
    let served = served(builder().propagators(own()), "01");
    let mut names: Vec<_> = served.sent.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["b3", "own-trace"]);
    assert!(served.sent["b3"].starts_with(&served.sent["own-trace"]) && !served.sent["b3"].contains(TRACE));

    let _turn = turn();
    let telemetry = builder().propagators(own()).init().expect("the settings are right");
    let fields = opentelemetry::global::get_text_map_propagator(|chosen| {
        chosen.fields().map(ToOwned::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(fields, ["b3", "own-trace"]);
    let none = builder().propagators([]);
    drop(telemetry);
    let telemetry = none.init().expect("the settings are right");
    assert!(block_on(send()).is_empty());
    drop(telemetry);
    let _back_to_the_default = builder().init().expect("the settings are right");
}
