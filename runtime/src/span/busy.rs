//! Time on the task: how long of its time a call is not waiting.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::clock::Tick;

/// How long a body has been polled, where that is measured.
#[derive(Default)]
pub(super) struct Busy {
    nanoseconds: u64,
    /// When the present poll began.
    since: Option<Tick>,
}

/// Whether it is.
static MEASURES_BUSY_TIME: AtomicBool = AtomicBool::new(false);

/// Switches the measurement of `tta.busy_ms` on or off.
pub(crate) fn measure_busy_time(on: bool) {
    MEASURES_BUSY_TIME.store(on, Relaxed);
}

impl Busy {
    #[inline]
    pub(super) fn begin(&mut self, at: Tick) {
        if MEASURES_BUSY_TIME.load(Relaxed) {
            *self = Busy { nanoseconds: 0, since: Some(at) };
        }
    }

    #[inline]
    pub(super) fn pause(&mut self, now: impl FnOnce() -> Tick) {
        if let Some(since) = self.since.take() {
            self.nanoseconds += since.until(now());
        }
    }

    #[inline]
    pub(super) fn resume(&mut self) {
        if MEASURES_BUSY_TIME.load(Relaxed) {
            self.since = Some(Tick::now());
        }
    }

    /// How many nanoseconds it was; 0 if it was not measured.
    #[inline]
    pub(super) fn end(&mut self, at: Tick) -> u64 {
        self.pause(|| at);
        std::mem::take(&mut self.nanoseconds)
    }
}
