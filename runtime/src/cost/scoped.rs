//! An attempt of a call, with an account of its own: where it fails, what was spent in it is wasted.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

#[cfg(any(feature = "breaker", feature = "cache"))]
use super::account::Heeded;
use super::account::{Account, Told};
#[cfg(any(feature = "breaker", feature = "cache", feature = "router"))]
use super::budget::Chain;
use super::payer::Payer;
use crate::outcome::{Outcome, Status};
use crate::span::Paying;

pin_project_lite::pin_project! {
    /// A future whose spending is wasted unless it succeeds.
    pub(crate) struct Scoped<F, C> {
        #[pin]
        body: F,
        outcome: C,
        // Until it has ended; none where nobody pays.
        account: Option<Arc<Account>>,
    }

    impl<F, C> PinnedDrop for Scoped<F, C> {
        fn drop(this: Pin<&mut Self>) {
            if let Some(account) = this.project().account.take() {
                account.waste();
            }
        }
    }
}

/// Runs an attempt of the call that is made here; `told` hears of what is spent in it.
pub(crate) fn scoped<F: Future, C: Fn(&F::Output) -> Outcome>(
    outcome: C,
    told: Option<&'static dyn Told>,
    body: F,
) -> Scoped<F, C> {
    scoped_in(crate::span::payer().map(|payer| Account::within(payer, told)), outcome, body)
}

/// Runs an attempt whose account is this one.
pub(crate) fn scoped_in<F: Future, C: Fn(&F::Output) -> Outcome>(
    account: Option<Arc<Account>>,
    outcome: C,
    body: F,
) -> Scoped<F, C> {
    Scoped { body, outcome, account }
}

/// An account for what is made here for a cache, whether somebody around pays or not. It heeds the budgets around the
/// function, and not the function's own, which any other call of it has too.
#[cfg(feature = "cache")]
pub(crate) fn account_here() -> Arc<Account> {
    let (around, budgets) = around();
    let has_own = crate::span::local::within().is_some_and(|site| site.limits().is_some());
    let outer = if has_own { budgets.as_ref().and_then(Chain::outer) } else { budgets.as_ref() };
    let heeded = outer.cloned().map_or(Heeded::Nobodys, Heeded::Of);
    Account::of_policy(around, budgets, heeded)
}

/// The same for a call of which a breaker judges what has failed in it. It heeds all budgets.
#[cfg(feature = "breaker")]
pub(crate) fn account_judged() -> Arc<Account> {
    let (around, budgets) = around();
    Account::of_policy(around, budgets, Heeded::Any)
}

/// The same, for what is made on a route.
#[cfg(feature = "router")]
pub(crate) fn account_on(route: Arc<crate::router::Repriced>) -> Arc<Account> {
    let (around, budgets) = around();
    Account::on_route(around, budgets, route)
}

#[cfg(any(feature = "breaker", feature = "cache", feature = "router"))]
fn around() -> (Option<Arc<Account>>, Option<Chain>) {
    let around = crate::span::payer();
    let budgets = match &around {
        Some(around) if !around.is_unasked() => around.budgets().cloned(),
        _ => super::purse::outermost_here(),
    };
    (around, budgets)
}

impl<F: Future, C: Fn(&F::Output) -> Outcome> Future for Scoped<F, C> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _paying = this.account.clone().map(|account| Paying::enter(Payer::of(account)));
        let result = std::task::ready!(this.body.poll(task));
        if let Some(account) = this.account.take()
            && (this.outcome)(&result).status != Status::Success
        {
            account.waste();
        }
        Poll::Ready(result)
    }
}
