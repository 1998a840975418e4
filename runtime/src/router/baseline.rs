//! What a router saves: what the models on the routes that it chose have cost, against what its baseline would have.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

#[cfg(feature = "telemetry")]
use super::counts::Counts;
use crate::cost::{Account, Money, Payer, PriceRequest, Priced, Response, Usage, account_on, price};
use crate::diagnostics::warn;
use crate::span::Paying;

/// The provider and the model of a route.
pub(super) type Model = (&'static str, &'static str);

/// The route that everything would go to if there were no router.
pub(super) struct Baseline {
    router: &'static str,
    pub(super) place: usize,
    model: Model,
    /// Whether somebody has been told that it has no price.
    is_told: AtomicBool,
}

impl Baseline {
    pub(super) const fn new(router: &'static str, place: usize, model: Model) -> Self {
        Baseline { router, place, model, is_told: AtomicBool::new(false) }
    }

    fn tell(&self) {
        if !self.is_told.swap(true, Relaxed) {
            let (provider, model) = self.model;
            warn(format_args!(
                "it is not known what the router {} saves: a call has no price, or {model} of {provider}, which is its \
                 baseline, has none",
                self.router
            ));
        }
    }
}

/// What the models cost that are asked while a route is followed, and what the baseline would have.
pub(crate) struct Repriced {
    baseline: &'static Baseline,
    /// That of the route, where it is known: what others cost would have been spent on any route.
    own: Option<Model>,
    sums: Mutex<Sums>,
}

#[derive(Clone, Default)]
struct Sums {
    cost: Money,
    baseline: Money,
    is_unknown: bool,
    /// Of a call on the route that has succeeded: what is still asked on it, as a stream that it has returned, is compared by
    /// itself.
    late: Option<Late>,
}

/// Where that is told.
#[derive(Clone)]
struct Late {
    account: Weak<Account>,
    #[cfg(feature = "telemetry")]
    counts: Option<&'static Counts>,
    #[cfg(feature = "telemetry")]
    place: usize,
}

impl Repriced {
    /// What `usage` would have cost on the baseline; `None` of a model that is not that of the route.
    pub(crate) fn price(
        &self,
        asked: &PriceRequest<'_>,
        response: &Response<'_>,
        usage: &Usage,
    ) -> Option<Priced> {
        let is_own = self.own.is_none_or(|(provider, model)| {
            asked.provider == provider && (asked.model == model || response.model.as_deref() == Some(model))
        });
        let (provider, model) = self.baseline.model;
        is_own.then(|| price(&PriceRequest { provider, model, ..*asked }, usage))
    }

    /// Adds a call that has succeeded.
    pub(crate) fn add(&self, cost: Option<Money>, baseline: Priced) {
        let mut sums = self.lock();
        let late = sums.late.clone();
        if late.is_some() {
            *sums = Sums { late: late.clone(), ..Sums::default() };
        }
        match (cost, baseline) {
            (Some(cost), Priced::Known(baseline)) => {
                sums.cost += cost;
                sums.baseline += baseline;
            }
            _ => sums.is_unknown = true,
        }
        let told = late.map(|late| (sums.clone(), late));
        drop(sums);
        if let Some((sums, late)) = told {
            self.tell(&sums, &late);
        }
    }

    /// Says what was saved, or spent on top.
    fn tell(&self, sums: &Sums, to: &Late) {
        if sums.is_unknown {
            // A part of it would be a figure of nothing.
            return self.baseline.tell();
        }
        let saved = sums.baseline.saturating_sub(sums.cost);
        if let Some(account) = to.account.upgrade().filter(|_| saved > Money::ZERO) {
            account.save(saved);
        }
        #[cfg(feature = "telemetry")]
        if let Some(counts) = to.counts {
            counts.compared(to.place, saved, sums.cost.saturating_sub(sums.baseline));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Sums> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A route that is followed.
pub(super) struct Ledger {
    account: Arc<Account>,
    repriced: Arc<Repriced>,
}

impl Ledger {
    /// Nothing is to be said of the baseline itself.
    pub(super) fn open(
        baseline: Option<&'static Baseline>,
        place: usize,
        own: Option<Model>,
    ) -> Option<Self> {
        let baseline = baseline.filter(|baseline| baseline.place != place)?;
        let repriced = Arc::new(Repriced { baseline, own, sums: Mutex::default() });
        Some(Ledger { account: account_on(repriced.clone()), repriced })
    }

    /// What runs here is paid by way of the route, until that is dropped.
    pub(super) fn enter(&self) -> Paying {
        Paying::enter(Payer::of(self.account.clone()))
    }

    /// The call on the route has succeeded.
    pub(super) fn close(
        self,
        #[cfg(feature = "telemetry")] counts: Option<&'static Counts>,
        #[cfg(feature = "telemetry")] place: usize,
    ) {
        let late = Late {
            account: Arc::downgrade(&self.account),
            #[cfg(feature = "telemetry")]
            counts,
            #[cfg(feature = "telemetry")]
            place,
        };
        let sums = {
            let mut sums = self.repriced.lock();
            sums.late = Some(late.clone());
            sums.clone()
        };
        self.repriced.tell(&sums, &late);
    }
}
