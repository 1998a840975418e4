//! What is set up, in code.

use std::borrow::Cow;
use std::fmt;
#[cfg(feature = "prometheus")]
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::trace::{ShouldSample, SpanExporter};

use super::{RUNNING, Telemetry};
use crate::config::{ConfigError, Environment, Semconv};
use crate::pipeline::{Custom, Sampler, SpanExport};
use crate::privacy::Redact;
use crate::propagation::{Boxed, Trust};

/// Builds a [`Telemetry`].
#[derive(Default)]
#[must_use = "a builder does nothing until `init`"]
pub struct TelemetryBuilder {
    pub(super) service_name: Option<String>,
    pub(super) environment: Option<Environment>,
    pub(super) attributes: Vec<KeyValue>,
    pub(super) sampler: Option<Sampler>,
    pub(super) filter: Option<String>,
    pub(super) busy_time: Option<bool>,
    pub(super) record_user: Option<bool>,
    pub(super) semconv: Option<Semconv>,
    pub(super) capture_content: Option<bool>,
    pub(super) redact: Option<Redact>,
    #[cfg(feature = "tracing")]
    pub(super) tracing_spans: Option<bool>,
    pub(super) propagators: Option<Vec<Boxed>>,
    pub(super) trust: Option<Trust>,
    pub(super) custom: Vec<Box<dyn SpanExport>>,
    #[cfg(feature = "metrics")]
    pub(super) recorders: Vec<crate::export::recorder::Mirror>,
    #[cfg(feature = "console")]
    pub(super) console: Option<bool>,
    #[cfg(feature = "otlp")]
    pub(super) otlp: Option<bool>,
    #[cfg(feature = "otlp")]
    pub(super) otlp_settings: crate::export::otlp::Overrides,
    #[cfg(any(feature = "gcp", feature = "xray"))]
    pub(super) preset: Option<crate::Preset>,
    #[cfg(feature = "prometheus")]
    pub(super) prometheus: Option<bool>,
    #[cfg(feature = "prometheus")]
    pub(super) prometheus_addr: Option<SocketAddr>,
    #[cfg(feature = "pushgateway")]
    pub(super) pushgateway: Option<String>,
}

impl fmt::Debug for TelemetryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryBuilder")
            .field("service_name", &self.service_name)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

impl TelemetryBuilder {
    /// The service's name, instead of `OTEL_SERVICE_NAME`.
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// Where the program runs, instead of `ENVIRONMENT`; `dev` if neither says.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Adds an attribute to the resource, that is to everything that this process exports.
    /// `service.version` is shown by `tta_build_info` too.
    pub fn resource_attribute(mut self, key: impl Into<Key>, value: impl Into<opentelemetry::Value>) -> Self {
        self.attributes.push(KeyValue::new(key, value));
        self
    }

    /// Decides which traces are kept, instead of `OTEL_TRACES_SAMPLER`. It is asked once for each span;
    /// metrics do not depend on it.
    pub fn sampler(mut self, sampler: impl ShouldSample + 'static) -> Self {
        self.sampler = Some(Sampler::custom(sampler));
        self
    }

    /// Switches spans off by name, kind or workflow, instead of `TTA_FILTER`; metrics stay.
    ///
    /// Rules are separated by commas, and a `*` at the end stands for any ending: `name=ping` and
    /// `kind=cache` take the functions' own spans, and what they call hangs below what called them;
    /// `workflow=health_*` takes everything in those workflows. What was hidden is counted, as
    /// `sampled_out`.
    ///
    /// Requests of `tta::http` are of kind `http` and `http_server` or `http_client`, over gRPC `rpc` and
    /// `rpc_server` or `rpc_client`. They go by their span's name (`GET /healthz`, `grpc.health.v1.Health/*`), a
    /// server's route (`/healthz`), and where a client's request goes (`api.internal/status`, with the port if
    /// the URL has one).
    pub fn filter(mut self, rules: impl Into<String>) -> Self {
        self.filter = Some(rules.into());
        self
    }

    /// Measures for each span how long its function was polled, instead of `TTA_BUSY_TIME`: attribute
    /// `tta.busy_ms`, in milliseconds. Off by default, since each poll after the first then reads the
    /// clock twice.
    pub fn busy_time(mut self, on: bool) -> Self {
        self.busy_time = Some(on);
        self
    }

    /// Records on whose behalf a workflow runs, instead of `TTA_RECORD_USER`: attributes `session.id` and `user.id`
    /// of its span. Off by default, since they tell of a person.
    pub fn record_user(mut self, on: bool) -> Self {
        self.record_user = Some(on);
        self
    }

    /// By which conventions spans say what was done with models, instead of `TTA_SEMCONV`.
    pub fn semconv(mut self, semconv: Semconv) -> Self {
        self.semconv = Some(semconv);
        self
    }

    /// Records prompts, answers, and arguments and results of tools, instead of `TTA_CAPTURE_CONTENT`, where the program
    /// says what they are: `gen_ai.input.messages` and its like among [`fields`](macro@crate::primitive#prompts-and-answers),
    /// and [`Response::content`](crate::llm::Response::content). Off by default; while it is off, such attributes are left
    /// out of all spans, whoever has set them.
    ///
    /// What is recorded has been through the redaction, and 32 KiB of text are kept in an attribute.
    pub fn capture_content(mut self, on: bool) -> Self {
        self.capture_content = Some(on);
        self
    }

    /// Takes more out of what is exported than API keys, bearer tokens, e-mail addresses and card numbers, which are
    /// taken out in any case: of texts of `fields`, `ret`, [`span`](crate::span()) and tags, messages of errors, prompts,
    /// answers, and attributes of spans of other crates. Metrics are not text.
    ///
    /// It is given one text after the other, without those, and returns what is shown instead. It runs on the
    /// exporters' thread, where calls do not wait for it. What it panics on is exported as `[redaction failed]`.
    ///
    /// ```no_run
    /// use std::borrow::Cow;
    ///
    /// # #[cfg(feature = "telemetry")]
    /// # fn main() -> Result<(), tta::ConfigError> {
    /// let telemetry = tta::Telemetry::builder()
    ///     .redact(|text: &str| match text.find("ACME-") {
    ///         Some(at) => Cow::Owned(format!("{}[contract]", &text[..at])),
    ///         None => Cow::Borrowed(text),
    ///     })
    ///     .init()?;
    /// # Ok(()) }
    /// # #[cfg(not(feature = "telemetry"))] fn main() {}
    /// ```
    pub fn redact(
        mut self,
        redact: impl for<'a> Fn(&'a str) -> Cow<'a, str> + Send + Sync + 'static,
    ) -> Self {
        self.redact = Some(Redact::new(redact));
        self
    }

    /// Opens a span of `tracing` for each call, too, instead of `TTA_TRACING_SPANS`: for subscribers that want one,
    /// such as `tracing_subscriber::fmt` with the spans around an event, tokio-console, or a test's own layer. Off by
    /// default, since each call then asks the subscriber.
    ///
    /// It has the call's name, its `fields(..)` and `ret(..)`, the module as target, and level INFO if it is of a
    /// workflow and DEBUG if it is of a primitive; at the end `tta.status` and `error.type` are recorded. It is entered
    /// while the call's body runs or is polled, and closed when the call ends. The subscriber's filters decide whether
    /// it exists; they change nothing in our metrics and in the spans that we export.
    ///
    /// In [`tracing_layer`](crate::tracing_layer), and in any `tracing-opentelemetry` layer whose tracer is ours, it
    /// stands for the call's own span and none is exported for it. A layer whose tracer is another's exports it as it
    /// does every other: give that layer a filter, as in
    /// `.with_filter(filter_fn(|metadata| metadata.fields().field("tta.status").is_none()))`.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), tta::ConfigError> {
    /// let telemetry = tta::Telemetry::builder().tracing_spans(true).init()?;
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "tracing")]
    pub fn tracing_spans(mut self, on: bool) -> Self {
        self.tracing_spans = Some(on);
        self
    }

    /// Whose headers [`propagation`](crate::propagation) reads and writes, instead of `OTEL_PROPAGATORS`: ours or
    /// your own, in this order. Where a request has headers that tell of different traces, the later propagator's
    /// counts.
    ///
    /// ```no_run
    /// use tta::opentelemetry::propagation::TextMapPropagator;
    /// use tta::propagation::{B3Propagator, TraceContextPropagator};
    ///
    /// # #[cfg(feature = "telemetry")]
    /// # fn main() -> Result<(), tta::ConfigError> {
    /// let propagators: [Box<dyn TextMapPropagator + Send + Sync>; 2] =
    ///     [Box::new(B3Propagator::single()), Box::new(TraceContextPropagator::new())];
    /// let telemetry = tta::Telemetry::builder().propagators(propagators).init()?;
    /// # Ok(()) }
    /// # #[cfg(not(feature = "telemetry"))] fn main() {}
    /// ```
    pub fn propagators(
        mut self,
        propagators: impl IntoIterator<Item = Box<dyn TextMapPropagator + Send + Sync>>,
    ) -> Self {
        self.propagators = Some(propagators.into_iter().collect());
        self
    }

    /// How far callers in other processes are believed, instead of `TTA_TRUST_REMOTE`.
    pub fn trust_remote(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// Adds an exporter of your own, behind the same queue and sampler.
    ///
    /// It runs on a thread where blocking is allowed, and within a tokio runtime. What takes longer than
    /// `OTEL_BSP_EXPORT_TIMEOUT` counts as lost, and until it is over further batches are too.
    pub fn span_exporter(mut self, exporter: impl SpanExporter + 'static) -> Self {
        self.custom.push(Box::new(Custom::new(exporter)));
        self
    }

    /// Mirrors our metrics to a recorder of the `metrics` facade: every `OTEL_METRIC_EXPORT_INTERVAL`, by
    /// default a minute, and with every flush.
    ///
    /// A recorder that the program has installed for the facade before `init` needs no call of this: it is
    /// found (unless `OTEL_METRICS_EXPORTER` names others and not `recorder`), ours is not installed, and
    /// what is emitted through the facade stays with it.
    ///
    /// Names and labels are those of `/metrics`; the process's own are left out, since a program often has
    /// those in its recorder already. Counters are set absolutely, gauges set. Of histograms it is told what is new since the last time: how many were in each of
    /// [`Family::buckets`](crate::Family::buckets) and their sum are kept, where in its bucket each was is
    /// not. A recorder that makes buckets of its own wants the same bounds; percentiles of a recorder that
    /// makes summaries are as exact as a bucket is narrow.
    ///
    /// ```no_run
    /// # struct Mine;
    /// # impl metrics::Recorder for Mine {
    /// #     fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    /// #     fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    /// #     fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    /// #     fn register_counter(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter { metrics::Counter::noop() }
    /// #     fn register_gauge(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge { metrics::Gauge::noop() }
    /// #     fn register_histogram(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram { metrics::Histogram::noop() }
    /// # }
    /// # fn main() -> Result<(), tta::ConfigError> {
    /// let telemetry = tta::Telemetry::builder().recorder(Mine).init()?;
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "metrics")]
    pub fn recorder(mut self, recorder: impl metrics::Recorder + Send + Sync + 'static) -> Self {
        self.recorders.push(crate::export::recorder::Mirror::to(recorder));
        self
    }

    /// Switches the console tree on or off; by default it is on in `dev`.
    #[cfg(feature = "console")]
    pub fn console(mut self, on: bool) -> Self {
        self.console = Some(on);
        self
    }

    /// Switches OTLP on or off; by default it is on.
    #[cfg(feature = "otlp")]
    pub fn otlp(mut self, on: bool) -> Self {
        self.otlp = Some(on);
        self
    }

    /// The collector, instead of `OTEL_EXPORTER_OTLP_ENDPOINT`; over HTTP the signals' paths are added.
    #[cfg(feature = "otlp")]
    pub fn otlp_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.otlp_settings.endpoint = Some(endpoint.into());
        self
    }

    /// How to talk to the collector, instead of `OTEL_EXPORTER_OTLP_PROTOCOL`.
    #[cfg(feature = "otlp")]
    pub fn otlp_protocol(mut self, protocol: crate::export::otlp::Protocol) -> Self {
        self.otlp_settings.protocol = Some(protocol);
        self
    }

    /// Adds a header to every request to the collector, to those of `OTEL_EXPORTER_OTLP_HEADERS`.
    /// Its value is never shown.
    #[cfg(feature = "otlp")]
    pub fn otlp_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.otlp_settings.headers.push((name.into(), value.into()));
        self
    }

    /// A bearer token for every request to the collector, from a source that is asked before each: for tokens
    /// that expire. It wins over an `authorization` among the headers, and is never shown.
    ///
    /// The source runs on a thread where blocking is allowed, and keeps what it has for as long as that is good.
    /// Where it has none, the export fails as where the collector cannot be reached, and is tried again.
    ///
    /// ```no_run
    /// # fn token_of_the_service_account() -> Result<String, std::io::Error> { Ok(String::new()) }
    /// # #[cfg(feature = "otlp")]
    /// # fn main() -> Result<(), tta::ConfigError> {
    /// let telemetry = tta::Telemetry::builder().otlp_token(token_of_the_service_account).init()?;
    /// # Ok(()) }
    /// # #[cfg(not(feature = "otlp"))] fn main() {}
    /// ```
    #[cfg(feature = "otlp")]
    pub fn otlp_token<E>(mut self, source: impl Fn() -> Result<String, E> + Send + Sync + 'static) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.otlp_settings.token = Some(crate::export::otlp::TokenSource::new(source));
        self
    }

    /// What a cloud wants on top of OTLP, instead of its name in `OTEL_TRACES_EXPORTER`. Switches OTLP on for
    /// traces, unless [`otlp`](Self::otlp) says otherwise.
    #[cfg(any(feature = "gcp", feature = "xray"))]
    pub fn preset(mut self, preset: crate::Preset) -> Self {
        self.preset = Some(preset);
        self
    }

    /// Switches `/metrics` on or off; by default it is on.
    #[cfg(feature = "prometheus")]
    pub fn prometheus(mut self, on: bool) -> Self {
        self.prometheus = Some(on);
        self
    }

    /// Where `/metrics` listens, instead of `OTEL_EXPORTER_PROMETHEUS_HOST` and `_PORT`; port 0 takes any
    /// free one. Anything but loopback shows the metrics to whoever can reach the machine.
    #[cfg(feature = "prometheus")]
    pub fn prometheus_addr(mut self, address: SocketAddr) -> Self {
        self.prometheus_addr = Some(address);
        self
    }

    /// Pushes what `/metrics` says to a Pushgateway, instead of `TTA_PUSHGATEWAY_URL`: every
    /// `OTEL_METRIC_EXPORT_INTERVAL`, by default a minute, with every flush, and at the end. For programs that
    /// end before anybody scrapes them. `OTEL_METRICS_EXPORTER=pushgateway` alone pushes to
    /// `http://localhost:9091`.
    ///
    /// Each push replaces the group of `job`, the service's name, and `instance`, the resource's
    /// `service.instance.id` or else the host's name; what the last one brought stays at the gateway until
    /// somebody deletes it. A user and a password in the URL are sent as basic authentication and never shown.
    #[cfg(feature = "pushgateway")]
    pub fn pushgateway(mut self, url: impl Into<String>) -> Self {
        self.pushgateway = Some(url.into());
        self
    }

    /// Sets up what has been built.
    ///
    /// # Errors
    /// As [`init`](crate::init).
    pub fn init(self) -> Result<Telemetry, ConfigError> {
        /// Gives the place back, also when code of the program's unwinds out of `init`.
        struct Place;

        impl Drop for Place {
            fn drop(&mut self) {
                RUNNING.store(false, Ordering::SeqCst);
            }
        }

        if RUNNING.swap(true, Ordering::SeqCst) {
            return Err(ConfigError::AlreadyRunning);
        }
        let place = Place;
        let running = Arc::new(self.start()?);
        std::mem::forget(place);
        Ok(Telemetry { running })
    }
}
