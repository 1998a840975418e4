//! What an entry is worth: what was spent in making it, which whoever gets it instead does not spend.

#[cfg(feature = "llm")]
use std::sync::Arc;

use tokio::time::Instant;

use super::policy::CachePolicy;
#[cfg(feature = "llm")]
use crate::cost::{Account, Money};
#[cfg(feature = "llm")]
use crate::outcome::Outcome;
use crate::policy::deadline;

/// What was spent in making an entry. Without the feature nothing is, and it takes no room.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worth {
    #[cfg(feature = "llm")]
    all: Money,
    /// Of that, what other processes have spent, which is counted neither where it is spent nor where it is saved.
    #[cfg(feature = "llm")]
    remote: Money,
}

#[cfg(feature = "redis")]
impl Worth {
    /// In pico-dollars, all and what of that is of other processes; none where nothing was spent.
    #[cfg_attr(not(feature = "llm"), allow(clippy::unused_self, reason = "with the feature it is something"))]
    pub(super) fn written(self) -> [Option<u64>; 2] {
        #[cfg(feature = "llm")]
        return [self.all, self.remote].map(|money| Some(money.pico()).filter(|pico| *pico > 0));
        #[cfg(not(feature = "llm"))]
        [None; 2]
    }
}

#[cfg(all(feature = "llm", feature = "redis"))]
impl Worth {
    /// No one call is as dear, in pico-dollars: a thousand dollars. What others have written down may be anything.
    const MOST: u64 = 1_000_000_000_000_000;

    /// As it was written; nothing, where that cannot be.
    pub(super) fn read(written: [Option<u64>; 2]) -> Self {
        let [all, remote] = written.map(Option::unwrap_or_default);
        let all = if all <= Worth::MOST { all } else { 0 };
        Worth { all: Money::from_pico(all), remote: Money::from_pico(remote.min(all)) }
    }
}

#[cfg(all(feature = "redis", not(feature = "llm")))]
impl Worth {
    pub(super) fn read(_: [Option<u64>; 2]) -> Self {
        Worth {}
    }
}

/// A call that is made for a cache, with an account of its own: what is spent in it to some use is what its entry is
/// worth, and what is spent in one that fails is wasted, whatever is returned in its place.
pub(super) struct Making {
    #[cfg(feature = "llm")]
    account: Option<Arc<Account>>,
    /// When its caller wants it to be over.
    deadline: Option<Instant>,
}

impl Making {
    pub(super) fn begin() -> Self {
        Making {
            #[cfg(feature = "llm")]
            account: crate::cost::asks_models().then(crate::cost::account_here),
            deadline: deadline().map(Instant::from),
        }
    }

    /// Whether it may have failed by what only its caller has: a budget around it that has refused a call, or a deadline that
    /// is over.
    pub(super) fn is_of_its_caller(&self) -> bool {
        #[cfg(feature = "llm")]
        if self.account.as_ref().is_some_and(|account| account.is_refused()) {
            return true;
        }
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}

#[cfg(feature = "llm")]
impl Making {
    /// The call. Dropped before it has ended, it has failed.
    pub(super) fn of<F: Future>(&self, call: F) -> impl Future<Output = F::Output> + use<F> {
        crate::cost::scoped_in(self.account.clone(), |_: &F::Output| Outcome::SUCCESS, call)
    }

    pub(super) fn ended(self, is_failure: bool) -> Worth {
        let Some(account) = self.account else { return Worth::default() };
        if is_failure {
            account.waste();
        }
        let spent = account.spent();
        Worth { all: spent.useful, remote: spent.remote[0] }
    }
}

#[cfg(not(feature = "llm"))]
#[allow(clippy::unused_self, reason = "with the feature something is spent")]
impl Making {
    pub(super) fn of<F: Future>(&self, call: F) -> F {
        call
    }

    pub(super) fn ended(self, _is_failure: bool) -> Worth {
        Worth {}
    }
}

#[cfg(feature = "llm")]
impl CachePolicy {
    /// Books in every call around this one that an entry was returned, and so much not spent.
    #[inline]
    pub(super) fn save(&self, worth: Worth) {
        if worth.all > Money::ZERO {
            self.book(worth);
        }
    }

    #[cold]
    fn book(&self, Worth { all, remote }: Worth) {
        self.saved.add(0, all.saturating_sub(remote).pico());
        if let Some(account) = crate::span::payer() {
            account.save(all);
        }
    }
}

#[cfg(not(feature = "llm"))]
#[allow(clippy::unused_self, reason = "with the feature something is saved")]
impl CachePolicy {
    #[inline]
    pub(super) fn save(&self, _: Worth) {}
}
