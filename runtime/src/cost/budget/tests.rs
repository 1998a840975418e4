//! What users of budgets see. That the counts hold in every order of steps is shown by `tests/model`.

mod ends;
mod limits;
mod random;
mod scopes;
mod threads;
mod windows;

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::cost::Money;
use crate::policy::{BudgetUnit, PolicyError};

thread_local! {
    static LATER: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// The clock of a test, which goes on when it is told to.
fn clock() -> Instant {
    thread_local!(static START: Instant = Instant::now());
    START.with(|start| *start) + LATER.get()
}

fn let_pass(time: Duration) {
    LATER.set(LATER.get() + time);
}

fn budget(name: &'static str, limits: Limits) -> Arc<Budget> {
    Arc::new(Budget::with_clock(name, limits, clock))
}

fn dollars(text: &str) -> Money {
    text.parse().expect("an amount")
}

/// A call of a model with a price.
fn call(money: &str) -> Estimate<'static> {
    Estimate { money: Some(dollars(money)), ..Estimate::call_of("gpt-5") }
}

fn tokens(tokens: u64) -> Estimate<'static> {
    Estimate { money: Some(Money::ZERO), tokens, ..Estimate::call_of("gpt-5") }
}

fn cost(money: &str) -> Actual {
    Actual { money: Some(dollars(money)), tokens: None }
}

/// Spends it, as far as the budgets let it.
fn spend(chain: &Chain, money: &str) -> Result<Vec<Passed>, PolicyError> {
    let mut told = Vec::new();
    chain.reserve(&call(money))?.settle(cost(money), |passed| told.push(passed));
    Ok(told)
}

/// Spent and reserved.
fn money_of(budget: &Budget) -> (Money, Money) {
    budget.money().map(|counts| (counts.spent(), counts.reserved())).expect("a limit of money")
}
