//! Counters, gauges and histograms: fixed-size atomics that never need upkeep.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    pub(crate) fn set(&self, n: i64) {
        self.0.store(n, Relaxed);
    }

    #[cfg_attr(not(feature = "breaker"), allow(dead_code))]
    pub(crate) fn add(&self, n: i64) {
        self.0.fetch_add(n, Relaxed);
    }

    pub(crate) fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

/// Observations in fixed buckets; values and sum are integers of the family's unit's resolution.
#[derive(Debug)]
pub(crate) struct Histogram {
    /// Upper bounds, inclusive, ascending.
    bounds: Box<[u64]>,
    /// One more than there are bounds.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    pub(crate) fn new(bounds: &[f64], resolution: u64) -> Self {
        Histogram {
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            bounds: self::bounds(bounds, resolution),
            sum: AtomicU64::new(0),
        }
    }

    /// With the buckets of `family`.
    #[cfg(all(feature = "llm", feature = "otlp"))]
    pub(crate) fn of(family: &super::family::Family) -> Self {
        Histogram::new(family.buckets(), family.unit().resolution())
    }

    /// Adds the observations of another one with the same buckets.
    #[cfg(all(feature = "llm", feature = "otlp"))]
    pub(crate) fn add(&self, other: &Histogram) {
        let (buckets, sum) = other.get();
        self.sum.fetch_add(sum, Relaxed);
        self.buckets.iter().zip(buckets).for_each(|(own, more)| _ = own.fetch_add(more, Relaxed));
    }

    pub(crate) fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.sum.fetch_add(value, Relaxed);
        self.buckets[bucket].fetch_add(1, Relaxed);
    }

    /// Observations per bucket, not accumulated, and their sum.
    pub(crate) fn get(&self) -> (Vec<u64>, u64) {
        let buckets = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        (buckets, self.sum.load(Relaxed))
    }
}

/// A row of numbers that every call changes. Each thread counts in a row of its own, with a load and a
/// store that no other thread waits for; a reading adds the rows up.
#[derive(Debug)]
pub(crate) struct Sharded {
    /// Its place among the rows of a thread, from the first count on, since most combinations of labels never
    /// get that far; before that [`UNPLACED`], and [`SHARED`] where all threads share a row.
    place: AtomicUsize,
    shared: Box<[AtomicU64]>,
    lending: Arc<Mutex<Lending>>,
}

/// The rows of the threads that have counted.
#[derive(Debug, Default)]
struct Lending {
    all: Vec<Cells>,
    /// Those of threads that have ended; what they counted stays in them, and the next thread goes on.
    free: Vec<Cells>,
}

/// The numbers of one row. They are never freed, since there are as many as threads at once.
type Cells = &'static [AtomicU64];

/// The place where no thread has a row.
const UNPLACED: usize = 0;

/// Further than any place.
const SHARED: usize = usize::MAX;

/// The next place.
static PLACES: AtomicUsize = AtomicUsize::new(UNPLACED + 1);

/// The rows of one thread, each at its place.
#[derive(Debug, Default)]
pub(crate) struct Rows(RefCell<Vec<Option<Loan>>>);

/// A row while a thread has it.
#[derive(Debug)]
struct Loan {
    cells: Cells,
    from: Arc<Mutex<Lending>>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        lock(&self.from).free.push(self.cells);
    }
}

fn lock(lending: &Mutex<Lending>) -> MutexGuard<'_, Lending> {
    lending.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sharded {
    /// A row for each thread, for the life of the process.
    pub(crate) fn new(length: usize) -> Self {
        Sharded { place: AtomicUsize::new(UNPLACED), ..Sharded::shared(length) }
    }

    /// One row for all threads, for what comes and goes.
    pub(crate) fn shared(length: usize) -> Self {
        Sharded { place: AtomicUsize::new(SHARED), shared: cells(length), lending: Arc::default() }
    }

    /// The row to count on, from those of this thread. Only this thread may.
    #[inline]
    pub(crate) fn row(&self, rows: &Rows) -> Row<'_> {
        let place = self.place.load(Relaxed);
        let own = rows.0.borrow().get(place).and_then(|loan| Some(loan.as_ref()?.cells));
        own.map_or_else(|| self.first_row(place, rows), |cells| Row { cells, is_own: true })
    }

    #[cold]
    fn first_row(&self, place: usize, rows: &Rows) -> Row<'_> {
        match place {
            SHARED => self.shared_row(),
            UNPLACED => Row { cells: self.lend(self.find_place(), rows), is_own: true },
            place => Row { cells: self.lend(place, rows), is_own: true },
        }
    }

    /// Its place from now on, which two threads may ask for at once.
    fn find_place(&self) -> usize {
        let place = PLACES.fetch_add(1, Relaxed);
        self.place.compare_exchange(UNPLACED, place, Relaxed, Relaxed).map_or_else(|known| known, |_| place)
    }

    /// The row for whoever has none.
    fn shared_row(&self) -> Row<'_> {
        Row { cells: &self.shared, is_own: false }
    }

    /// Hands out the row to count on. A thread that is ending has lost its own, and counts on the shared one.
    #[inline]
    pub(crate) fn count(&self, count: impl Fn(&Row<'_>)) {
        if crate::span::local::rows(|rows| count(&self.row(rows))).is_none() {
            count(&self.shared_row());
        }
    }

    /// The same, from the thread's rows where they are at hand.
    #[inline]
    pub(crate) fn count_with(&self, rows: Option<&Rows>, count: impl Fn(&Row<'_>)) {
        match rows {
            Some(rows) => count(&self.row(rows)),
            None => self.count(count),
        }
    }

    fn lend(&self, place: usize, rows: &Rows) -> Cells {
        let mut lending = lock(&self.lending);
        let cells = lending.free.pop().unwrap_or_else(|| {
            let cells: Cells = Box::leak(cells(self.shared.len()));
            lending.all.push(cells);
            cells
        });
        drop(lending);
        let mut rows = rows.0.borrow_mut();
        if rows.len() <= place {
            rows.resize_with(place + 1, || None);
        }
        rows[place] = Some(Loan { cells, from: self.lending.clone() });
        cells
    }

    /// The number at `at`, over all threads.
    pub(crate) fn get(&self, at: usize) -> u64 {
        self.sum(at..at + 1)
    }

    /// The numbers in `range`, over all threads, added up.
    pub(crate) fn sum(&self, range: Range<usize>) -> u64 {
        let lending = lock(&self.lending);
        let rows = lending.all.iter().copied().chain([&*self.shared]);
        rows.flat_map(|cells| &cells[range.clone()])
            .fold(0, |sum, number| sum.wrapping_add(number.load(Relaxed)))
    }

    /// The numbers in `range`, each over all threads.
    pub(crate) fn read(&self, range: Range<usize>) -> Vec<u64> {
        let mut numbers = vec![0_u64; range.len()];
        let lending = lock(&self.lending);
        for cells in lending.all.iter().copied().chain([&*self.shared]) {
            for (number, cell) in numbers.iter_mut().zip(&cells[range.clone()]) {
                *number = number.wrapping_add(cell.load(Relaxed));
            }
        }
        numbers
    }
}

fn cells(length: usize) -> Box<[AtomicU64]> {
    (0..length).map(|_| AtomicU64::new(0)).collect()
}

/// The row that a thread counts on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    cells: &'a [AtomicU64],
    /// No other thread writes to it.
    is_own: bool,
}

impl Row<'_> {
    #[inline]
    pub(crate) fn add(&self, at: usize, n: u64) {
        let cell = &self.cells[at];
        if self.is_own {
            cell.store(cell.load(Relaxed).wrapping_add(n), Relaxed);
        } else {
            cell.fetch_add(n, Relaxed);
        }
    }

    /// Counts `value` in the buckets behind `at`, where their sum is.
    #[inline]
    pub(crate) fn observe(&self, at: usize, bounds: &[u64], value: u64) {
        self.add(at, value);
        // From below: a call for which the search matters has been short.
        let bucket = bounds.iter().position(|bound| value <= *bound).unwrap_or(bounds.len());
        self.add(at + 1 + bucket, 1);
    }
}

/// Upper bounds of buckets as integers of the unit's resolution.
pub(crate) fn bounds(bounds: &[f64], resolution: u64) -> Box<[u64]> {
    #[allow(clippy::cast_sign_loss, reason = "bounds are positive")]
    bounds.iter().map(|bound| (bound * resolution as f64).round() as u64).collect()
}

#[cfg(test)]
mod tests {
    use super::{Histogram, Sharded};

    #[test]
    fn every_thread_counts_and_none_that_ended_is_forgotten() {
        let sharded = Sharded::new(2);
        for _ in 0..3 {
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| (0..1000).for_each(|_| sharded.count(|row| row.add(1, 1))));
                }
            });
        }
        assert_eq!((sharded.get(0), sharded.get(1)), (0, 12_000));
        let rows = super::lock(&sharded.lending).all.len();
        assert!(rows <= 4, "a thread takes over the row of one that ended, found {rows} rows for 4 threads");
    }

    #[test]
    fn a_value_on_a_bound_belongs_to_the_bucket_below_it() {
        let histogram = Histogram::new(&[0.001, 1.0], 1_000_000_000);
        for value in [0, 1_000_000, 1_000_001, 1_000_000_000, 1_000_000_001] {
            histogram.observe(value);
        }
        assert_eq!(histogram.get(), (vec![2, 2, 1], 2_002_000_002));
    }
}
