//! What a cloud wants on top of OTLP.

#[cfg(feature = "gcp")]
mod gcp;
#[cfg(feature = "xray")]
pub(crate) mod xray;

#[cfg(feature = "gcp")]
pub use gcp::CloudTracePropagator;
#[cfg(feature = "xray")]
pub use xray::XrayPropagator;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

use crate::config::{ConfigError, Wanted, environment};
use crate::export::otlp::Settings;
use crate::names::{env, propagator};

/// What a cloud wants on top of OTLP: its form of trace ids, its propagation header, where its receiver is,
/// and what that asks for.
///
/// Chosen by [`TelemetryBuilder::preset`](crate::TelemetryBuilder::preset), or by its name in
/// `OTEL_TRACES_EXPORTER`: `xray`, `gcp`. **Neither has been run against the real cloud**: they are made from
/// the clouds' documentation, and tested with receivers of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// AWS X-Ray.
    ///
    /// - The first 32 bits of a trace id are the time in seconds since 1970, and the other 96 are random.
    /// - Unless `OTEL_PROPAGATORS` says otherwise, [`XrayPropagator`] is one of the [propagators](crate::propagation)
    ///   beside W3C's; where a request has both headers, X-Ray's is believed, since that is the one AWS's own services
    ///   rewrite.
    /// - Spans go to a collector, by default at `http://localhost:4318`: AWS's
    ///   distribution of it, or any with an exporter for X-Ray. AWS's own endpoint takes signed requests only
    ///   (`SigV4`), which tta does not make, so naming it is an error of `init`.
    #[cfg(feature = "xray")]
    Xray,
    /// Google Cloud: Cloud Trace through the Telemetry API.
    ///
    /// - Spans go to `https://telemetry.googleapis.com`, unless `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.
    ///   Metrics do not unless `OTEL_METRICS_EXPORTER` says `otlp`: Cloud Monitoring bills by the sample, and
    ///   every series of ours exists from the start.
    /// - Google's endpoint wants a token ([`TelemetryBuilder::otlp_token`](crate::TelemetryBuilder::otlp_token),
    ///   or `authorization` in `OTEL_EXPORTER_OTLP_HEADERS`, which stays as it is while tokens expire within an
    ///   hour), and the resource attribute `gcp.project_id`, for which `GOOGLE_CLOUD_PROJECT` is taken as well.
    ///   Without them `init` is an error.
    /// - On Cloud Run, services and jobs, the resource says so: `cloud.platform`, `faas.name`, `faas.version`.
    /// - Unless `OTEL_PROPAGATORS` says otherwise, [`CloudTracePropagator`] is one of the
    ///   [propagators](crate::propagation) beside W3C's; where a request has both headers, W3C's is believed, as
    ///   Google advises.
    #[cfg(feature = "gcp")]
    Gcp,
}

#[cfg_attr(
    not(all(feature = "gcp", feature = "xray")),
    allow(clippy::unnecessary_wraps, reason = "what one preset never says another may")
)]
impl Preset {
    /// The preset whose name is among the exporters of traces that are wanted.
    pub(crate) fn from_env(wanted: &Wanted) -> Result<Option<Self>, ConfigError> {
        let named = [
            #[cfg(feature = "xray")]
            Preset::Xray,
            #[cfg(feature = "gcp")]
            Preset::Gcp,
        ]
        .into_iter()
        .filter(|preset: &Preset| wanted.includes(preset.name(), false))
        .collect::<Vec<_>>();
        match named.as_slice() {
            [] => Ok(None),
            [preset] => Ok(Some(*preset)),
            _ => {
                let found = environment::text(env::TRACES_EXPORTER)?.unwrap_or_default();
                Err(ConfigError::invalid(env::TRACES_EXPORTER, found, "`xray` or `gcp`, and not both"))
            }
        }
    }

    /// Its word in `OTEL_TRACES_EXPORTER`.
    fn name(self) -> &'static str {
        match self {
            #[cfg(feature = "xray")]
            Preset::Xray => "xray",
            #[cfg(feature = "gcp")]
            Preset::Gcp => "gcp",
        }
    }

    /// Where spans go if nobody says.
    pub(crate) fn endpoint(self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "xray")]
            Preset::Xray => None,
            #[cfg(feature = "gcp")]
            Preset::Gcp => Some(gcp::ENDPOINT),
        }
    }

    /// What is known of where the program runs; what the program says of itself goes before it.
    pub(crate) fn attributes(self) -> Result<Vec<KeyValue>, ConfigError> {
        match self {
            #[cfg(feature = "xray")]
            Preset::Xray => Ok(Vec::new()),
            #[cfg(feature = "gcp")]
            Preset::Gcp => gcp::attributes(),
        }
    }

    /// Whether metrics go where `settings` say although nobody asked for it.
    pub(crate) fn takes_metrics(self, settings: &Settings) -> bool {
        match self {
            #[cfg(feature = "xray")]
            Preset::Xray => {
                let _ = settings;
                true
            }
            #[cfg(feature = "gcp")]
            Preset::Gcp => !gcp::is_google(&settings.metrics.endpoint),
        }
    }

    /// Fails where every single export would be refused.
    pub(crate) fn check(self, settings: &Settings, resource: &Resource) -> Result<(), ConfigError> {
        match self {
            #[cfg(feature = "xray")]
            Preset::Xray => {
                let _ = resource;
                xray::check(&settings.traces)
            }
            #[cfg(feature = "gcp")]
            Preset::Gcp => gcp::check(&settings.traces, resource),
        }
    }

    /// Its propagators, if nobody says which. Of two headers in one request, the later propagator's counts.
    pub(crate) fn propagators(self) -> &'static [&'static str] {
        match self {
            #[cfg(feature = "xray")]
            Preset::Xray => &[propagator::TRACE_CONTEXT, propagator::BAGGAGE, propagator::XRAY],
            #[cfg(feature = "gcp")]
            Preset::Gcp => &[propagator::GCP, propagator::TRACE_CONTEXT, propagator::BAGGAGE],
        }
    }
}
