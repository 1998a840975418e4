//! The store's numbers in process, for programs and people: no backend needed.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::family::Family;
use super::store::{FamilySnapshot, Labels, Reading, Store};
use crate::catalog::{SiteKind, sites};
use crate::names::label;
use crate::outcome::Status;

/// What every annotated function has done since the program started.
///
/// Read from the store that `/metrics` is made of, so it needs no exporter, no `init` and no backend, and
/// says what they would say. Calls that a test captures are not in it. Calls that run while it reads may be in one number and not yet in another.
///
/// ```
/// #[tta::primitive(kind = "tool")]
/// fn weigh(grams: u32) -> Result<u32, std::fmt::Error> {
///     if grams == 0 { Err(std::fmt::Error) } else { Ok(grams) }
/// }
///
/// for grams in 0..4 {
///     let _ = weigh(grams);
/// }
/// let stats = tta::stats();
/// let weigh = stats.primitive("weigh").expect("it is linked in");
/// assert_eq!((weigh.calls(), weigh.count(tta::Status::Error), weigh.active()), (4, 1, 0));
/// assert!(weigh.p50() <= weigh.p99());
/// println!("{stats}");
/// ```
#[must_use]
pub fn stats() -> Stats {
    for site in sites() {
        // Whoever was never called is listed too.
        site.bound();
    }
    Stats::read(&Store::global().snapshot())
}

/// The numbers of every annotated function; [`stats()`] reads them. Displays as a table.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    sites: Vec<SiteStats>,
}

/// The numbers of one workflow or primitive, over all its labels.
#[derive(Clone, Debug)]
pub struct SiteStats {
    kind: SiteKind,
    name: String,
    ended: [u64; Status::ALL.len()],
    errors: Vec<ErrorStats>,
    active: u64,
    durations: Durations,
}

/// How often one kind of error occurred.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorStats {
    /// What it is called: `error.type` of spans, label `error_type` of metrics.
    pub error_type: String,
    /// `transient`, `permanent` or `unknown`.
    pub category: String,
    /// How many calls ended in it.
    pub count: u64,
}

/// Observations per bucket, and their sum in nanoseconds.
#[derive(Clone, Debug, Default)]
struct Durations {
    bounds: &'static [f64],
    buckets: Vec<u64>,
    sum: u64,
}

impl Stats {
    fn read(families: &[FamilySnapshot]) -> Self {
        let mut sites = BTreeMap::new();
        for FamilySnapshot { family, series } in families {
            for series in series {
                let Some((kind, name)) = site_of(family, &series.labels) else { continue };
                let site = sites.entry((kind.as_str(), name)).or_insert_with(|| SiteStats::new(kind, name));
                site.add(family, &series.labels, &series.reading);
            }
        }
        // Workflows first, since primitives are their steps.
        let mut sites: Vec<_> = sites.into_values().collect();
        sites.sort_by_key(|site| site.kind != SiteKind::Workflow);
        Stats { sites }
    }

    /// Every workflow, then every primitive, by name.
    #[must_use]
    pub fn sites(&self) -> &[SiteStats] {
        &self.sites
    }

    /// The workflow of this name.
    #[must_use]
    pub fn workflow(&self, name: &str) -> Option<&SiteStats> {
        self.sites.iter().find(|site| site.kind == SiteKind::Workflow && site.name == name)
    }

    /// The primitive of this name.
    #[must_use]
    pub fn primitive(&self, name: &str) -> Option<&SiteStats> {
        self.sites.iter().find(|site| site.kind == SiteKind::Primitive && site.name == name)
    }
}

/// Whose series it is, if it is of one of the four families that every site has.
fn site_of<'a>(family: &'static Family, labels: &'a Labels) -> Option<(SiteKind, &'a str)> {
    let kind = [SiteKind::Workflow, SiteKind::Primitive].into_iter().find(|kind| {
        [kind.executions(), kind.duration(), kind.active(), kind.errors()]
            .iter()
            .any(|own| std::ptr::eq(*own, family))
    })?;
    // The first of the four families' labels is the site's name.
    labels.first().map(|(_, name)| (kind, &**name))
}

impl SiteStats {
    fn new(kind: SiteKind, name: &str) -> Self {
        SiteStats {
            kind,
            name: name.to_owned(),
            ended: Default::default(),
            errors: Vec::new(),
            active: 0,
            durations: Durations::default(),
        }
    }

    fn add(&mut self, family: &'static Family, labels: &Labels, reading: &Reading) {
        let value = |wanted: &str| {
            let found = labels.iter().find(|(name, _)| *name == wanted);
            found.map_or("", |(_, value)| &**value)
        };
        match reading {
            Reading::Counter(count) if std::ptr::eq(family, self.kind.executions()) => {
                let status = value(label::STATUS);
                if let Some(at) = Status::ALL.iter().position(|known| known.as_str() == status) {
                    self.ended[at] += count;
                }
            }
            Reading::Counter(0) => {}
            Reading::Counter(count) => {
                let (error_type, category) = (value(label::ERROR_TYPE), value(label::CATEGORY));
                let same =
                    |known: &&mut ErrorStats| known.error_type == error_type && known.category == category;
                match self.errors.iter_mut().find(same) {
                    Some(known) => known.count += count,
                    None => self.errors.push(ErrorStats {
                        error_type: error_type.to_owned(),
                        category: category.to_owned(),
                        count: *count,
                    }),
                }
            }
            // Read between the end of a call and its start, as it were, it may be below 0 for a moment.
            Reading::Gauge(active) => self.active += u64::try_from(*active).unwrap_or(0),
            Reading::Histogram { buckets, sum } => self.durations.add(family, buckets, *sum),
        }
    }

    /// Which attribute the function has.
    #[must_use]
    pub fn kind(&self) -> SiteKind {
        self.kind
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls that have ended, however that was.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.ended.iter().sum()
    }

    /// Calls that have ended in this way.
    #[must_use]
    pub fn count(&self, status: Status) -> u64 {
        Status::ALL.iter().zip(self.ended).find(|(known, _)| **known == status).map_or(0, |(_, count)| count)
    }

    /// The kinds of errors that have occurred.
    #[must_use]
    pub fn errors(&self) -> &[ErrorStats] {
        &self.errors
    }

    /// Calls that run now.
    #[must_use]
    pub fn active(&self) -> u64 {
        self.active
    }

    /// The mean duration, exact; `None` before the first call has ended.
    #[must_use]
    pub fn mean(&self) -> Option<Duration> {
        self.durations.sum.checked_div(self.durations.count()).map(Duration::from_nanos)
    }

    /// The median duration, within the error of [`quantile`](SiteStats::quantile).
    #[must_use]
    pub fn p50(&self) -> Option<Duration> {
        self.quantile(0.5)
    }

    /// What 95 % of the calls were done within, within the error of [`quantile`](SiteStats::quantile).
    #[must_use]
    pub fn p95(&self) -> Option<Duration> {
        self.quantile(0.95)
    }

    /// What 99 % of the calls were done within, within the error of [`quantile`](SiteStats::quantile).
    #[must_use]
    pub fn p99(&self) -> Option<Duration> {
        self.quantile(0.99)
    }

    /// The duration that a share of `q` of the calls, from 0 to 1, did not exceed; `None` before the first
    /// call has ended.
    ///
    /// Interpolated as Prometheus' `histogram_quantile` does it: within the bucket that holds it the calls
    /// are taken to be spread evenly. The true value lies in the same bucket, so it is off by less than that
    /// bucket is wide: the bounds are 0.1, 0.5, 1, 5, 10, 25, 50, 100, 250 and 500 ms, 1, 2.5, 5, 10, 20,
    /// 30, 60, 120 and 300 s. What took longer than the last of them counts as that.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        self.durations.quantile(q)
    }
}

impl Durations {
    fn add(&mut self, family: &'static Family, buckets: &[u64], sum: u64) {
        self.bounds = family.buckets();
        self.buckets.resize(buckets.len(), 0);
        self.buckets.iter_mut().zip(buckets).for_each(|(total, count)| *total += count);
        self.sum = self.sum.saturating_add(sum);
    }

    fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = q.clamp(0.0, 1.0) * count as f64;
        let mut below = 0;
        let mut lower = 0.0;
        for (&inside, &upper) in self.buckets.iter().zip(self.bounds) {
            if inside > 0 && (below + inside) as f64 >= rank {
                let share = (rank - below as f64) / inside as f64;
                return Duration::try_from_secs_f64(lower + (upper - lower) * share).ok();
            }
            below += inside;
            lower = upper;
        }
        Duration::try_from_secs_f64(lower).ok()
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["", "calls", "errors", "cancelled", "active", "p50", "p95", "p99"];
        let rows: Vec<_> = self.sites.iter().map(row).collect();
        let mut widths = head.map(str::len);
        for (cells, _) in &rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        line(f, &head.map(ToOwned::to_owned), &widths, "")?;
        for (cells, errors) in &rows {
            f.write_str("\n")?;
            line(f, cells, &widths, errors)?;
        }
        Ok(())
    }
}

/// A site's cells, and what its errors were.
fn row(site: &SiteStats) -> ([String; 8], String) {
    let duration = |duration: Option<Duration>| duration.map_or_else(|| "-".to_owned(), short);
    let cells = [
        format!("{} {}", site.kind.as_str(), site.name),
        site.calls().to_string(),
        site.count(Status::Error).to_string(),
        site.count(Status::Cancelled).to_string(),
        site.active.to_string(),
        duration(site.p50()),
        duration(site.p95()),
        duration(site.p99()),
    ];
    let errors: Vec<_> =
        site.errors.iter().map(|error| format!("{} {}", error.error_type, error.count)).collect();
    (cells, errors.join(", "))
}

/// Two digits: more would promise what buckets cannot keep.
fn short(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        _ if seconds >= 1.0 => (seconds, "s"),
        _ if seconds >= 1e-3 => (seconds * 1e3, "ms"),
        _ => (seconds * 1e6, "us"),
    };
    if value >= 10.0 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

/// The first column to the left, numbers to the right, and errors after them.
fn line(f: &mut fmt::Formatter<'_>, cells: &[String; 8], widths: &[usize; 8], errors: &str) -> fmt::Result {
    let [name, numbers @ ..] = cells;
    let [width, others @ ..] = widths;
    write!(f, "{name:width$}")?;
    for (cell, width) in numbers.iter().zip(others) {
        write!(f, "  {cell:>width$}")?;
    }
    if errors.is_empty() { Ok(()) } else { write!(f, "  {errors}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::family::PRIMITIVE_DURATION;

    fn durations(counts: &[(usize, u64)]) -> Durations {
        let mut buckets = vec![0; PRIMITIVE_DURATION.buckets().len() + 1];
        for (at, count) in counts {
            buckets[*at] = *count;
        }
        let mut durations = Durations::default();
        durations.add(&PRIMITIVE_DURATION, &buckets, 0);
        durations
    }

    #[test]
    fn a_quantile_is_interpolated_within_its_bucket() {
        let milliseconds =
            |q| durations(&[(4, 50), (5, 50)]).quantile(q).map(|found| found.as_secs_f64() * 1e3);
        // 5 to 10 ms, then 10 to 25 ms.
        assert_eq!(milliseconds(0.25), Some(7.5));
        assert_eq!(milliseconds(0.5), Some(10.0));
        assert_eq!(milliseconds(0.75), Some(17.5));
        assert_eq!(milliseconds(1.0), Some(25.0));
    }

    #[test]
    fn what_is_above_every_bound_counts_as_the_last_bound() {
        assert_eq!(durations(&[(19, 1)]).quantile(0.5), Some(Duration::from_mins(5)));
        assert_eq!(durations(&[]).quantile(0.5), None);
    }
}
