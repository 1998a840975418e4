//! Setting up what the builder and the environment say.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

use super::Running;
use super::builder::TelemetryBuilder;
use super::publish::{hide, publish_catalog};
use crate::config::{self, Batching, ConfigError, Environment, Filter, Semconv, Wanted, environment};
use crate::names::{env, propagator};
use crate::pipeline::{Exporting, MetricExport, Phase, Pipeline, Settings, SpanExport};
use crate::privacy::{self, Redact};
use crate::span::convention;
use crate::span::{Extra, Provider, ask_for, record_user};

/// What is recorded of calls.
#[allow(clippy::struct_excessive_bools, reason = "they are switches, each for itself")]
struct Switches {
    busy_time: bool,
    user: bool,
    #[cfg(feature = "tracing")]
    tracing_spans: bool,
    semconv: Semconv,
    captures: bool,
    redact: Option<Redact>,
}

impl Switches {
    fn apply(self) {
        ask_for(Extra::BusyTime, self.busy_time);
        #[cfg(feature = "tracing")]
        ask_for(Extra::TracingSpans, self.tracing_spans);
        record_user(self.user);
        convention::choose(self.semconv);
        privacy::choose(self.captures, self.redact);
    }
}

impl TelemetryBuilder {
    pub(super) fn start(mut self) -> Result<Running, ConfigError> {
        // Everything that can be wrong is looked at before anything is started.
        let disabled = environment::boolean(env::SDK_DISABLED)?.unwrap_or(false);
        let traces = Wanted::from_env(
            env::TRACES_EXPORTER,
            &[
                ("otlp", "otlp", cfg!(feature = "otlp")),
                ("xray", "xray", cfg!(feature = "xray")),
                ("gcp", "gcp", cfg!(feature = "gcp")),
                ("console", "console", cfg!(feature = "console")),
            ],
        )?;
        let metrics = Wanted::from_env(
            env::METRICS_EXPORTER,
            &[
                ("prometheus", "prometheus", cfg!(feature = "prometheus")),
                ("otlp", "otlp", cfg!(feature = "otlp")),
                ("pushgateway", "pushgateway", cfg!(feature = "pushgateway")),
                ("recorder", "metrics", cfg!(feature = "metrics")),
            ],
        )?;
        let said = match self.environment {
            Some(environment) => Some(environment),
            None => Environment::from_env()?,
        };
        let environment = said.unwrap_or(Environment::Dev);
        let attributes = std::mem::take(&mut self.attributes);
        let detected = self.choose_preset(&traces)?;
        let resource = config::resource(self.service_name.as_deref(), said, attributes, detected)?;
        let filter = match self.filter.take() {
            Some(rules) => Filter::parse(&rules)?,
            None => Filter::from_env()?,
        };
        let switches = self.switches()?;
        let propagators = match self.propagators.take() {
            Some(propagators) => propagators,
            None => config::propagators(self.default_propagators())?,
        };
        let trust = match self.trust {
            Some(trust) => trust,
            None => config::trust()?,
        };
        #[cfg(feature = "llm")]
        let (prices, budget) = (config::prices()?, config::budget()?);
        let settings = self.settings()?;
        let spans = self.span_exporters(&traces, environment, &resource)?;
        let pushed = self.metric_exporters(&metrics, &resource)?;
        #[cfg(feature = "prometheus")]
        let address = match self.prometheus_addr {
            Some(address) => address,
            None => config::prometheus_address()?,
        };

        #[cfg(feature = "llm")]
        crate::cost::prepare(prices, budget);
        publish_catalog(&resource, environment);
        hide(&filter);
        switches.apply();
        crate::propagation::choose(propagators, trust);
        self.apply_preset();
        if disabled {
            Pipeline::enter_phase(Phase::Running);
            return Ok(Running::new(None));
        }
        #[cfg(feature = "pushgateway")]
        if pushed.iter().any(|exporter| exporter.name() == crate::export::prometheus::PUSHGATEWAY) {
            crate::export::prometheus::take_facade();
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

    /// What is recorded, by the builder or else by the environment.
    fn switches(&mut self) -> Result<Switches, ConfigError> {
        let switch = |said: Option<bool>, variable| match said {
            Some(on) => Ok(on),
            None => Ok(environment::boolean(variable)?.unwrap_or(false)),
        };
        #[cfg(not(feature = "tracing"))]
        config::no_tracing_spans()?;
        Ok(Switches {
            busy_time: switch(self.busy_time, env::BUSY_TIME)?,
            user: switch(self.record_user, env::RECORD_USER)?,
            #[cfg(feature = "tracing")]
            tracing_spans: switch(self.tracing_spans, env::TRACING_SPANS)?,
            semconv: match self.semconv {
                Some(semconv) => semconv,
                None => Semconv::from_env()?,
            },
            captures: match self.capture_content {
                Some(on) => on,
                None => config::capture_content()?,
            },
            redact: self.redact.take(),
        })
    }

    /// What the preset knows of where the program runs.
    #[cfg_attr(
        not(any(feature = "gcp", feature = "xray")),
        allow(unused_variables, clippy::unnecessary_wraps, clippy::unused_self)
    )]
    fn choose_preset(&mut self, traces: &Wanted) -> Result<Vec<KeyValue>, ConfigError> {
        #[cfg(any(feature = "gcp", feature = "xray"))]
        {
            if self.preset.is_none() {
                self.preset = crate::Preset::from_env(traces)?;
            }
            if let Some(preset) = self.preset {
                self.otlp_settings.default_endpoint = preset.endpoint();
                return preset.attributes();
            }
        }
        Ok(Vec::new())
    }

    /// What holds for the whole process.
    #[cfg_attr(not(feature = "xray"), allow(clippy::unused_self))]
    fn apply_preset(&self) {
        #[cfg(feature = "xray")]
        crate::preset::xray::use_ids(self.preset == Some(crate::Preset::Xray));
    }

    /// The propagators if nobody says which.
    #[cfg_attr(not(any(feature = "gcp", feature = "xray")), allow(clippy::unused_self))]
    fn default_propagators(&self) -> &'static [&'static str] {
        #[cfg(any(feature = "gcp", feature = "xray"))]
        if let Some(preset) = self.preset {
            return preset.propagators();
        }
        &[propagator::TRACE_CONTEXT, propagator::BAGGAGE]
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
        if self.otlp.unwrap_or_else(|| self.has_preset() || wanted.includes("otlp", true)) {
            let settings = crate::export::otlp::Settings::from_env(&self.otlp_settings)?;
            #[cfg(any(feature = "gcp", feature = "xray"))]
            if let Some(preset) = self.preset {
                preset.check(&settings, resource)?;
            }
            exporters.push(crate::export::otlp::spans(&settings, resource));
        }
        Ok(exporters)
    }

    #[cfg(feature = "otlp")]
    #[cfg_attr(not(any(feature = "gcp", feature = "xray")), allow(clippy::unused_self))]
    fn has_preset(&self) -> bool {
        #[cfg(any(feature = "gcp", feature = "xray"))]
        return self.preset.is_some();
        #[cfg(not(any(feature = "gcp", feature = "xray")))]
        false
    }

    #[cfg_attr(
        not(feature = "otlp"),
        allow(unused_variables, clippy::unnecessary_wraps, clippy::unused_self)
    )]
    fn metric_exporters(
        &mut self,
        wanted: &Wanted,
        resource: &Resource,
    ) -> Result<Vec<Box<dyn MetricExport>>, ConfigError> {
        #[allow(unused_mut, reason = "only some features change it")]
        let mut exporters: Vec<Box<dyn MetricExport>> = Vec::new();
        #[cfg(feature = "otlp")]
        if self.otlp.unwrap_or_else(|| wanted.includes("otlp", true)) {
            let settings = crate::export::otlp::Settings::from_env(&self.otlp_settings)?;
            #[cfg(any(feature = "gcp", feature = "xray"))]
            let is_welcome = self.otlp == Some(true)
                || wanted.includes("otlp", false)
                || self.preset.is_none_or(|preset| preset.takes_metrics(&settings));
            #[cfg(not(any(feature = "gcp", feature = "xray")))]
            let is_welcome = true;
            if is_welcome {
                exporters.push(crate::export::otlp::metrics(&settings, resource));
            }
        }
        #[cfg(feature = "pushgateway")]
        {
            use crate::export::prometheus::{Gateway, PUSHGATEWAY};
            if self.pushgateway.is_some() || wanted.includes(PUSHGATEWAY, true) {
                let is_asked_for = wanted.includes(PUSHGATEWAY, false);
                let gateway = Gateway::new(self.pushgateway.as_deref(), is_asked_for, resource)?;
                exporters.extend(gateway.map(|gateway| Box::new(gateway) as Box<dyn MetricExport>));
            }
        }
        #[cfg(feature = "metrics")]
        {
            use crate::export::recorder::Mirror;
            let installed = || Mirror::to_installed().filter(|_| !is_ours());
            let installed = wanted.includes("recorder", true).then(installed).flatten();
            for mirror in self.recorders.drain(..).chain(installed) {
                exporters.push(Box::new(mirror));
            }
        }
        Ok(exporters)
    }
}

/// Whether the recorder of the `metrics` facade is the one behind `/metrics`, from an earlier `init`.
#[cfg(feature = "metrics")]
fn is_ours() -> bool {
    #[cfg(feature = "prometheus")]
    return crate::export::prometheus::has_recorder();
    #[cfg(not(feature = "prometheus"))]
    false
}
