//! One attempt of a call of a model: asked of the budgets before it is made, and booked once however it ends.

use std::sync::Arc;

use super::Money;
use super::account::{Account, Spent};
use super::budget::{Actual, Estimate, Passed, Reservation};
use super::llm::{Answer, Asked};
use super::response::Response;
#[cfg(feature = "telemetry")]
use super::series::Answered;
use crate::names::{attribute, event};
use crate::outcome::{Outcome, Status};
use crate::policy::{PolicyError, Refuse};

/// How far an attempt has come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    /// Not polled: nothing was sent.
    Made,
    /// The program's code is running, so that a panic is its own.
    Polled,
    /// It waits. The request may have been sent.
    Waiting,
    Ended,
}

/// One attempt of a call of a model. However it ends, it is booked once.
struct Attempt<'a> {
    asked: &'a Asked,
    account: Option<Arc<Account>>,
    reservation: Option<Reservation>,
    #[cfg(feature = "telemetry")]
    begun: crate::span::clock::Tick,
    stage: Stage,
}

impl Attempt<'_> {
    fn end(&mut self, outcome: &Outcome, answer: &Answer) {
        self.stage = Stage::Ended;
        let is_useful = outcome.status == Status::Success;
        let begun = &*self.asked.0;
        let (used, cost) = if answer.is_known {
            (answer.used, answer.cost)
        } else {
            // Of a request that nobody has an answer to.
            let used = begun.estimate().filter(|_| outcome.status == Status::Cancelled);
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
                nanoseconds: self.begun.until(crate::span::clock::Tick::now()),
                usage,
                cost,
            },
        );
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        match self.stage {
            Stage::Made | Stage::Ended => {}
            Stage::Polled => self.end(&Outcome::PANIC, &Answer::default()),
            Stage::Waiting => self.end(&Outcome::CANCELLED, &Answer::default()),
        }
    }
}

impl Asked {
    /// Asks the budgets of the call that is made here.
    fn reserve(&self, account: &Account) -> Result<Option<Reservation>, PolicyError> {
        let Some(budgets) = account.budgets() else { return Ok(None) };
        let usage = self.0.expected();
        let estimate = Estimate {
            money: self.0.price(&Response::new(), &usage),
            tokens: usage.input.saturating_add(usage.output),
            ..Estimate::call_of(&self.0.request.model)
        };
        budgets.reserve(&estimate).map(Some)
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
    let mut body = std::pin::pin!(body);
    let account = crate::span::payer();
    let reservation = match (account.as_deref().map(|account| asked.reserve(account)), refuse) {
        (Some(Err(refusal)), Some(refuse)) => return refuse(refusal),
        (Some(reserved), _) => reserved.ok().flatten(),
        (None, _) => None,
    };
    let mut attempt = Attempt {
        asked: &asked,
        account,
        reservation,
        #[cfg(feature = "telemetry")]
        begun: crate::span::clock::Tick::now(),
        stage: Stage::Made,
    };
    let result = std::future::poll_fn(|task| {
        if let (Stage::Made, Some(reservation)) = (attempt.stage, &mut attempt.reservation) {
            reservation.sent();
        }
        attempt.stage = Stage::Polled;
        let polled = body.as_mut().poll(task);
        attempt.stage = Stage::Waiting;
        polled
    })
    .await;
    // What looks at the result is the program's, too.
    attempt.stage = Stage::Polled;
    let mut answer = Answer::default();
    #[cfg(feature = "router")]
    answer.elsewhere.begin(attempt.account.as_deref());
    look(&result, &asked, &mut answer);
    let outcome = outcome(&result);
    attempt.end(&outcome, &answer);
    result
}
