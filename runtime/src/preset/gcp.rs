//! Google Cloud: the Telemetry API's endpoint, what it asks for, and the header that Google's own services send.

use http::Uri;
use http::header::AUTHORIZATION;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_sdk::Resource;

use crate::config::{ConfigError, environment};
use crate::export::otlp::Target;
use crate::names::{env, propagator};
use crate::propagation::{Fault, count, hex};

/// <https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview>
pub(super) const ENDPOINT: &str = "https://telemetry.googleapis.com";

/// The project that the Telemetry API writes to.
const PROJECT: &str = "gcp.project_id";

pub(super) fn is_google(endpoint: &Uri) -> bool {
    endpoint.host().is_some_and(|host| host.to_ascii_lowercase().ends_with(".googleapis.com"))
}

/// What the environment says; the semantic conventions' words for it.
pub(super) fn attributes() -> Result<Vec<KeyValue>, ConfigError> {
    let mut attributes = Vec::new();
    if let Some(project) = environment::text(env::GOOGLE_CLOUD_PROJECT)? {
        attributes.push(KeyValue::new(PROJECT, project));
    }
    // https://docs.cloud.google.com/run/docs/container-contract#env-vars
    let (name, version) = match environment::text("K_SERVICE")? {
        Some(service) => (Some(service), environment::text("K_REVISION")?),
        None => (environment::text("CLOUD_RUN_JOB")?, environment::text("CLOUD_RUN_EXECUTION")?),
    };
    if let Some(name) = name {
        attributes.push(KeyValue::new("cloud.provider", "gcp"));
        attributes.push(KeyValue::new("cloud.platform", "gcp_cloud_run"));
        attributes.push(KeyValue::new("faas.name", name));
        attributes.extend(version.map(|version| KeyValue::new("faas.version", version)));
    }
    Ok(attributes)
}

/// A collector may add what Google wants; Google's own endpoint refuses what comes without.
pub(super) fn check(traces: &Target, resource: &Resource) -> Result<(), ConfigError> {
    if !is_google(&traces.endpoint) {
        return Ok(());
    }
    if resource.get(&Key::from_static_str(PROJECT)).is_none() {
        return Err(ConfigError::Missing {
            variable: env::RESOURCE_ATTRIBUTES.into(),
            missing: PROJECT,
            needed_by: traces.shown(),
            expected: "`gcp.project_id=…` there, or the project in `GOOGLE_CLOUD_PROJECT`",
        });
    }
    if traces.token.is_none() && !traces.headers.contains_key(AUTHORIZATION) {
        return Err(ConfigError::Missing {
            variable: env::OTLP_HEADERS.into(),
            missing: "authorization",
            needed_by: traces.shown(),
            expected: "`authorization=Bearer%20…` there, `TelemetryBuilder::otlp_token`, or a collector in `OTEL_EXPORTER_OTLP_ENDPOINT`",
        });
    }
    Ok(())
}

const HEADER: &str = "x-cloud-trace-context";

/// Passes the context of a trace on in Google's older header, `X-Cloud-Trace-Context`.
///
/// The preset [`Gcp`](crate::Preset::Gcp) makes it one of the propagators, below W3C Trace Context,
/// which Google advises; a program that chooses its own can use it without.
///
/// The header is `105445aa7843bc8bf206b12000100000/1;o=1`: trace id in hexadecimal digits, span id in decimal
/// ones, and whether the trace is sampled, which it is if the last is missing, as in Google's propagator for Go
/// (<https://docs.cloud.google.com/trace/docs/trace-context#legacy-http-header>). A header without a span, or that
/// is no such header, changes nothing.
///
/// ```
/// # #[cfg(feature = "gcp")] {
/// use std::collections::HashMap;
/// use tta::opentelemetry::propagation::TextMapPropagator;
/// use tta::opentelemetry::trace::TraceContextExt;
///
/// let header = "105445aa7843bc8bf206b12000100000/10;o=1";
/// let request = HashMap::from([("x-cloud-trace-context".to_owned(), header.to_owned())]);
/// let context = tta::CloudTracePropagator::new().extract(&request);
/// assert_eq!(context.span().span_context().span_id().to_string(), "000000000000000a");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct CloudTracePropagator {
    _private: (),
}

impl CloudTracePropagator {
    /// There is nothing to choose.
    #[must_use]
    pub fn new() -> Self {
        CloudTracePropagator::default()
    }
}

impl TextMapPropagator for CloudTracePropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if span.is_valid() {
            let parent = u64::from_be_bytes(span.span_id().to_bytes());
            let sampled = u8::from(span.is_sampled());
            injector.set(HEADER, format!("{}/{parent};o={sampled}", span.trace_id()));
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        match extractor.get(HEADER).map(read) {
            Some(Ok(Some(parent))) => return context.with_remote_span_context(parent),
            Some(Err(fault)) => count(propagator::GCP, fault),
            Some(Ok(None)) | None => {}
        }
        context.clone()
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| [HEADER.to_owned()]);
        FieldIter::new(&*FIELDS)
    }
}

/// What a header says; nothing if it names no span.
fn read(header: &str) -> Result<Option<SpanContext>, Fault> {
    let header = header.trim();
    if hex(header, 32).is_some() {
        return Ok(None);
    }
    fields(header).map(Some).ok_or(Fault::Malformed)
}

fn fields(header: &str) -> Option<SpanContext> {
    let (trace_id, rest) = header.split_once('/')?;
    let (span_id, sampled) = match rest.split_once(";o=") {
        // An odd number: the second bit once asked for stack traces.
        Some((span_id, options)) => (span_id, decimal(options)? & 1 == 1),
        None => (rest, true),
    };
    let (trace_id, span_id) = (TraceId::from(hex(trace_id, 32)?), SpanId::from(decimal(span_id)?));
    let flags = TraceFlags::default().with_sampled(sampled);
    let context = SpanContext::new(trace_id, span_id, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

/// A number without a sign, which the standard library's parser takes.
fn decimal(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
