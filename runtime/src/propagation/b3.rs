//! Zipkin's headers.

use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};

use super::fault::{Fault, count};
use super::received::Received;
use super::{hex, single};
use crate::names::propagator;

const SINGLE: &str = "b3";
const TRACE_ID: &str = "x-b3-traceid";
const SPAN_ID: &str = "x-b3-spanid";
const SAMPLED: &str = "x-b3-sampled";
const FLAGS: &str = "x-b3-flags";

/// Passes the context of a trace on as Zipkin does (<https://github.com/openzipkin/b3-propagation>): in one header,
/// `b3`, or in several, `x-b3-traceid` and so on.
///
/// Reads both, whichever it writes; `b3` goes before. A trace id of 64 bits becomes the lower half of one of 128. A
/// header that leaves open whether the trace is sampled leaves it to our sampler. The debug flag is passed on.
#[derive(Clone, Debug)]
pub struct B3Propagator {
    is_single: bool,
}

impl B3Propagator {
    /// Writes one header: `b3` in `OTEL_PROPAGATORS`.
    #[must_use]
    pub fn single() -> Self {
        B3Propagator { is_single: true }
    }

    /// Writes a header for each field: `b3multi` in `OTEL_PROPAGATORS`.
    #[must_use]
    pub fn multi() -> Self {
        B3Propagator { is_single: false }
    }
}

/// What a caller says of sampling.
#[derive(Clone, Copy, PartialEq)]
enum Decision {
    Sampled,
    NotSampled,
    Debug,
    /// Nothing.
    Open,
}

impl Decision {
    /// What is to be said of `span`.
    fn of(context: &Context, span: &SpanContext) -> Self {
        let received = Received::of(context, span);
        match received {
            Some(received) if received.is_debug && span.is_sampled() => Decision::Debug,
            Some(received) if received.is_undecided && span.is_remote() => Decision::Open,
            _ if span.is_sampled() => Decision::Sampled,
            _ => Decision::NotSampled,
        }
    }

    fn read(text: &str) -> Option<Self> {
        match text {
            // The words are of older libraries.
            "1" | "true" => Some(Decision::Sampled),
            "0" | "false" => Some(Decision::NotSampled),
            "d" => Some(Decision::Debug),
            _ => None,
        }
    }
}

impl TextMapPropagator for B3Propagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if !span.is_valid() {
            return;
        }
        let (trace_id, span_id) = (span.trace_id(), span.span_id());
        let decision = Decision::of(context, span);
        if self.is_single {
            let decision = match decision {
                Decision::Sampled => "-1",
                Decision::NotSampled => "-0",
                Decision::Debug => "-d",
                Decision::Open => "",
            };
            return injector.set(SINGLE, format!("{trace_id}-{span_id}{decision}"));
        }
        injector.set(TRACE_ID, trace_id.to_string());
        injector.set(SPAN_ID, span_id.to_string());
        match decision {
            Decision::Sampled => injector.set(SAMPLED, "1".to_owned()),
            Decision::NotSampled => injector.set(SAMPLED, "0".to_owned()),
            Decision::Debug => injector.set(FLAGS, "1".to_owned()),
            Decision::Open => {}
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        match read(extractor) {
            Ok(Some((trace_id, span_id, decision))) => {
                let sampled = matches!(decision, Decision::Sampled | Decision::Debug);
                let flags = TraceFlags::default().with_sampled(sampled);
                let parent = SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE);
                let (is_debug, is_undecided) = (decision == Decision::Debug, decision == Decision::Open);
                Received::with_decision(is_debug, is_undecided).within(context, &parent)
            }
            Ok(None) => context.clone(),
            Err(fault) => {
                let own = if self.is_single { propagator::B3 } else { propagator::B3_MULTI };
                count(own, fault);
                context.clone()
            }
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        static ONE: LazyLock<[String; 1]> = LazyLock::new(|| [SINGLE.to_owned()]);
        static SEVERAL: LazyLock<[String; 4]> =
            LazyLock::new(|| [TRACE_ID, SPAN_ID, SAMPLED, FLAGS].map(str::to_owned));
        if self.is_single { FieldIter::new(&*ONE) } else { FieldIter::new(&*SEVERAL) }
    }
}

type Parent = (TraceId, SpanId, Decision);

fn read(extractor: &dyn Extractor) -> Result<Option<Parent>, Fault> {
    if let Some(header) = single(extractor, SINGLE)? {
        return read_single(header);
    }
    let sampled = single(extractor, SAMPLED)?.map(|text| Decision::read(text).ok_or(Fault::Malformed));
    let decision = match single(extractor, FLAGS)? {
        Some("1") => Decision::Debug,
        _ => sampled.transpose()?.unwrap_or(Decision::Open),
    };
    match (single(extractor, TRACE_ID)?, single(extractor, SPAN_ID)?) {
        // A decision without a trace cannot be told to anybody.
        (None, None) => Ok(None),
        (Some(trace_id), Some(span_id)) => ids(trace_id, span_id, decision).map(Some),
        _ => Err(Fault::Malformed),
    }
}

/// `{trace id}-{span id}-{decision}-{parent's span id}`, the last two of which may be missing.
fn read_single(header: &str) -> Result<Option<Parent>, Fault> {
    if Decision::read(header).is_some() {
        return Ok(None);
    }
    let fields: Vec<_> = header.splitn(5, '-').collect();
    let (trace_id, span_id, decision) = match *fields.as_slice() {
        [trace_id, span_id] => (trace_id, span_id, Some(Decision::Open)),
        [trace_id, span_id, decision] => (trace_id, span_id, Decision::read(decision)),
        [trace_id, span_id, decision, parent] if hex(parent, 16).is_some() => {
            (trace_id, span_id, Decision::read(decision))
        }
        _ => return Err(Fault::Malformed),
    };
    ids(trace_id, span_id, decision.ok_or(Fault::Malformed)?).map(Some)
}

fn ids(trace_id: &str, span_id: &str, decision: Decision) -> Result<Parent, Fault> {
    let trace_id = hex(trace_id, 32).or_else(|| hex(trace_id, 16)).filter(|id| *id != 0);
    let span_id = hex(span_id, 16).filter(|id| *id != 0);
    let (trace_id, span_id) = trace_id.zip(span_id).ok_or(Fault::Malformed)?;
    Ok((TraceId::from(trace_id), SpanId::from(span_id as u64), decision))
}
