//! How the chunks of an answer come, one after the other.

#[cfg(feature = "otlp")]
use crate::metric::cell::Histogram;
#[cfg(feature = "otlp")]
use crate::metric::family;

/// When they have come, in nanoseconds from the beginning of the attempt.
#[derive(Debug, Default)]
pub(super) struct Pace {
    first: Option<u64>,
    latest: u64,
    /// Chunks after the first.
    further: u64,
    /// How long each of those took, where somebody counts that.
    #[cfg(feature = "otlp")]
    each: Option<Box<Histogram>>,
}

impl Pace {
    /// A chunk has come.
    pub(super) fn took(&mut self, at: u64) {
        if self.first.is_none() {
            self.first = Some(at);
        } else {
            self.further += 1;
            #[cfg(feature = "otlp")]
            self.each
                .get_or_insert_with(|| Box::new(Histogram::of(&family::CLIENT_CHUNK)))
                .observe(at.saturating_sub(self.latest));
        }
        self.latest = at;
    }

    /// How long the first one took, in nanoseconds.
    pub(super) fn first(&self) -> Option<u64> {
        self.first
    }

    /// How long a further one took on average, in nanoseconds.
    pub(super) fn average(&self) -> Option<f64> {
        let first = self.first.filter(|_| self.further > 0)?;
        Some(self.latest.saturating_sub(first) as f64 / self.further as f64)
    }

    #[cfg(feature = "otlp")]
    pub(super) fn each(&self) -> Option<&Histogram> {
        self.each.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_waited_for_and_the_others_follow_each_other() {
        let mut pace = Pace::default();
        assert_eq!((pace.first(), pace.average()), (None, None));
        pace.took(500);
        assert_eq!((pace.first(), pace.average()), (Some(500), None), "nothing has followed");
        for at in [600, 900, 1_100] {
            pace.took(at);
        }
        assert_eq!((pace.first(), pace.average()), (Some(500), Some(200.0)));
        #[cfg(feature = "otlp")]
        assert_eq!(pace.each().map(|each| each.get().1), Some(600));
    }
}
