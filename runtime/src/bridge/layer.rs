//! Spans of crates that use `tracing`.

use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use crate::span::{Provider, ProviderTracer};

/// A `tracing` layer whose spans join ours in one tree: same queue, same sampler, same exporters.
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt as _;
/// let subscriber = tracing_subscriber::registry().with(tta::tracing_layer());
/// # let _ = tracing::subscriber::set_default(subscriber);
/// ```
///
/// Filters of the subscriber decide which `tracing` spans exist; they remove none of ours, and none of
/// our metrics.
#[must_use]
pub fn tracing_layer<S>() -> OpenTelemetryLayer<S, ProviderTracer>
where
    S: tracing::Subscriber + for<'span> LookupSpan<'span>,
{
    use opentelemetry::trace::TracerProvider as _;
    tracing_opentelemetry::layer().with_tracer(Provider::default().tracer("tracing"))
}
