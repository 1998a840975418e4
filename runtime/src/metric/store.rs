//! The closed-world store: the series of every family, and a snapshot of them for exporters.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::SystemTime;

use super::cell::{Counter, Gauge, Histogram, Sharded};
use super::exemplar::{Exemplar, Exemplars};
use super::family::{FAMILIES, Family, FamilyKind, ONLY_OTLP};
pub(crate) use super::series::{Labels, SeriesLabels};

/// The series of every family that the catalog declares.
#[derive(Debug)]
pub(crate) struct Store {
    families: BTreeMap<&'static str, Series>,
    /// Those that are only over OTLP.
    only_otlp: BTreeMap<&'static str, Series>,
    /// How often each model has failed in a row.
    #[cfg(feature = "llm")]
    streaks: RwLock<Streaks>,
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "only OTLP wants to know"))]
    created: SystemTime,
}

/// By provider and model.
#[cfg(feature = "llm")]
type Streaks = BTreeMap<(Box<str>, Box<str>), Arc<std::sync::atomic::AtomicU32>>;

#[derive(Debug)]
struct Series {
    family: &'static Family,
    cells: RwLock<BTreeMap<SeriesLabels, Entry>>,
}

/// One series.
#[derive(Debug)]
struct Entry {
    /// Its value is their sum: functions of one name share their series, and some series leave out a label by
    /// which their calls are counted.
    cells: Vec<Cell>,
    /// Of a histogram.
    exemplars: Option<Arc<Exemplars>>,
}

impl Entry {
    fn new(family: &'static Family) -> Self {
        let exemplars = (family.kind() == FamilyKind::Histogram).then(|| Arc::new(Exemplars::new(family)));
        Entry { cells: Vec::new(), exemplars }
    }
}

#[derive(Clone, Debug)]
enum Cell {
    Counter(Arc<Counter>),
    Gauge(Arc<Gauge>),
    Histogram(Arc<Histogram>),
    /// What calls count, a row for each thread.
    Calls(Arc<Sharded>, Part),
}

/// Which of the numbers in a row a series shows.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// The number at this place.
    Count(usize),
    /// What has begun, at `begun`, and not ended, in `ended`.
    Active { begun: usize, ended: Range<usize> },
    /// A sum, and the buckets.
    Distribution { sum: usize, buckets: Range<usize> },
}

impl Cell {
    fn new(family: &Family) -> Self {
        match family.kind() {
            FamilyKind::Counter => Cell::Counter(Arc::default()),
            FamilyKind::Gauge => Cell::Gauge(Arc::default()),
            FamilyKind::Histogram => {
                Cell::Histogram(Arc::new(Histogram::new(family.buckets(), family.unit().resolution())))
            }
        }
    }

    fn read(&self) -> Reading {
        match self {
            Cell::Counter(counter) => Reading::Counter(counter.get()),
            Cell::Gauge(gauge) => Reading::Gauge(gauge.get()),
            Cell::Histogram(histogram) => {
                let (buckets, sum) = histogram.get();
                Reading::Histogram { buckets, sum }
            }
            Cell::Calls(calls, Part::Count(at)) => Reading::Counter(calls.get(*at)),
            Cell::Calls(calls, Part::Active { begun, ended }) => {
                // In this order a call that ends in between is not counted as one that ended before it began.
                let ended = calls.sum(ended.clone());
                Reading::Gauge(calls.get(*begun).wrapping_sub(ended).cast_signed())
            }
            Cell::Calls(calls, Part::Distribution { sum, buckets }) => {
                Reading::Histogram { buckets: calls.read(buckets.clone()), sum: calls.get(*sum) }
            }
        }
    }
}

static GLOBAL: LazyLock<Store> = LazyLock::new(Store::new);

impl Store {
    /// How often a model has failed in a row.
    #[cfg(feature = "llm")]
    pub(crate) fn streak(&self, provider: &str, model: &str) -> Arc<std::sync::atomic::AtomicU32> {
        let mut streaks = self.streaks.write().unwrap_or_else(PoisonError::into_inner);
        streaks.entry((provider.into(), model.into())).or_default().clone()
    }

    /// The process's store. It exists from the first call on, so calls before `init` lose nothing.
    pub(crate) fn global() -> &'static Store {
        &GLOBAL
    }

    pub(crate) fn new() -> Self {
        let empty = |families: &[&'static Family]| {
            let empty = |family: &&'static Family| Series { family, cells: RwLock::default() };
            families.iter().map(|family| (family.name(), empty(family))).collect()
        };
        Store {
            families: empty(FAMILIES),
            only_otlp: empty(ONLY_OTLP),
            #[cfg(feature = "llm")]
            streaks: RwLock::default(),
            created: SystemTime::now(),
        }
    }

    /// When counting began.
    #[cfg(feature = "otlp")]
    pub(crate) fn created(&self) -> SystemTime {
        self.created
    }

    /// The counter of `family` with `labels`, at 0 if it is new.
    pub(crate) fn counter(&self, family: &'static Family, labels: Labels) -> Arc<Counter> {
        match self.cell(family, labels) {
            Cell::Counter(counter) => counter,
            // Not reachable from a declaration in `family`; a value nobody reads beats a panic.
            _ => Arc::default(),
        }
    }

    /// The gauge of `family` with `labels`.
    pub(crate) fn gauge(&self, family: &'static Family, labels: Labels) -> Arc<Gauge> {
        match self.cell(family, labels) {
            Cell::Gauge(gauge) => gauge,
            _ => Arc::default(),
        }
    }

    /// The histogram of `family` with `labels`.
    pub(crate) fn histogram(&self, family: &'static Family, labels: Labels) -> Arc<Histogram> {
        match self.cell(family, labels) {
            Cell::Histogram(histogram) => histogram,
            _ => Arc::new(Histogram::new(family.buckets(), family.unit().resolution())),
        }
    }

    fn cell(&self, family: &'static Family, labels: Labels) -> Cell {
        let known = self.families.get(family.name());
        let Some(series) = known.or_else(|| self.only_otlp.get(family.name())) else {
            return Cell::new(family);
        };
        let mut cells = series.cells.write().unwrap_or_else(PoisonError::into_inner);
        let Entry { cells, .. } = cells.entry(labels.into()).or_insert_with(|| Entry::new(family));
        let own = cells.iter().find(|cell| !matches!(cell, Cell::Calls(..))).cloned();
        own.unwrap_or_else(|| {
            let new = Cell::new(family);
            cells.push(new.clone());
            new
        })
    }

    /// Lets the series of `family` with `labels` show `part` of what `calls` count, besides what it shows.
    pub(crate) fn show(&self, family: &'static Family, labels: Labels, calls: &Arc<Sharded>, part: Part) {
        if let Some(series) = self.families.get(family.name()) {
            let mut cells = series.cells.write().unwrap_or_else(PoisonError::into_inner);
            let entry = cells.entry(labels.into()).or_insert_with(|| Entry::new(family));
            entry.cells.push(Cell::Calls(calls.clone(), part));
        }
    }

    /// Where the exemplars of a histogram are, if there is such a series.
    pub(crate) fn exemplars(&self, family: &'static Family, labels: &Labels) -> Option<Arc<Exemplars>> {
        let cells = self.families.get(family.name())?.cells.read().unwrap_or_else(PoisonError::into_inner);
        cells.get(labels)?.exemplars.clone()
    }

    /// Takes the series of `family` out, for those whose labels change when `init` runs again.
    pub(crate) fn clear(&self, family: &'static Family) {
        if let Some(series) = self.families.get(family.name()) {
            series.cells.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }

    /// Every series and its value at this moment, families and series in a fixed order.
    pub(crate) fn snapshot(&self) -> Vec<FamilySnapshot> {
        self.families.values().map(Series::snapshot).collect()
    }

    /// The same of those families that are only over OTLP.
    #[cfg(feature = "otlp")]
    pub(crate) fn only_otlp(&self) -> impl Iterator<Item = FamilySnapshot> {
        self.only_otlp.values().map(Series::snapshot)
    }
}

impl Series {
    fn snapshot(&self) -> FamilySnapshot {
        let cells = self.cells.read().unwrap_or_else(PoisonError::into_inner);
        let series = cells
            .iter()
            .filter_map(|(labels, Entry { cells, exemplars })| {
                let reading = cells.iter().map(Cell::read).reduce(Reading::plus)?;
                let exemplars = exemplars.as_ref().map(|exemplars| exemplars.get()).unwrap_or_default();
                Some(SeriesSnapshot { labels: labels.clone(), reading, exemplars })
            })
            .collect();
        FamilySnapshot { family: self.family, series }
    }
}

/// A family with its series' values.
#[derive(Debug)]
pub(crate) struct FamilySnapshot {
    pub(crate) family: &'static Family,
    pub(crate) series: Vec<SeriesSnapshot>,
}

/// One series' labels and value.
#[derive(Debug)]
pub(crate) struct SeriesSnapshot {
    pub(crate) labels: SeriesLabels,
    pub(crate) reading: Reading,
    /// Of a histogram, by bucket; empty if there are none.
    #[cfg_attr(
        not(any(feature = "otlp", feature = "prometheus")),
        allow(dead_code, reason = "only they show them")
    )]
    pub(crate) exemplars: Vec<Option<Exemplar>>,
}

impl SeriesSnapshot {
    /// A series without exemplars.
    #[cfg(any(all(test, any(feature = "otlp", feature = "prometheus")), feature = "process"))]
    pub(crate) fn new(labels: Labels, reading: Reading) -> Self {
        SeriesSnapshot { labels: labels.into(), reading, exemplars: Vec::new() }
    }
}

/// A series' value, in integers of the unit's resolution.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reading {
    Counter(u64),
    Gauge(i64),
    /// Observations per bucket, not accumulated; the last is above every bound.
    Histogram {
        buckets: Vec<u64>,
        sum: u64,
    },
}

impl Reading {
    /// The sum of two readings of the same kind.
    fn plus(self, other: Reading) -> Reading {
        match (self, other) {
            (Reading::Counter(a), Reading::Counter(b)) => Reading::Counter(a.wrapping_add(b)),
            (Reading::Gauge(a), Reading::Gauge(b)) => Reading::Gauge(a.wrapping_add(b)),
            (Reading::Histogram { mut buckets, sum }, Reading::Histogram { buckets: more, sum: plus }) => {
                buckets.iter_mut().zip(more).for_each(|(bucket, more)| *bucket += more);
                Reading::Histogram { buckets, sum: sum.wrapping_add(plus) }
            }
            // Not reachable: a family has one kind.
            (first, _) => first,
        }
    }
}
