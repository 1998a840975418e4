//! When a budget begins anew.

use super::sync::{AtomicU64, Mutex, Ordering, PoisonError};

/// Periods of one length, one after the other. Times are nanoseconds since the first one began.
#[derive(Debug)]
pub(super) struct Window {
    period: u64,
    /// When the window that is under way ends.
    ends: AtomicU64,
    /// Held by who begins a window, and waited for by who needs it.
    beginning: Mutex<()>,
}

impl Window {
    pub(super) fn new(period: u64) -> Self {
        let period = period.max(1);
        Window { period, ends: AtomicU64::new(period), beginning: Mutex::new(()) }
    }

    /// Begins the window that is under way at a time, if nobody has. When this returns, it has begun.
    pub(super) fn turn(&self, at: u64, begin: impl FnOnce()) {
        if at < self.ends.load(Ordering::Acquire) {
            return;
        }
        let _beginning = self.beginning.lock().unwrap_or_else(PoisonError::into_inner);
        if at < self.ends.load(Ordering::Acquire) {
            return;
        }
        begin();
        // By the clock and not by the call: after a quiet day the next one does not begin later.
        let ends = (at / self.period).saturating_add(1).saturating_mul(self.period);
        // Last: who sees it sees what has begun.
        self.ends.store(ends, Ordering::Release);
    }
}
