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
            status: [Status::Unset, Status::Ok, Status::error(self.text())][self.below(3) as usize].clone(),
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
        let resource = Resource::builder_empty().with_schema_url(sorts.attributes(), sorts.text()).build();
        let spans = sorts.many(20, Sorts::span);
        let encoded = Encoder::new(&resource).encode(&spans);
        let mut resource_spans = group_spans_by_resource_and_scope(spans, &(&resource).into());
        // The order in which a resource has its attributes is nothing that it promises.
        let mut decoded = ExportTraceServiceRequest::decode(encoded.clone()).expect("it is one");
        let (ours, theirs) = (decoded.resource_spans[0].resource.take(), resource_spans[0].resource.take());
        assert!(sorted(ours.as_ref()) == sorted(theirs.as_ref()), "the resource is another");
        resource_spans[0].resource = ours;
        assert!(
            encoded == ExportTraceServiceRequest { resource_spans }.encode_to_vec(),
            "the bytes are others"
        );
    }
}
