//! Starting spans: for annotated functions, and for other code through the OpenTelemetry API.

use std::sync::LazyLock;

use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags, TraceId, Tracer,
    TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};

use super::clock::{Tick, nanoseconds};
use super::record::{Foreign, Origin, Record, RecordedSpan, Sink};
use crate::context::random;
use crate::names;
use crate::pipeline::{Decision, Pipeline, Request};

/// The scope of the spans of annotated functions.
pub(crate) fn our_scope() -> InstrumentationScope {
    static SCOPE: LazyLock<InstrumentationScope> = LazyLock::new(|| {
        InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION")).build()
    });
    SCOPE.clone()
}

/// What became of a span that wanted to start.
pub(crate) enum Sampled {
    /// It is recorded, with this context and with what the sampler adds.
    In(SpanContext, Vec<KeyValue>),
    /// It is not. The context that says so, unless its parent's says it already.
    Out(Option<SpanContext>),
}

/// Decides on a span below `parent`.
///
/// `context` is only looked at by a sampler of the program's own.
pub(crate) fn sample(sink: &Sink, parent: &SpanContext, context: &Context, request: &Request<'_>) -> Sampled {
    let is_child = parent.is_valid();
    let is_test = matches!(sink, Sink::Test(_));
    if is_child && !parent.is_sampled() && !is_test && !Pipeline::asks_below_unsampled() {
        // By far the most frequent answer needs no ids.
        Pipeline::sampled_out();
        return Sampled::Out(None);
    }
    let next = || match sink {
        Sink::Test(recording) => recording.next_id(),
        Sink::Pipeline => random(),
    };
    let trace_id = if is_child {
        parent.trace_id()
    } else {
        TraceId::from(u128::from(next()) << 64 | u128::from(next()))
    };
    let Decision { record, sample, trace_state, attributes, otherwise } = match sink {
        Sink::Pipeline => Pipeline::decide(context, parent, trace_id, request),
        // A test sees every span.
        Sink::Test(_) => Decision::plain(true, parent),
    };
    let span_id = SpanId::from(next());
    // Level 2 of the W3C recommendation: the flag says that the trace id's last 56 bits are random.
    let random = if is_child { parent.trace_flags() & RANDOM } else { RANDOM };
    let own = SpanContext::new(trace_id, span_id, random.with_sampled(sample), false, trace_state);
    if record {
        return Sampled::In(own, attributes);
    }
    otherwise.counter().add(1);
    Sampled::Out((!is_child || parent.is_sampled()).then_some(own))
}

/// Trace flag `random`, second bit, of W3C Trace Context level 2.
const RANDOM: TraceFlags = TraceFlags::new(0x02);

/// Opens a span that is recorded, within its limits.
pub(crate) fn open(mut record: Record, links: Vec<Link>, sink: Sink) -> RecordedSpan {
    if !links.is_empty() || !record.attributes().is_empty() {
        let limits = sink.limits();
        let too_many = record.attributes().len().saturating_sub(limits.attributes);
        if too_many > 0 {
            record.attributes().truncate(limits.attributes);
            record.extras().dropped_attributes += too_many as u32;
        }
        if !links.is_empty() {
            let kept = &mut record.extras().links;
            kept.dropped_count = links.len().saturating_sub(limits.links) as u32;
            kept.links = links;
            kept.links.truncate(limits.links);
        }
    }
    RecordedSpan::new(record, sink)
}

/// The parent that a span started within `context` has; [`SpanContext::NONE`] if it has none.
pub(crate) fn parent(context: &Context) -> SpanContext {
    let span = context.span();
    let parent = span.span_context();
    if parent.is_valid() { parent.clone() } else { SpanContext::NONE }
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
        let parent = parent(parent_cx);
        let Some(sink) = Sink::of(parent_cx) else {
            Pipeline::missed();
            // Without a pipeline a remote parent still has to reach the calls further out.
            return RecordedSpan::unrecorded(parent);
        };
        let kind = builder.span_kind.unwrap_or(SpanKind::Internal);
        let mut attributes = builder.attributes.unwrap_or_default();
        let mut links = builder.links.unwrap_or_default();
        links.retain(|link| link.span_context.is_valid());
        let request = Request { name: &builder.name, kind: &kind, attributes: &attributes, links: &links };
        let own = match sample(&sink, &parent, parent_cx, &request) {
            Sampled::Out(own) => return RecordedSpan::unrecorded(own.unwrap_or(parent)),
            Sampled::In(own, added) => {
                attributes.extend(added);
                own
            }
        };
        let start = builder.start_time.map_or_else(|| Tick::now().wall(), nanoseconds);
        let foreign = Foreign { name: builder.name, kind, scope: self.scope.clone() };
        let record = Record::new(own, &parent, start, attributes, Origin::Foreign(Box::new(foreign)));
        let mut span = open(record, links, sink);
        for event in builder.events.unwrap_or_default() {
            use opentelemetry::trace::Span as _;
            span.add_event_with_timestamp(event.name, event.timestamp, event.attributes);
        }
        span
    }
}
