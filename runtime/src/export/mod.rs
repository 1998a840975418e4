//! Where telemetry goes, by cargo feature.

#[cfg(any(feature = "otlp", feature = "pushgateway"))]
mod client;
#[cfg(feature = "console")]
pub(crate) mod console;
#[cfg(feature = "otlp")]
pub(crate) mod otlp;
#[cfg(feature = "prometheus")]
pub(crate) mod prometheus;
#[cfg(feature = "metrics")]
pub(crate) mod recorder;
#[cfg(any(feature = "otlp", feature = "pushgateway"))]
mod tls;
