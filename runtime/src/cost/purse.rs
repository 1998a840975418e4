//! The account of one call, from its beginning to its end.

#[cfg(feature = "llm")]
use std::sync::Arc;

use super::payer::Payer;
use crate::catalog::Site;
use crate::context::WorkflowContext;
use crate::outcome::Outcome;
#[cfg(feature = "llm")]
use crate::outcome::Status;

#[cfg(feature = "llm")]
use super::account::Account;
#[cfg(feature = "llm")]
use super::budget::{self, Budget, Chain};
#[cfg(all(feature = "llm", feature = "telemetry"))]
use super::statement::Statement;

/// What is spent in a call. Without the feature nothing is, and it takes no room.
#[derive(Debug, Default)]
pub(crate) struct Purse {
    #[cfg(feature = "llm")]
    account: Option<Arc<Account>>,
}

#[cfg(not(feature = "llm"))]
#[allow(clippy::unused_self, clippy::needless_pass_by_value, reason = "with the feature something is spent")]
impl Purse {
    #[inline]
    pub(crate) fn open(
        &mut self,
        _: &Site,
        _is_asked: bool,
        _payer: impl FnOnce() -> Payer,
        _outer: Option<&WorkflowContext>,
    ) {
    }

    #[inline]
    pub(crate) fn open_workflow(&mut self, _: &Site, payer: Payer, _: Option<&WorkflowContext>) -> Payer {
        payer
    }

    #[inline]
    pub(crate) fn payer(&self) -> Option<Payer> {
        None
    }
}

/// What a call has to keep to around which there is no other.
#[cfg(feature = "llm")]
fn outermost(outer: Option<&WorkflowContext>) -> Option<Chain> {
    let (user, session) =
        (outer.and_then(|outer| outer.user_id()), outer.and_then(|outer| outer.session_id()));
    budget::installed()?.chain(user, session)
}

/// The same, where it is made.
#[cfg(all(feature = "llm", any(feature = "breaker", feature = "cache", feature = "router")))]
pub(super) fn outermost_here() -> Option<Chain> {
    crate::span::local::current(|context| outermost(WorkflowContext::of(context)))
}

/// What a call has to keep to: its own limits within those around it, and around all of them those of the process, the
/// user and the session.
#[cfg(feature = "llm")]
fn budgets(site: &Site, around: Option<&Arc<Account>>, outer: Option<&WorkflowContext>) -> Option<Chain> {
    let around = match around {
        Some(account) if !account.is_unasked() => account.budgets().cloned(),
        _ => outermost(outer),
    };
    let Some(limits) = site.limits() else { return around };
    let own = Arc::new(Budget::new(site.name(), limits));
    #[cfg(feature = "telemetry")]
    budget::watch(&own);
    Some(match around {
        Some(around) => around.with(own),
        None => Chain::new(own),
    })
}

#[cfg(feature = "llm")]
impl Purse {
    /// For a primitive, where somebody asks what is spent in it: for itself, or in a call around it, where it is wasted if this
    /// one fails. Whether the call has a span makes no difference to what a workflow has wasted.
    #[inline]
    pub(crate) fn open(
        &mut self,
        site: &Site,
        is_asked: bool,
        payer: impl FnOnce() -> Payer,
        outer: Option<&WorkflowContext>,
    ) {
        if is_asked || super::asks_models() {
            self.open_within(site, is_asked, payer(), outer);
        }
    }

    fn open_within(&mut self, site: &Site, is_asked: bool, payer: Payer, outer: Option<&WorkflowContext>) {
        let around = payer.in_workflow(outer.and_then(WorkflowContext::account));
        if !is_asked && around.account().is_none() {
            return;
        }
        let budgets = budgets(site, around.account(), outer);
        self.account = Some(Account::new(around.account().cloned(), budgets));
    }

    /// For a workflow, which hands it on in its context.
    pub(crate) fn open_workflow(
        &mut self,
        site: &Site,
        payer: Payer,
        outer: Option<&WorkflowContext>,
    ) -> Payer {
        let around = payer.in_workflow(outer.and_then(WorkflowContext::account));
        let budgets = budgets(site, around.account(), outer);
        let account = Account::of_workflow(around.account().cloned(), budgets);
        self.account = Some(account.clone());
        Payer::of(account)
    }

    /// Who pays for what the call does.
    pub(crate) fn payer(&self) -> Option<Payer> {
        self.account.clone().map(Payer::of)
    }

    /// The call has ended.
    fn ended(&mut self, outcome: &Outcome) -> Option<Arc<Account>> {
        let account = self.account.take()?;
        if outcome.status != Status::Success {
            account.waste();
        }
        Some(account)
    }
}

#[cfg(not(feature = "telemetry"))]
impl Purse {
    /// The call has ended.
    #[cfg_attr(not(feature = "llm"), allow(clippy::unused_self, unused_variables))]
    pub(crate) fn close(&mut self, outcome: &Outcome) {
        #[cfg(feature = "llm")]
        if let Some(account) = self.ended(outcome) {
            account.close(None);
        }
    }
}

#[cfg(all(feature = "llm", feature = "telemetry"))]
impl Purse {
    /// The call has ended; what its span is to say of what was spent.
    #[inline]
    pub(crate) fn close(
        &mut self,
        outcome: &Outcome,
        statement: impl FnOnce() -> Statement,
    ) -> Option<super::statement::Bill> {
        let account = self.ended(outcome)?;
        let statement = statement();
        if !statement.is_workflow() {
            let spent = account.close(None);
            statement.judge(outcome.status, &spent);
            return statement.bill(spent, account.own());
        }
        let (is_root, late) = (account.is_root(), statement.clone());
        let spent = account.close(Some(Box::new(move |spent| late.add(spent, is_root))));
        statement.judge(outcome.status, &spent);
        statement.count(&spent, is_root);
        statement.bill(spent, account.own())
    }
}

#[cfg(all(not(feature = "llm"), feature = "telemetry"))]
impl Purse {
    /// Nothing was spent.
    #[inline]
    #[allow(clippy::unused_self, reason = "with the feature something is spent")]
    pub(crate) fn close<S>(&mut self, _: &Outcome, _: impl FnOnce() -> S) -> Option<Bill> {
        None
    }
}

/// What was spent in a call, where something can be.
#[cfg(all(not(feature = "llm"), feature = "telemetry"))]
#[derive(Debug)]
pub(crate) enum Bill {}

#[cfg(all(not(feature = "llm"), feature = "telemetry"))]
impl Bill {
    pub(crate) fn attributes(&self, _set: impl FnMut(opentelemetry::KeyValue)) {
        match *self {}
    }
}
