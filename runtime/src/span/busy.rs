//! Time on the task: how long of its time a call is not waiting.

use super::clock::Tick;
use super::extras::{Extra, Extras};

/// How long a body has been polled, where that is measured.
#[derive(Default)]
pub(super) struct Busy {
    nanoseconds: u64,
    /// When the present poll began.
    since: Option<Tick>,
}

impl Busy {
    /// Measures from here on.
    pub(super) fn begin(&mut self, at: Tick) {
        *self = Busy { nanoseconds: 0, since: Some(at) };
    }

    #[inline]
    pub(super) fn pause(&mut self, now: impl FnOnce() -> Tick) {
        if let Some(since) = self.since.take() {
            self.nanoseconds += since.until(now());
        }
    }

    #[inline]
    pub(super) fn resume(&mut self) {
        if Extras::asked_for().has(Extra::BusyTime) {
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
