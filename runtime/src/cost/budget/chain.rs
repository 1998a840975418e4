//! Budgets within budgets.

use std::fmt;
use std::iter;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::Limits;
use super::clock;
use super::quantity::{Counts, Quantity};
use super::reading::{self, Passed, Reading};
use super::reservation::{Amounts, Estimate, Reservation};
use super::window::Window;
use crate::cost::Money;
use crate::policy::{BudgetUnit, PolicyError};

/// What may be spent under one name, and what is.
///
/// What has no limit is not counted either: that is what metrics are for.
#[derive(Debug)]
pub struct Budget {
    name: &'static str,
    money: Option<Quantity>,
    tokens: Option<Quantity>,
    calls: Option<Quantity>,
    time: Option<Duration>,
    window: Option<Window>,
    allow_unpriced: bool,
    /// When it first was part of a chain.
    begun: OnceLock<Instant>,
    now: fn() -> Instant,
}

impl Budget {
    /// A budget of which nothing is spent. The name is in errors and is the label of metrics: of a kind of budgets, never
    /// of one user or session.
    #[must_use]
    pub fn new(name: &'static str, limits: Limits) -> Self {
        Budget::with_clock(name, limits, clock::now)
    }

    pub(super) fn with_clock(name: &'static str, limits: Limits, now: fn() -> Instant) -> Self {
        Budget {
            name,
            money: limits.money.map(|limit| Quantity::new(limit.pico())),
            tokens: limits.tokens.map(Quantity::new),
            calls: limits.calls.map(Quantity::new),
            time: limits.time,
            window: limits.window.map(|period| Window::new(nanos(period))),
            allow_unpriced: limits.allow_unpriced,
            begun: OnceLock::new(),
            now,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The money, if it has a limit.
    #[must_use]
    pub fn money(&self) -> Option<Reading<Money>> {
        self.counts(self.money.as_ref()).map(reading::money)
    }

    /// The tokens, if they have a limit.
    #[must_use]
    pub fn tokens(&self) -> Option<Reading<u64>> {
        self.counts(self.tokens.as_ref()).map(|counts| Reading::new(counts, |tokens| tokens))
    }

    /// The calls, if they have a limit.
    #[must_use]
    pub fn calls(&self) -> Option<Reading<u64>> {
        self.counts(self.calls.as_ref()).map(|counts| Reading::new(counts, |calls| calls))
    }

    /// From when on no call may be begun. `None` if there is no limit, or it has not begun.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.begun.get()?.checked_add(self.time?)
    }

    fn counts(&self, quantity: Option<&Quantity>) -> Option<Counts> {
        quantity.map(|quantity| {
            self.turn();
            quantity.counts()
        })
    }

    /// Starts the clock, where there is one to start.
    fn begin(&self) {
        if self.time.is_some() || self.window.is_some() {
            self.begun.get_or_init(self.now);
        }
    }

    /// How long ago it has begun.
    fn age(&self) -> Duration {
        let now = (self.now)();
        now.saturating_duration_since(*self.begun.get_or_init(|| now))
    }

    /// Begins the window that is due.
    fn turn(&self) {
        if let Some(window) = &self.window {
            window.turn(nanos(self.age()), || {
                self.quantities().for_each(|(_, quantity)| quantity.begin_window());
            });
        }
    }

    /// In the order in which calls ask for them: first what is the least to give back.
    fn quantities(&self) -> impl Iterator<Item = (BudgetUnit, &Quantity)> {
        let units = [BudgetUnit::Calls, BudgetUnit::Tokens, BudgetUnit::PicoDollars];
        units
            .into_iter()
            .zip([&self.calls, &self.tokens, &self.money])
            .filter_map(|(unit, quantity)| Some((unit, quantity.as_ref()?)))
    }

    /// Takes of each quantity `most`, or what is left if that is no less than `least`.
    fn reserve(
        &self,
        estimate: &Estimate<'_>,
        least: &Amounts,
        most: &Amounts,
    ) -> Result<Amounts, PolicyError> {
        if let Some(limit) = self.time {
            let age = self.age();
            if age >= limit {
                let counts = Counts { limit: nanos(limit), spent: nanos(age), reserved: 0 };
                return Err(self.exceeded(BudgetUnit::Nanoseconds, counts, 0));
            }
        }
        if let (Some(money), None, false) = (&self.money, estimate.money, self.allow_unpriced) {
            return Err(PolicyError::PriceUnknown {
                budget: self.name.into(),
                limit: Money::from_pico(money.counts().limit),
                model: estimate.model.to_owned().into(),
            });
        }
        self.turn();
        let mut taken = *most;
        for (unit, quantity) in self.quantities() {
            match quantity.reserve(least.of(unit), most.of(unit)) {
                Ok(amount) => taken.set(unit, amount),
                Err(counts) => {
                    let before = self.quantities().take_while(|(taken, _)| *taken != unit);
                    before.for_each(|(unit, quantity)| quantity.refund(taken.of(unit)));
                    // What was guessed is refused only where there is nothing.
                    let asked = if least.of(unit) > 0 { least } else { most };
                    return Err(self.exceeded(unit, counts, asked.of(unit)));
                }
            }
        }
        Ok(taken)
    }

    fn refund(&self, reserved: &Amounts) {
        self.quantities().for_each(|(unit, quantity)| quantity.refund(reserved.of(unit)));
    }

    fn settle(&self, reserved: &Amounts, actual: &Amounts) {
        self.turn();
        self.quantities().for_each(|(unit, quantity)| quantity.settle(reserved.of(unit), actual.of(unit)));
    }

    fn tell(&self, mut passed: impl FnMut(Passed)) {
        for (unit, quantity) in self.quantities() {
            if let Some(spent) = quantity.tell_threshold() {
                passed(Passed { budget: self.name, unit, limit: quantity.counts().limit, spent });
            }
        }
    }

    /// Whether there is anything that a budget in its place would not know.
    pub(super) fn is_spent_of(&self) -> bool {
        self.turn();
        self.time.is_some() || self.quantities().any(|(_, quantity)| quantity.counts().spent > 0)
    }

    fn exceeded(&self, unit: BudgetUnit, counts: Counts, asked: u64) -> PolicyError {
        let Counts { limit, spent, reserved } = counts;
        PolicyError::BudgetExceeded { budget: self.name.into(), unit, limit, spent, reserved, asked }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A budget and those that it lies within. A call counts in all of them.
///
/// Which budget lies within which is a matter of the call and not of the budgets: the calls of one user, whose budget it is,
/// may be in workflows that each have one of their own. So a chain is made where such a part of the work begins, and clones
/// of it are handed on.
#[derive(Clone)]
pub struct Chain(Arc<Link>);

struct Link {
    budget: Arc<Budget>,
    outer: Option<Chain>,
}

/// A call that is not made.
#[derive(Debug)]
pub(crate) struct Refused<'a> {
    pub(crate) by: &'a Arc<Budget>,
    pub(crate) error: PolicyError,
}

impl Chain {
    /// A budget within nothing else.
    #[must_use]
    pub fn new(budget: Arc<Budget>) -> Self {
        Chain::link(None, budget)
    }

    /// A budget within these. One that is among them already is not counted twice.
    #[must_use]
    pub fn with(&self, budget: Arc<Budget>) -> Self {
        if self.has(&budget) {
            return self.clone();
        }
        Chain::link(Some(self.clone()), budget)
    }

    pub(super) fn link(outer: Option<Chain>, budget: Arc<Budget>) -> Self {
        budget.begin();
        Chain(Arc::new(Link { budget, outer }))
    }

    /// Whether it is one of them.
    pub(crate) fn has(&self, budget: &Arc<Budget>) -> bool {
        self.budgets().any(|own| Arc::ptr_eq(own, budget))
    }

    /// Those around the innermost one.
    #[cfg(feature = "cache")]
    pub(crate) fn outer(&self) -> Option<&Chain> {
        self.0.outer.as_ref()
    }

    /// The budgets, inside out.
    pub fn budgets(&self) -> impl Iterator<Item = &Arc<Budget>> {
        iter::successors(Some(self), |chain| chain.0.outer.as_ref()).map(|chain| &chain.0.budget)
    }

    /// From when on no call may be begun, by the first of the budgets to say so.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.budgets().filter_map(|budget| budget.deadline()).min()
    }

    /// Asks all of the budgets for a call that is about to be made.
    ///
    /// # Errors
    ///
    /// [`PolicyError::BudgetExceeded`] of the innermost budget that has not enough left, and [`PolicyError::PriceUnknown`] of
    /// one of money that takes no calls without a price. Nothing is reserved then.
    pub fn reserve(&self, estimate: &Estimate<'_>) -> Result<Reservation, PolicyError> {
        self.reserve_guessed(estimate, estimate).map_err(|refused| refused.error)
    }

    /// The same for an estimate of which a part is guessed: where a budget has less left than that, but no less than what is
    /// known, the call takes all that it has left.
    pub(crate) fn reserve_guessed(
        &self,
        known: &Estimate<'_>,
        guessed: &Estimate<'_>,
    ) -> Result<Reservation, Refused<'_>> {
        // The same of each budget: a call cannot spend more than the one that has the least left.
        let mut reserved = guessed.amounts();
        let least = known.amounts().min(reserved);
        // Inside out, so that a call that is refused holds what belongs to many for the shortest time, or not at all.
        for (asked, budget) in self.budgets().enumerate() {
            let inner = self.budgets().take(asked);
            match budget.reserve(guessed, &least, &reserved) {
                Ok(taken) => {
                    if taken != reserved {
                        let excess = reserved.less(taken);
                        inner.for_each(|budget| budget.refund(&excess));
                    }
                    reserved = taken;
                }
                Err(error) => {
                    inner.for_each(|budget| budget.refund(&reserved));
                    return Err(Refused { by: budget, error });
                }
            }
        }
        Ok(Reservation::new(self.clone(), reserved))
    }

    /// For a call that is made although a budget refuses it: it has no way to say so.
    pub(crate) fn overdraw(&self, estimate: &Estimate<'_>) -> Reservation {
        Reservation::of_nothing(self.clone(), estimate.amounts())
    }

    pub(super) fn refund(&self, reserved: &Amounts) {
        self.budgets().for_each(|budget| budget.refund(reserved));
    }

    pub(super) fn settle(&self, reserved: &Amounts, actual: &Amounts) {
        self.budgets().for_each(|budget| budget.settle(reserved, actual));
    }

    pub(super) fn tell(&self, mut passed: impl FnMut(Passed)) {
        self.budgets().for_each(|budget| budget.tell(&mut passed));
    }
}

/// The names, outside in.
impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.budgets().map(|budget| budget.name()).collect();
        names.reverse();
        f.debug_tuple("Chain").field(&names).finish()
    }
}

/// One after the other: a chain that tasks have made longer and longer must not end on the stack.
impl Drop for Link {
    fn drop(&mut self) {
        let mut outer = self.outer.take();
        while let Some(mut link) = outer.and_then(|chain| Arc::into_inner(chain.0)) {
            outer = link.outer.take();
        }
    }
}
