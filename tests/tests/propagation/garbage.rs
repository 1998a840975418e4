//! Whatever comes in, the request is served, and what is sent on is right.

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use futures::executor::block_on;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::FutureExt as _;
use tta::propagation::{
    B3Propagator, BaggagePropagator, HeaderExtractor, JaegerPropagator, TraceContextPropagator, extract,
};
use tta::testing::capture;
use tta::{CloudTracePropagator, XrayPropagator};

use super::{Headers, SPAN, TRACE, carrier, faults, parent, serve};

const NAMES: &[&str] = &[
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-b3-flags",
    "uber-trace-id",
    "uberctx-x",
    "x-amzn-trace-id",
    "x-cloud-trace-context",
];

/// Something like a header, more or less.
fn value(u: &mut Unstructured<'_>) -> Result<String> {
    let trace = format!("00-{TRACE}-{SPAN}-01");
    let xray = format!("Root=1-{}-{};Parent={SPAN};Sampled=1", &TRACE[..8], &TRACE[8..]);
    let cloud = format!("{TRACE}/1;o=1");
    let jaeger = format!("{TRACE}:{SPAN}:0:1");
    let b3 = format!("{TRACE}-{SPAN}-d");
    let right: [&str; 8] = [&trace, &xray, &cloud, &jaeger, &b3, "a=1,b=2;p", TRACE, SPAN];
    let mut value: Vec<char> = if u.ratio(3, 4)? { u.choose(&right)?.chars().collect() } else { Vec::new() };
    for _ in 0..u.int_in_range(0..=6)? {
        let place = u.int_in_range(0..=value.len())?;
        let odd =
            *u.choose(&['\0', '\n', ' ', '%', ',', ';', '=', '-', ':', '/', 'f', '\u{e9}', '\u{1f980}'])?;
        match u.int_in_range(0..=3)? {
            0 => value.insert(place, odd),
            1 => value.truncate(place),
            2 => value.extend(std::iter::repeat_n(odd, u.int_in_range(0..=9_000)?)),
            _ => value.insert(place, u.arbitrary()?),
        }
    }
    Ok(value.into_iter().collect())
}

#[test]
fn whatever_is_received_is_taken_as_a_whole_or_left_as_a_whole() {
    let propagators: [Box<dyn TextMapPropagator>; 7] = [
        Box::new(TraceContextPropagator::new()),
        Box::new(BaggagePropagator::new()),
        Box::new(B3Propagator::single()),
        Box::new(B3Propagator::multi()),
        Box::new(JaegerPropagator::new()),
        Box::new(XrayPropagator::new()),
        Box::new(CloudTracePropagator::new()),
    ];
    let search = arbtest(|u| {
        let mut received = Vec::new();
        for _ in 0..u.int_in_range(1..=4)? {
            received.push((*u.choose(NAMES)?, value(u)?));
        }
        let received: Vec<_> = received.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for propagator in &propagators {
            let taken = propagator.extract_with_context(&Context::new(), &carrier(&received));
            let mut sent = Headers::new();
            propagator.inject_context(&taken, &mut sent);
            for (name, value) in &sent {
                assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?} of {received:?}");
                let is_printable = value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
                assert!(is_printable && value.len() <= 33 * 514, "{value:?} of {received:?}");
            }
            // What is sent is right: it says the same to whoever reads it.
            let again = propagator.extract_with_context(&Context::new(), &sent);
            let (once, twice) = (parent(&taken), parent(&again));
            assert_eq!(
                (once.trace_id(), once.span_id()),
                (twice.trace_id(), twice.span_id()),
                "{received:?}"
            );
            assert!(once.is_valid() == once.is_remote());
        }
        Ok(())
    });
    let search = search.size_max(4_096);
    if std::env::var_os("ARBTEST_BUDGET_MS").is_some() { search } else { search.budget_ms(5_000) }.run();
}

#[test]
fn bytes_that_are_no_text_are_garbage_as_any_other() {
    let mut headers = hyper::HeaderMap::new();
    let bytes = hyper::header::HeaderValue::from_bytes(b"00-\xff").expect("HTTP allows it");
    headers.insert("traceparent", bytes.clone());
    headers.insert("baggage", bytes);
    let capture = capture();
    let sent = block_on(serve().with_context(extract(&HeaderExtractor(&headers))));
    assert!(sent["traceparent"].starts_with("00-"));
    assert_eq!(faults(&capture, "tracecontext", "malformed"), 1.0);
    assert_eq!(faults(&capture, "baggage", "member"), 1.0);
}

#[test]
fn each_propagator_counts_its_own() {
    let capture = capture();
    let count = |propagator: &dyn TextMapPropagator, header: (&str, &str), label: &str| {
        let before = faults(&capture, label, "malformed");
        propagator.extract_with_context(&Context::new(), &carrier(&[header]));
        faults(&capture, label, "malformed") - before
    };
    for garbage in ["", "x", "0", "1-2-3-4-5"] {
        let is_decision = f64::from(garbage != "0");
        assert_eq!(count(&B3Propagator::single(), ("b3", garbage), "b3"), is_decision, "{garbage}");
        assert_eq!(count(&B3Propagator::multi(), ("x-b3-traceid", garbage), "b3multi"), 1.0);
        assert_eq!(count(&JaegerPropagator::new(), ("uber-trace-id", garbage), "jaeger"), 1.0);
        assert_eq!(count(&XrayPropagator::new(), ("x-amzn-trace-id", garbage), "xray"), 1.0);
        assert_eq!(count(&CloudTracePropagator::new(), ("x-cloud-trace-context", garbage), "gcp"), 1.0);
    }
    // Without a span to hang below, and all right.
    let root = format!("Root=1-{}-{}", &TRACE[..8], &TRACE[8..]);
    assert_eq!(count(&XrayPropagator::new(), ("x-amzn-trace-id", &root), "xray"), 0.0);
    assert_eq!(count(&CloudTracePropagator::new(), ("x-cloud-trace-context", TRACE), "gcp"), 0.0);
}
