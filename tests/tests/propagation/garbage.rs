//! What comes in and is none is counted. That whatever comes in is survived, `tests/fuzz` proves.

use futures::executor::block_on;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::FutureExt as _;
use tta::propagation::{B3Propagator, HeaderExtractor, JaegerPropagator, extract};
use tta::testing::capture;
use tta::{CloudTracePropagator, XrayPropagator};

use super::{TRACE, carrier, faults, serve};

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
