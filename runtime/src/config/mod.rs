//! What `init` sets up, from the environment and from code; code wins.

pub(crate) mod environment;
mod error;
mod filter;
mod sampler;
mod semconv;

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

pub use error::ConfigError;
pub(crate) use filter::Filter;
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) use filter::requests;
pub(crate) use sampler::sampler;
pub use semconv::Semconv;

#[cfg(feature = "llm")]
use crate::cost::{Money, budget::Limits as BudgetLimits};
use crate::names::{env, propagator};
use crate::pipeline::Limits;
use crate::propagation::{Boxed, Trust};

/// Where the program runs; chooses defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// On a developer's machine: the console tree is on where it is compiled in.
    Dev,
    /// Where releases are tried.
    Staging,
    /// Where it matters.
    Production,
}

impl Environment {
    /// Every environment.
    pub const ALL: [Environment; 3] = [Environment::Dev, Environment::Staging, Environment::Production];

    /// The word in `deployment.environment.name` and in the label `environment`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Environment::Dev => "dev",
            Environment::Staging => "staging",
            Environment::Production => "production",
        }
    }

    pub(crate) fn parse(variable: &'static str, text: &str) -> Result<Self, ConfigError> {
        match text.to_ascii_lowercase().as_str() {
            "dev" | "development" | "local" | "test" => Ok(Environment::Dev),
            "staging" | "stage" => Ok(Environment::Staging),
            "production" | "prod" => Ok(Environment::Production),
            _ => Err(ConfigError::invalid(variable, text, "`dev`, `staging` or `production`")),
        }
    }

    pub(crate) fn from_env() -> Result<Option<Self>, ConfigError> {
        let text = environment::text(env::ENVIRONMENT)?;
        text.map(|text| Environment::parse(env::ENVIRONMENT, &text)).transpose()
    }
}

/// Which exporters of one signal, or propagators, are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nobody said: those that are compiled in and fit the environment.
    Default,
    /// These, and no others.
    Only(Vec<String>),
}

impl Wanted {
    /// Reads a list of names such as `OTEL_TRACES_EXPORTER`.
    ///
    /// `known` are the names with the features that bring them.
    pub(crate) fn from_env(
        variable: &'static str,
        known: &[(&'static str, &'static str, bool)],
    ) -> Result<Self, ConfigError> {
        match environment::text(variable)? {
            Some(text) => Wanted::parse(variable, text, known),
            None => Ok(Wanted::Default),
        }
    }

    fn parse(
        variable: &'static str,
        text: String,
        known: &[(&'static str, &'static str, bool)],
    ) -> Result<Self, ConfigError> {
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        let quoted =
            |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        for name in names.iter().filter(|name| *name != "none") {
            match known.iter().find(|(exporter, ..)| exporter == name) {
                Some((_, _, true)) => {}
                Some((_, feature, false)) => {
                    let mut available: Vec<_> =
                        known.iter().filter(|(.., compiled)| *compiled).map(|(name, ..)| *name).collect();
                    available.push("none");
                    return Err(ConfigError::NotCompiledIn {
                        variable: variable.into(),
                        found: name.clone(),
                        feature,
                        available: quoted(available),
                    });
                }
                None => {
                    let mut accepted: Vec<_> =
                        known.iter().filter(|(.., compiled)| *compiled).map(|(name, ..)| *name).collect();
                    accepted.push("none");
                    let mut expected = format!("a comma-separated list of {}", quoted(accepted));
                    for (name, feature, _) in known.iter().filter(|(.., compiled)| !compiled) {
                        // Writing to a String cannot fail.
                        let _ = write!(expected, ", `{name}` (needs the cargo feature `{feature}` of tta)");
                    }
                    return Err(ConfigError::invalid(variable, text, expected));
                }
            }
        }
        Ok(Wanted::Only(names.into_iter().filter(|name| name != "none").collect()))
    }

    /// The names that are wanted, each once and in order.
    pub(crate) fn or<'a>(&'a self, default: &'a [&'a str]) -> Vec<&'a str> {
        let mut wanted: Vec<&str> = match self {
            Wanted::Default => default.to_vec(),
            Wanted::Only(names) => names.iter().map(String::as_str).collect(),
        };
        let mut seen = std::collections::HashSet::new();
        wanted.retain(|name| seen.insert(*name));
        wanted
    }

    #[cfg(any(feature = "console", feature = "metrics", feature = "otlp", feature = "prometheus"))]
    pub(crate) fn includes(&self, name: &str, by_default: bool) -> bool {
        match self {
            Wanted::Default => by_default,
            Wanted::Only(names) => names.iter().any(|wanted| wanted == name),
        }
    }
}

/// Whose headers are read and written.
pub(crate) fn propagators(default: &[&str]) -> Result<Vec<Boxed>, ConfigError> {
    let wanted = Wanted::from_env(
        env::PROPAGATORS,
        &[
            (propagator::TRACE_CONTEXT, "context", true),
            (propagator::BAGGAGE, "context", true),
            (propagator::B3, "context", true),
            (propagator::B3_MULTI, "context", true),
            (propagator::JAEGER, "context", true),
            (propagator::XRAY, "xray", cfg!(feature = "xray")),
            (propagator::GCP, "gcp", cfg!(feature = "gcp")),
        ],
    )?;
    Ok(wanted.or(default).into_iter().filter_map(crate::propagation::named).collect())
}

/// The prices in the file that `TTA_PRICES` names.
#[cfg(feature = "llm")]
pub(crate) fn prices() -> Result<Option<crate::Prices>, ConfigError> {
    let Some(path) = environment::text(env::PRICES)? else { return Ok(None) };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        ConfigError::invalid(
            env::PRICES,
            path.as_str(),
            format!("a file with prices, and it cannot be read: {error}"),
        )
    })?;
    let prices = crate::Prices::from_json(&text);
    prices.map(Some).map_err(|error| {
        ConfigError::invalid(env::PRICES, path.as_str(), format!("a file with prices, and in it {error}"))
    })
}

/// What the process may spend, as `TTA_BUDGET` says: `$100`, or `$100/day`.
#[cfg(feature = "llm")]
pub(crate) fn budget() -> Result<Option<BudgetLimits>, ConfigError> {
    let Some(text) = environment::text(env::BUDGET)? else { return Ok(None) };
    let limits = budget_of(&text);
    limits.map(Some).ok_or_else(|| {
        let accepted = "dollars, and for a time that begins anew a slash and that time: `$100`, `$100/day`, `$5/hour`, `$1/30m`";
        ConfigError::invalid(env::BUDGET, text, accepted)
    })
}

#[cfg(feature = "llm")]
fn budget_of(text: &str) -> Option<BudgetLimits> {
    let (money, period) = match text.split_once('/') {
        Some((money, period)) => (money, Some(period.trim())),
        None => (text, None),
    };
    let limits = BudgetLimits::new().money(money.trim().parse().ok().filter(|money| *money > Money::ZERO)?);
    Some(match period {
        None => limits,
        Some("hour") => limits.per_hour(),
        Some("day") => limits.per_day(),
        Some(period) => limits.per(humantime::parse_duration(period).ok().filter(|time| !time.is_zero())?),
    })
}

/// Whether prompts and answers are recorded. Of OpenTelemetry's variable, the words that say where are known, too: there
/// are only spans here.
pub(crate) fn capture_content() -> Result<bool, ConfigError> {
    if let Some(on) = environment::boolean(env::CAPTURE_CONTENT)? {
        return Ok(on);
    }
    let Some(text) = environment::text(env::CAPTURE_MESSAGE_CONTENT)? else { return Ok(false) };
    match text.to_ascii_lowercase().as_str() {
        "true" | "span_only" | "span_and_event" => Ok(true),
        "false" | "no_content" | "event_only" => Ok(false),
        _ => Err(ConfigError::invalid(
            env::CAPTURE_MESSAGE_CONTENT,
            text,
            "`true` or `false`, or one of `span_only`, `span_and_event`, `event_only` and `no_content`",
        )),
    }
}

/// How far callers in other processes are believed.
pub(crate) fn trust() -> Result<Trust, ConfigError> {
    let Some(text) = environment::text(env::TRUST_REMOTE)? else { return Ok(Trust::default()) };
    Trust::parse(&text)
        .ok_or_else(|| ConfigError::invalid(env::TRUST_REMOTE, text, "`always`, `sampled-off` or `never`"))
}

/// Refuses `TTA_TRACING_SPANS` where nothing would come of it.
#[cfg(not(feature = "tracing"))]
pub(crate) fn no_tracing_spans() -> Result<(), ConfigError> {
    if environment::boolean(env::TRACING_SPANS)? != Some(true) {
        return Ok(());
    }
    Err(ConfigError::NotCompiledIn {
        variable: env::TRACING_SPANS.into(),
        found: "true".to_owned(),
        feature: "tracing",
        available: "`false`".to_owned(),
    })
}

/// Spans that may be asked to wait; each has its place, of about 200 bytes, from the start.
const MOST_QUEUED: usize = 1_000_000;

/// Bounds of the span queue: `OTEL_BSP_*`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batching {
    pub(crate) queue_size: usize,
    pub(crate) batch_size: usize,
    pub(crate) schedule_delay: Duration,
    pub(crate) export_timeout: Duration,
}

impl Batching {
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        let queue_size = environment::number(env::BSP_MAX_QUEUE_SIZE, 1)?.unwrap_or(2048);
        if queue_size > MOST_QUEUED {
            let expected = format!("a whole number from 1 to {MOST_QUEUED}");
            return Err(ConfigError::invalid(env::BSP_MAX_QUEUE_SIZE, queue_size.to_string(), expected));
        }
        let batch_size = environment::number(env::BSP_MAX_EXPORT_BATCH_SIZE, 1)?;
        if let Some(batch_size) = batch_size
            && batch_size > queue_size
        {
            return Err(ConfigError::invalid(
                env::BSP_MAX_EXPORT_BATCH_SIZE,
                batch_size.to_string(),
                format!("at most the queue's size, {queue_size} ({})", env::BSP_MAX_QUEUE_SIZE),
            ));
        }
        Ok(Batching {
            queue_size,
            batch_size: batch_size.unwrap_or(512.min(queue_size)),
            schedule_delay: environment::milliseconds(env::BSP_SCHEDULE_DELAY)?
                .unwrap_or(Duration::from_secs(5)),
            export_timeout: environment::milliseconds(env::BSP_EXPORT_TIMEOUT)?
                .unwrap_or(Duration::from_secs(30)),
        })
    }
}

pub(crate) fn limits() -> Result<Limits, ConfigError> {
    let default = Limits::default();
    Ok(Limits {
        attributes: match environment::number(env::SPAN_ATTRIBUTE_COUNT_LIMIT, 0)? {
            Some(limit) => limit,
            None => environment::number(env::ATTRIBUTE_COUNT_LIMIT, 0)?.unwrap_or(default.attributes),
        },
        events: environment::number(env::SPAN_EVENT_COUNT_LIMIT, 0)?.unwrap_or(default.events),
        links: environment::number(env::SPAN_LINK_COUNT_LIMIT, 0)?.unwrap_or(default.links),
        value_length: match environment::number(env::SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT, 0)? {
            Some(limit) => Some(limit),
            None => environment::number(env::ATTRIBUTE_VALUE_LENGTH_LIMIT, 0)?,
        },
    })
}

/// How often metrics are pushed; the specification's default is a minute.
pub(crate) fn metric_interval() -> Result<Duration, ConfigError> {
    Ok(environment::milliseconds(env::METRIC_EXPORT_INTERVAL)?.unwrap_or(Duration::from_mins(1)))
}

/// How long one push of metrics may take; the specification's default is 30 seconds.
pub(crate) fn metric_timeout() -> Result<Duration, ConfigError> {
    Ok(environment::milliseconds(env::METRIC_EXPORT_TIMEOUT)?.unwrap_or(Duration::from_secs(30)))
}

/// Where metrics are served: on loopback unless asked otherwise.
#[cfg_attr(not(feature = "prometheus"), allow(dead_code))]
pub(crate) fn prometheus_address() -> Result<SocketAddr, ConfigError> {
    let host = match environment::text(env::PROMETHEUS_HOST)? {
        None => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(host) if host == "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        Some(host) => host.parse().map_err(|_| {
            ConfigError::invalid(env::PROMETHEUS_HOST, host, "`localhost` or an IP address to listen on")
        })?,
    };
    let port = match environment::text(env::PROMETHEUS_PORT)? {
        None => 9464,
        Some(port) => port.parse().map_err(|_| {
            ConfigError::invalid(env::PROMETHEUS_PORT, port, "a port from 0 (any free one) to 65535")
        })?,
    };
    Ok(SocketAddr::new(host, port))
}

/// Who the program is: what was detected, above it the environment's word, and above that the code's.
pub(crate) fn resource(
    service_name: Option<&str>,
    environment: Option<Environment>,
    attributes: Vec<KeyValue>,
    detected: Vec<KeyValue>,
) -> Result<Resource, ConfigError> {
    let from_env = Resource::builder().build();
    let named = from_env.get(&opentelemetry::Key::from_static_str("service.name"));
    let named = named.map(|name| name.to_string()).filter(|name| !name.starts_with("unknown_service"));
    let name = service_name.map(ToOwned::to_owned).or(environment::text(env::SERVICE_NAME)?).or(named);
    // What the specification prescribes for a service that nobody has named.
    let name = name.unwrap_or_else(|| {
        let program = std::env::current_exe().ok();
        let program = program.as_ref().and_then(|path| path.file_stem()).map(|stem| stem.to_string_lossy());
        program.map_or_else(|| "unknown_service".to_owned(), |program| format!("unknown_service:{program}"))
    });
    let detected = detected.into_iter().filter(|attribute| from_env.get(&attribute.key).is_none());
    let mut builder = Resource::builder().with_attributes(detected).with_service_name(name);
    // Who says neither in code nor in `ENVIRONMENT` may have said it among the attributes.
    let named = from_env.get(&opentelemetry::Key::from_static_str(DEPLOYMENT_ENVIRONMENT)).is_some();
    if environment.is_some() || !named {
        let environment = environment.unwrap_or(Environment::Dev);
        builder = builder.with_attribute(KeyValue::new(DEPLOYMENT_ENVIRONMENT, environment.as_str()));
    }
    Ok(builder.with_attributes(attributes).build())
}

/// Semantic conventions 1.37, stable.
const DEPLOYMENT_ENVIRONMENT: &str = "deployment.environment.name";

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "llm")]
    #[test]
    fn a_budget_is_dollars_and_the_time_that_they_are_for() {
        let dollars = |text: &str| BudgetLimits::new().money(text.parse().expect("an amount"));
        for (text, limits) in [
            ("$100", Some(dollars("$100"))),
            (" 0.5 ", Some(dollars("$0.50"))),
            ("$100/day", Some(dollars("$100").per_day())),
            ("$5 / hour", Some(dollars("$5").per_hour())),
            ("$1/90m", Some(dollars("$1").per(Duration::from_mins(90)))),
            ("$0", None),
            ("$1/", None),
            ("$1/0s", None),
            ("$1/fortnight", None),
            ("lots", None),
        ] {
            assert_eq!(budget_of(text), limits, "{text}");
        }
    }

    #[test]
    fn a_name_that_is_not_known_or_not_compiled_in_is_refused_with_what_is_there_and_what_brings_the_rest() {
        let known = [("b3", "context", true), ("xray", "xray", false)];
        let refused = |text: &str| {
            let parsed = Wanted::parse(env::PROPAGATORS, text.to_owned(), &known);
            parsed.expect_err(text).to_string()
        };
        assert_eq!(
            refused("b3,ottrace"),
            "`OTEL_PROPAGATORS` is \"b3,ottrace\", expected a comma-separated list of `b3`, `none`, `xray` (needs the cargo feature `xray` of tta)"
        );
        assert_eq!(
            refused("xray"),
            "`OTEL_PROPAGATORS` asks for \"xray\", which needs the cargo feature `xray` of tta; this build has `b3`, `none`"
        );
        let wanted = Wanted::parse(env::PROPAGATORS, " b3 ,none,b3".to_owned(), &known).expect("it is right");
        assert_eq!(wanted.or(&["xray"]), ["b3"], "each once, and in place of the default");
        assert_eq!(Wanted::Default.or(&["xray"]), ["xray"]);
    }
}
