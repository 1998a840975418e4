//! What came along with a trace and has no place in OpenTelemetry's `SpanContext`.

use std::sync::Arc;

#[cfg(feature = "telemetry")]
use opentelemetry::trace::Link;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceId};
use opentelemetry::{Context, trace};

use super::trace_state;

/// A value of the context, for the trace that was received.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// The trace that all this is of.
    trace_id: Option<TraceId>,
    /// The trace's state: as it came, and as much of it as OpenTelemetry takes.
    state: Option<(Arc<str>, trace::TraceState)>,
    /// Whether the caller wants to see this trace whatever samplers say (b3, Jaeger).
    pub(super) is_debug: bool,
    /// Whether it is for us to decide whether the trace is sampled.
    pub(super) is_undecided: bool,
}

impl Received {
    pub(super) fn with_state(state: Option<String>) -> Self {
        let state = state.map(|text| {
            let shown = trace_state::shown(&text);
            (text.into(), shown)
        });
        Received { state, ..Received::default() }
    }

    pub(super) fn with_decision(is_debug: bool, is_undecided: bool) -> Self {
        Received { is_debug, is_undecided, ..Received::default() }
    }

    /// `context` below `parent`, which has come with this.
    pub(super) fn within(mut self, context: &Context, parent: &SpanContext) -> Context {
        if self.state.is_none() {
            // Another header may have told of the same trace before.
            self.state = Received::of(context, parent).and_then(|earlier| earlier.state.clone());
        }
        let shown = self.state.as_ref().map(|(_, shown)| shown.clone()).unwrap_or_default();
        let (trace_id, span_id, flags) = (parent.trace_id(), parent.span_id(), parent.trace_flags());
        let context =
            context.with_remote_span_context(SpanContext::new(trace_id, span_id, flags, true, shown));
        self.trace_id = Some(trace_id);
        context.with_value(self)
    }

    /// What has come along with the trace of `span`.
    pub(super) fn of<'a>(context: &'a Context, span: &SpanContext) -> Option<&'a Received> {
        context.get::<Received>().filter(|received| received.trace_id == Some(span.trace_id()))
    }

    /// The state to send along with `span`: what was received unless it was changed here.
    pub(super) fn state_of(context: &Context, span: &SpanContext) -> Option<String> {
        let now = span.trace_state();
        let state = match Received::of(context, span).and_then(|received| received.state.as_ref()) {
            Some((text, shown)) if shown == now => return Some((**text).to_owned()),
            Some((text, shown)) => trace_state::changed(text, shown, now),
            None => trace_state::changed("", &trace::TraceState::NONE, now),
        };
        (!state.is_empty()).then_some(state)
    }

    /// `taken` without the decision of the caller who is in it, if there is one who is not in `context`.
    pub(super) fn undecided(context: &Context, taken: Context) -> Context {
        let span = taken.span();
        let parent = span.span_context();
        if !parent.is_valid() || !parent.is_remote() || parent == context.span().span_context() {
            return taken;
        }
        let flags = parent.trace_flags().with_sampled(false);
        let parent =
            SpanContext::new(parent.trace_id(), parent.span_id(), flags, true, parent.trace_state().clone());
        let mut received = Received::of(&taken, &parent).cloned().unwrap_or_default();
        received.is_debug = false;
        received.is_undecided = true;
        received.within(&taken, &parent)
    }
}

/// Whether it is left to us whether the trace of `parent`, which another process has sent, is sampled.
#[cfg(feature = "telemetry")]
#[cold]
pub(crate) fn is_undecided(context: &Context, parent: &SpanContext) -> bool {
    Received::of(context, parent).is_some_and(|received| received.is_undecided)
}

/// A caller who is linked to instead of being the parent.
#[cfg(feature = "telemetry")]
#[derive(Debug)]
struct Caller(Link);

/// `context` with a new trace in it, whose first span will have a link to `caller`.
pub(super) fn linked(context: &Context, caller: &SpanContext) -> Context {
    let context = context.with_remote_span_context(SpanContext::NONE);
    #[cfg(feature = "telemetry")]
    let context = {
        // Who it was, and nothing that the caller could write freely.
        let (trace_id, span_id, flags) = (caller.trace_id(), caller.span_id(), caller.trace_flags());
        let caller = SpanContext::new(trace_id, span_id, flags, true, trace::TraceState::NONE);
        context.with_value(Caller(Link::with_context(caller)))
    };
    #[cfg(not(feature = "telemetry"))]
    let _ = caller;
    context
}

/// The links of a span that starts below `parent`: one to the caller, if the span begins the trace.
#[cfg(feature = "telemetry")]
#[inline]
pub(crate) fn links<'a>(context: &'a Context, parent: &SpanContext) -> &'a [Link] {
    if parent.is_valid() {
        return &[];
    }
    context.get::<Caller>().map_or(&[], |caller| std::slice::from_ref(&caller.0))
}
