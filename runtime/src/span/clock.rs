//! Time: one monotonic reading for durations, and what it is in wall-clock time.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A moment, in nanoseconds since the first reading in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Wall-clock time at the origin, in nanoseconds since 1970; good until the year 2554. 0 means not yet known.
static WALL_AT_ORIGIN: AtomicU64 = AtomicU64::new(0);

/// Further than this from the system's clock, the anchor is moved; nearer is left alone, so that the
/// spans of one trace keep their order.
const MAX_DRIFT: u64 = 1_000_000;

impl Tick {
    pub(crate) fn now() -> Self {
        Tick(nanoseconds(ORIGIN.elapsed()))
    }

    /// Nanoseconds from `self` to `later`.
    pub(crate) fn until(self, later: Tick) -> u64 {
        later.0.saturating_sub(self.0)
    }

    pub(crate) fn wall(self) -> SystemTime {
        if WALL_AT_ORIGIN.load(Relaxed) == 0 {
            follow_system_clock();
        }
        UNIX_EPOCH + Duration::from_nanos(WALL_AT_ORIGIN.load(Relaxed).saturating_add(self.0))
    }
}

/// Moves the anchor if the system's clock was set, or has been slewed away from the monotonic one.
pub(crate) fn follow_system_clock() {
    let wall = nanoseconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    let anchor = wall.saturating_sub(Tick::now().0);
    if WALL_AT_ORIGIN.load(Relaxed).abs_diff(anchor) > MAX_DRIFT {
        WALL_AT_ORIGIN.store(anchor, Relaxed);
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Tick;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_tick_is_the_wall_clock_time_at_which_it_was_read() {
        let before = SystemTime::now();
        let tick = Tick::now().wall();
        let after = SystemTime::now();
        let slack = Duration::from_millis(2);
        assert!(before - slack <= tick && tick <= after + slack);
    }
}
