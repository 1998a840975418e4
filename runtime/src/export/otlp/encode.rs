//! Spans in protobuf.
//!
//! The generated messages own a copy of every key and every value, and are measured before they are written,
//! which was most of what an exported span cost. Here a batch is written once, from what it is.
//! What it comes to is what the generated messages come to, byte for byte.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use opentelemetry::trace::{Event, Link, SpanId, SpanKind, Status, TraceState};
use opentelemetry::{Array, InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

/// Writes batches of spans as `ExportTraceServiceRequest`s.
pub(super) struct Encoder {
    /// The field `resource` of `ResourceSpans`.
    resource: Vec<u8>,
    schema_url: String,
    /// How long the last batch was.
    room: usize,
}

impl Encoder {
    pub(super) fn new(resource: &Resource) -> Self {
        let mut encoded = Writer::default();
        encoded.message(1, |message| {
            for (key, value) in resource {
                message.attribute(1, key.as_str(), value);
            }
        });
        Encoder {
            resource: encoded.0,
            schema_url: resource.schema_url().unwrap_or_default().to_owned(),
            room: 0,
        }
    }

    pub(super) fn encode(&mut self, spans: &[SpanData]) -> Bytes {
        let mut scopes: Vec<&InstrumentationScope> = Vec::new();
        let mut places = Vec::with_capacity(spans.len());
        for span in spans {
            let scope = &span.instrumentation_scope;
            let known = scopes.iter().position(|known| *known == scope);
            places.push(known.unwrap_or(scopes.len()));
            if known.is_none() {
                scopes.push(scope);
            }
        }
        let mut request = Writer(Vec::with_capacity(self.room));
        // Of three bytes are the lengths between 16 KiB and 2 MiB, of two those from 128 bytes.
        request.delimited(1, 3, |resource_spans| {
            resource_spans.0.extend_from_slice(&self.resource);
            for (place, scope) in scopes.iter().enumerate() {
                resource_spans.delimited(2, 3, |scope_spans| {
                    scope_spans.message(1, |message| message.scope(scope));
                    for (span, _) in spans.iter().zip(&places).filter(|(_, at)| **at == place) {
                        scope_spans.delimited(2, 2, |message| message.span(span));
                    }
                    scope_spans.string(3, scope.schema_url().unwrap_or_default());
                });
            }
            resource_spans.string(3, &self.schema_url);
        });
        self.room = request.0.len();
        request.0.into()
    }
}

/// The ways in which a value is written.
#[derive(Clone, Copy)]
enum Wire {
    Varint = 0,
    Fixed64 = 1,
    Delimited = 2,
    Fixed32 = 5,
}

/// A message that is being written. Numbers and texts that are nothing are left out, as proto3 has it.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn key(&mut self, field: u32, wire: Wire) {
        self.varint(u64::from(field << 3 | wire as u32));
    }

    fn varint(&mut self, number: u64) {
        let (bytes, length) = varint(number);
        self.0.extend_from_slice(&bytes[..length]);
    }

    fn number(&mut self, field: u32, number: u64) {
        if number != 0 {
            self.key(field, Wire::Varint);
            self.varint(number);
        }
    }

    fn fixed64(&mut self, field: u32, number: u64) {
        if number != 0 {
            self.key(field, Wire::Fixed64);
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn fixed32(&mut self, field: u32, number: u32) {
        if number != 0 {
            self.key(field, Wire::Fixed32);
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.key(field, Wire::Delimited);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn string(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    /// A message within this one, of less than 128 bytes mostly.
    #[inline]
    fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        self.delimited(field, 1, write);
    }

    /// A message whose length is known afterwards and likely to be written in so many bytes. If it is not, what
    /// was written is moved.
    #[inline]
    fn delimited(&mut self, field: u32, likely: usize, write: impl FnOnce(&mut Self)) {
        self.key(field, Wire::Delimited);
        let begin = self.0.len();
        self.0.extend_from_slice(&[0; 3][..likely]);
        let content = begin + likely;
        write(self);
        let (bytes, length) = varint((self.0.len() - content) as u64);
        if length == likely {
            self.0[begin..content].copy_from_slice(&bytes[..length]);
        } else {
            self.0.splice(begin..content, bytes[..length].iter().copied());
        }
    }

    fn attribute(&mut self, field: u32, key: &str, value: &Value) {
        self.message(field, |message| {
            message.string(1, key);
            message.message(2, |message| message.value(value));
        });
    }

    fn attributes(&mut self, field: u32, attributes: &[KeyValue]) {
        for KeyValue { key, value, .. } in attributes {
            self.attribute(field, key.as_str(), value);
        }
    }

    /// An `AnyValue`. Which of its fields is there says of what type it is, so that is written even if it is nothing.
    fn value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.bytes(1, text.as_str().as_bytes()),
            Value::Bool(is) => {
                self.key(2, Wire::Varint);
                self.varint(u64::from(*is));
            }
            Value::I64(number) => {
                self.key(3, Wire::Varint);
                self.varint(number.cast_unsigned());
            }
            Value::F64(number) => {
                self.key(4, Wire::Fixed64);
                self.0.extend_from_slice(&number.to_le_bytes());
            }
            Value::Array(array) => self.message(5, |message| message.array(array)),
            // A kind of value that is newer than this.
            _ => {}
        }
    }

    fn array(&mut self, array: &Array) {
        let mut add = |value: &Value| self.message(1, |message| message.value(value));
        match array {
            Array::Bool(values) => values.iter().for_each(|value| add(&Value::Bool(*value))),
            Array::I64(values) => values.iter().for_each(|value| add(&Value::I64(*value))),
            Array::F64(values) => values.iter().for_each(|value| add(&Value::F64(*value))),
            Array::String(values) => values.iter().for_each(|value| add(&Value::String(value.clone()))),
            _ => {}
        }
    }

    fn scope(&mut self, scope: &InstrumentationScope) {
        self.string(1, scope.name());
        self.string(2, scope.version().unwrap_or_default());
        for KeyValue { key, value, .. } in scope.attributes() {
            self.attribute(3, key.as_str(), value);
        }
    }

    fn span(&mut self, span: &SpanData) {
        let context = &span.span_context;
        self.bytes(1, &context.trace_id().to_bytes());
        self.bytes(2, &context.span_id().to_bytes());
        self.trace_state(3, context.trace_state());
        if span.parent_span_id != SpanId::INVALID {
            self.bytes(4, &span.parent_span_id.to_bytes());
        }
        self.string(5, &span.name);
        self.number(6, kind(&span.span_kind));
        self.fixed64(7, nanoseconds(span.start_time));
        self.fixed64(8, nanoseconds(span.end_time));
        self.attributes(9, &span.attributes);
        self.number(10, span.dropped_attributes_count.into());
        for event in &span.events.events {
            self.message(11, |message| message.event(event));
        }
        self.number(12, span.events.dropped_count.into());
        for link in &span.links.links {
            self.message(13, |message| message.link(link));
        }
        self.number(14, span.links.dropped_count.into());
        self.message(15, |message| match &span.status {
            Status::Unset => {}
            Status::Ok => message.number(3, 1),
            Status::Error { description } => {
                message.string(2, description);
                message.number(3, 2);
            }
        });
        self.fixed32(16, flags(context.trace_flags().to_u8(), span.parent_span_is_remote));
    }

    fn trace_state(&mut self, field: u32, state: &TraceState) {
        if *state != TraceState::NONE {
            self.string(field, &state.header());
        }
    }

    fn event(&mut self, event: &Event) {
        self.fixed64(1, nanoseconds(event.timestamp));
        self.string(2, &event.name);
        self.attributes(3, &event.attributes);
        self.number(4, event.dropped_attributes_count.into());
    }

    fn link(&mut self, link: &Link) {
        let context = &link.span_context;
        self.bytes(1, &context.trace_id().to_bytes());
        self.bytes(2, &context.span_id().to_bytes());
        self.trace_state(3, context.trace_state());
        self.attributes(4, &link.attributes);
        self.number(5, link.dropped_attributes_count.into());
        self.fixed32(6, flags(context.trace_flags().to_u8(), context.is_remote()));
    }
}

/// Seven bits a byte, the lowest first; and in how many bytes.
#[inline]
fn varint(mut number: u64) -> ([u8; 10], usize) {
    let (mut bytes, mut last) = ([0; 10], 0);
    while number >= 0x80 {
        bytes[last] = number as u8 | 0x80;
        number >>= 7;
        last += 1;
    }
    bytes[last] = number as u8;
    (bytes, last + 1)
}

/// The trace flags, and above them whether the parent, or what is linked to, is known to be in another process.
fn flags(trace_flags: u8, is_remote: bool) -> u32 {
    const HAS_IS_REMOTE: u32 = 0x100;
    const IS_REMOTE: u32 = 0x200;
    u32::from(trace_flags) | HAS_IS_REMOTE | if is_remote { IS_REMOTE } else { 0 }
}

fn kind(kind: &SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
}

#[cfg(test)]
mod tests;
