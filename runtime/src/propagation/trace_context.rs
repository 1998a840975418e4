//! W3C Trace Context.

use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};

use super::fault::{Fault, count};
use super::received::Received;
use super::{hex, single, trace_state};
use crate::names::propagator::TRACE_CONTEXT;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// Sampled and random, the flags of level 2; others mean nothing yet and are not passed on.
const KNOWN: u8 = 0b11;

/// Passes the context of a trace on by W3C Trace Context, level 2 (<https://www.w3.org/TR/trace-context-2/>), in the
/// headers `traceparent` and `tracestate`.
///
/// `tracestate` is passed on as it came, unless a sampler has changed the span's. One that is illegal is discarded,
/// and the trace goes on.
///
/// ```
/// use std::collections::HashMap;
/// use tta::opentelemetry::propagation::TextMapPropagator;
/// use tta::opentelemetry::trace::TraceContextExt;
///
/// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let request = HashMap::from([("traceparent".to_owned(), header.to_owned())]);
/// let context = tta::propagation::TraceContextPropagator::new().extract(&request);
/// assert!(context.span().span_context().is_sampled());
/// ```
#[derive(Clone, Debug, Default)]
pub struct TraceContextPropagator {
    _private: (),
}

impl TraceContextPropagator {
    /// There is nothing to choose.
    #[must_use]
    pub fn new() -> Self {
        TraceContextPropagator::default()
    }
}

impl TextMapPropagator for TraceContextPropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if !span.is_valid() {
            return;
        }
        let flags = span.trace_flags().to_u8() & KNOWN;
        injector.set(TRACEPARENT, format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id()));
        if let Some(state) = Received::state_of(context, span) {
            injector.set(TRACESTATE, state);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let parent = single(extractor, TRACEPARENT)
            .and_then(|header| header.map(|header| read(header).ok_or(Fault::Malformed)).transpose());
        let parent = match parent {
            Ok(Some(parent)) => parent,
            Ok(None) => return context.clone(),
            Err(fault) => {
                count(TRACE_CONTEXT, fault);
                return context.clone();
            }
        };
        let state = trace_state::read(&extractor.get_all(TRACESTATE).unwrap_or_default());
        let state = state.unwrap_or_else(|()| {
            count(TRACE_CONTEXT, Fault::State);
            None
        });
        Received::with_state(state).within(context, &parent)
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 2]> = LazyLock::new(|| [TRACEPARENT, TRACESTATE].map(str::to_owned));
        FieldIter::new(&*FIELDS)
    }
}

/// What a `traceparent` says: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`.
///
/// A version after ours may say more behind what ours says, and never less.
fn read(header: &str) -> Option<SpanContext> {
    const LENGTH: usize = 55;
    // From here on a byte is a character, and a digit above 9 a lower-case letter.
    if !header.is_ascii() || header.get(..LENGTH)?.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let mut fields = header[..LENGTH].split('-');
    let version = hex(fields.next()?, 2)?;
    let rest = &header[LENGTH..];
    if version == 0xff || !(rest.is_empty() || version > 0 && rest.starts_with('-')) {
        return None;
    }
    let trace_id = TraceId::from(hex(fields.next()?, 32)?);
    let span_id = SpanId::from(hex(fields.next()?, 16)? as u64);
    // With this the characters are used up: none of the fields can be one more.
    let flags = TraceFlags::new(hex(fields.next()?, 2)? as u8 & KNOWN);
    let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}
