//! When to speak of a loss: once as it begins, once when it is over, and no more often than helps.

use std::fmt;
use std::time::{Duration, Instant};

/// A loss is said to begin this often at most; what flaps faster is counted, and told with the next line.
const SAID_EVERY: Duration = Duration::from_secs(30);

/// The losses of one exporter, or of the queue.
#[derive(Debug, Default)]
pub(super) struct Loss {
    /// What had been lost when the present loss began; `None` if there is none.
    since: Option<u64>,
    /// Its beginning has been said, so its end has to be.
    is_said: bool,
    /// When a beginning was last said.
    said: Option<Instant>,
    untold: Untold,
}

/// Losses that began and ended without a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Untold {
    times: u64,
    lost: u64,
}

impl Loss {
    pub(super) fn is_going_on(&self) -> bool {
        self.since.is_some()
    }

    /// Whether something may have to be said although nothing further happens.
    pub(super) fn is_uneasy(&self) -> bool {
        self.is_going_on() || self.untold.times > 0
    }

    /// Something is being lost, beyond the `before` that had been. Whether to say so, and what to add.
    pub(super) fn goes_on(&mut self, before: u64, now: Instant) -> Option<Untold> {
        self.since.get_or_insert(before);
        if self.is_said || self.is_too_early(now) {
            return None;
        }
        self.is_said = true;
        self.said = Some(now);
        Some(std::mem::take(&mut self.untold))
    }

    /// The loss is over, if there was one; `lost` have been lost by now. How many of them to tell of.
    pub(super) fn is_over(&mut self, lost: u64) -> Option<u64> {
        let since = self.since.take()?;
        let lost = lost.saturating_sub(since);
        if std::mem::take(&mut self.is_said) {
            return Some(lost);
        }
        self.untold.times += 1;
        self.untold.lost += lost;
        None
    }

    /// Short losses that no later line has told of: to be told now.
    pub(super) fn untold(&mut self, now: Instant) -> Option<Untold> {
        if self.untold.times == 0 || self.is_going_on() || self.is_too_early(now) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.untold))
    }

    fn is_too_early(&self, now: Instant) -> bool {
        self.said.is_some_and(|said| now.duration_since(said) < SAID_EVERY)
    }
}

impl fmt::Display for Untold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Untold { times: 0, .. } => Ok(()),
            Untold { times, lost: 0 } => write!(f, " ({times} times more since this was last said)"),
            Untold { times, lost } => {
                write!(f, " ({times} times more since this was last said; that lost {lost})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_that_flaps_every_second_is_told_of_twice_in_thirty_seconds() {
        let start = Instant::now();
        let (mut loss, mut lines, mut told) = (Loss::default(), Vec::new(), 0);
        for second in 0..120_u64 {
            let now = start + Duration::from_secs(second);
            // Down in even seconds, each of which loses ten spans.
            if second % 2 == 0 {
                if let Some(untold) = loss.goes_on(second * 5, now) {
                    lines.push((second, untold.times));
                    told += untold.lost;
                }
            } else if let Some(lost) = loss.is_over((second + 1) * 5) {
                lines.push((second, 0));
                told += lost;
            }
        }
        // Beginnings with what went untold before each, and their ends.
        assert_eq!(lines, [(0, 0), (1, 0), (30, 14), (31, 0), (60, 14), (61, 0), (90, 14), (91, 0)]);
        assert_eq!(loss.untold(start + Duration::from_secs(119)), None, "said half a minute ago at most");
        let rest = loss.untold(start + Duration::from_mins(2)).expect("it is told in the end");
        assert_eq!(told + rest.lost, 600, "every lost span is told of once");
        assert!(!loss.is_uneasy());
    }

    #[test]
    fn a_long_loss_that_began_too_early_to_be_said_is_said_later() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut loss = Loss::default();
        assert_eq!(loss.goes_on(0, start), Some(Untold::default()));
        assert_eq!(loss.is_over(10), Some(10));
        assert_eq!(loss.goes_on(10, after(5)), None);
        assert_eq!(loss.goes_on(20, after(29)), None);
        assert_eq!(loss.goes_on(30, after(30)), Some(Untold::default()));
        assert_eq!(loss.is_over(40), Some(30), "counted from its beginning");
    }
}
