//! What is spent within a call: booked once, into every call around it.
//!
//! Each account has a lock of its own, and a booking takes one after the other from the call outwards: two uncontended
//! steps for each, where a counter for each number would be six.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Money;
use super::budget::Chain;

/// Who is told of what is spent after a workflow has ended.
pub(super) type Late = Box<dyn Fn(&Spent) + Send>;

/// The account of a call.
#[derive(Default)]
pub(crate) struct Account {
    /// That of the call around it.
    parent: Option<Arc<Account>>,
    /// The address of the account of the workflow that it belongs to; 0 where there is none.
    workflow: usize,
    /// What is asked before a model is.
    budgets: Option<Chain>,
    /// The route that is followed, if a router has a baseline to compare it with.
    #[cfg(feature = "router")]
    route: Option<Arc<crate::router::Repriced>>,
    balance: Mutex<Balance>,
}

#[derive(Default)]
struct Balance {
    spent: Spent,
    /// The call did not succeed: what was spent in it, and what still will be, is wasted.
    is_wasted: bool,
    /// Of a workflow that has ended: who is told of what is spent later.
    late: Option<Late>,
    /// It was read for the last time, and does not change what it has said.
    is_closed: bool,
}

/// What was spent on calls of models.
///
/// ```
/// # use tta::{LlmResponse, Usage, llm::Response};
/// # #[derive(Clone)]
/// # struct Answer;
/// # impl LlmResponse for Answer {
/// #     fn response(&self) -> Response<'_> {
/// #         Response::new().usage(Usage::openai(1_000, 100))
/// #     }
/// # }
/// #[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
/// async fn ask_once() -> Answer {
///     Answer
/// }
///
/// #[tta::workflow]
/// async fn ask_twice() -> tta::llm::Spent {
///     ask_once().await;
///     ask_once().await;
///     tta::context().spent()
/// }
///
/// # futures_executor::block_on(async {
/// let spent = ask_twice().await;
/// assert_eq!((spent.total().to_string().as_str(), spent.calls(), spent.is_complete()), ("$0.007", 2, true));
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub(crate) useful: Money,
    pub(crate) wasted: Money,
    /// Of what was not spent.
    pub(crate) saved: Money,
    pub(crate) input: u64,
    pub(crate) output: u64,
    pub(crate) calls: u64,
    /// Calls of which nobody knows what they cost.
    pub(crate) unpriced: u64,
}

impl Spent {
    /// All of it, useful or not.
    #[must_use]
    pub fn total(&self) -> Money {
        self.useful + self.wasted
    }

    /// What was spent on calls, or within calls, that did not succeed.
    #[must_use]
    pub fn wasted(&self) -> Money {
        self.wasted
    }

    /// What was not spent, since a cache had the answer, or a router knew a cheaper way than its baseline.
    ///
    /// It is no part of [`total`](Spent::total). What an answer from a cache has saved is what was spent in making it.
    #[must_use]
    pub fn saved(&self) -> Money {
        self.saved
    }

    /// Tokens sent, those that were read from the provider's cache included.
    #[must_use]
    pub fn input_tokens(&self) -> u64 {
        self.input
    }

    /// Tokens received, those of reasoning included.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        self.output
    }

    /// Calls of models, each attempt one.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Whether it is known of each of them what it has cost. If not, more was spent than this says.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unpriced == 0
    }

    #[cfg(feature = "telemetry")]
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Spent::default()
    }

    /// Whether nothing was spent, whatever was saved.
    #[cfg(feature = "telemetry")]
    pub(crate) fn is_free(&self) -> bool {
        Spent { saved: Money::ZERO, ..*self }.is_nothing()
    }

    fn add(&mut self, more: &Spent) {
        self.useful += more.useful;
        self.wasted += more.wasted;
        self.saved += more.saved;
        self.input = self.input.saturating_add(more.input);
        self.output = self.output.saturating_add(more.output);
        self.calls = self.calls.saturating_add(more.calls);
        self.unpriced = self.unpriced.saturating_add(more.unpriced);
    }

    fn waste(&mut self) {
        self.wasted += std::mem::take(&mut self.useful);
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("spent", &self.spent()).finish_non_exhaustive()
    }
}

impl Account {
    fn lock(&self) -> MutexGuard<'_, Balance> {
        self.balance.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// That of a call within `parent`.
    pub(crate) fn new(parent: Option<Arc<Account>>, budgets: Option<Chain>) -> Arc<Account> {
        let workflow = parent.as_ref().map_or(0, |parent| parent.workflow);
        Arc::new(Account {
            #[cfg(feature = "router")]
            route: parent.as_ref().and_then(|parent| parent.route.clone()),
            parent,
            workflow,
            budgets,
            balance: Mutex::default(),
        })
    }

    /// That of an attempt of the call whose account is `parent`.
    pub(crate) fn within(parent: Arc<Account>) -> Arc<Account> {
        let budgets = parent.budgets.clone();
        Account::new(Some(parent), budgets)
    }

    /// That of a workflow within `parent`.
    pub(crate) fn of_workflow(parent: Option<Arc<Account>>, budgets: Option<Chain>) -> Arc<Account> {
        Arc::new_cyclic(|own| Account {
            #[cfg(feature = "router")]
            route: parent.as_ref().and_then(|parent| parent.route.clone()),
            parent,
            workflow: own.as_ptr() as usize,
            budgets,
            balance: Mutex::default(),
        })
    }

    /// That of a call on a route, within `parent`.
    #[cfg(feature = "router")]
    pub(super) fn on_route(
        parent: Option<Arc<Account>>,
        budgets: Option<Chain>,
        route: Arc<crate::router::Repriced>,
    ) -> Arc<Account> {
        let workflow = parent.as_ref().map_or(0, |parent| parent.workflow);
        Arc::new(Account { parent, workflow, budgets, route: Some(route), balance: Mutex::default() })
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

    /// Whether no call is around it.
    #[cfg(feature = "telemetry")]
    pub(crate) fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> Spent {
        self.lock().spent
    }

    /// Books it here and in every account around this one.
    pub(crate) fn book(&self, spent: Spent) {
        let mut spent = spent;
        let mut account = Some(self);
        while let Some(this) = account {
            let mut balance = this.lock();
            if balance.is_wasted {
                spent.waste();
            }
            balance.spent.add(&spent);
            if let Some(late) = &balance.late {
                late(&spent);
            }
            drop(balance);
            account = this.parent.as_deref();
        }
    }

    /// Books what was not spent. It stays saved if a call around this one fails: without what has saved it, it would have
    /// been wasted, too.
    #[cfg_attr(not(any(feature = "cache", feature = "router")), allow(dead_code))]
    pub(crate) fn save(&self, saved: Money) {
        self.book(Spent { saved, ..Spent::default() });
    }

    /// The call did not succeed: what was spent in it was wasted, and what is still to be booked is too.
    pub(crate) fn waste(&self) {
        let mut balance = self.lock();
        balance.is_wasted = true;
        let mut moved = balance.spent.useful;
        balance.spent.waste();
        drop(balance);
        let mut account = self.parent.as_deref();
        while let Some(this) = account.filter(|_| moved > Money::ZERO) {
            let mut balance = this.lock();
            if !balance.is_closed {
                // All of it, unless what is around has been wasted meanwhile.
                moved = moved.min(balance.spent.useful);
                balance.spent.useful = balance.spent.useful.saturating_sub(moved);
                balance.spent.wasted += moved;
            }
            drop(balance);
            account = this.parent.as_deref();
        }
    }

    /// Reads it for the last time. `late` is told of what is spent after that.
    pub(crate) fn close(&self, late: Option<Late>) -> Spent {
        let mut balance = self.lock();
        balance.is_closed = true;
        balance.late = late;
        balance.spent
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
        let step = Account::within(workflow.clone());
        let [first, second] = [(); 2].map(|()| Account::within(step.clone()));
        first.book(cents(5));
        second.book(cents(7));
        workflow.book(cents(1));
        assert_eq!((in_cents(&step), in_cents(&workflow)), ((12, 0), (13, 0)));
        assert_eq!((step.spent().calls, workflow.spent().calls), (2, 3));
    }

    #[test]
    fn what_a_failed_call_spent_is_wasted_all_the_way_out_and_once() {
        let workflow = Account::of_workflow(None, None);
        let step = Account::within(workflow.clone());
        let attempt = Account::within(step.clone());
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
        let step = Account::within(workflow.clone());
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
    fn a_long_chain_is_dropped_without_recursion() {
        let mut account = Account::new(None, None);
        for _ in 0..1_000_000 {
            account = Account::within(account);
        }
        drop(account);
    }
}
