//! What is spent within a call: booked once, into every call around it.
//!
//! A call and all that are around it, or within one of those, share a lock, that of the outermost account: a booking takes it
//! once, and nobody sees it half done. The numbers are atomics that only who has the lock changes, by a load and a store.

use std::fmt;
use std::iter;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::Money;
use super::balance::Balance;
use super::budget::{Budget, Chain, Estimate};
use super::spent::Spent;

/// Who is told of all that is spent in a call.
pub(crate) trait Told: Sync {
    fn spent(&self, money: Money);
}

/// Who is told of what is spent after a workflow has ended.
pub(super) type Late = Box<dyn Fn(&Spent) + Send + Sync>;

/// Whose refusals within a call are of interest to it.
#[derive(Default)]
pub(super) enum Heeded {
    #[default]
    Nobodys,
    /// Those of any budget.
    #[cfg(feature = "breaker")]
    Any,
    /// Those of these.
    #[cfg(feature = "cache")]
    Of(Chain),
}

impl Heeded {
    #[cfg_attr(not(feature = "cache"), allow(unused_variables))]
    fn has(&self, budget: &Arc<Budget>) -> bool {
        match self {
            Heeded::Nobodys => false,
            #[cfg(feature = "breaker")]
            Heeded::Any => true,
            #[cfg(feature = "cache")]
            Heeded::Of(budgets) => budgets.has(budget),
        }
    }
}

/// The account of a call.
#[derive(Default)]
pub(crate) struct Account {
    /// That of the call around it.
    parent: Option<Arc<Account>>,
    /// The address of the account of the workflow that it belongs to; 0 where there is none.
    workflow: usize,
    /// What is asked before a model is.
    budgets: Option<Chain>,
    told: Option<&'static dyn Told>,
    /// Nobody has asked yet which budgets there are: it is that of a request from outside, or a part of one.
    is_unasked: bool,
    /// What is spent in it is spent by the call around it: it is that of an attempt.
    is_part: bool,
    heeded: Heeded,
    /// One of those has refused a call.
    is_refused: AtomicBool,
    /// The route that is followed, if a router has a baseline to compare it with.
    #[cfg(feature = "router")]
    route: Option<Arc<crate::router::Repriced>>,
    balance: Balance,
    /// The call did not succeed: what was spent in it, and what still will be, is wasted.
    is_wasted: AtomicBool,
    /// It was read for the last time, and does not change what it has said.
    is_closed: AtomicBool,
    /// Of a workflow that has ended: who is told of what is spent later.
    late: OnceLock<Late>,
    /// Of the outermost one, that of all within it.
    lock: Mutex<()>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("spent", &self.spent()).finish_non_exhaustive()
    }
}

impl Account {
    /// It, and those around it.
    fn outwards(&self) -> impl Iterator<Item = &Account> {
        iter::successors(Some(self), |account| account.parent.as_deref())
    }

    /// Has all that is in the outermost call around it to itself.
    fn lock(&self) -> MutexGuard<'_, ()> {
        let mut outermost = self;
        while let Some(parent) = &outermost.parent {
            outermost = parent;
        }
        outermost.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(parent: Option<Arc<Account>>, workflow: usize, budgets: Option<Chain>) -> Self {
        Account {
            #[cfg(feature = "router")]
            route: parent.as_ref().and_then(|parent| parent.route.clone()),
            is_unasked: budgets.is_none() && parent.as_ref().is_some_and(|parent| parent.is_unasked),
            parent,
            workflow,
            budgets,
            told: None,
            is_part: false,
            heeded: Heeded::Nobodys,
            is_refused: AtomicBool::new(false),
            balance: Balance::default(),
            is_wasted: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
            late: OnceLock::new(),
            lock: Mutex::new(()),
        }
    }

    /// That of a call within `parent`.
    pub(crate) fn new(parent: Option<Arc<Account>>, budgets: Option<Chain>) -> Arc<Account> {
        let workflow = parent.as_ref().map_or(0, |parent| parent.workflow);
        Arc::new(Account::of(parent, workflow, budgets))
    }

    /// That of a request from outside.
    #[cfg(feature = "tower")]
    pub(crate) fn edge() -> Arc<Account> {
        let mut account = Account::default();
        account.is_unasked = true;
        Arc::new(account)
    }

    /// That of an attempt of the call whose account is `parent`.
    pub(crate) fn within(parent: Arc<Account>, told: Option<&'static dyn Told>) -> Arc<Account> {
        let (workflow, budgets) = (parent.workflow, parent.budgets.clone());
        let mut account = Account::of(Some(parent), workflow, budgets);
        account.told = told;
        account.is_part = true;
        Arc::new(account)
    }

    /// That of what a policy decides on, within `parent`.
    #[cfg(any(feature = "breaker", feature = "cache"))]
    pub(super) fn of_policy(
        parent: Option<Arc<Account>>,
        budgets: Option<Chain>,
        heeded: Heeded,
    ) -> Arc<Account> {
        let workflow = parent.as_ref().map_or(0, |parent| parent.workflow);
        let mut account = Account::of(parent, workflow, budgets);
        account.is_part = true;
        account.heeded = heeded;
        Arc::new(account)
    }

    /// That of a workflow within `parent`.
    pub(crate) fn of_workflow(parent: Option<Arc<Account>>, budgets: Option<Chain>) -> Arc<Account> {
        Arc::new_cyclic(|own| Account::of(parent, own.as_ptr() as usize, budgets))
    }

    /// That of a call on a route, within `parent`.
    #[cfg(feature = "router")]
    pub(super) fn on_route(
        parent: Option<Arc<Account>>,
        budgets: Option<Chain>,
        route: Arc<crate::router::Repriced>,
    ) -> Arc<Account> {
        let workflow = parent.as_ref().map_or(0, |parent| parent.workflow);
        let mut account = Account::of(parent, workflow, budgets);
        account.route = Some(route);
        Arc::new(account)
    }

    /// The route that is followed: the innermost, so that a call is compared once.
    #[cfg(feature = "router")]
    pub(super) fn route(&self) -> Option<&Arc<crate::router::Repriced>> {
        self.route.as_ref()
    }

    /// What is asked before a model is.
    pub(crate) fn budgets(&self) -> Option<&Chain> {
        self.budgets.as_ref()
    }

    /// Whether it is that of the workflow `other`, or of a call in it.
    pub(crate) fn is_of(&self, other: &Arc<Account>) -> bool {
        self.workflow == Arc::as_ptr(other) as usize
    }

    /// Of a workflow: whether no other one of this process is around it.
    #[cfg(feature = "telemetry")]
    pub(crate) fn is_root(&self) -> bool {
        self.parent.as_ref().is_none_or(|parent| parent.workflow == 0)
    }

    /// Whether nobody has asked yet which budgets there are.
    pub(crate) fn is_unasked(&self) -> bool {
        self.is_unasked
    }

    /// A budget has refused the call, or one in it.
    pub(super) fn refused(&self, by: &Arc<Budget>) {
        self.outwards()
            .filter(|account| account.heeded.has(by))
            .for_each(|account| account.is_refused.store(true, Relaxed));
    }

    /// Whether a budget that it heeds has refused a call in it.
    #[cfg(any(feature = "breaker", feature = "cache"))]
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused.load(Relaxed)
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> Spent {
        let _lock = self.lock();
        self.balance.read()
    }

    /// Books what the call itself has spent: here, and in every account around this one.
    pub(crate) fn book(&self, spent: Spent) {
        self.book_as(spent, true);
    }

    fn book_as(&self, mut spent: Spent, mut is_own: bool) {
        let (lock, total) = (self.lock(), spent.total());
        let mut somebody_is_told = false;
        for account in self.outwards() {
            if account.is_wasted.load(Relaxed) {
                spent.waste();
            }
            account.balance.add(&spent);
            if is_own {
                account.balance.own.add(total.pico());
            }
            is_own &= account.is_part;
            somebody_is_told |= account.told.is_some();
            if let Some(late) = account.late.get() {
                late(&spent);
            }
        }
        drop(lock);
        if somebody_is_told {
            self.outwards().filter_map(|account| account.told).for_each(|told| told.spent(total));
        }
    }

    /// Books what was not spent. It stays saved if a call around this one fails: without what has saved it, it would have
    /// been wasted, too.
    #[cfg_attr(not(any(feature = "cache", feature = "router")), allow(dead_code))]
    pub(crate) fn save(&self, saved: Money) {
        self.book_as(Spent { saved, ..Spent::default() }, false);
    }

    /// Books what another process has spent for the call. It has been spent, so no budget is asked, and it counts in each.
    pub(crate) fn book_remote(&self, spent: Spent) {
        self.book_as(Spent { remote: [spent.useful, spent.wasted], ..spent }, false);
        if let Some(budgets) = &self.budgets {
            let estimate = Estimate {
                money: Some(spent.total()),
                tokens: spent.input.saturating_add(spent.output),
                calls: spent.calls,
                ..Estimate::call_of("")
            };
            // It is dropped as sent, so that who settles next tells what there is to tell, in a span of its own.
            budgets.overdraw(&estimate).sent();
        }
    }

    /// The call did not succeed: what was spent in it was wasted, and what is still to be booked is too.
    pub(crate) fn waste(&self) {
        let _lock = self.lock();
        self.is_wasted.store(true, Relaxed);
        let spent = self.balance.read();
        let moved = [spent.useful, spent.remote[0]];
        if moved[0] == Money::ZERO {
            return;
        }
        self.balance.waste(moved);
        for account in self.outwards().skip(1) {
            if account.is_wasted.load(Relaxed) {
                // With all that was in it, here and further out.
                return;
            }
            if !account.is_closed.load(Relaxed) {
                account.balance.waste(moved);
            }
        }
    }

    /// What the call has spent itself, and not by what it has called.
    #[cfg(feature = "telemetry")]
    pub(super) fn own(&self) -> Money {
        Money::from_pico(self.balance.own.get())
    }

    /// Reads it for the last time. `late` is told of what is spent after that.
    pub(crate) fn close(&self, late: Option<Late>) -> Spent {
        // Who tells nobody of what comes later need not know whether something is on its way.
        let lock = (late.is_some() || !self.balance.read().is_nothing()).then(|| self.lock());
        self.is_closed.store(true, Relaxed);
        if let Some(late) = late {
            // It is closed once.
            let _ = self.late.set(late);
        }
        let spent = if lock.is_some() { self.balance.read() } else { Spent::default() };
        drop(lock);
        spent
    }
}

/// Without recursion: what outlives the calls around it may hold all of them.
impl Drop for Account {
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(mut account) = parent.and_then(Arc::into_inner) {
            parent = account.parent.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cents(cents: u64) -> Spent {
        Spent { useful: Money::from_pico(cents * 10_000_000_000), calls: 1, ..Spent::default() }
    }

    fn in_cents(account: &Account) -> (u64, u64) {
        let Spent { useful, wasted, .. } = account.spent();
        (useful.pico() / 10_000_000_000, wasted.pico() / 10_000_000_000)
    }

    #[test]
    fn what_is_spent_is_booked_once_into_every_call_around_it() {
        let workflow = Account::of_workflow(None, None);
        let step = Account::within(workflow.clone(), None);
        let [first, second] = [(); 2].map(|()| Account::within(step.clone(), None));
        first.book(cents(5));
        second.book(cents(7));
        workflow.book(cents(1));
        assert_eq!((in_cents(&step), in_cents(&workflow)), ((12, 0), (13, 0)));
        assert_eq!((step.spent().calls, workflow.spent().calls), (2, 3));
    }

    #[test]
    fn what_a_failed_call_spent_is_wasted_all_the_way_out_and_once() {
        let workflow = Account::of_workflow(None, None);
        let step = Account::within(workflow.clone(), None);
        let attempt = Account::within(step.clone(), None);
        step.book(cents(1));
        attempt.book(cents(5));
        attempt.waste();
        assert_eq!((in_cents(&attempt), in_cents(&step), in_cents(&workflow)), ((0, 5), (1, 5), (1, 5)));
        step.waste();
        assert_eq!((in_cents(&step), in_cents(&workflow)), ((0, 6), (0, 6)));
        attempt.book(cents(2));
        assert_eq!((in_cents(&attempt), in_cents(&workflow)), ((0, 7), (0, 8)));
    }

    #[test]
    fn what_is_spent_after_a_workflow_is_told_and_what_it_has_said_stays() {
        let outer = Account::of_workflow(None, None);
        let workflow = Account::of_workflow(Some(outer.clone()), None);
        let step = Account::within(workflow.clone(), None);
        step.book(cents(3));
        let told = Arc::new(Mutex::new(Money::ZERO));
        let said = workflow.close(Some({
            let told = told.clone();
            Box::new(move |spent| *told.lock().expect("nobody panics") += spent.total())
        }));
        assert_eq!(said.total(), cents(3).useful);
        step.book(cents(4));
        step.waste();
        assert_eq!(*told.lock().expect("nobody panics"), cents(4).useful);
        assert_eq!((in_cents(&workflow), in_cents(&outer)), ((7, 0), (0, 7)));
    }

    #[test]
    fn threads_that_spend_and_fail_at_once_add_up() {
        const STEPS: u64 = 2_000;
        let workflow = Account::of_workflow(None, None);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let step = Account::within(workflow.clone(), None);
                scope.spawn(move || {
                    for index in 0..STEPS {
                        let attempt = Account::within(step.clone(), None);
                        attempt.book(cents(1));
                        // Of the second thread, every other attempt; of the third, the step at the end.
                        if thread == 1 && index % 2 == 0 {
                            attempt.waste();
                            attempt.book(cents(1));
                        }
                        let spent = step.spent();
                        assert_eq!(
                            spent.total(),
                            cents(spent.calls).useful,
                            "nobody sees a booking half done"
                        );
                    }
                    if thread == 2 {
                        step.waste();
                    }
                });
            }
        });
        // The second one has booked again what it had booked in vain.
        assert_eq!(in_cents(&workflow), (STEPS * 2 + STEPS / 2, STEPS + STEPS));
        assert_eq!(workflow.spent().calls, STEPS * 4 + STEPS / 2);
    }

    #[test]
    fn a_long_chain_is_dropped_without_recursion() {
        let mut account = Account::new(None, None);
        for _ in 0..1_000_000 {
            account = Account::within(account, None);
        }
        drop(account);
    }
}
