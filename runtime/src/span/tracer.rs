//! Starting spans: for annotated functions, and for other code through the OpenTelemetry API.

use std::borrow::Cow;
use std::sync::LazyLock;

use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanId, SpanKind, TraceFlags, TraceId, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, SpanEvents, SpanLinks};

use super::clock::Tick;
use super::record::{Origin, Record, RecordedSpan, Sink, parent};
use crate::context::random;
use crate::names;

/// The scope of the spans of annotated functions.
pub(crate) fn our_scope() -> InstrumentationScope {
    static SCOPE: LazyLock<InstrumentationScope> = LazyLock::new(|| {
        InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION")).build()
    });
    SCOPE.clone()
}

/// What is known of a span when it starts.
pub(crate) struct Start {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: SpanKind,
    pub(crate) time: std::time::SystemTime,
    pub(crate) attributes: Vec<KeyValue>,
    pub(crate) links: Vec<Link>,
    pub(crate) origin: Origin,
}

/// What became of a span that wanted to start.
pub(crate) enum Started {
    Recorded(RecordedSpan),
    /// Not sampled. Its context need only be made current if that says something new.
    Unrecorded {
        context: SpanContext,
        is_news: bool,
    },
}

/// Starts a span below the span of `context`.
pub(crate) fn start(sink: Sink, context: &Context, start: Start) -> Started {
    let parent = parent(context);
    let (trace_id, span_id) = ids(&sink, &parent);
    let SamplingResult { decision, attributes: sampler_attributes, trace_state } =
        sample(&sink, context, &parent, trace_id, &start);
    // Level 2 of the W3C recommendation: the flag says that the trace id's last 56 bits are random.
    let random = if parent.is_valid() { parent.trace_flags() & RANDOM } else { RANDOM };
    let flags = random.with_sampled(decision == SamplingDecision::RecordAndSample);
    let own = SpanContext::new(trace_id, span_id, flags, false, trace_state);

    if decision == SamplingDecision::Drop {
        if let Sink::Pipeline(pipeline) = &sink {
            pipeline.sampled_out();
        }
        return Started::Unrecorded { context: own, is_news: !parent.is_valid() || parent.is_sampled() };
    }
    let limits = sink.limits();
    let mut attributes = start.attributes;
    attributes.extend(sampler_attributes);
    let dropped_attributes = attributes.len().saturating_sub(limits.attributes) as u32;
    attributes.truncate(limits.attributes);
    let mut links = SpanLinks::default();
    links.dropped_count = start.links.len().saturating_sub(limits.links) as u32;
    links.links = start.links;
    links.links.truncate(limits.links);
    let record = Record {
        context: own,
        parent: parent.span_id(),
        parent_is_remote: parent.is_remote(),
        kind: start.kind,
        name: start.name,
        start: start.time,
        end: start.time,
        attributes,
        dropped_attributes,
        events: SpanEvents::default(),
        links,
        status: opentelemetry::trace::Status::Unset,
        origin: start.origin,
    };
    Started::Recorded(RecordedSpan::new(record, sink))
}

/// Trace flag `random`, second bit, of W3C Trace Context level 2.
const RANDOM: TraceFlags = TraceFlags::new(0x02);

fn ids(sink: &Sink, parent: &SpanContext) -> (TraceId, SpanId) {
    let next = || match sink {
        Sink::Test(recording) => recording.next_id(),
        Sink::Pipeline(_) => random(),
    };
    let trace_id = if parent.is_valid() {
        parent.trace_id()
    } else {
        TraceId::from(u128::from(next()) << 64 | u128::from(next()))
    };
    (trace_id, SpanId::from(next()))
}

fn sample(
    sink: &Sink,
    context: &Context,
    parent: &SpanContext,
    trace_id: TraceId,
    start: &Start,
) -> SamplingResult {
    match sink {
        Sink::Pipeline(pipeline) => pipeline.sampler().should_sample(
            Some(context),
            trace_id,
            &start.name,
            &start.kind,
            &start.attributes,
            &start.links,
        ),
        // A test sees every span.
        Sink::Test(_) => SamplingResult {
            decision: SamplingDecision::RecordAndSample,
            attributes: Vec::new(),
            trace_state: if parent.is_valid() { parent.trace_state().clone() } else { TraceState::default() },
        },
    }
}

/// Gives spans of the OpenTelemetry API the same queue, sampler and exporters as ours.
///
/// [`init`](crate::init) makes it the global provider; take it from here only to hand it to a library
/// that wants its own.
#[derive(Clone, Debug, Default)]
pub struct Provider(());

/// A tracer of [`Provider`].
#[derive(Clone, Debug)]
pub struct ProviderTracer {
    scope: InstrumentationScope,
}

impl TracerProvider for Provider {
    type Tracer = ProviderTracer;

    fn tracer_with_scope(&self, scope: InstrumentationScope) -> ProviderTracer {
        ProviderTracer { scope }
    }
}

impl Tracer for ProviderTracer {
    type Span = RecordedSpan;

    fn build_with_context(&self, builder: SpanBuilder, parent_cx: &Context) -> RecordedSpan {
        if parent_cx.is_telemetry_suppressed() {
            return RecordedSpan::unrecorded(SpanContext::NONE);
        }
        let Some(sink) = Sink::of(parent_cx) else {
            // Without a pipeline a remote parent still has to reach the calls further out.
            return RecordedSpan::unrecorded(parent(parent_cx));
        };
        let mut links = builder.links.unwrap_or_default();
        links.retain(|link| link.span_context.is_valid());
        let started = start(
            sink,
            parent_cx,
            Start {
                name: builder.name,
                kind: builder.span_kind.unwrap_or(SpanKind::Internal),
                time: builder.start_time.unwrap_or_else(|| Tick::now().wall()),
                attributes: builder.attributes.unwrap_or_default(),
                links,
                origin: Origin::Foreign(self.scope.clone()),
            },
        );
        let mut span = match started {
            Started::Recorded(span) => span,
            Started::Unrecorded { context, .. } => RecordedSpan::unrecorded(context),
        };
        for event in builder.events.unwrap_or_default() {
            use opentelemetry::trace::Span as _;
            span.add_event_with_timestamp(event.name, event.timestamp, event.attributes);
        }
        span
    }
}
