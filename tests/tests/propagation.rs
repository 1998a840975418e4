//! What comes in with a request goes on with the requests that it causes, by the standards' rules.
//!
//! The rules of W3C Trace Context (§3 and §4) are those that its validation suite looks at, which
//! `cargo run --example propagate` passes.

#[path = "propagation/baggage.rs"]
mod baggage;
#[path = "propagation/garbage.rs"]
mod garbage;
#[path = "propagation/others.rs"]
mod others;
#[path = "propagation/trace_context.rs"]
mod trace_context;

use std::collections::HashMap;

use futures::executor::block_on;
use opentelemetry::Context;
use opentelemetry::trace::{FutureExt as _, SpanContext, TraceContextExt as _};
use tta::propagation::{Pairs, extract, inject};
use tta::testing::{Capture, capture};

type Headers = HashMap<String, String>;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// What is sent by the workflow that serves a request.
#[tta::workflow]
async fn serve() -> Headers {
    send().await
}

#[tta::primitive(kind = "http")]
async fn send() -> Headers {
    let mut headers = Headers::new();
    inject(&mut headers);
    headers
}

fn carrier<'a>(received: &'a [(&'a str, &'a str)]) -> Pairs<'a> {
    received.iter().copied().collect()
}

/// What is sent on when this has been received, and what was seen of it.
fn hop(received: &[(&str, &str)]) -> (Headers, Capture) {
    let capture = capture();
    let sent = block_on(serve().with_context(extract(&carrier(received))));
    (sent, capture)
}

/// How often that went wrong.
fn faults(capture: &Capture, propagator: &str, reason: &str) -> f64 {
    let labels = [("propagator", propagator), ("reason", reason)];
    capture.metric("tta_propagation_errors_total", &labels).unwrap_or(0.0)
}

/// The span that a context is below.
fn parent(context: &Context) -> SpanContext {
    context.span().span_context().clone()
}
