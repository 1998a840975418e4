//! Starting spans: for annotated functions, and for other code through the OpenTelemetry API.

use std::sync::LazyLock;

use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanId, SpanKind, SpanRef, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, InstrumentationScope, KeyValue};

use super::clock::{Tick, nanoseconds};
use super::record::{Foreign, Origin, Record, Sink};
use super::recorded::RecordedSpan;
use crate::context::random;
use crate::metric::exemplar::CountedLater;
use crate::names;
use crate::pipeline::{Decision, Fate, Pipeline, Request};
use crate::propagation::{is_undecided, links as caller_links};
use crate::testing::Recording;

/// The scope of the spans of annotated functions.
pub(crate) fn our_scope() -> InstrumentationScope {
    static SCOPE: LazyLock<InstrumentationScope> = LazyLock::new(|| {
        let scope = InstrumentationScope::builder(names::SCOPE).with_version(env!("CARGO_PKG_VERSION"));
        scope.with_schema_url(names::SCHEMA_URL).build()
    });
    SCOPE.clone()
}

/// What became of a span that wanted to start.
pub(crate) enum Sampled {
    /// It is recorded.
    In(Identity, Option<Box<Added>>),
    /// It is not. The context that says so, unless its parent's says it already.
    Out(Option<SpanContext>),
}

/// Who a span is.
#[derive(Clone, Copy)]
pub(crate) struct Identity {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) flags: TraceFlags,
}

/// What comes to a span from far away, or from its sampler. Few spans have any.
#[derive(Default)]
pub(crate) struct Added {
    pub(super) trace_state: TraceState,
    pub(super) attributes: Vec<KeyValue>,
}

impl Identity {
    pub(super) fn context(self, added: Option<&Added>) -> SpanContext {
        let trace_state = added.map_or(TraceState::NONE, |added| added.trace_state.clone());
        SpanContext::new(self.trace_id, self.span_id, self.flags, false, trace_state)
    }
}

/// Decides on a span below `parent`.
///
/// `context` is only looked at by a sampler of the program's own.
#[inline]
pub(crate) fn sample(
    recording: Option<&Recording>,
    parent: &SpanContext,
    context: &Context,
    request: &Request<'_>,
) -> Sampled {
    let is_child = parent.is_valid();
    let is_undecided = parent.is_remote() && is_undecided(context, parent);
    if is_child
        && !parent.is_sampled()
        && !is_undecided
        && recording.is_none()
        && !Pipeline::asks_below_unsampled()
    {
        // By far the most frequent answer needs no ids.
        Pipeline::sampled_out();
        return Sampled::Out(None);
    }
    let next = || recording.map_or_else(random, Recording::next_id);
    let trace_id = if is_child {
        parent.trace_id()
    } else {
        let id = u128::from(next()) << 64 | u128::from(next());
        #[cfg(feature = "xray")]
        let id = if recording.is_none() { crate::preset::xray::trace_id(id) } else { id };
        TraceId::from(id)
    };
    let mut added = None;
    let mut otherwise = Fate::SampledOut;
    // What another process has left to us is decided as if the trace began here.
    let judged = if is_undecided { &SpanContext::NONE } else { parent };
    // A test sees every span.
    let known = if recording.is_some() { Some(true) } else { Pipeline::keeps(judged, trace_id) };
    let (record, sample) = if let Some(keep) = known {
        if *parent.trace_state() != TraceState::NONE {
            added.get_or_insert_with(Box::<Added>::default).trace_state = parent.trace_state().clone();
        }
        (keep, keep)
    } else {
        let decision = Pipeline::decide(context, judged, trace_id, request);
        otherwise = decision.otherwise;
        let Decision { record, sample, mut trace_state, attributes, .. } = decision;
        if is_undecided && trace_state == TraceState::NONE {
            trace_state = parent.trace_state().clone();
        }
        added = Some(Box::new(Added { trace_state, attributes }));
        (record, sample)
    };
    // Level 2 of the W3C recommendation: the flag says that the trace id's last 56 bits are random.
    let random = if is_child { parent.trace_flags() & RANDOM } else { RANDOM };
    let own = Identity { trace_id, span_id: SpanId::from(next()), flags: random.with_sampled(sample) };
    if record {
        return Sampled::In(own, added);
    }
    otherwise.counter().add(1);
    Sampled::Out((!is_child || parent.is_sampled() || is_undecided).then(|| own.context(added.as_deref())))
}

/// Trace flag `random`, second bit, of W3C Trace Context level 2.
const RANDOM: TraceFlags = TraceFlags::new(0x02);

/// The parent that a span has which starts within the context of `span`; [`SpanContext::NONE`] if it has none.
pub(crate) fn parent_of<'a>(span: &'a SpanRef<'_>) -> &'a SpanContext {
    static NONE: SpanContext = SpanContext::NONE;
    let parent = span.span_context();
    if parent.is_valid() { parent } else { &NONE }
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
        #[cfg(feature = "tracing")]
        if let std::borrow::Cow::Borrowed(name) = builder.name
            && crate::bridge::is_of_a_call(name)
        {
            return RecordedSpan::of_a_call(parent_cx);
        }
        self.start(builder, parent_cx, None)
    }
}

impl ProviderTracer {
    /// Starts a span, whose duration may count somewhere when it ends.
    pub(crate) fn start(
        &self,
        builder: SpanBuilder,
        parent_cx: &Context,
        counted: Option<CountedLater>,
    ) -> RecordedSpan {
        if parent_cx.is_telemetry_suppressed() {
            return RecordedSpan::unrecorded(SpanContext::NONE);
        }
        let parent = parent_of(&parent_cx.span()).clone();
        let Some(sink) = Sink::of(parent_cx) else {
            Pipeline::missed();
            // Without a pipeline a remote parent still has to reach the calls further out.
            return RecordedSpan::unrecorded(parent);
        };
        let kind = builder.span_kind.unwrap_or(SpanKind::Internal);
        let attributes = builder.attributes.unwrap_or_default();
        let mut links = builder.links.unwrap_or_default();
        links.extend_from_slice(caller_links(parent_cx, &parent));
        links.retain(|link| link.span_context.is_valid());
        let request = Request { name: &builder.name, kind: &kind, attributes: &attributes, links: &links };
        let (own, added) = match sample(sink.recording(), &parent, parent_cx, &request) {
            Sampled::Out(own) => return RecordedSpan::unrecorded(own.unwrap_or(parent)),
            Sampled::In(own, added) => (own, added),
        };
        let context = own.context(added.as_deref());
        let start = builder.start_time.map_or_else(|| Tick::now().wall(), nanoseconds);
        let foreign = Foreign { name: builder.name, kind, scope: self.scope.clone(), counted };
        let mut record = Box::<Record>::default();
        record.begin(own, &parent, start, Origin::Foreign(Box::new(foreign)));
        *record.added.attributes() = attributes;
        record.take_in(added);
        record.added.limit(sink.limits());
        for Link { span_context, attributes, .. } in links {
            record.added.link(span_context, attributes, &sink.limits()());
        }
        let mut span = RecordedSpan::new(context, record, sink);
        for event in builder.events.unwrap_or_default() {
            use opentelemetry::trace::Span as _;
            span.add_event_with_timestamp(event.name, event.timestamp, event.attributes);
        }
        span
    }
}
