//! One quantity of one budget, and the only place where its counts change.

use super::sync::{AtomicU64, Ordering};

/// Money in pico-dollars, tokens, or calls: how many may be spent, are, and are promised to calls in flight.
///
/// The limit is checked on `committed`, which is what is spent and what is reserved in one number, so that one
/// compare-exchange both checks and takes. What is spent is counted beside it, always after it and never down:
/// `committed` is at no time less than `spent`, which makes what is reserved their difference, without a third number.
///
/// A window does not set anything to 0. It begins at what was spent by then, and all that is asked of the counts is asked of
/// their differences to that; so no call is lost or counted twice that settles while a window begins, and numbers that wrap
/// around at 2⁶⁴ do no harm.
#[derive(Debug)]
pub(super) struct Quantity {
    limit: u64,
    /// Spent since the beginning, and reserved.
    committed: AtomicU64,
    /// Spent since the beginning.
    spent: AtomicU64,
    /// What `spent` was when the window began.
    base: AtomicU64,
    /// The window, by its base, in which it was told that the threshold is passed.
    told: AtomicU64,
}

/// The counts of one quantity, at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) limit: u64,
    pub(super) spent: u64,
    pub(super) reserved: u64,
}

/// No window begins here.
const NEVER: u64 = u64::MAX;

impl Quantity {
    /// What a limit can be, and what can be spent in a window, at most: half of what a number holds, so that a difference is
    /// never taken for another. In money, nine million dollars.
    pub(super) const MOST: u64 = 1 << 63;

    pub(super) fn new(limit: u64) -> Self {
        Quantity {
            limit: limit.min(Self::MOST),
            committed: AtomicU64::new(0),
            spent: AtomicU64::new(0),
            base: AtomicU64::new(0),
            told: AtomicU64::new(NEVER),
        }
    }

    /// Takes what a call may spend, `most` if there is as much and else what is left, or says what there was when that was less
    /// than `least`, or nothing. Nothing is there to be taken whatever is spent.
    pub(super) fn reserve(&self, least: u64, most: u64) -> Result<u64, Counts> {
        if most == 0 {
            return Ok(0);
        }
        // Read before `committed`, of which it is a part: an older one makes more of what is used, never less.
        let base = self.base.load(Ordering::Acquire);
        let mut taken = 0;
        let take = |committed: u64| {
            let left = self.limit.saturating_sub(committed.wrapping_sub(base));
            taken = most.min(left);
            (left >= least.max(1)).then(|| committed.wrapping_add(taken))
        };
        match self.committed.fetch_update(Ordering::AcqRel, Ordering::Acquire, take) {
            Ok(_) => Ok(taken),
            Err(committed) => Err(self.counts_at(base, committed)),
        }
    }

    /// Gives back what was reserved.
    pub(super) fn refund(&self, reserved: u64) {
        self.committed.fetch_sub(reserved, Ordering::AcqRel);
    }

    /// Counts what a call has spent, in place of what was reserved for it: all of it, more than was reserved if it was more.
    pub(super) fn settle(&self, reserved: u64, actual: u64) {
        let base = self.base.load(Ordering::Acquire);
        let mut booked = actual;
        let book = |committed: u64| {
            let others = committed.wrapping_sub(reserved);
            // Nobody pays nine million dollars, but a server may well say so; the sum must not become small by that.
            booked = actual.min(Self::MOST.saturating_sub(others.wrapping_sub(base)));
            Some(others.wrapping_add(booked))
        };
        // It never refuses.
        let _ = self.committed.fetch_update(Ordering::AcqRel, Ordering::Acquire, book);
        // Last, so that there is never more spent than committed; who sees this sees that.
        self.spent.fetch_add(booked, Ordering::AcqRel);
    }

    /// What is spent, if it is four fifths of the limit or more: once in a window.
    pub(super) fn tell_threshold(&self) -> Option<u64> {
        let (base, spent) =
            self.in_one_window(|base| (base, self.spent.load(Ordering::Acquire).wrapping_sub(base)));
        let told = self.told.load(Ordering::Relaxed);
        // Not of a window that another one has followed.
        let is_told = told != NEVER && base.wrapping_sub(told).wrapping_sub(1) >= Self::MOST;
        if is_told || self.limit == 0 {
            return None;
        }
        // Rounded up, and without a product that could be too large.
        let is_passed = spent >= self.limit - self.limit / 5;
        let is_first =
            || self.told.compare_exchange(told, base, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        (is_passed && is_first()).then_some(spent)
    }

    /// Begins a window: what was spent no longer counts, what is reserved does. Not for two at a time.
    pub(super) fn begin_window(&self) {
        // Who sees the base must see in `committed` all that is left out by it.
        self.base.store(self.spent.load(Ordering::Acquire), Ordering::Release);
    }

    /// The counts as they are.
    pub(super) fn counts(&self) -> Counts {
        self.in_one_window(|base| {
            let spent = self.spent.load(Ordering::Acquire);
            // After `spent`, so not less than it.
            let committed = self.committed.load(Ordering::Acquire);
            Counts {
                limit: self.limit,
                spent: spent.wrapping_sub(base),
                reserved: committed.wrapping_sub(spent),
            }
        })
    }

    /// What is read between two looks at where the window begins, if both see the same. Who sees what another window has spent
    /// sees that it has begun.
    fn in_one_window<T>(&self, read: impl Fn(u64) -> T) -> T {
        let mut base = self.base.load(Ordering::Acquire);
        loop {
            let read = read(base);
            let after = self.base.load(Ordering::Acquire);
            if after == base {
                return read;
            }
            base = after;
        }
    }

    /// The counts when this was committed, whose sum is what a refusal was decided by. Of what has been settled since, none is
    /// shown as spent that was not committed.
    fn counts_at(&self, base: u64, committed: u64) -> Counts {
        let used = committed.wrapping_sub(base);
        let spent = self.spent.load(Ordering::Acquire).wrapping_sub(base).min(used);
        Counts { limit: self.limit, spent, reserved: used - spent }
    }
}
