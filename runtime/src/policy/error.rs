//! The one error of every policy.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::cost::Money;
use crate::outcome::{Category, ErrorKind, Kind};

/// A policy refused the call. The one error type of every policy.
///
/// A function with a policy returns a `Result` whose error is `From<PolicyError>`, so that the refusal
/// reaches the caller as an ordinary error of that function:
///
/// ```
/// enum LlmError {
///     Refused(tta::PolicyError),
///     Http(u16),
/// }
/// impl From<tta::PolicyError> for LlmError {
///     fn from(refusal: tta::PolicyError) -> Self {
///         LlmError::Refused(refusal)
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// The body did not end in time.
    #[non_exhaustive]
    Timeout {
        /// The primitive's name.
        primitive: Cow<'static, str>,
        /// How long it was given.
        after: Duration,
    },
    /// The circuit breaker is open.
    #[non_exhaustive]
    BreakerOpen {
        /// The primitive's name.
        primitive: Cow<'static, str>,
        /// When the breaker lets a probe through.
        retry_after: Duration,
    },
    /// The bulkhead and its queue are full, or the wait in the queue was too long.
    #[non_exhaustive]
    BulkheadFull {
        /// The primitive's name.
        primitive: Cow<'static, str>,
        /// Calls that may run at once.
        max: usize,
        /// How long this call waited before it was refused.
        waited: Duration,
    },
    /// The call would have passed a budget.
    #[non_exhaustive]
    BudgetExceeded {
        /// The budget's name.
        budget: Cow<'static, str>,
        /// What the numbers count.
        unit: BudgetUnit,
        /// The budget.
        limit: u64,
        /// Settled so far.
        spent: u64,
        /// Reserved by calls in flight.
        reserved: u64,
        /// What this call asked for.
        asked: u64,
    },
    /// The call has no known price, and a budget of money takes none of these.
    #[non_exhaustive]
    PriceUnknown {
        /// The budget's name.
        budget: Cow<'static, str>,
        /// The budget.
        limit: Money,
        /// The model.
        model: Cow<'static, str>,
    },
    /// A cached function asked for the key that it is computing.
    #[non_exhaustive]
    CacheRecursion {
        /// The primitive's name.
        primitive: Cow<'static, str>,
    },
    /// The policy needs a tokio runtime with time, and there is none.
    #[non_exhaustive]
    NoRuntime {
        /// The primitive's name.
        primitive: Cow<'static, str>,
        /// The policy that needs it, as written in the attribute.
        policy: &'static str,
    },
}

/// What a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BudgetUnit {
    /// Pico-dollars, 10⁻¹² US dollars.
    PicoDollars,
    /// Tokens, prompt and completion together.
    Tokens,
    /// Calls.
    Calls,
    /// Nanoseconds that have gone by; nothing is reserved of them.
    Nanoseconds,
}

impl BudgetUnit {
    pub(crate) fn show(self, amount: u64) -> String {
        match self {
            BudgetUnit::PicoDollars => Money::from_pico(amount).to_string(),
            BudgetUnit::Tokens => format!("{amount} tokens"),
            BudgetUnit::Calls => format!("{amount} calls"),
            BudgetUnit::Nanoseconds => format!("{:?}", Duration::from_nanos(amount)),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyError::Timeout { primitive, after } => {
                write!(f, "`{primitive}` did not end within {after:?}")
            }
            PolicyError::BreakerOpen { primitive, retry_after } => {
                write!(f, "the circuit breaker of `{primitive}` is open for another {retry_after:?}")
            }
            PolicyError::BulkheadFull { primitive, max, waited } => {
                write!(f, "`{primitive}` already runs {max} times, and waiting {waited:?} did not help")
            }
            PolicyError::BudgetExceeded {
                budget,
                unit: unit @ BudgetUnit::Nanoseconds,
                limit,
                spent,
                ..
            } => {
                write!(
                    f,
                    "budget `{budget}` of {} is over: {} have gone by",
                    unit.show(*limit),
                    unit.show(*spent)
                )
            }
            PolicyError::BudgetExceeded { budget, unit, limit, spent, reserved, asked } => write!(
                f,
                "budget `{budget}` of {} would be passed: {} spent, {} reserved, {} asked for",
                unit.show(*limit),
                unit.show(*spent),
                unit.show(*reserved),
                unit.show(*asked)
            ),
            PolicyError::PriceUnknown { budget, limit, model } => {
                write!(f, "budget `{budget}` of {limit} takes no call of `{model}`, whose price is not known")
            }
            PolicyError::CacheRecursion { primitive } => {
                write!(f, "`{primitive}` asked its cache for the key that it is computing")
            }
            PolicyError::NoRuntime { primitive, policy } => {
                write!(
                    f,
                    "`{policy}` of `{primitive}` needs a tokio runtime with time enabled, and none is running"
                )
            }
        }
    }
}

impl std::error::Error for PolicyError {}

impl ErrorKind for PolicyError {
    const KINDS: &'static [Kind] = &[
        Kind::new("timeout", Category::Transient),
        Kind::new("breaker_open", Category::Transient),
        Kind::new("bulkhead_full", Category::Transient),
        Kind::new("budget_exceeded", Category::Permanent),
        Kind::new("cache_recursion", Category::Permanent),
        Kind::new("no_runtime", Category::Permanent),
        Kind::new("price_unknown", Category::Permanent),
    ];

    fn kind(&self) -> &'static Kind {
        &Self::KINDS[match self {
            PolicyError::Timeout { .. } => 0,
            PolicyError::BreakerOpen { .. } => 1,
            PolicyError::BulkheadFull { .. } => 2,
            PolicyError::BudgetExceeded { .. } => 3,
            PolicyError::CacheRecursion { .. } => 4,
            PolicyError::NoRuntime { .. } => 5,
            PolicyError::PriceUnknown { .. } => 6,
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exceeded_budget_says_what_was_asked_for_in_its_own_unit() {
        let refusal = PolicyError::BudgetExceeded {
            budget: "support_ticket".into(),
            unit: BudgetUnit::PicoDollars,
            limit: 500_000_000_000,
            spent: 499_000_000_000,
            reserved: 0,
            asked: 1_250_000_000,
        };
        assert_eq!(
            refusal.to_string(),
            "budget `support_ticket` of $0.50 would be passed: $0.499 spent, $0.00 reserved, $0.00125 asked for"
        );
        assert_eq!(refusal.kind().name(), "budget_exceeded");
    }
}
