//! Time: one monotonic reading for durations, and what it is in wall-clock time.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quanta::Clock;

/// A reading of the processor's own counter, where that is steady; else of the system's monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(u64);

/// The counter and its rate, and the reading from which wall-clock time is counted.
static CLOCK: LazyLock<(Clock, u64)> = LazyLock::new(|| {
    let clock = Clock::new();
    let origin = clock.raw();
    (clock, origin)
});

/// Wall-clock time at the origin, in nanoseconds since 1970; good until the year 2554. 0 means not yet known.
static WALL_AT_ORIGIN: AtomicU64 = AtomicU64::new(0);

/// Further than this from the system's clock, the anchor is moved; nearer is left alone, so that the
/// spans of one trace keep their order.
const MAX_DRIFT: u64 = 1_000_000;

impl Tick {
    pub(crate) fn now() -> Self {
        Tick(CLOCK.0.raw())
    }

    /// Nanoseconds from `self` to `later`.
    pub(crate) fn until(self, later: Tick) -> u64 {
        CLOCK.0.delta_as_nanos(self.0, later.0.max(self.0))
    }

    /// Wall-clock time, in nanoseconds since 1970.
    pub(crate) fn wall(self) -> u64 {
        if WALL_AT_ORIGIN.load(Relaxed) == 0 {
            follow_system_clock();
        }
        WALL_AT_ORIGIN.load(Relaxed).saturating_add(self.since_origin())
    }

    fn since_origin(self) -> u64 {
        let (clock, origin) = &*CLOCK;
        clock.delta_as_nanos(*origin, self.0.max(*origin))
    }
}

/// Moves the anchor if the system's clock was set, or has been slewed away from the counter.
pub(crate) fn follow_system_clock() {
    let anchor = nanoseconds(SystemTime::now()).saturating_sub(Tick::now().since_origin());
    if WALL_AT_ORIGIN.load(Relaxed).abs_diff(anchor) > MAX_DRIFT {
        WALL_AT_ORIGIN.store(anchor, Relaxed);
    }
}

/// Nanoseconds since 1970.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The time that is so many nanoseconds after 1970 began.
pub(crate) fn system_time(nanoseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::Tick;
    use std::time::{Duration, Instant, SystemTime};

    #[test]
    fn a_tick_is_the_wall_clock_time_at_which_it_was_read() {
        let before = SystemTime::now();
        let tick = super::system_time(Tick::now().wall());
        let after = SystemTime::now();
        let slack = Duration::from_millis(2);
        assert!(before - slack <= tick && tick <= after + slack);
    }

    #[test]
    fn ticks_measure_what_the_system_measures() {
        let (tick, instant) = (Tick::now(), Instant::now());
        std::thread::sleep(Duration::from_millis(50));
        let measured = Duration::from_nanos(tick.until(Tick::now()));
        let elapsed = instant.elapsed();
        assert!(measured.abs_diff(elapsed) < elapsed / 50, "{measured:?} and {elapsed:?}");
        assert_eq!(Tick::now().until(tick), 0, "time does not run backwards");
    }
}
