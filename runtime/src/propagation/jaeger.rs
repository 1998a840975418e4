//! Jaeger's headers.

use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt as _, KeyValueMetadata};
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};

use super::baggage::{Room, decoded, encoded, is_key, members};
use super::fault::{Fault, count};
use super::received::Received;
use super::{blank_trimmed, hex, single};
use crate::names::propagator::JAEGER;

const HEADER: &str = "uber-trace-id";

/// What the header of a member of the baggage begins with.
const MEMBER: &str = "uberctx-";

/// Passes the context of a trace and the baggage on as Jaeger's clients do
/// (<https://www.jaegertracing.io/sdk-migration/#propagation-format>), in `uber-trace-id` and a header
/// `uberctx-{key}` for each member. The limits are those of W3C Baggage. The debug flag is passed on.
#[derive(Clone, Debug, Default)]
pub struct JaegerPropagator {
    _private: (),
}

impl JaegerPropagator {
    /// There is nothing to choose.
    #[must_use]
    pub fn new() -> Self {
        JaegerPropagator::default()
    }
}

impl TextMapPropagator for JaegerPropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if span.is_valid() {
            let is_debug = Received::of(context, span).is_some_and(|received| received.is_debug);
            let flags = match (span.is_sampled(), is_debug) {
                (false, _) => 0,
                (true, false) => SAMPLED,
                (true, true) => SAMPLED | DEBUG,
            };
            // The parent's span id is no longer asked for.
            injector.set(HEADER, format!("{}:{}:0:{flags:x}", span.trace_id(), span.span_id()));
        }
        let mut room = Room::default();
        for (key, value, _) in members(context) {
            let value = encoded(value).to_string();
            if room.takes(key.len() + value.len()) {
                injector.set(&format!("{MEMBER}{key}"), value);
            } else {
                room.is_exceeded = true;
            }
        }
        if room.is_exceeded {
            count(JAEGER, Fault::Limit);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let context = match single(extractor, HEADER)
            .and_then(|header| header.map(|header| read(header).ok_or(Fault::Malformed)).transpose())
        {
            Ok(Some((parent, is_debug))) => Received::with_decision(is_debug, false).within(context, &parent),
            Ok(None) => context.clone(),
            Err(fault) => {
                count(JAEGER, fault);
                context.clone()
            }
        };
        let baggage = baggage(extractor);
        if baggage.is_empty() { context } else { context.with_baggage(baggage) }
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 1]> = LazyLock::new(|| [HEADER.to_owned()]);
        FieldIter::new(&*FIELDS)
    }
}

const SAMPLED: u8 = 1;
const DEBUG: u8 = 2;

/// `{trace id}:{span id}:{parent's span id}:{flags}`, all in hexadecimal digits whose zeros at the beginning may be
/// missing; some clients encode the colons.
fn read(header: &str) -> Option<(SpanContext, bool)> {
    let header = decoded(header);
    let mut fields = header.split(':');
    let mut next = |digits| {
        let field = fields.next()?;
        if field.len() <= digits { hex(field, field.len()) } else { None }
    };
    let (trace_id, span_id, _, flags) = (next(32)?, next(16)?, next(16)?, next(2)? as u8);
    let is_debug = flags & DEBUG != 0;
    let sampled = TraceFlags::default().with_sampled(flags & SAMPLED != 0 || is_debug);
    let (trace_id, span_id) = (TraceId::from(trace_id), SpanId::from(span_id as u64));
    let context = SpanContext::new(trace_id, span_id, sampled, true, TraceState::NONE);
    (fields.next().is_none() && context.is_valid()).then_some((context, is_debug))
}

fn baggage(extractor: &dyn Extractor) -> Vec<KeyValueMetadata> {
    let mut room = Room::default();
    let mut baggage = Vec::new();
    for name in extractor.keys() {
        let Some((prefix, key)) = name.split_at_checked(MEMBER.len()) else { continue };
        if !prefix.eq_ignore_ascii_case(MEMBER) {
            continue;
        }
        let Some(value) = extractor.get(name).map(blank_trimmed) else { continue };
        if !room.takes(key.len() + value.len()) {
            room.is_exceeded = true;
        } else if is_key(key) {
            baggage.push(KeyValueMetadata::new(key.to_owned(), decoded(value), ""));
        } else {
            count(JAEGER, Fault::Member);
        }
    }
    if room.is_exceeded {
        count(JAEGER, Fault::Limit);
    }
    baggage
}
