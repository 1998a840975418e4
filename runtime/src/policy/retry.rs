//! `retry(max = 3, backoff = "100ms..10s", when = .., after = .., budget = 0.2, cost = "$1/1h", deadline = "30s")`

use std::pin::pin;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::time::Instant;

use super::PolicyError;
use super::allowance::Allowance;
use super::aspect::{Aspect, Observed, Series};
use super::attempt::attempt;
use super::budget::Budget;
use super::clock::{after as later, sleep_until, until};
use super::deadline::{deadline, within};
use super::result::Refusable;
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::{attribute, label};
use crate::outcome::Outcome;

/// How a function is called again.
#[derive(Debug)]
pub struct Retry {
    name: &'static str,
    max: u32,
    first: Duration,
    longest: Duration,
    has_jitter: bool,
    deadline: Option<Duration>,
    budget: Option<Budget>,
    cost: Allowance,
    attempts: Observed,
    retries: Observed,
}

static ATTEMPTS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::RETRY_ATTEMPTS,
    names: &[label::OUTCOME],
    values: &["success", "error", "exhausted", "budget"],
    initial: None,
};

static RETRIES: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::RETRIES,
    names: &[],
    values: &[],
    initial: None,
};

/// What an attempt's end leads to; a place in [`ATTEMPTS`].
#[derive(Clone, Copy, Debug)]
enum After {
    /// The call has succeeded.
    Success,
    /// It failed in a way that is not worth a retry, or there is a next attempt.
    Error,
    /// There would be one, but for their number or the time.
    Exhausted,
    /// There would be one, but for the budget.
    Budget,
}

/// A server that asks for more patience than this is not waited for, unless the backoff goes further.
const LONGEST_HINT: Duration = Duration::from_mins(1);

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Retry {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Retry {
            name,
            max: 3,
            first: Duration::from_millis(100),
            longest: Duration::from_secs(10),
            has_jitter: true,
            deadline: None,
            budget: None,
            cost: Allowance::none(),
            attempts: Observed::new(name, &ATTEMPTS),
            retries: Observed::new(name, &RETRIES),
        }
    }

    /// How often it is called again.
    pub const fn max(mut self, max: u32) -> Self {
        self.max = max;
        self
    }

    /// The first wait and the longest, in nanoseconds.
    pub const fn backoff(mut self, first: u64, longest: u64) -> Self {
        self.first = Duration::from_nanos(first);
        self.longest = Duration::from_nanos(longest);
        self
    }

    /// Waits are as long as they are said to be.
    pub const fn no_jitter(mut self) -> Self {
        self.has_jitter = false;
        self
    }

    /// What a call earns, in millionths of a retry.
    pub const fn budget(mut self, share: u32) -> Self {
        self.budget = Some(Budget::new(share));
        self
    }

    /// What attempts but the first may cost: pico-dollars, and the nanoseconds that they are for.
    pub const fn cost(mut self, (pico, nanoseconds): (u64, u64)) -> Self {
        self.cost.set(pico, nanoseconds);
        self
    }

    /// How long all attempts may take together, in nanoseconds.
    pub const fn deadline(mut self, nanoseconds: u64) -> Self {
        self.deadline = Some(Duration::from_nanos(nanoseconds));
        self
    }

    fn waits(&self) -> impl Iterator<Item = Duration> {
        let schedule = ExponentialBuilder::new()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_max_times(self.max as usize);
        let has_jitter = self.has_jitter;
        // Full jitter: anything up to what the schedule says, so that callers who failed together do not return together.
        schedule.build().map(move |wait| if has_jitter { wait.mul_f64(fastrand::f64()) } else { wait })
    }

    fn count(&self, after: After) {
        self.attempts.count(after as usize);
    }

    fn no_time<R: Refusable>(&self) -> R {
        R::refused(PolicyError::NoRuntime { primitive: self.name.into(), policy: "retry" })
    }
}

impl Aspect for Retry {
    fn observed(&self) -> Vec<&Observed> {
        vec![&self.attempts, &self.retries]
    }
}

/// Counts an attempt that is dropped before it has ended as nothing, and any other as what came of it.
///
/// `when` says which errors are worth another attempt, and `hint` how long the other side has asked to wait.
pub async fn retry<R, F>(
    policy: &'static Retry,
    mut body: impl FnMut() -> F,
    outcome: impl Fn(&R) -> Outcome,
    when: impl Fn(&R::Error) -> bool,
    hint: impl Fn(&R::Error) -> Option<Duration>,
) -> R
where
    R: Refusable,
    F: Future<Output = R>,
{
    let begun = policy.deadline.map(|duration| (Instant::now(), duration));
    let own = begun.map(|(now, duration)| later(now, duration));
    if let Some(budget) = &policy.budget {
        budget.earn();
    }
    let mut waits = policy.waits();
    let mut waited = Duration::ZERO;
    for number in 1_u32.. {
        let body = pin!(body());
        let cost = policy.cost.bound().filter(|_| number > 1);
        let attempt = attempt(|| format!("{} attempt", policy.name), number, waited, &outcome, cost, body);
        let result = match own {
            None => attempt.await,
            Some(at) => match until(at, pin!(within(at.into(), attempt))).await {
                Ok(Some(result)) => result,
                Ok(None) => {
                    policy.count(After::Exhausted);
                    let after = begun.map_or(Duration::ZERO, |(_, duration)| duration);
                    return R::refused(PolicyError::Timeout { primitive: policy.name.into(), after });
                }
                Err(_) => return policy.no_time(),
            },
        };
        if number > 1 {
            crate::span().set(attribute::RETRY_ATTEMPTS, number);
        }
        let Some(error) = result.as_error() else {
            policy.count(After::Success);
            return result;
        };
        if !when(error) {
            policy.count(After::Error);
            return result;
        }
        let Some(backoff) = waits.next() else {
            policy.count(After::Exhausted);
            return result;
        };
        let hint = hint(error);
        let wait = hint.map_or(backoff, |hint| hint.max(backoff));
        let next = later(Instant::now(), wait);
        let last = [own, deadline().map(Into::into)].into_iter().flatten().min();
        let is_too_late = last.is_some_and(|last| next >= last);
        if is_too_late || hint.is_some_and(|hint| hint > LONGEST_HINT.max(policy.longest)) {
            policy.count(After::Exhausted);
            return result;
        }
        if !policy.cost.is_left() || policy.budget.as_ref().is_some_and(|budget| !budget.take()) {
            policy.count(After::Budget);
            return result;
        }
        policy.count(After::Error);
        drop(result);
        if sleep_until(next).await.is_err() {
            return policy.no_time();
        }
        policy.retries.count(0);
        waited = wait;
    }
    // Their number ends before numbers do.
    policy.no_time()
}
