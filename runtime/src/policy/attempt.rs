//! One of several calls of a body.

use std::time::Duration;

use super::allowance::Allowance;
use crate::outcome::Outcome;

/// Runs it in a span and with an account of its own, where there are such.
///
/// What is spent in it is taken from `cost`, where it is a further one.
#[cfg_attr(not(all(feature = "llm", feature = "telemetry")), allow(unused_variables))]
pub(super) fn attempt<'a, R: 'a>(
    name: impl FnOnce() -> String + 'a,
    number: u32,
    waited: Duration,
    outcome: &'a impl Fn(&R) -> Outcome,
    cost: Option<&'static Allowance>,
    body: impl Future<Output = R> + 'a,
) -> impl Future<Output = R> + 'a {
    #[cfg(feature = "telemetry")]
    let body = crate::span::attempt::attempt(name, number, waited, outcome, body);
    #[cfg(feature = "llm")]
    let body = crate::cost::scoped(outcome, cost.map(|cost| cost as &dyn crate::cost::Told), body);
    body
}
