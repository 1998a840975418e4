//! Setting up and taking down: `init`, the builder, and the guard that flushes.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{ShouldSample, SpanExporter};

use crate::catalog::{catalog, sites};
use crate::config::{self, Batching, ConfigError, Environment, Wanted, environment};
use crate::diagnostics::warn;
use crate::metric::family;
use crate::metric::store::Store;
use crate::names::{env, label};
use crate::pipeline::{
    Custom, Exporting, Fate, FlushError, MetricExport, Phase, Pipeline, Sampler, Settings, ShutdownReport,
    SpanExport,
};
#[cfg(unix)]
use crate::signal;
use crate::span::Provider;

/// Sets up the exporters that the cargo features compiled in, as the environment says.
///
/// The same as [`Telemetry::builder()`]`.init()`. Keep what it returns: dropping it flushes and ends
/// the export.
///
/// ```no_run
/// fn main() -> Result<(), tta::ConfigError> {
///     let telemetry = tta::init()?;
///     // … the program …
///     let report = telemetry.shutdown(std::time::Duration::from_secs(5));
///     if !report.is_complete() {
///         eprintln!("telemetry: {report}");
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// When a variable has a value that is not accepted, or when telemetry is running already. A backend
/// that cannot be reached is not an error: the program runs, and a warning says what is lost.
pub fn init() -> Result<Telemetry, ConfigError> {
    Telemetry::builder().init()
}

/// Running telemetry. Dropping it flushes for at most five seconds and ends the export.
///
/// What is lost without it: `process::exit`, an abort (also that of a panic under `panic = "abort"`) and a
/// signal without [`shutdown_on_signal`](Telemetry::shutdown_on_signal) end the process before the last
/// batch, at most five seconds of spans by default, is exported. For a panic that aborts, call
/// [`shutdown`](Telemetry::shutdown) in a panic hook.
#[must_use = "dropping it ends the export; keep it until the program ends, as in `let _telemetry = tta::init()?;`"]
#[derive(Debug)]
pub struct Telemetry {
    running: Arc<Running>,
}

/// What the guard and the signal handler share.
pub(crate) struct Running {
    exporting: Option<Exporting>,
    #[cfg(feature = "prometheus")]
    endpoint: Mutex<Option<crate::export::prometheus::Endpoint>>,
    prometheus_addr: Option<SocketAddr>,
    /// What went wrong at the start.
    problems: Vec<String>,
    report: Mutex<Option<ShutdownReport>>,
    is_down: AtomicBool,
}

/// Whether some [`Telemetry`] is running.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// How long a guard that is dropped, or a signal, waits for the last batch.
const LAST_FLUSH: Duration = Duration::from_secs(5);

impl Telemetry {
    /// Sets the same in code as the environment does; what is set here wins.
    pub fn builder() -> TelemetryBuilder {
        TelemetryBuilder::default()
    }

    /// Where `/metrics` is served; `None` without the feature `prometheus`, where that is switched off,
    /// and where the address could not be had.
    #[must_use]
    pub fn prometheus_addr(&self) -> Option<SocketAddr> {
        self.running.prometheus_addr
    }

    /// Exports everything that has ended by now. Blocks the calling thread, for `timeout` at most; the
    /// export runs on a thread of its own, so this may be called from any runtime or none.
    ///
    /// # Errors
    /// When an exporter failed, when time was up, or after a shutdown.
    pub fn force_flush(&self, timeout: Duration) -> Result<(), FlushError> {
        match &self.running.exporting {
            _ if self.running.is_down() => Err(FlushError::ShutDown),
            Some(exporting) => exporting.flush(timeout),
            None => Ok(()),
        }
    }

    /// Ends the export and tells what became of every span. Blocks the calling thread, for about `timeout` at most.
    /// A second call returns the same report again.
    #[allow(clippy::must_use_candidate, reason = "not everybody wants to know")]
    pub fn shutdown(&self, timeout: Duration) -> ShutdownReport {
        self.running.shut_down(timeout)
    }

    /// From now on `SIGTERM` and `SIGINT` flush, for at most five seconds, before they do what they do by
    /// default: end the process.
    ///
    /// Not for programs that handle these signals themselves and go on for a while: those call
    /// [`shutdown`](Telemetry::shutdown) when they are done. A signal that is ignored when this is called,
    /// as `SIGINT` below `nohup`, stays ignored.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    #[cfg(unix)]
    pub fn shutdown_on_signal(&self) -> std::io::Result<()> {
        signal::flush_and_end(&self.running)
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.running.end();
    }
}

impl Running {
    fn is_down(&self) -> bool {
        self.is_down.load(Ordering::Acquire)
    }

    /// Shuts down where nobody asks for the report: what has been lost is said all the same.
    pub(crate) fn end(&self) {
        if self.is_down() {
            return;
        }
        let report = self.shut_down(LAST_FLUSH);
        if report.lost() > 0 {
            warn(format_args!("at the end: {report}"));
        }
    }

    fn shut_down(&self, timeout: Duration) -> ShutdownReport {
        let mut known = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(report) = &*known {
            return report.clone();
        }
        self.is_down.store(true, Ordering::Release);
        Pipeline::enter_phase(Phase::After);
        let mut report =
            self.exporting.as_ref().map(|exporting| exporting.shut_down(timeout)).unwrap_or_default();
        for problem in &self.problems {
            report.add_problem(problem.clone());
        }
        #[cfg(feature = "prometheus")]
        if let Some(endpoint) = self.endpoint.lock().unwrap_or_else(PoisonError::into_inner).take() {
            endpoint.stop();
        }
        *known = Some(report.clone());
        RUNNING.store(false, Ordering::SeqCst);
        report
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("prometheus_addr", &self.prometheus_addr)
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

/// Builds a [`Telemetry`].
#[derive(Default)]
#[must_use = "a builder does nothing until `init`"]
pub struct TelemetryBuilder {
    service_name: Option<String>,
    environment: Option<Environment>,
    attributes: Vec<KeyValue>,
    sampler: Option<Sampler>,
    custom: Vec<Box<dyn SpanExport>>,
    #[cfg(feature = "console")]
    console: Option<bool>,
    #[cfg(feature = "otlp")]
    otlp: Option<bool>,
    #[cfg(feature = "otlp")]
    otlp_settings: crate::export::otlp::Overrides,
    #[cfg(feature = "prometheus")]
    prometheus: Option<bool>,
    #[cfg(feature = "prometheus")]
    prometheus_addr: Option<SocketAddr>,
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

    /// Adds an exporter of your own, behind the same queue and sampler.
    ///
    /// It runs on a thread where blocking is allowed, and within a tokio runtime. What takes longer than
    /// `OTEL_BSP_EXPORT_TIMEOUT` counts as lost, and until it is over further batches are too.
    pub fn span_exporter(mut self, exporter: impl SpanExporter + 'static) -> Self {
        self.custom.push(Box::new(Custom::new(exporter)));
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

    /// Sets up what has been built.
    ///
    /// # Errors
    /// As [`init`].
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

    fn start(mut self) -> Result<Running, ConfigError> {
        // Everything that can be wrong is looked at before anything is started.
        let disabled = environment::boolean(env::SDK_DISABLED)?.unwrap_or(false);
        let traces = Wanted::from_env(
            env::TRACES_EXPORTER,
            &[("otlp", "otlp", cfg!(feature = "otlp")), ("console", "console", cfg!(feature = "console"))],
        )?;
        let metrics = Wanted::from_env(
            env::METRICS_EXPORTER,
            &[
                ("prometheus", "prometheus", cfg!(feature = "prometheus")),
                ("otlp", "otlp", cfg!(feature = "otlp")),
            ],
        )?;
        let said = match self.environment {
            Some(environment) => Some(environment),
            None => Environment::from_env()?,
        };
        let environment = said.unwrap_or(Environment::Dev);
        let attributes = std::mem::take(&mut self.attributes);
        let resource = config::resource(self.service_name.as_deref(), said, attributes)?;
        let settings = self.settings()?;
        let spans = self.span_exporters(&traces, environment, &resource)?;
        let pushed = self.metric_exporters(&metrics, &resource)?;
        #[cfg(feature = "prometheus")]
        let address = match self.prometheus_addr {
            Some(address) => address,
            None => config::prometheus_address()?,
        };

        publish_catalog(&resource, environment);
        if disabled {
            Pipeline::enter_phase(Phase::Running);
            return Ok(Running::new(None));
        }
        let takes_spans = !spans.is_empty();
        let exporting = if takes_spans || !pushed.is_empty() {
            let started = Exporting::start(settings, spans, pushed);
            Some(started.map_err(|reason| ConfigError::Thread { thread: "export", reason })?)
        } else {
            None
        };
        Pipeline::enter_phase(Phase::Running);
        if takes_spans {
            // Otherwise a provider that the program has set up itself stays in place.
            opentelemetry::global::set_tracer_provider(Provider::default());
        }
        #[allow(unused_mut, reason = "only some features change it")]
        let mut running = Running::new(exporting);
        #[cfg(feature = "prometheus")]
        if self.prometheus.unwrap_or_else(|| metrics.includes("prometheus", true)) {
            running.serve_metrics(address);
        }
        Ok(running)
    }

    fn settings(&mut self) -> Result<Settings, ConfigError> {
        let batching = Batching::from_env()?;
        let from_env = config::sampler()?;
        Ok(Settings {
            sampler: self.sampler.take().unwrap_or(from_env),
            limits: config::limits()?,
            queue_size: batching.queue_size,
            batch_size: batching.batch_size,
            schedule_delay: batching.schedule_delay,
            export_timeout: batching.export_timeout,
            metric_interval: config::metric_interval()?,
            metric_timeout: config::metric_timeout()?,
        })
    }

    #[cfg_attr(
        not(all(feature = "console", feature = "otlp")),
        allow(unused_variables, clippy::unnecessary_wraps)
    )]
    fn span_exporters(
        &mut self,
        wanted: &Wanted,
        environment: Environment,
        resource: &Resource,
    ) -> Result<Vec<Box<dyn SpanExport>>, ConfigError> {
        let mut exporters = std::mem::take(&mut self.custom);
        for exporter in &mut exporters {
            exporter.set_resource(resource);
        }
        #[cfg(feature = "console")]
        if self.console.unwrap_or_else(|| wanted.includes("console", environment == Environment::Dev)) {
            exporters.push(Box::new(crate::export::console::Console::stderr()));
        }
        #[cfg(feature = "otlp")]
        if self.otlp.unwrap_or_else(|| wanted.includes("otlp", true)) {
            let settings = crate::export::otlp::Settings::from_env(&self.otlp_settings)?;
            exporters.push(crate::export::otlp::spans(&settings, resource));
        }
        Ok(exporters)
    }

    #[cfg_attr(
        not(feature = "otlp"),
        allow(unused_variables, clippy::unnecessary_wraps, clippy::unused_self)
    )]
    fn metric_exporters(
        &self,
        wanted: &Wanted,
        resource: &Resource,
    ) -> Result<Vec<Box<dyn MetricExport>>, ConfigError> {
        #[allow(unused_mut, reason = "only some features change it")]
        let mut exporters: Vec<Box<dyn MetricExport>> = Vec::new();
        #[cfg(feature = "otlp")]
        if self.otlp.unwrap_or_else(|| wanted.includes("otlp", true)) {
            let settings = crate::export::otlp::Settings::from_env(&self.otlp_settings)?;
            exporters.push(crate::export::otlp::metrics(&settings, resource));
        }
        Ok(exporters)
    }
}

impl Running {
    fn new(exporting: Option<Exporting>) -> Self {
        Running {
            exporting,
            #[cfg(feature = "prometheus")]
            endpoint: Mutex::new(None),
            prometheus_addr: None,
            problems: Vec::new(),
            report: Mutex::new(None),
            is_down: AtomicBool::new(false),
        }
    }

    /// Serves `/metrics`, or says that it cannot.
    #[cfg(feature = "prometheus")]
    fn serve_metrics(&mut self, address: SocketAddr) {
        match crate::export::prometheus::Endpoint::start(address) {
            Ok(endpoint) => {
                self.prometheus_addr = Some(endpoint.address());
                self.endpoint = Mutex::new(Some(endpoint));
            }
            Err(error) => {
                let problem = format!("metrics are not served at http://{address}/metrics: {error}");
                warn(format_args!("{problem}; set {} to another port, or 0 for any", env::PROMETHEUS_PORT));
                self.problems.push(problem);
            }
        }
    }
}

/// Makes every series whose labels are known exist, at 0.
fn publish_catalog(resource: &Resource, environment: Environment) {
    // A conflict stays the same however often `init` runs.
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.swap(true, Ordering::Relaxed) {
        for conflict in catalog().conflicts() {
            warn(format_args!("{conflict}"));
        }
    }
    let read = |key| resource.get(&Key::from_static_str(key)).map(|value| value.to_string());
    let version = read("service.version").unwrap_or_else(|| "unknown".to_owned());
    let service = read("service.name").unwrap_or_else(|| "unknown_service".to_owned());
    for fate in Fate::ALL {
        fate.counter();
    }
    let store = Store::global();
    store.clear(&family::COMPONENT_INFO);
    store.clear(&family::BUILD_INFO);
    for site in sites() {
        site.bound();
        let labels = vec![
            (label::NAME, site.name().into()),
            (label::KIND, site.type_().into()),
            (
                label::MATURITY,
                site.declared_maturity().map_or("unspecified", |maturity| maturity.as_str()).into(),
            ),
            (label::VERSION, version.clone().into()),
        ];
        store.gauge(&family::COMPONENT_INFO, labels).set(1);
    }
    let labels = vec![
        (label::VERSION, version.into()),
        (label::SERVICE, service.into()),
        (label::ENVIRONMENT, environment.as_str().into()),
    ];
    store.gauge(&family::BUILD_INFO, labels).set(1);
}
