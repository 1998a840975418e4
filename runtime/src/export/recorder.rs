//! The store mirrored to a recorder of the `metrics` facade: one that the program has.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use metrics::{Key, KeyName, Label, Level, Metadata, Recorder};

use crate::metric::family::{Family, FamilyKind, Producer, Unit};
use crate::metric::store::{FamilySnapshot, Labels, Reading, SeriesLabels};
use crate::names;
use crate::pipeline::{Accepted, Aside, ExportFailure, MetricExport, Patience};

/// Writes readings of the store to a recorder.
pub(crate) struct Mirror {
    target: Target,
    written: Arc<Mutex<Written>>,
    aside: Aside<()>,
}

#[derive(Clone)]
enum Target {
    /// Given to the builder.
    Own(Arc<dyn Recorder + Send + Sync>),
    /// The one that the program has installed for the facade.
    Global,
}

/// What the recorder knows of histograms already: it only takes what is new.
#[derive(Debug, Default)]
struct Written(BTreeMap<(&'static str, SeriesLabels), Distribution>);

#[derive(Debug, Default)]
struct Distribution {
    buckets: Vec<u64>,
    /// Of what was recorded, in the family's unit.
    sum: f64,
}

/// The facade's recorder stays for the life of the process, and with it what it was told.
static GLOBAL: LazyLock<Arc<Mutex<Written>>> = LazyLock::new(Arc::default);

impl Mirror {
    /// To a recorder of the program's own.
    pub(crate) fn to(recorder: impl Recorder + Send + Sync + 'static) -> Self {
        Mirror { target: Target::Own(Arc::new(recorder)), written: Arc::default(), aside: Aside::default() }
    }

    /// To the recorder that is installed for the facade, if there is one.
    pub(crate) fn to_installed() -> Option<Self> {
        // In place of none there is one that does nothing and has nothing. There is no other way to ask.
        let is_installed = metrics::with_recorder(|recorder| size_of_val(recorder) > 0);
        is_installed.then(|| Mirror {
            target: Target::Global,
            written: GLOBAL.clone(),
            aside: Aside::default(),
        })
    }
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").finish_non_exhaustive()
    }
}

impl MetricExport for Mirror {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn export(
        &mut self,
        families: Vec<FamilySnapshot>,
        _patience: Patience,
    ) -> BoxFuture<'_, Result<Accepted, ExportFailure>> {
        let (target, written) = (self.target.clone(), self.written.clone());
        let write = move || {
            let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
            match &target {
                Target::Own(recorder) => written.write(&families, &**recorder),
                Target::Global => metrics::with_recorder(|recorder| written.write(&families, recorder)),
            }
        };
        Box::pin(async move {
            self.aside.run(write).await?;
            Ok(Accepted::default())
        })
    }
}

const METADATA: Metadata<'static> = Metadata::new(names::SCOPE, Level::INFO, None);

impl Written {
    fn write(&mut self, families: &[FamilySnapshot], recorder: &dyn Recorder) {
        // A program with a recorder has often had the process's own there before, and as other kinds.
        let ours = families.iter().filter(|snapshot| snapshot.family.producer() != Producer::Process);
        for FamilySnapshot { family, series } in ours {
            if !series.is_empty() {
                describe(family, recorder);
            }
            for series in series {
                // Asked for each time: a recorder may forget series that have been idle.
                let key = key(family, &series.labels);
                let unit = family.unit();
                match &series.reading {
                    Reading::Counter(value) if is_whole(unit) => {
                        recorder.register_counter(&key, &METADATA).absolute(*value);
                    }
                    // The facade's counters take whole numbers only.
                    Reading::Counter(value) => {
                        recorder.register_gauge(&key, &METADATA).set(unit.from_stored(*value));
                    }
                    Reading::Gauge(value) => {
                        let value = *value as f64 / unit.resolution() as f64;
                        recorder.register_gauge(&key, &METADATA).set(value);
                    }
                    Reading::Histogram { buckets, sum } => {
                        let known = self.0.entry((family.name(), series.labels.clone())).or_default();
                        let histogram = recorder.register_histogram(&key, &METADATA);
                        for (value, count) in known.advance(family.buckets(), buckets, unit.from_stored(*sum))
                        {
                            histogram.record_many(value, usize::try_from(count).unwrap_or(usize::MAX));
                        }
                    }
                }
            }
        }
    }
}

fn is_whole(unit: Unit) -> bool {
    unit.resolution() == 1
}

fn describe(family: &'static Family, recorder: &dyn Recorder) {
    let name = KeyName::from_const_str(family.name());
    let unit = match family.unit() {
        Unit::One | Unit::Ratio | Unit::Dollars => metrics::Unit::Count,
        Unit::Seconds => metrics::Unit::Seconds,
        Unit::Bytes => metrics::Unit::Bytes,
    };
    let help = family.description().into();
    match family.kind() {
        FamilyKind::Counter if is_whole(family.unit()) => recorder.describe_counter(name, Some(unit), help),
        FamilyKind::Counter | FamilyKind::Gauge => recorder.describe_gauge(name, Some(unit), help),
        FamilyKind::Histogram => recorder.describe_histogram(name, Some(unit), help),
    }
}

fn key(family: &'static Family, labels: &Labels) -> Key {
    let labels: Vec<_> = labels.iter().map(|(name, value)| Label::new(*name, value.clone())).collect();
    Key::from_parts(family.name(), labels)
}

impl Distribution {
    /// Takes over what the store has now. Returns values to record, and how often: as many in each bucket as
    /// are new there, and together as much as they took.
    fn advance(&mut self, bounds: &[f64], buckets: &[u64], sum: f64) -> Vec<(f64, u64)> {
        self.buckets.resize(buckets.len(), 0);
        let new: Vec<u64> =
            buckets.iter().zip(&self.buckets).map(|(now, before)| now.saturating_sub(*before)).collect();
        let values = spread(bounds, &new, sum - self.sum);
        self.buckets.iter_mut().zip(&new).for_each(|(known, new)| *known += new);
        self.sum += values.iter().map(|(value, count)| value * *count as f64).sum::<f64>();
        values
    }
}

/// The least share of a bucket's width that a value is above its lower bound, which belongs to the bucket below.
const LEAST: f64 = 1e-6;

/// A value for each bucket that is not empty: all at the same share of their bucket's width, chosen so that
/// the sum is `sum`, as far as buckets allow that.
fn spread(bounds: &[f64], counts: &[u64], sum: f64) -> Vec<(f64, u64)> {
    let lowers = || std::iter::once(0.0).chain(bounds.iter().copied());
    let closed = || lowers().zip(bounds).zip(counts).map(|((lower, upper), count)| (lower, *upper, *count));
    let last = bounds.last().copied().unwrap_or(0.0);
    let above = counts.get(bounds.len()).copied().unwrap_or(0);
    let least = closed().map(|(lower, _, count)| lower * count as f64).sum::<f64>();
    let width = closed().map(|(lower, upper, count)| (upper - lower) * count as f64).sum::<f64>();
    // What is above every bound has no width: the others are taken to be in the middle of theirs, and it gets
    // the rest.
    let rest = (sum - least - width / 2.0) / above.max(1) as f64;
    let highest = rest.max(last * (1.0 + LEAST));
    let share = if width > 0.0 { (sum - least - highest * above as f64) / width } else { 0.0 };
    let share = share.clamp(LEAST, 1.0);
    let value = |(lower, upper, count): (f64, f64, u64)| ((upper - lower).mul_add(share, lower), count);
    closed().map(value).chain([(highest, above)]).filter(|(_, count)| *count > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: &[f64] = &[1.0, 5.0, 10.0];

    #[test]
    fn values_stay_in_their_buckets_and_add_up_to_the_sum() {
        for (counts, sum) in [
            ([4, 0, 0, 0], 1.0),
            ([4, 0, 0, 0], 4.0),
            ([1, 2, 3, 0], 30.0),
            ([0, 0, 1, 0], 10.0),
            ([0, 0, 0, 2], 77.0),
            ([3, 1, 4, 2], 60.5),
            ([10, 0, 0, 1], 10.5),
            ([0, 0, 0, 0], 0.0),
        ] {
            let values = spread(BOUNDS, &counts, sum);
            let mut found = [0; 4];
            for (value, count) in &values {
                found[BOUNDS.partition_point(|bound| bound < value)] += count;
            }
            assert_eq!(found, counts, "{values:?}");
            let total: f64 = values.iter().map(|(value, count)| value * *count as f64).sum();
            assert!((total - sum).abs() < 1e-3, "{values:?} add up to {total}, not {sum}");
        }
    }

    #[test]
    fn only_what_is_new_is_recorded() {
        let mut known = Distribution::default();
        assert_eq!(known.advance(BOUNDS, &[2, 0, 0, 0], 1.0), [(0.5, 2)]);
        assert_eq!(known.advance(BOUNDS, &[2, 0, 0, 0], 1.0), []);
        let values = known.advance(BOUNDS, &[2, 0, 1, 0], 8.5);
        assert_eq!(values, [(7.5, 1)]);
    }
}
