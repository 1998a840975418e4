//! What may be spent, and by which calls: budgets within budgets, that concurrent calls cannot pass together.
//!
//! A [`Budget`] has a limit for one or more of money, tokens, calls and time. Budgets lie within each other as a [`Chain`]:
//! that of a primitive in its workflow's, that in the session's and the user's, that in the process's. A call asks all of its
//! chain for what it will spend at most, as far as one can know, before it is made ([`Chain::reserve`]); one that refuses
//! refuses it. What it did spend is [settled](Reservation::settle) in place of that, and what was not sent is
//! [given back](Reservation::refund).
//!
//! At no time is more spent and reserved than the limit, but for what calls have spent beyond their own estimates. So with
//! estimates that are not too low, no number of calls at once passes a budget; see `docs/decisions/0071-budgets.md` for why.
//!
//! ```
//! use std::sync::Arc;
//! use tta::budget::{Actual, Budget, Chain, Estimate, Limits};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let day = Arc::new(Budget::new("process", Limits::new().money("$20".parse()?).per_day()));
//! let ticket = Arc::new(Budget::new("support_ticket", Limits::new().money("$0.50".parse()?)));
//! let budgets = Chain::new(day).with(ticket.clone());
//!
//! // Before the call, from the prompt and `max_tokens`.
//! let estimate = Estimate { money: Some("$0.30".parse()?), tokens: 4_000, ..Estimate::call_of("gpt-5") };
//! let mut reservation = budgets.reserve(&estimate)?;
//! assert!(budgets.reserve(&estimate).is_err(), "there is $0.20 left");
//!
//! reservation.sent();
//! // After it, from what was used.
//! reservation.settle(Actual { money: Some("$0.12".parse()?), tokens: Some(1_700) }, |passed| eprintln!("{passed}"));
//! assert_eq!(ticket.money().map(|counts| counts.remaining().to_string()), Some("$0.38".to_owned()));
//! # Ok(()) }
//! ```

mod chain;
mod clock;
mod installed;
mod limits;
mod quantity;
mod reading;
mod reservation;
mod scopes;
#[cfg(feature = "telemetry")]
mod seen;
mod sync;
mod window;

#[cfg(test)]
mod tests;

pub use chain::{Budget, Chain};
#[cfg(feature = "telemetry")]
pub(crate) use installed::install_default;
pub use installed::{InstalledBefore, install, installed};
pub use limits::Limits;
pub use reading::{Passed, Reading};
pub use reservation::{Actual, Estimate, Reservation};
pub use scopes::Budgets;
#[cfg(feature = "telemetry")]
use seen::unwatch;
#[cfg(feature = "telemetry")]
pub(crate) use seen::{count_refusal, declared, open, read, watch};
