//! A share of calls that may be made once more.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Further calls that calls have earned: each call a share of one, and each further call takes one.
#[derive(Debug)]
pub(super) struct Budget {
    /// What a call earns, in millionths of a further one.
    share: u32,
    /// What is there, in millionths.
    balance: AtomicU32,
}

impl Budget {
    /// What is there before the first call, so that what is seldom called can be called again.
    const RESERVE: u32 = 10 * Budget::ONE;
    /// What can be saved at most.
    const MOST: u32 = 100 * Budget::ONE;
    const ONE: u32 = 1_000_000;

    pub(super) const fn new(share: u32) -> Self {
        Budget { share, balance: AtomicU32::new(Budget::RESERVE) }
    }

    pub(super) fn earn(&self) {
        let more = |balance: u32| Some(balance.saturating_add(self.share).min(Budget::MOST));
        // It never refuses.
        let _ = self.balance.fetch_update(Relaxed, Relaxed, more);
    }

    pub(super) fn take(&self) -> bool {
        self.balance.fetch_update(Relaxed, Relaxed, |balance| balance.checked_sub(Budget::ONE)).is_ok()
    }
}
