//! The propagators of the process, and how far a caller is believed.

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt as _;
#[cfg(feature = "telemetry")]
use opentelemetry::trace::{SpanContext, SpanId};

use super::received::{Received, linked};
#[cfg(feature = "telemetry")]
use super::{B3Propagator, JaegerPropagator};
use super::{BaggagePropagator, TraceContextPropagator};
use crate::names::env;
#[cfg(feature = "telemetry")]
use crate::names::propagator;

pub(crate) type Boxed = Box<dyn TextMapPropagator + Send + Sync>;

/// How far a caller in another process is believed: `TTA_TRUST_REMOTE`, or
/// [`TelemetryBuilder::trust_remote`](crate::TelemetryBuilder).
///
/// Within one's own network a caller decides for the trace that it began. At a public edge anybody can write headers:
/// whoever could force sampling could make all requests be recorded, and what is in the baggage goes on to every
/// service behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trust {
    /// `always`: the caller's trace goes on, sampled or not as it says.
    #[default]
    Always,
    /// `sampled-off`: the caller's trace goes on, and our sampler decides as if it began here.
    SampledOff,
    /// `never`: a new trace begins, whose first span has a link to the caller's. No baggage and no ids are taken.
    Never,
}

impl Trust {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "always" => Some(Trust::Always),
            "sampled-off" => Some(Trust::SampledOff),
            "never" => Some(Trust::Never),
            _ => None,
        }
    }

    /// Where nobody set anything up that could refuse a wrong word: that believes nobody.
    fn unchecked() -> Self {
        match std::env::var(env::TRUST_REMOTE) {
            Ok(text) if !text.trim().is_empty() => Trust::parse(text.trim()).unwrap_or(Trust::Never),
            _ => Trust::default(),
        }
    }
}

/// The propagators that the process has chosen, as one: see [`propagators()`].
#[derive(Clone, Debug)]
pub struct Propagators(Arc<Chosen>);

#[derive(Debug)]
struct Chosen {
    list: Vec<Boxed>,
    fields: Vec<String>,
    trust: Trust,
}

static CHOSEN: LazyLock<ArcSwap<Chosen>> = LazyLock::new(|| {
    let list: [Boxed; 2] = [Box::new(TraceContextPropagator::new()), Box::new(BaggagePropagator::new())];
    ArcSwap::from_pointee(Chosen::new(list.into(), Trust::unchecked()))
});

/// The propagators that [`inject`](super::inject) and [`extract`](super::extract) use, for contexts other than the
/// current one, and for libraries that want a propagator.
#[must_use]
pub fn propagators() -> Propagators {
    Propagators(CHOSEN.load_full())
}

/// From now on these are the process's propagators, and OpenTelemetry's global ones. Of two headers that tell of
/// different traces, the later one's counts.
#[cfg(feature = "telemetry")]
pub(crate) fn choose(list: Vec<Boxed>, trust: Trust) {
    CHOSEN.store(Arc::new(Chosen::new(list, trust)));
    opentelemetry::global::set_text_map_propagator(propagators());
}

/// The propagator of a name in `OTEL_PROPAGATORS`.
#[cfg(feature = "telemetry")]
pub(crate) fn named(name: &str) -> Option<Boxed> {
    match name {
        propagator::TRACE_CONTEXT => Some(Box::new(TraceContextPropagator::new())),
        propagator::BAGGAGE => Some(Box::new(BaggagePropagator::new())),
        propagator::B3 => Some(Box::new(B3Propagator::single())),
        propagator::B3_MULTI => Some(Box::new(B3Propagator::multi())),
        propagator::JAEGER => Some(Box::new(JaegerPropagator::new())),
        #[cfg(feature = "xray")]
        propagator::XRAY => Some(Box::new(crate::XrayPropagator::new())),
        #[cfg(feature = "gcp")]
        propagator::GCP => Some(Box::new(crate::CloudTracePropagator::new())),
        _ => None,
    }
}

impl Chosen {
    fn new(list: Vec<Boxed>, trust: Trust) -> Self {
        let fields = list.iter().flat_map(|propagator| propagator.fields()).map(ToOwned::to_owned).collect();
        Chosen { list, fields, trust }
    }

    fn read(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let first = context.clone();
        self.list
            .iter()
            .fold(first, |context, propagator| propagator.extract_with_context(&context, extractor))
    }
}

/// `context` with a span id of ours, where telemetry runs and the current span is still the caller's although a call
/// may be open: those in a trace that is not sampled make no ids. That anybody is its parent nobody will see, but by
/// W3C Trace Context each participant is to be told from the one before it.
#[cfg(feature = "telemetry")]
fn named_here(context: &Context) -> Option<Context> {
    let span = context.span();
    let caller = span.span_context();
    let is_open = crate::pipeline::Pipeline::is_open() && caller.is_valid() && caller.is_remote();
    if !is_open || caller.is_sampled() || super::is_undecided(context, caller) {
        return None;
    }
    let (trace_id, flags) = (caller.trace_id(), caller.trace_flags());
    let span_id = SpanId::from(crate::context::random());
    let own = SpanContext::new(trace_id, span_id, flags, false, caller.trace_state().clone());
    Some(context.with_remote_span_context(own))
}

impl TextMapPropagator for Propagators {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        #[cfg(feature = "telemetry")]
        let named = named_here(context);
        #[cfg(feature = "telemetry")]
        let context = named.as_ref().unwrap_or(context);
        for propagator in &self.0.list {
            propagator.inject_context(context, injector);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        match self.0.trust {
            Trust::Always => self.0.read(context, extractor),
            Trust::SampledOff => Received::undecided(context, self.0.read(context, extractor)),
            Trust::Never => {
                let taken = self.0.read(&Context::new(), extractor);
                let span = taken.span();
                let caller = span.span_context();
                if caller.is_valid() { linked(context, caller) } else { context.clone() }
            }
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.0.fields)
    }
}
