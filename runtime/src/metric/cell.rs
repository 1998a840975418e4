//! Counters, gauges and histograms: fixed-size atomics that never need upkeep.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

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
    pub(crate) fn add(&self, n: i64) {
        self.0.fetch_add(n, Relaxed);
    }

    pub(crate) fn set(&self, n: i64) {
        self.0.store(n, Relaxed);
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
            #[allow(clippy::cast_sign_loss, reason = "bounds are positive")]
            bounds: bounds.iter().map(|bound| (bound * resolution as f64).round() as u64).collect(),
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
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

#[cfg(test)]
mod tests {
    use super::Histogram;

    #[test]
    fn a_value_on_a_bound_belongs_to_the_bucket_below_it() {
        let histogram = Histogram::new(&[0.001, 1.0], 1_000_000_000);
        for value in [0, 1_000_000, 1_000_001, 1_000_000_000, 1_000_000_001] {
            histogram.observe(value);
        }
        assert_eq!(histogram.get(), (vec![2, 2, 1], 2_002_000_002));
    }
}
