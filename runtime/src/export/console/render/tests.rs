use std::time::UNIX_EPOCH;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Event, SpanContext, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

use super::*;

const PLAIN: Style = Style { color: false, width: 100 };

fn at(milliseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(milliseconds)
}

pub(in super::super) fn span(id: u64, parent: u64, name: &'static str, start: u64, end: u64) -> SpanData {
    SpanData {
        span_context: SpanContext::new(
            TraceId::from(0xabcd_u128),
            SpanId::from(id),
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: SpanId::from(parent),
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: name.into(),
        start_time: at(start),
        end_time: at(end),
        attributes: vec![KeyValue::new("tta.status", "success"), KeyValue::new("code.file.path", "x")],
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: opentelemetry::InstrumentationScope::default(),
    }
}

fn with(mut span: SpanData, attributes: &[(&'static str, &'static str)]) -> SpanData {
    span.attributes.extend(attributes.iter().map(|(key, value)| KeyValue::new(*key, *value)));
    span
}

fn event(mut span: SpanData, name: &'static str, when: u64, attributes: Vec<KeyValue>) -> SpanData {
    span.events.events.push(Event::new(name, at(when), attributes, 0));
    span
}

#[test]
fn a_trace_is_a_tree_with_a_bar_for_each_span() {
    let mut failing = with(span(3, 1, "ship", 180, 240), &[("error.type", "sold_out"), ("weight", "3")]);
    failing.status = Status::error("sold_out");
    let message = vec![KeyValue::new("exception.message", "no stock\n\u{1b}[31mleft")];
    let failing = event(failing, "exception", 200, message);
    let mut dropped = span(5, 1, "notify", 200, 240);
    dropped.attributes[0] = KeyValue::new("tta.status", "cancelled");
    let root =
        with(span(1, 0, "invoke_workflow order", 0, 240), &[("tta.workflow.id", "0199"), ("number", "4")]);
    let price = event(span(2, 1, "price", 0, 180), "cache.miss", 10, vec![KeyValue::new("key", "a b")]);
    let spans = [failing, span(4, 2, "cache", 10, 20), price, dropped, root];
    let expected = r"
invoke_workflow order  █████████████████████████    240ms  ✓ number=4
├─ price               ██████████████████▊          180ms  ✓
│  │  • cache.miss +10.0ms key=`a b`
│  └─ cache             █▏                         10.0ms  ✓
├─ ship                                  ███████   60.0ms  ✗ sold_out weight=3
│     ! no stock\n\u{1b}[31mleft
└─ notify                                  █████   40.0ms  ⊘ cancelled
trace 0000000000000000000000000000abcd  workflow 0199
";
    assert_eq!(render(&spans, PLAIN), expected.trim_start().replace('`', "\""));
}

#[test]
fn no_line_is_wider_than_the_screen() {
    let long = "a_value_that_takes_more_room_than_there_is_on_one_line_and_is_therefore_cut_at_some_point";
    let keys = ["a", "b", "some.longer.key", "c", "d", "e", "f", "g", "h", "i"];
    let pairs: Vec<_> = keys.into_iter().map(|key| (key, long)).collect();
    let mut spans = vec![with(span(1, 0, long, 0, 240), &pairs)];
    for depth in 2..60 {
        let message =
            vec![KeyValue::new("exception.message", long), KeyValue::new("exception.type", "大大大大大大")];
        let child = with(span(depth, depth - 1, "größe 大大大大大大", 1, 200), &pairs);
        spans.push(event(event(child, "exception", 3, message), long, 5, vec![KeyValue::new("key", long)]));
    }
    for columns in [60, 100, 140, 200] {
        let style = Style { color: false, width: columns };
        let text = render(&spans, style);
        assert_eq!(text.matches(" ✓").count(), spans.len());
        let widest = text.lines().max_by_key(|line| width(line)).unwrap_or_default();
        assert!(width(widest) <= columns, "{} of {columns}: {widest}", width(widest));
    }
}

#[test]
fn colour_is_only_added_around_the_same_text() {
    let spans =
        [with(span(1, 0, "a", 0, 1), &[("k", "v")]), event(span(2, 1, "b", 0, 1), "e", 1, Vec::new())];
    let colored = render(&spans, Style { color: true, ..PLAIN });
    assert!(colored.contains("\u{1b}[32m✓\u{1b}[0m"), "{colored}");
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    assert_eq!(plain, render(&spans, PLAIN));
}

#[test]
fn every_span_is_shown_once_however_the_tree_looks() {
    let chain: Vec<_> = (1..=10_000).map(|id| span(id, id - 1, "deep", 0, 1)).collect();
    let wide: Vec<_> = (1..=10_000).map(|id| span(id, u64::from(id > 1), "wide", 0, 1)).collect();
    let cycle = vec![span(1, 2, "a", 0, 1), span(2, 1, "b", 0, 1), span(3, 3, "own parent", 0, 1)];
    let orphans = vec![span(8, 7, "a", 5, 5), span(9, 6, "b", 5, 5)];
    for spans in [chain, wide, cycle, orphans] {
        assert_eq!(render(&spans, PLAIN).matches(" ✓").count(), spans.len());
    }
    assert_eq!(render(&[], PLAIN), "");
}

#[test]
fn what_a_foreign_span_says_of_its_error_is_shown() {
    let mut foreign = span(1, 0, "GET /", 0, 5);
    foreign.attributes.clear();
    foreign.status = Status::error("connection reset");
    let text = render(&[foreign], PLAIN);
    assert!(text.contains("✗\n   ! connection reset\n"), "{text}");
}
