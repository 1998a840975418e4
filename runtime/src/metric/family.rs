//! Metric families: each declared once, with everything that dashboards and rules need to know of it.

mod table;

#[cfg(any(feature = "reqwest", feature = "tower"))]
use crate::names::attribute;

pub(crate) use table::*;

/// What a family's values do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FamilyKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations in fixed buckets.
    Histogram,
}

impl FamilyKind {
    /// The word in a `# TYPE` line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Histogram => "histogram",
        }
    }
}

/// What a family's values are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unit {
    /// Things that are counted.
    One,
    /// Seconds; held as nanoseconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// A part of a whole, from 0 to 1; held as millionths.
    Ratio,
    /// US dollars; held as pico-dollars.
    Dollars,
}

impl Unit {
    /// How many of the integers that the store holds make one unit.
    #[must_use]
    pub const fn resolution(self) -> u64 {
        match self {
            Unit::One | Unit::Bytes => 1,
            Unit::Seconds => 1_000_000_000,
            Unit::Ratio => 1_000_000,
            Unit::Dollars => 1_000_000_000_000,
        }
    }

    /// The word at the end of the family's name, as OpenMetrics wants it; empty for [`Unit::One`].
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Unit::One => "",
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
            Unit::Ratio => "ratio",
            Unit::Dollars => "dollars",
        }
    }

    /// The UCUM code, as OpenTelemetry wants it.
    #[must_use]
    pub const fn ucum(self) -> &'static str {
        match self {
            Unit::One | Unit::Ratio => "1",
            Unit::Seconds => "s",
            Unit::Bytes => "By",
            // UCUM knows no money.
            Unit::Dollars => "{USD}",
        }
    }

    /// A stored integer in this unit.
    #[must_use]
    pub fn from_stored(self, stored: u64) -> f64 {
        stored as f64 / self.resolution() as f64
    }
}

/// Which part of the library emits a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Producer {
    /// Every function with `#[workflow]`.
    Workflows,
    /// Every function with `#[primitive]`.
    Primitives,
    /// Every function with `#[primitive]` that a workflow calls.
    Steps,
    /// Every annotated function.
    Components,
    /// Functions with `slo(..)`.
    Objectives,
    /// Functions with a policy.
    Policies,
    /// Functions with `#[router]`.
    #[cfg(feature = "router")]
    Routers,
    /// Functions with `#[router]` that let an [`Adaptive`](crate::router::Adaptive) choose.
    #[cfg(feature = "router")]
    AdaptiveRouters,
    /// Functions with `#[router(baseline = ..)]`.
    #[cfg(all(feature = "llm", feature = "router"))]
    ComparedRouters,
    /// Functions with a branch that has a name.
    Branches,
    /// Functions with `#[workflow(kind = "saga")]`.
    Sagas,
    /// Functions with a `bounded(N)` label.
    OpenLabels,
    /// Functions with `llm(..)`.
    #[cfg(feature = "llm")]
    Models,
    /// Functions with `llm(..)` that return a stream.
    #[cfg(feature = "llm")]
    Streams,
    /// Functions with `#[workflow]`, where any function has `llm(..)`.
    #[cfg(feature = "llm")]
    Spending,
    /// Functions with `budget`, and budgets that the program has [installed](crate::budget::install).
    #[cfg(feature = "llm")]
    Budgets,
    /// Those of them that have a limit in dollars.
    #[cfg(feature = "llm")]
    DollarBudgets,
    /// The export pipeline.
    Pipeline,
    /// What is read from and written into requests.
    Propagation,
    /// `init`.
    Init,
    /// The log.
    #[cfg(feature = "log")]
    Log,
    /// [`http::ServerLayer`](crate::http::ServerLayer).
    #[cfg(feature = "tower")]
    HttpServers,
    /// [`http::ClientLayer`](crate::http::ClientLayer).
    #[cfg(any(feature = "reqwest", feature = "tower"))]
    HttpClients,
    /// The operating system, asked when metrics are read.
    Process,
}

impl Producer {
    /// Whether annotated functions emit it.
    #[must_use]
    pub const fn is_sites(self) -> bool {
        #[cfg(feature = "llm")]
        if matches!(
            self,
            Producer::Budgets
                | Producer::DollarBudgets
                | Producer::Models
                | Producer::Streams
                | Producer::Spending
        ) {
            return true;
        }
        #[cfg(feature = "router")]
        if matches!(self, Producer::Routers | Producer::AdaptiveRouters) {
            return true;
        }
        #[cfg(all(feature = "llm", feature = "router"))]
        if matches!(self, Producer::ComparedRouters) {
            return true;
        }
        matches!(
            self,
            Producer::Workflows
                | Producer::Primitives
                | Producer::Steps
                | Producer::Components
                | Producer::Objectives
                | Producer::Policies
                | Producer::Branches
                | Producer::Sagas
        )
    }

    /// A word for reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Producer::Workflows => "workflows",
            #[cfg(feature = "log")]
            Producer::Log => "log",
            #[cfg(feature = "tower")]
            Producer::HttpServers => "HTTP servers",
            #[cfg(any(feature = "reqwest", feature = "tower"))]
            Producer::HttpClients => "HTTP clients",
            Producer::Primitives => "primitives",
            Producer::Steps => "steps",
            Producer::Components => "components",
            Producer::Objectives => "objectives",
            Producer::Policies => "policies",
            #[cfg(feature = "router")]
            Producer::Routers => "routers",
            #[cfg(feature = "router")]
            Producer::AdaptiveRouters => "adaptive routers",
            #[cfg(all(feature = "llm", feature = "router"))]
            Producer::ComparedRouters => "routers with a baseline",
            #[cfg(feature = "llm")]
            Producer::Models => "calls of models",
            #[cfg(feature = "llm")]
            Producer::Streams => "streams of models",
            #[cfg(feature = "llm")]
            Producer::Spending => "workflows that call models",
            #[cfg(feature = "llm")]
            Producer::Budgets => "budgets",
            #[cfg(feature = "llm")]
            Producer::DollarBudgets => "budgets in dollars",
            Producer::Branches => "branches",
            Producer::Sagas => "sagas",
            Producer::OpenLabels => "open labels",
            Producer::Pipeline => "pipeline",
            Producer::Propagation => "propagation",
            Producer::Init => "init",
            Producer::Process => "the operating system",
        }
    }
}

/// A metric family.
#[derive(Debug)]
pub struct Family {
    name: &'static str,
    kind: FamilyKind,
    unit: Unit,
    help: &'static str,
    labels: &'static [&'static str],
    buckets: &'static [f64],
    producer: Producer,
    /// Of requests: the label whose values come from outside.
    targets: Option<&'static str>,
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "only OTLP wants to know"))]
    otlp: Option<Convention>,
}

/// What OpenTelemetry's semantic conventions call a family, where they call it otherwise.
#[derive(Debug)]
#[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "only OTLP wants to know"))]
pub(crate) struct Convention {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) instrument: Instrument,
    /// What the conventions call the family's labels, in the same order.
    pub(crate) attributes: &'static [&'static str],
    /// Those of them whose values are numbers.
    pub(crate) numbers: &'static [&'static str],
}

/// How the conventions measure it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(
    not(all(any(feature = "reqwest", feature = "tower"), feature = "process")),
    allow(dead_code, reason = "no family of this build may be measured so")
)]
pub(crate) enum Instrument {
    Counter,
    Histogram,
    UpDownCounter,
    /// A gauge of the seconds that have passed since the family's value.
    Age,
}

impl Family {
    /// Every family that this build of tta declares. A program's [`catalog`](crate::catalog()) has those that something
    /// in it emits.
    #[must_use]
    pub fn all() -> &'static [&'static Family] {
        FAMILIES
    }

    const fn counter(name: &'static str, producer: Producer, labels: &'static [&'static str]) -> Self {
        Family {
            name,
            kind: FamilyKind::Counter,
            unit: Unit::One,
            help: "",
            labels,
            buckets: &[],
            producer,
            targets: None,
            otlp: None,
        }
    }

    const fn gauge(name: &'static str, producer: Producer, labels: &'static [&'static str]) -> Self {
        Family {
            name,
            kind: FamilyKind::Gauge,
            unit: Unit::One,
            help: "",
            labels,
            buckets: &[],
            producer,
            targets: None,
            otlp: None,
        }
    }

    const fn seconds(name: &'static str, producer: Producer, labels: &'static [&'static str]) -> Self {
        let (kind, unit) = (FamilyKind::Histogram, Unit::Seconds);
        Family { name, kind, unit, help: "", labels, buckets: SECONDS, producer, targets: None, otlp: None }
    }

    #[cfg(any(feature = "llm", feature = "parallel"))]
    const fn of(mut self, unit: Unit, buckets: &'static [f64]) -> Self {
        self.unit = unit;
        self.buckets = buckets;
        self
    }

    const fn ratio(mut self) -> Self {
        self.unit = Unit::Ratio;
        self
    }

    #[cfg(feature = "cache")]
    const fn bytes(mut self) -> Self {
        self.unit = Unit::Bytes;
        self
    }

    #[cfg(feature = "process")]
    const fn process(name: &'static str, kind: FamilyKind, unit: Unit) -> Self {
        let producer = Producer::Process;
        Family { name, kind, unit, help: "", labels: &[], buckets: &[], producer, targets: None, otlp: None }
    }

    #[cfg(feature = "process")]
    const fn otlp(mut self, name: &'static str, unit: &'static str, instrument: Instrument) -> Self {
        self.otlp = Some(Convention { name, unit, instrument, attributes: &[], numbers: &[] });
        self
    }

    /// One that is only over OTLP.
    #[cfg(all(feature = "llm", feature = "otlp"))]
    const fn of_clients(
        name: &'static str,
        labels: &'static [&'static str],
        otlp: (&'static str, &'static str),
        attributes: &'static [&'static str],
    ) -> Self {
        let mut family = Family::seconds(name, Producer::Models, labels);
        let (instrument, (name, unit)) = (Instrument::Histogram, otlp);
        family.otlp = Some(Convention { name, unit, instrument, attributes, numbers: &[] });
        family
    }

    #[cfg(any(feature = "reqwest", feature = "tower"))]
    const fn requests(
        name: &'static str,
        producer: Producer,
        labels: &'static [&'static str],
        targets: &'static str,
        otlp: &'static str,
        attributes: &'static [&'static str],
    ) -> Self {
        let mut family = Family::seconds(name, producer, labels);
        family.targets = Some(targets);
        family.buckets = REQUEST_SECONDS;
        let instrument = Instrument::Histogram;
        let numbers = &[attribute::RESPONSE_STATUS, attribute::SERVER_PORT];
        family.otlp = Some(Convention { name: otlp, unit: "s", instrument, attributes, numbers });
        family
    }

    const fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// The name in the Prometheus text format; a counter's ends in `_total`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What its values do.
    #[must_use]
    pub const fn kind(&self) -> FamilyKind {
        self.kind
    }

    /// What its values are measured in.
    #[must_use]
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// One sentence for people.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        self.help
    }

    /// The labels of every series; a function's own labels come after them.
    #[must_use]
    pub const fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    /// The upper bounds of a histogram's buckets in the family's unit, without `+Inf`.
    #[must_use]
    pub const fn buckets(&self) -> &'static [f64] {
        self.buckets
    }

    /// Of durations of requests: the label whose first [`MAX_TARGETS`] values are kept. What is not known of a request
    /// is left out of its labels.
    pub(crate) const fn targets(&self) -> Option<&'static str> {
        self.targets
    }

    /// What it is over OTLP, where that is not what it is everywhere else.
    #[cfg(feature = "otlp")]
    pub(crate) const fn convention(&self) -> Option<&Convention> {
        self.otlp.as_ref()
    }

    /// Who emits it.
    #[must_use]
    pub const fn producer(&self) -> Producer {
        self.producer
    }
}

/// Routes, and servers, that have series of their own.
pub(crate) const MAX_TARGETS: usize = 200;

/// From a cache hit to a five-minute agent run. The same at every site, since quantiles are aggregated.
pub(crate) const SECONDS: &[f64] = &[
    0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0,
    120.0, 300.0,
];

/// Those of the semantic conventions for HTTP.
#[cfg(any(feature = "reqwest", feature = "tower"))]
const REQUEST_SECONDS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
