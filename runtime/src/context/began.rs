//! When a workflow began.

use std::time::{Duration, SystemTime};

#[cfg(feature = "telemetry")]
use crate::span::clock::{Tick, system_time};

/// One reading of the clock that spans have.
#[cfg(feature = "telemetry")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began(pub(crate) Tick);

#[cfg(feature = "telemetry")]
impl Began {
    pub(super) fn now() -> Self {
        Began(Tick::now())
    }

    pub(super) fn wall(self) -> SystemTime {
        system_time(self.0.wall())
    }

    pub(super) fn elapsed(self) -> Duration {
        Duration::from_nanos(self.0.until(Tick::now()))
    }
}

/// One reading of each of the system's clocks.
#[cfg(not(feature = "telemetry"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began(std::time::Instant, SystemTime);

#[cfg(not(feature = "telemetry"))]
impl Began {
    pub(crate) fn now() -> Self {
        Began(std::time::Instant::now(), SystemTime::now())
    }

    pub(super) fn wall(self) -> SystemTime {
        self.1
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
