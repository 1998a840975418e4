//! Which traces are kept.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

use opentelemetry::trace::{Link, SpanContext, SpanKind, TraceId, TraceState};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};

use super::Fate;
use crate::diagnostics::warn;

/// A head sampler: the specification's own, or one of the program's.
#[derive(Debug)]
pub(crate) enum Sampler {
    Builtin { root: Root, parent_based: bool },
    Custom(Box<dyn ShouldSample>),
}

/// What is decided where no parent has decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Root {
    On,
    Off,
    /// Traces whose id, of which 63 bits are looked at, is below.
    Below(u64),
}

impl Root {
    /// The share of traces that is kept, from 0 to 1.
    pub(crate) fn ratio(share: f64) -> Self {
        if share >= 1.0 {
            return Root::On;
        }
        #[allow(clippy::cast_sign_loss, reason = "a share is positive")]
        Root::Below((share.max(0.0) * (1_u64 << 63) as f64) as u64)
    }

    /// Decided by the trace id, by the same bits as the SDKs, so that services agree.
    fn keeps(self, trace_id: TraceId) -> bool {
        match self {
            Root::On => true,
            Root::Off => false,
            Root::Below(bound) => {
                // The lower half.
                let bits = u128::from_be_bytes(trace_id.to_bytes()) as u64;
                bits >> 1 < bound
            }
        }
    }
}

/// What a sampler is told of a span.
pub(crate) struct Request<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: &'a SpanKind,
    pub(crate) attributes: &'a [KeyValue],
    pub(crate) links: &'a [Link],
}

/// What it says: three states, since a span may be recorded without being sampled.
pub(crate) struct Decision {
    pub(crate) record: bool,
    pub(crate) sample: bool,
    pub(crate) trace_state: TraceState,
    /// What the sampler adds to the span.
    pub(crate) attributes: Vec<KeyValue>,
    /// What a span that is not recorded counts as.
    pub(crate) otherwise: Fate,
}

impl Decision {
    /// Keeps the span, or not, and the parent's trace state.
    pub(crate) fn plain(keep: bool, parent: &SpanContext) -> Self {
        Decision {
            record: keep,
            sample: keep,
            trace_state: parent.trace_state().clone(),
            attributes: Vec::new(),
            otherwise: Fate::SampledOut,
        }
    }
}

impl Sampler {
    pub(crate) fn custom(sampler: impl ShouldSample + 'static) -> Self {
        use opentelemetry_sdk::trace::Sampler as Sdk;
        // The SDK's own are ours: the same answers without being asked through a pointer.
        let root = match (&sampler as &dyn Any).downcast_ref() {
            Some(Sdk::AlwaysOn) => Root::On,
            Some(Sdk::AlwaysOff) => Root::Off,
            Some(Sdk::TraceIdRatioBased(share)) => Root::ratio(*share),
            _ => return Sampler::Custom(Box::new(sampler)),
        };
        Sampler::Builtin { root, parent_based: false }
    }

    pub(crate) fn decide(
        &self,
        context: &Context,
        parent: &SpanContext,
        trace_id: TraceId,
        request: &Request<'_>,
    ) -> Decision {
        match self {
            Sampler::Builtin { root, parent_based } => {
                Decision::plain(keeps(*root, *parent_based, parent, trace_id), parent)
            }
            Sampler::Custom(sampler) => {
                // An active span without a valid context is no parent, and some samplers take it for one.
                let context = parent.is_valid().then_some(context);
                let Request { name, kind, attributes, links } = *request;
                // Watching must not end what is watched.
                let asked = catch_unwind(AssertUnwindSafe(|| {
                    sampler.should_sample(context, trace_id, name, kind, attributes, links)
                }));
                let Ok(SamplingResult { decision, attributes, trace_state }) = asked else {
                    warn_of_panic();
                    return Decision { otherwise: Fate::SamplerPanicked, ..Decision::plain(false, parent) };
                };
                Decision {
                    otherwise: Fate::SampledOut,
                    record: decision != SamplingDecision::Drop,
                    sample: decision == SamplingDecision::RecordAndSample,
                    trace_state,
                    attributes,
                }
            }
        }
    }
}

/// Says once that the program's sampler panics.
fn warn_of_panic() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Relaxed) {
        warn(format_args!(
            "the sampler panicked; a span that it panics on is not recorded, and counts as sampler_panicked"
        ));
    }
}

fn keeps(root: Root, parent_based: bool, parent: &SpanContext, trace_id: TraceId) -> bool {
    if parent_based && parent.is_valid() { parent.is_sampled() } else { root.keeps(trace_id) }
}

/// A sampler of the specification's own where every thread can look at it without following a pointer.
pub(super) struct Shared {
    /// Bit 0: it is one of the specification's. Bit 1: it is based on the parent.
    flags: AtomicU8,
    /// The root's bound; all traces are below 2^63.
    bound: AtomicU64,
}

impl Shared {
    pub(super) const fn new() -> Self {
        Shared { flags: AtomicU8::new(0), bound: AtomicU64::new(0) }
    }

    pub(super) fn set(&self, sampler: &Sampler) {
        let Sampler::Builtin { root, parent_based } = sampler else {
            return self.flags.store(0, Relaxed);
        };
        let bound = match root {
            Root::On => 1 << 63,
            Root::Off => 0,
            Root::Below(bound) => *bound,
        };
        self.bound.store(bound, Relaxed);
        self.flags.store(1 | u8::from(*parent_based) << 1, Relaxed);
    }

    pub(super) fn is_custom(&self) -> bool {
        self.flags.load(Relaxed) & 1 == 0
    }

    pub(super) fn asks_below_unsampled(&self) -> bool {
        self.flags.load(Relaxed) & 2 == 0
    }

    /// The decision, if it is made without asking code of the program's.
    pub(super) fn keeps(&self, parent: &SpanContext, trace_id: TraceId) -> Option<bool> {
        let flags = self.flags.load(Relaxed);
        let root = Root::Below(self.bound.load(Relaxed));
        (flags & 1 != 0).then(|| keeps(root, flags & 2 != 0, parent, trace_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_sdk::trace::Sampler as Sdk;

    #[test]
    fn a_ratio_keeps_the_traces_that_the_sdk_keeps() {
        let request = Request { name: "", kind: &SpanKind::Internal, attributes: &[], links: &[] };
        for share in [0.0, 0.001, 0.25, 0.5, 0.999, 1.0] {
            let (ours, theirs) =
                (Sampler::custom(Sdk::TraceIdRatioBased(share)), Sdk::TraceIdRatioBased(share));
            for seed in 0..2_000_u128 {
                let id = TraceId::from(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
                let kept = ours.decide(&Context::new(), &SpanContext::NONE, id, &request).sample;
                let expected = theirs.should_sample(None, id, "", &SpanKind::Internal, &[], &[]);
                assert_eq!(kept, expected.decision == SamplingDecision::RecordAndSample, "{share} {id}");
            }
        }
    }
}
