//! What a policy counts: series that differ in the policy's own labels, known before the first call.

use std::fmt;
#[cfg(feature = "telemetry")]
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicI64, Ordering::Relaxed},
};

#[cfg(feature = "telemetry")]
use crate::metric::cell::{Counter, Gauge, Histogram};
#[cfg(feature = "telemetry")]
use crate::metric::family::{Family, FamilyKind};
#[cfg(feature = "telemetry")]
use crate::metric::store::{Labels, Store};
#[cfg(feature = "telemetry")]
use crate::names::label;
#[cfg(feature = "telemetry")]
use crate::testing::Recording;

/// A policy of a site, as the catalog and the store see it.
pub trait Aspect: fmt::Debug + Sync {
    /// Everything that it counts.
    fn observed(&self) -> Vec<&Observed>;

    /// The circuit breaker, if it is that.
    #[cfg(feature = "breaker")]
    fn breaker(&self) -> Option<&super::Breaker> {
        None
    }

    /// What it asks of models, if it does.
    #[cfg(all(feature = "llm", feature = "telemetry"))]
    #[allow(private_interfaces, reason = "nobody outside can name it")]
    fn llm(&self) -> Option<&crate::cost::Llm> {
        None
    }

    /// The router, if it is that.
    #[cfg(all(feature = "router", feature = "telemetry"))]
    fn router(&self) -> Option<&dyn crate::router::Routing> {
        None
    }

    /// What is counted of branches, if it is that.
    #[cfg(feature = "parallel")]
    fn parallel(&self) -> Option<&crate::flow::Parallel> {
        None
    }
}

/// A family of a policy: its labels besides the function's name, and the values that they have.
#[derive(Debug)]
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
pub(crate) struct Series {
    #[cfg(feature = "telemetry")]
    pub(crate) family: &'static Family,
    pub(crate) names: &'static [&'static str],
    /// The values of all series, one behind the other.
    pub(crate) values: &'static [&'static str],
    /// Of a gauge, the series that is 1 from the start.
    pub(crate) initial: Option<usize>,
}

/// The series of one policy of one function.
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
pub struct Observed {
    name: &'static str,
    pub(super) series: &'static Series,
    /// Values that only the function knows.
    pub(super) values: Option<&'static [&'static str]>,
    #[cfg(feature = "telemetry")]
    cells: OnceLock<Box<[Cell]>>,
    /// Of a gauge that is not of one function, what it was set to.
    #[cfg(feature = "telemetry")]
    last: AtomicI64,
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed")
            .field("name", &self.name)
            .field("series", &self.series)
            .finish_non_exhaustive()
    }
}

impl Observed {
    pub(crate) const fn new(name: &'static str, series: &'static Series) -> Self {
        Observed {
            name,
            series,
            values: None,
            #[cfg(feature = "telemetry")]
            cells: OnceLock::new(),
            #[cfg(feature = "telemetry")]
            last: AtomicI64::new(1),
        }
    }
}

#[cfg(feature = "telemetry")]
impl Observed {
    /// Of nobody in particular, with these values.
    pub(crate) const fn with_values(series: &'static Series, values: &'static [&'static str]) -> Self {
        let mut observed = Observed::new("", series);
        observed.values = Some(values);
        observed
    }
}

#[cfg(not(feature = "telemetry"))]
#[allow(clippy::unused_self, dead_code, reason = "where there is telemetry it counts")]
impl Observed {
    pub(crate) fn count(&self, _place: usize) {}

    pub(crate) fn add(&self, _place: usize, _more: u64) {}

    pub(crate) fn change(&self, _place: usize, _by: i64) {}

    pub(crate) fn set(&self, _place: usize, _to: i64) {}

    pub(crate) fn observe(&self, _place: usize, _duration: std::time::Duration) {}
}

#[cfg(feature = "telemetry")]
#[derive(Clone, Debug)]
enum Cell {
    Counter(Arc<Counter>),
    Gauge(Arc<Gauge>),
    Histogram(Arc<Histogram>),
}

#[cfg(feature = "telemetry")]
#[allow(dead_code, reason = "not every feature has a gauge, or a histogram")]
impl Observed {
    pub(crate) fn family(&self) -> &'static Family {
        self.series.family
    }

    /// The values that a label has, without the function's name.
    pub(crate) fn values_of(&self, label: &str) -> impl Iterator<Item = &'static str> {
        let at = self.series.names.iter().position(|name| *name == label);
        let every = self.series.names.len().max(1);
        at.into_iter().flat_map(move |at| self.values().iter().skip(at).step_by(every).copied())
    }

    /// Opens every series in a store.
    pub(crate) fn open(&self, store: &Store) {
        for place in 0..self.places() {
            let cell = self.cell(store, place);
            if let (Cell::Gauge(gauge), true) = (cell, self.series.initial == Some(place)) {
                // What is not of one function is opened by each, and may have been set before.
                if self.is_of_function() { gauge.add(1) } else { gauge.set(self.last.load(Relaxed)) }
            }
        }
    }

    /// Counts one more.
    pub(crate) fn count(&self, place: usize) {
        self.add(place, 1);
    }

    /// Counts so many more, in the integers that the store holds.
    pub(crate) fn add(&self, place: usize, more: u64) {
        self.with(place, |cell| {
            if let Cell::Counter(counter) = cell {
                counter.add(more);
            }
        });
    }

    /// Changes a gauge.
    pub(crate) fn change(&self, place: usize, by: i64) {
        self.with(place, |cell| {
            if let Cell::Gauge(gauge) = cell {
                gauge.add(by);
            }
        });
    }

    /// Sets a gauge.
    pub(crate) fn set(&self, place: usize, to: i64) {
        self.last.store(to, Relaxed);
        self.with(place, |cell| {
            if let Cell::Gauge(gauge) = cell {
                gauge.set(to);
            }
        });
    }

    /// Adds to a histogram of seconds.
    pub(crate) fn observe(&self, place: usize, duration: std::time::Duration) {
        self.with(place, |cell| {
            if let Cell::Histogram(histogram) = cell {
                histogram.observe(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
            }
        });
    }

    /// Adds to a histogram, in the integers that the store holds.
    #[cfg(feature = "parallel")]
    pub(crate) fn observe_stored(&self, value: u64) {
        self.with(0, |cell| {
            if let Cell::Histogram(histogram) = cell {
                histogram.observe(value);
            }
        });
    }

    fn with(&self, place: usize, change: impl FnOnce(&Cell)) {
        if let Some(recording) = Recording::current() {
            return change(&self.cell(recording.store(), place));
        }
        let cells = self
            .cells
            .get_or_init(|| (0..self.places()).map(|place| self.cell(Store::global(), place)).collect());
        if let Some(cell) = cells.get(place) {
            change(cell);
        }
    }

    fn values(&self) -> &'static [&'static str] {
        self.values.unwrap_or(self.series.values)
    }

    fn places(&self) -> usize {
        if self.series.names.is_empty() { 1 } else { self.values().len() / self.series.names.len() }
    }

    fn cell(&self, store: &Store, place: usize) -> Cell {
        let family = self.series.family;
        let labels = self.labels(place);
        match family.kind() {
            FamilyKind::Counter => Cell::Counter(store.counter(family, labels)),
            FamilyKind::Gauge => Cell::Gauge(store.gauge(family, labels)),
            FamilyKind::Histogram => Cell::Histogram(store.histogram(family, labels)),
        }
    }

    fn labels(&self, place: usize) -> Labels {
        let names = self.series.names;
        let values = self.values().iter().skip(place * names.len()).copied();
        let own = names.iter().zip(values).map(|(name, value)| (*name, value.into()));
        let function = self.is_of_function().then(|| (label::PRIMITIVE_NAME, self.name.into()));
        function.into_iter().chain(own).collect()
    }

    fn is_of_function(&self) -> bool {
        self.series.family.labels().contains(&label::PRIMITIVE_NAME)
    }
}
