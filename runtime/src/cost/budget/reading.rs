//! What gauges and events show of a budget.

use std::fmt;

use super::quantity::Counts;
use crate::cost::Money;
use crate::policy::BudgetUnit;

/// The counts of one quantity of a budget, at one time: `u64` for tokens and calls, [`Money`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<T> {
    limit: T,
    spent: T,
    reserved: T,
    remaining: T,
}

impl<T: Copy> Reading<T> {
    pub(super) fn new(counts: Counts, of: impl Fn(u64) -> T) -> Self {
        let Counts { limit, spent, reserved } = counts;
        let remaining = limit.saturating_sub(spent.saturating_add(reserved));
        Reading { limit: of(limit), spent: of(spent), reserved: of(reserved), remaining: of(remaining) }
    }

    /// What may be spent.
    pub fn limit(&self) -> T {
        self.limit
    }

    /// What is settled, in this window if there are windows. It may be more than the limit: by what calls have spent beyond
    /// their estimates.
    pub fn spent(&self) -> T {
        self.spent
    }

    /// What calls in flight may still spend.
    pub fn reserved(&self) -> T {
        self.reserved
    }

    /// What a further call can reserve: what is neither spent nor reserved, and never less than 0.
    pub fn remaining(&self) -> T {
        self.remaining
    }
}

/// Four fifths of a limit are spent. Told once for each quantity of a budget, and once more in each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passed {
    /// The budget's name.
    pub budget: &'static str,
    /// What the numbers count.
    pub unit: BudgetUnit,
    /// The budget.
    pub limit: u64,
    /// Settled so far.
    pub spent: u64,
}

impl fmt::Display for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Passed { budget, unit, limit, spent } = self;
        write!(f, "{} of budget `{budget}` of {} are spent", unit.show(*spent), unit.show(*limit))
    }
}

/// Money that counts as pico-dollars.
pub(super) fn money(counts: Counts) -> Reading<Money> {
    Reading::new(counts, Money::from_pico)
}
