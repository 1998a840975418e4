//! Spans in protobuf.
//!
//! The generated messages own a copy of every key and every value, and are measured before they are written:
//! that took five times as long as all that a call costs. Here a batch is written once, from what it is.
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
        self.room = self.room.max(request.0.len());
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
mod tests {
    use std::time::Duration;

    use opentelemetry::trace::{SpanContext, TraceFlags, TraceId};
    use opentelemetry::{StringValue, trace::TraceState};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::resource::v1 as proto;
    use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};
    use prost::Message as _;

    use super::*;

    /// Makes all sorts of things from a number, the same for the same number.
    struct Sorts(u64);

    impl Sorts {
        fn number(&mut self) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Of every length, so that every length of a varint is met.
            self.0.rotate_left(17) >> (self.0 >> 58)
        }

        fn below(&mut self, bound: u64) -> u64 {
            (self.number() ^ self.0 >> 33) % bound
        }

        fn many<T>(&mut self, bound: u64, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
            (0..self.below(bound)).map(|_| one(self)).collect()
        }

        fn text(&mut self) -> String {
            let length = [0, 1, 9, 126, 127, 128, 129, 300, 17_000][self.below(9) as usize];
            ["a", "é", "日", "\u{1F980}", "\0"][self.below(5) as usize].chars().cycle().take(length).collect()
        }

        fn value(&mut self) -> Value {
            match self.below(8) {
                0 => Value::Bool(self.below(2) == 0),
                1 => Value::I64(self.number().cast_signed()),
                2 => Value::F64(
                    [0.0, -0.0, 1.5, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE][self.below(6) as usize],
                ),
                3 => Value::Array(Array::Bool(self.many(3, |sorts| sorts.below(2) == 0))),
                4 => Value::Array(Array::I64(self.many(3, |sorts| sorts.number().cast_signed()))),
                5 => Value::Array(Array::F64(self.many(3, |sorts| sorts.number() as f64))),
                6 => Value::Array(Array::String(self.many(3, |sorts| StringValue::from(sorts.text())))),
                _ => Value::String(self.text().into()),
            }
        }

        fn attributes(&mut self) -> Vec<KeyValue> {
            self.many(4, |sorts| KeyValue::new(sorts.text(), sorts.value()))
        }

        fn context(&mut self) -> SpanContext {
            let state = match self.below(3) {
                0 => TraceState::from_key_value([("vendor", "value"), ("other", "1")]).unwrap_or_default(),
                _ => TraceState::NONE,
            };
            let trace_id = TraceId::from(u128::from(self.number()) << 64 | u128::from(self.number()));
            let (span_id, flags) = (SpanId::from(self.number()), TraceFlags::new(self.below(4) as u8));
            SpanContext::new(trace_id, span_id, flags, self.below(2) == 0, state)
        }

        fn time(&mut self) -> SystemTime {
            UNIX_EPOCH + Duration::from_nanos(self.number())
        }

        fn scope(&mut self) -> InstrumentationScope {
            let builder = InstrumentationScope::builder(["tta", "http", ""][self.below(3) as usize]);
            match self.below(4) {
                0 => builder.with_version("1.2.3").with_schema_url("https://example.com/schema").build(),
                1 => builder.with_attributes([KeyValue::new("layer", 7)]).build(),
                _ => builder.build(),
            }
        }

        fn span(&mut self) -> SpanData {
            let mut events = SpanEvents::default();
            events.events = self.many(3, |sorts| {
                Event::new(sorts.text(), sorts.time(), sorts.attributes(), sorts.number() as u32)
            });
            events.dropped_count = self.number() as u32;
            let mut links = SpanLinks::default();
            links.links =
                self.many(3, |sorts| Link::new(sorts.context(), sorts.attributes(), sorts.number() as u32));
            links.dropped_count = self.number() as u32;
            let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer];
            SpanData {
                span_context: self.context(),
                parent_span_id: [SpanId::INVALID, SpanId::from(self.number())][self.below(2) as usize],
                parent_span_is_remote: self.below(2) == 0,
                span_kind: kinds.get(self.below(5) as usize).cloned().unwrap_or(SpanKind::Consumer),
                name: self.text().into(),
                start_time: self.time(),
                end_time: self.time(),
                attributes: self.attributes(),
                dropped_attributes_count: self.number() as u32,
                events,
                links,
                status: [Status::Unset, Status::Ok, Status::error(self.text())][self.below(3) as usize]
                    .clone(),
                instrumentation_scope: self.scope(),
            }
        }
    }

    fn sorted(resource: Option<&proto::Resource>) -> Vec<String> {
        let attributes = &resource.expect("there is one").attributes;
        let mut shown: Vec<_> = attributes.iter().map(|attribute| format!("{attribute:?}")).collect();
        shown.sort();
        shown
    }

    #[test]
    fn a_batch_is_byte_for_byte_what_the_generated_messages_make_of_it() {
        let mut sorts = Sorts(1);
        for _ in 0..200 {
            let resource =
                Resource::builder_empty().with_schema_url(sorts.attributes(), sorts.text()).build();
            let spans = sorts.many(20, Sorts::span);
            let encoded = Encoder::new(&resource).encode(&spans);
            let mut resource_spans = group_spans_by_resource_and_scope(spans, &(&resource).into());
            // The order in which a resource has its attributes is nothing that it promises.
            let mut decoded = ExportTraceServiceRequest::decode(encoded.clone()).expect("it is one");
            let (ours, theirs) =
                (decoded.resource_spans[0].resource.take(), resource_spans[0].resource.take());
            assert!(sorted(ours.as_ref()) == sorted(theirs.as_ref()), "the resource is another");
            resource_spans[0].resource = ours;
            assert!(
                encoded == ExportTraceServiceRequest { resource_spans }.encode_to_vec(),
                "the bytes are others"
            );
        }
    }
}
