//! One attempt of a call of a model: asked of the budgets before it is made, and booked once however it ends.

use std::sync::Arc;

use super::account::Account;
use super::budget::{Actual, Estimate, Passed, Reservation};
use super::llm::{Answer, Asked};
use super::response::Response;
#[cfg(feature = "telemetry")]
use super::series::Answered;
use super::spent::Spent;
use super::{Money, Usage};
use crate::names::{attribute, event};
use crate::outcome::{Outcome, Status};
use crate::policy::{PolicyError, Refuse};
#[cfg(feature = "telemetry")]
use crate::span::clock::Tick;

/// How far an attempt has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stage {
    /// Not polled: nothing was sent.
    Made,
    /// The program's code is running, so that a panic is its own.
    Polled,
    /// It waits. The request may have been sent.
    Waiting,
    Ended,
}

/// One attempt of a call of a model. However it ends, it is booked once.
pub(super) struct Attempt {
    pub(super) asked: Asked,
    account: Option<Arc<Account>>,
    reservation: Option<Reservation>,
    #[cfg(feature = "telemetry")]
    begun: Tick,
    stage: Stage,
}

/// An attempt that a budget refuses, and how the function says so.
pub(super) struct Refused<R>(PolicyError, fn(PolicyError) -> R);

impl<R> Refused<R> {
    pub(super) fn returned(self) -> R {
        self.1(self.0)
    }
}

impl Attempt {
    /// Begins an attempt, if the budgets that it lies in have enough left. Where a refusal cannot be said there is none.
    pub(super) fn open<R>(asked: Asked, refuse: Refuse<R>) -> Result<Self, Refused<R>> {
        let account = crate::span::payer();
        let reserved = account.as_deref().map(|account| asked.reserve(account, refuse.is_some()));
        let reservation = match (reserved.transpose(), refuse) {
            (Err(refusal), Some(refuse)) => return Err(Refused(refusal, refuse)),
            (reserved, _) => reserved.ok().flatten().flatten(),
        };
        Ok(Attempt {
            asked,
            account,
            reservation,
            #[cfg(feature = "telemetry")]
            begun: Tick::now(),
            stage: Stage::Made,
        })
    }

    /// On which it is booked.
    #[cfg(feature = "router")]
    pub(super) fn account(&self) -> Option<&Account> {
        self.account.as_deref()
    }

    /// Where it is while the program's code runs, which may panic.
    pub(super) fn poll(&mut self) {
        if let (Stage::Made, Some(reservation)) = (self.stage, &mut self.reservation) {
            reservation.sent();
        }
        self.stage = Stage::Polled;
    }

    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    pub(super) fn set_stage(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// How long it has taken so far, in nanoseconds.
    #[cfg(feature = "telemetry")]
    pub(super) fn elapsed(&self) -> u64 {
        self.begun.until(Tick::now())
    }

    /// Runs the function's body.
    pub(super) async fn run<R>(&mut self, body: impl Future<Output = R>) -> R {
        let mut body = std::pin::pin!(body);
        let result = std::future::poll_fn(|task| {
            self.poll();
            let polled = body.as_mut().poll(task);
            self.stage = Stage::Waiting;
            polled
        })
        .await;
        // What looks at the result is the program's, too.
        self.stage = Stage::Polled;
        result
    }

    pub(super) fn end(&mut self, outcome: &Outcome, answer: &Answer) {
        self.stage = Stage::Ended;
        let is_useful = outcome.status == Status::Success;
        let begun = &*self.asked.0;
        let (used, cost) = if answer.is_known {
            (answer.used, answer.cost)
        } else {
            // Of a request that nobody has an answer to, or that only the beginning of one has come to.
            let is_sent = outcome.status == Status::Cancelled || answer.has_begun;
            let used = begun.estimate().filter(|_| is_sent);
            (used, used.as_ref().and_then(|usage| begun.price(&Response::new(), usage)))
        };
        let money = cost.unwrap_or_default();
        let usage = used.unwrap_or_default();
        let spent = Spent {
            useful: if is_useful { money } else { Money::ZERO },
            wasted: if is_useful { Money::ZERO } else { money },
            input: usage.input,
            output: usage.output,
            calls: 1,
            unpriced: u64::from(cost.is_none()),
            unanswered: u64::from(cost.is_none() && !is_useful && answer.used.is_none()),
            ..Spent::default()
        };
        if let Some(account) = &self.account {
            account.book(spent);
        }
        #[cfg(feature = "router")]
        if is_useful {
            answer.elsewhere.add(cost);
        }
        if is_useful && answer.used.is_some() {
            begun.llm.last.keep(&usage);
        }
        if let Some(reservation) = self.reservation.take() {
            let actual =
                Actual { money: cost, tokens: used.map(|usage| usage.input.saturating_add(usage.output)) };
            reservation.settle(actual, |passed| self.asked.passed(&passed));
        }
        #[cfg(feature = "telemetry")]
        begun.llm.models.count(
            &begun.request.provider,
            &begun.request.model,
            &Answered {
                status: outcome.status,
                error: outcome.error.as_ref().map(crate::outcome::Kind::name),
                nanoseconds: self.elapsed(),
                pace: &answer.pace,
                usage,
                is_told: answer.used.is_some(),
                cost,
            },
        );
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        match self.stage {
            Stage::Made | Stage::Ended => {}
            Stage::Polled => self.end(&Outcome::PANIC, &Answer::default()),
            Stage::Waiting => self.end(&Outcome::CANCELLED, &Answer::default()),
        }
    }
}

impl Asked {
    /// Asks the budgets of the call that is made here. One that cannot be refused is not.
    fn reserve(&self, account: &Account, can_refuse: bool) -> Result<Option<Reservation>, PolicyError> {
        let Some(budgets) = account.budgets() else { return Ok(None) };
        let begun = &*self.0;
        let estimate = |usage: &Usage| Estimate {
            money: begun.price(&Response::new(), usage),
            tokens: usage.input.saturating_add(usage.output),
            ..Estimate::call_of(&begun.request.model)
        };
        let (known, expected) = (begun.known(), begun.expected());
        let guessed = estimate(&expected);
        // Mostly all of it is said, and has one price.
        let known = if known == expected { guessed } else { estimate(&known) };
        match budgets.reserve_guessed(&known, &guessed) {
            Err(_) if !can_refuse => Ok(Some(budgets.overdraw(&guessed))),
            Err(refused) => {
                account.refused(refused.by);
                #[cfg(feature = "telemetry")]
                super::budget::count_refusal(&refused.error);
                Err(refused.error)
            }
            Ok(reservation) => Ok(Some(reservation)),
        }
    }

    /// Says in the span that somebody should know how much of a budget is spent.
    fn passed(&self, passed: &Passed) {
        if let Some(span) = &self.0.span {
            let share = passed.spent as f64 / passed.limit.max(1) as f64;
            span.event(
                event::BUDGET,
                [
                    (attribute::BUDGET_NAME, passed.budget.into()),
                    (attribute::BUDGET_SHARE, share.into()),
                    (attribute::BUDGET_SPENT, passed.to_string().into()),
                ],
            );
        }
    }
}

/// Makes one attempt of a call of a model, if the budgets that it lies in have enough left.
///
/// A function that cannot say that a budget refuses it is not refused, and what it spends counts.
pub async fn attempt_of<R>(
    asked: Asked,
    body: impl Future<Output = R>,
    look: impl Fn(&R, &Asked, &mut Answer),
    outcome: impl Fn(&R) -> Outcome,
    refuse: Refuse<R>,
) -> R {
    let mut attempt = match Attempt::open(asked, refuse) {
        Ok(attempt) => attempt,
        Err(refused) => return refused.returned(),
    };
    let result = attempt.run(body).await;
    let mut answer = Answer::default();
    #[cfg(feature = "router")]
    answer.elsewhere.begin(attempt.account());
    look(&result, &attempt.asked, &mut answer);
    let outcome = outcome(&result);
    attempt.end(&outcome, &answer);
    result
}
