//! HTTP headers as a carrier of context. The only place here that knows where the propagators come from.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;

use crate::propagation::{HeaderInjector, propagators};

/// What is current here, with what the caller has sent.
#[cfg(feature = "tower")]
pub(super) fn extract(headers: &HeaderMap) -> Context {
    crate::propagation::extract(&crate::propagation::HeaderExtractor(headers))
}

/// Writes `context` for whoever is called, in place of what may be there.
pub(super) fn inject(context: &Context, headers: &mut HeaderMap) {
    propagators().inject_context(context, &mut HeaderInjector(headers));
}
