//! b3 and Jaeger, as their documentation has them.

use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt as _, KeyValueMetadata};
use opentelemetry::propagation::TextMapPropagator;
use tta::propagation::{B3Propagator, JaegerPropagator};

use super::{Headers, carrier, parent};

const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const SPAN: &str = "e457b5a2e4d86bd1";

/// What is said of a trace: its id, the parent's, and whether it is sampled. Nothing if there is none.
fn read(propagator: &impl TextMapPropagator, received: &[(&str, &str)]) -> Option<(String, String, bool)> {
    let parent = parent(&propagator.extract_with_context(&Context::new(), &carrier(received)));
    let ids = (parent.trace_id().to_string(), parent.span_id().to_string(), parent.is_sampled());
    parent.is_valid().then_some(ids)
}

/// What goes on of what came in, where no call is between.
fn through(propagator: &impl TextMapPropagator, received: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut sent = Headers::new();
    let context = propagator.extract_with_context(&Context::new(), &carrier(received));
    propagator.inject_context(&context, &mut sent);
    let mut sent: Vec<_> = sent.into_iter().collect();
    sent.sort();
    sent
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn b3_in_one_header_is_read_and_written() {
    let b3 = B3Propagator::single();
    let found = |sampled| Some((TRACE.to_owned(), SPAN.to_owned(), sampled));
    for (end, sampled, sent) in [
        ("", false, ""),
        ("-0", false, "-0"),
        ("-1", true, "-1"),
        ("-d", true, "-d"),
        ("-1-05e3ac9a4f6e3b90", true, "-1"),
    ] {
        let header = format!("{TRACE}-{SPAN}{end}");
        assert_eq!(read(&b3, &[("B3", &header)]), found(sampled), "{header}");
        let sent = format!("{TRACE}-{SPAN}{sent}");
        assert_eq!(through(&b3, &[("b3", &header)]), pairs(&[("b3", &sent)]));
    }
    let half = format!("{}-{SPAN}-1", &TRACE[16..]);
    let padded = format!("{:0>32}", &TRACE[16..]);
    assert_eq!(read(&b3, &[("b3", &half)]), Some((padded, SPAN.to_owned(), true)));
    for header in
        ["0", "1", "d", "", "x", "1-2", &format!("{TRACE}-{SPAN}-2"), &format!("{TRACE}-{SPAN}-1-1-1")]
    {
        assert_eq!(read(&b3, &[("b3", header)]), None, "{header}");
    }
}

#[test]
fn b3_in_several_headers_is_read_and_written_and_one_header_goes_before() {
    let b3 = B3Propagator::multi();
    let ids = [("x-b3-spanid", SPAN), ("x-b3-traceid", TRACE)];
    let with = |more: &[(&'static str, &'static str)]| [&ids[..], more].concat();
    for (more, sampled, sent) in [
        (vec![], false, vec![]),
        (vec![("X-B3-Sampled", "1")], true, vec![("x-b3-sampled", "1")]),
        (vec![("X-B3-Sampled", "true")], true, vec![("x-b3-sampled", "1")]),
        (vec![("X-B3-Sampled", "0")], false, vec![("x-b3-sampled", "0")]),
        (vec![("X-B3-Flags", "1")], true, vec![("x-b3-flags", "1")]),
    ] {
        let received = with(&more);
        assert_eq!(read(&b3, &received), Some((TRACE.to_owned(), SPAN.to_owned(), sampled)), "{received:?}");
        let mut expected = pairs(&with(&sent));
        expected.sort();
        assert_eq!(through(&b3, &received), expected);
    }
    let other = format!("{}-{SPAN}-1", "1".repeat(32));
    let both = [&ids[..], &[("b3", other.as_str())]].concat();
    assert_eq!(read(&b3, &both).map(|found| found.0), Some("1".repeat(32)));
    assert_eq!(read(&b3, &ids[..1]), None, "half of it");
    assert_eq!(read(&b3, &with(&[("x-b3-sampled", "maybe")])), None);
    assert_eq!(read(&b3, &[("x-b3-sampled", "1")]), None, "a decision without a trace");
}

#[test]
fn jaeger_s_header_is_read_and_written_also_where_zeros_are_missing_and_colons_encoded() {
    let jaeger = JaegerPropagator::new();
    for (flags, sampled, sent) in [("0", false, "0"), ("1", true, "1"), ("3", true, "3"), ("09", true, "1")] {
        let header = format!("{TRACE}:{SPAN}:0:{flags}");
        let found = Some((TRACE.to_owned(), SPAN.to_owned(), sampled));
        assert_eq!(read(&jaeger, &[("uber-trace-id", &header)]), found, "{header}");
        assert_eq!(read(&jaeger, &[("Uber-Trace-Id", &header.replace(':', "%3A"))]), found);
        let sent = format!("{TRACE}:{SPAN}:0:{sent}");
        assert_eq!(through(&jaeger, &[("uber-trace-id", &header)]), pairs(&[("uber-trace-id", &sent)]));
    }
    let short = read(&jaeger, &[("uber-trace-id", "a1:b2:0:1")]);
    assert_eq!(short, Some((format!("{:0>32}", "a1"), format!("{:0>16}", "b2"), true)));
    for header in ["", ":::", "1:2:3", "1:2:0:1:1", "0:1:0:1", "1:0:0:1", "x:1:0:1", "1:1:0:100"] {
        assert_eq!(read(&jaeger, &[("uber-trace-id", header)]), None, "{header}");
    }
    assert_eq!(read(&jaeger, &[("uber-trace-id", &format!("1{TRACE}:{SPAN}:0:1"))]), None, "too long");
}

#[test]
fn jaeger_s_baggage_has_a_header_for_each_member() {
    let jaeger = JaegerPropagator::new();
    let received = [("UberCtx-tenant", "a%20b"), ("uberctx-n o", "1"), ("uberctx-x", "1")];
    let context = jaeger.extract_with_context(&Context::new(), &carrier(&received));
    assert_eq!(context.baggage().len(), 2);
    assert_eq!(context.baggage().get("tenant").map(|value| value.as_str()), Some("a b"));
    let sent = through(&jaeger, &received);
    assert_eq!(sent, pairs(&[("uberctx-tenant", "a%20b"), ("uberctx-x", "1")]));

    let many = Context::new()
        .with_baggage(["a", "b", "c"].map(|key| KeyValueMetadata::new(key, "%".repeat(1_300), "")));
    let mut headers = Headers::new();
    jaeger.inject_context(&many, &mut headers);
    assert_eq!(headers.len(), 2, "8 192 bytes");
}
