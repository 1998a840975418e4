//! What is done for calls only where it is asked for: one word, since every call reads it.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Something that can be asked for.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Extra {
    /// `tta.busy_ms`.
    BusyTime = 1,
    /// A span of `tracing` for each call.
    #[cfg(feature = "tracing")]
    TracingSpans = 2,
}

/// What is.
#[derive(Clone, Copy)]
pub(super) struct Extras(u8);

static ASKED_FOR: AtomicU8 = AtomicU8::new(0);

/// Switches it on or off.
pub(crate) fn ask_for(extra: Extra, on: bool) {
    if on {
        ASKED_FOR.fetch_or(extra as u8, Relaxed);
    } else {
        ASKED_FOR.fetch_and(!(extra as u8), Relaxed);
    }
}

impl Extras {
    #[inline]
    pub(super) fn asked_for() -> Self {
        Extras(ASKED_FOR.load(Relaxed))
    }

    #[inline]
    pub(super) fn any(self) -> bool {
        self.0 != 0
    }

    #[inline]
    pub(super) fn has(self, extra: Extra) -> bool {
        self.0 & extra as u8 != 0
    }
}
