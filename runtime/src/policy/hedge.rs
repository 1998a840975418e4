//! `hedge(after = "p95", max = 1, share = 0.1, cost = "$1/1h")`

use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::allowance::Allowance;
use super::aspect::{Aspect, Observed, Series};
use super::attempt::attempt;
use super::budget::Budget;
use super::clock::{after as later, timer};
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::label;
use crate::outcome::{Outcome, Status};

/// When a function is called once more although the first call has not ended.
#[derive(Debug)]
pub struct Hedge {
    name: &'static str,
    after: After,
    recent: Mutex<Recent>,
    max: u32,
    budget: Budget,
    cost: Allowance,
    hedges: Observed,
}

/// How long the first call has.
#[derive(Clone, Copy, Debug)]
enum After {
    Time(Duration),
    /// As long as so many of a thousand calls took.
    Percentile(u32),
}

/// How long the last calls that succeeded took to their first success.
#[derive(Debug)]
struct Recent {
    /// How long they took, [`Recent::MOST`] at most.
    durations: Vec<Duration>,
    /// How many there have been.
    seen: usize,
    /// As of some calls ago.
    percentile: Option<Duration>,
}

impl Recent {
    const MOST: usize = 128;
    /// From so few nothing is concluded.
    const LEAST: usize = 20;
    /// After how many calls it is computed again.
    const EVERY: usize = 16;

    fn add(&mut self, duration: Duration, per_mille: u32) {
        if self.durations.len() < Recent::MOST {
            self.durations.push(duration);
        } else {
            self.durations[self.seen % Recent::MOST] = duration;
        }
        self.seen += 1;
        if self.seen >= Recent::LEAST
            && (self.percentile.is_none() || self.seen.is_multiple_of(Recent::EVERY))
        {
            let mut known = self.durations.clone();
            let at = (known.len() - 1) * per_mille as usize / 1000;
            self.percentile = Some(*known.select_nth_unstable(at).1);
        }
    }
}

static HEDGES: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::HEDGES,
    names: &[label::OUTCOME],
    values: &["first", "second", "both_failed"],
    initial: None,
};
const FIRST: usize = 0;
const FURTHER: usize = 1;
const NONE: usize = 2;

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Hedge {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Hedge {
            name,
            after: After::Time(Duration::from_secs(1)),
            recent: Mutex::new(Recent { durations: Vec::new(), seen: 0, percentile: None }),
            max: 1,
            budget: Budget::new(100_000),
            cost: Allowance::none(),
            hedges: Observed::new(name, &HEDGES),
        }
    }

    /// How long the first call has, in nanoseconds.
    pub const fn after(mut self, nanoseconds: u64) -> Self {
        self.after = After::Time(Duration::from_nanos(nanoseconds));
        self
    }

    /// It has as long as so many of a thousand calls took.
    pub const fn percentile(mut self, per_mille: u32) -> Self {
        self.after = After::Percentile(per_mille);
        self
    }

    /// How many further calls there are.
    pub const fn max(mut self, max: u32) -> Self {
        self.max = max;
        self
    }

    /// Further calls as a part of all, in millionths.
    pub const fn share(mut self, millionths: u32) -> Self {
        self.budget = Budget::new(millionths);
        self
    }

    /// What further calls may cost: pico-dollars, and the nanoseconds that they are for.
    pub const fn cost(mut self, (pico, nanoseconds): (u64, u64)) -> Self {
        self.cost.set(pico, nanoseconds);
        self
    }

    /// How long a call is waited for before there is another; `None` while that is not known.
    fn patience(&self) -> Option<Duration> {
        match self.after {
            After::Time(after) => Some(after),
            After::Percentile(_) => self.recent.lock().unwrap_or_else(PoisonError::into_inner).percentile,
        }
    }

    fn succeeded(&self, duration: Duration) {
        if let After::Percentile(per_mille) = self.after {
            self.recent.lock().unwrap_or_else(PoisonError::into_inner).add(duration, per_mille);
        }
    }
}

impl Aspect for Hedge {
    fn observed(&self) -> Vec<&Observed> {
        vec![&self.hedges]
    }
}

/// Calls a body, and once more whenever that takes long. The first call that succeeds is the result, and the others are
/// dropped; where none does, it is the last one that fails.
///
/// Without a runtime there is one call only.
pub async fn hedge<R, F>(
    policy: &'static Hedge,
    mut body: impl FnMut() -> F,
    outcome: impl Fn(&R) -> Outcome,
) -> R
where
    F: Future<Output = R>,
{
    policy.budget.earn();
    let begun = Instant::now();
    let patience = policy.patience();
    let waited = |number: u32| patience.unwrap_or_default() * (number - 1);
    let first = pin!(body());
    let mut first = pin!(call(policy, 1, Duration::ZERO, &outcome, first));
    let mut first_is_over = false;
    let mut once_more = |number: u32| Box::pin(call(policy, number, waited(number), &outcome, body()));
    let mut further = none_of(&once_more);
    let (mut made, mut left) = (1, policy.max);
    let mut wait = pin!(None::<Sleep>);
    std::future::poll_fn(|task| {
        loop {
            let ended = |(number, result): (u32, R), others: usize| {
                let is_success = outcome(&result).status != Status::Error;
                if is_success {
                    // Of a first call that is dropped: it would have taken longer still. Left out, the slow ones would
                    // be forgotten, and more and more calls seem to be.
                    policy.succeeded(begun.elapsed());
                }
                if !is_success && others > 0 {
                    // What is left may still succeed.
                    return None;
                }
                if made > 1 {
                    let winner = if number == 1 { FIRST } else { FURTHER };
                    policy.hedges.count(if is_success { winner } else { NONE });
                }
                Some(result)
            };
            if !first_is_over && let Poll::Ready(end) = first.as_mut().poll(task) {
                first_is_over = true;
                if let Some(result) = ended(end, further.len()) {
                    return Poll::Ready(result);
                }
            }
            let mut at = 0;
            while at < further.len() {
                let Poll::Ready(end) = further[at].as_mut().poll(task) else {
                    at += 1;
                    continue;
                };
                drop(further.swap_remove(at));
                if let Some(result) = ended(end, further.len() + usize::from(!first_is_over)) {
                    return Poll::Ready(result);
                }
            }
            let Some(patience) = patience.filter(|_| left > 0) else { return Poll::Pending };
            if wait.is_none() {
                let Ok(timer) = timer(later(Instant::now(), patience)) else { return Poll::Pending };
                wait.set(Some(timer));
            }
            if wait.as_mut().as_pin_mut().is_some_and(|wait| wait.poll(task).is_pending()) {
                return Poll::Pending;
            }
            wait.set(None);
            if policy.cost.is_left() && policy.budget.take() {
                (made, left) = (made + 1, left - 1);
                further.push(once_more(made));
            } else {
                left = 0;
            }
        }
    })
    .await
}

/// One call: which, and what came of it.
async fn call<R, F: Future<Output = R>>(
    policy: &'static Hedge,
    number: u32,
    waited: Duration,
    outcome: &impl Fn(&R) -> Outcome,
    body: F,
) -> (u32, R) {
    let cost = policy.cost.bound().filter(|_| number > 1);
    (number, attempt(|| format!("{} hedge", policy.name), number, waited, outcome, cost, body).await)
}

/// None yet of those calls, whose type has no name.
fn none_of<C>(_once_more: &impl FnMut(u32) -> C) -> Vec<C> {
    Vec::new()
}
