//! A trace and its workflow's ids across processes, in the headers of a request or the properties of a message.
//!
//! ```
//! use std::collections::HashMap;
//! use tta::opentelemetry::trace::FutureExt;
//!
//! #[tta::primitive(kind = "http")]
//! async fn send() -> HashMap<String, String> {
//!     let mut headers = HashMap::new();
//!     tta::propagation::inject(&mut headers);
//!     headers
//! }
//!
//! #[tta::workflow]
//! async fn serve() {}
//!
//! # futures_executor::block_on(async {
//! let headers = send().await;
//! // … in the other process:
//! serve().with_context(tta::propagation::extract(&headers)).await;
//! # });
//! ```
//!
//! What is read and written is chosen at [`init`](crate) by `OTEL_PROPAGATORS` (`tracecontext`, `baggage`, `b3`,
//! `b3multi`, `jaeger`; `xray` and `gcp` with their features; `none`), by default and without `init`
//! `tracecontext,baggage`. `init` makes the same propagators OpenTelemetry's global ones.
//!
//! Headers come from somebody else. What is no such header is as if it were not there: nothing fails, and
//! `tta_propagation_errors_total` counts it. How far one that is right is believed, [`Trust`] says.

mod b3;
mod baggage;
mod carrier;
mod chosen;
mod fault;
mod jaeger;
mod received;
mod trace_context;
mod trace_state;

pub use b3::B3Propagator;
pub use baggage::BaggagePropagator;
pub use carrier::Pairs;
#[cfg(feature = "http")]
pub use carrier::{HeaderExtractor, HeaderInjector};
#[cfg(feature = "telemetry")]
pub(crate) use chosen::{Boxed, choose, named};
pub use chosen::{Propagators, Trust, propagators};
#[cfg(any(
    feature = "gcp",
    feature = "xray",
    all(feature = "llm", any(feature = "reqwest", feature = "tower"))
))]
pub(crate) use fault::{Fault, count};
#[cfg(feature = "telemetry")]
pub(crate) use fault::{faults, publish};
pub use jaeger::JaegerPropagator;
pub(crate) use received::sent_from;
#[cfg(feature = "telemetry")]
pub(crate) use received::{is_undecided, links};
pub use trace_context::TraceContextPropagator;

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};

/// Writes the current trace, baggage and workflow ids into a carrier: a map, the headers of a request.
///
/// What is sent is the current span's, so call it within the function that sends, below the call that it should
/// hang under. Names are written in lower case. A `HashMap<String, String>` is a carrier as it is; see
/// [`HeaderInjector`](crate::propagation) for HTTP.
pub fn inject(carrier: &mut impl Injector) {
    let propagators = propagators();
    crate::span::local::current(|context| propagators.inject_context(context, carrier));
}

/// Reads what a caller has sent: the current context, with the caller's trace, baggage and workflow ids in it, as far
/// as [`Trust`] goes.
///
/// Pass it to [`FutureExt::with_context`](opentelemetry::context::FutureExt::with_context), or
/// [`attach`](Context::attach) it, around the workflow that serves the request. That gets an id of its own, the
/// caller's correlation id, and the caller's workflow as its cause.
///
/// Names are looked up in lower case, as HTTP has them; [`Pairs`] reads a carrier whose names are in any case.
#[must_use]
pub fn extract(carrier: &impl Extractor) -> Context {
    let propagators = propagators();
    crate::span::local::current(|context| propagators.extract_with_context(context, carrier))
}

/// The one value of a header; [`Fault::Duplicate`](fault::Fault::Duplicate) if there are several.
fn single<'a>(carrier: &'a dyn Extractor, name: &str) -> Result<Option<&'a str>, fault::Fault> {
    match carrier.get_all(name).unwrap_or_default().as_slice() {
        [] => Ok(None),
        [value] => Ok(Some(blank_trimmed(value))),
        _ => Err(fault::Fault::Duplicate),
    }
}

/// Without the blanks and tabs that HTTP allows around a value.
fn blank_trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A hexadecimal number of exactly so many digits; the standard library's parser takes a sign, too.
pub(crate) fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use futures_executor::block_on;
    use opentelemetry::trace::FutureExt as _;

    use super::{extract, inject};
    use crate::context::{WorkflowContext, context};

    /// Also where nothing is compiled in but the context.
    #[test]
    fn without_init_w3c_s_headers_pass_through_and_a_workflow_knows_its_caller() {
        let received = [
            ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"),
            ("tracestate", "a@b@c=1"),
            ("baggage", "tta-workflow-id=w,tta-correlation-id=c,x=1;p"),
        ];
        let received: HashMap<_, _> =
            received.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let serve = async {
            let mut sent = HashMap::new();
            inject(&mut sent);
            let workflow = WorkflowContext::builder().scope(async { context() }).await;
            (sent, workflow)
        };
        let (sent, workflow) = block_on(serve.with_context(extract(&received)));
        assert_eq!(sent, received);
        assert_eq!((workflow.correlation_id(), workflow.causation_id()), ("c", Some("w")));
        assert_eq!(workflow.workflow_id().len(), 36);
    }
}
