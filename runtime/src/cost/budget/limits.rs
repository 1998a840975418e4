//! What a budget allows.

use std::time::Duration;

use crate::cost::Money;
#[cfg(feature = "telemetry")]
use crate::names::refusal;

/// What a budget allows: a limit for each of money, tokens, calls and time, or none.
///
/// ```
/// use tta::budget::Limits;
///
/// let limits = Limits::new().money("$5".parse()?).calls(1_000).per_day();
/// # Ok::<(), tta::ParseMoneyError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Limits {
    pub(super) money: Option<Money>,
    pub(super) tokens: Option<u64>,
    pub(super) calls: Option<u64>,
    pub(super) time: Option<Duration>,
    pub(super) window: Option<Duration>,
    pub(super) allow_unpriced: bool,
}

impl Limits {
    /// No limit.
    pub const fn new() -> Self {
        Limits { money: None, tokens: None, calls: None, time: None, window: None, allow_unpriced: false }
    }

    /// What may be spent. More than 9 223 372 dollars is that.
    pub const fn money(self, limit: Money) -> Self {
        Limits { money: Some(limit), ..self }
    }

    /// Tokens, those of prompts and of answers together.
    pub const fn tokens(self, limit: u64) -> Self {
        Limits { tokens: Some(limit), ..self }
    }

    /// Calls. One that is refused, or given back before it was sent, is none.
    pub const fn calls(self, limit: u64) -> Self {
        Limits { calls: Some(limit), ..self }
    }

    /// How long calls may be begun, from when the budget first becomes part of a chain. A call that runs by then goes on, and
    /// a window does not begin this anew.
    pub const fn time(self, limit: Duration) -> Self {
        Limits { time: Some(limit), ..self }
    }

    /// Begins anew every `period`, with nothing spent. The first window begins when the budget first becomes part of a chain,
    /// and each where the one before ends, whether there are calls or not. What a call reserved in one window and settles in
    /// the next counts in the next.
    ///
    /// A call may so spend the budget just before a window ends, and another one just after: within any one period, twice the
    /// limit at most.
    pub const fn per(self, period: Duration) -> Self {
        Limits { window: Some(period), ..self }
    }

    /// [`per`](Limits::per) hour.
    pub const fn per_hour(self) -> Self {
        self.per(Duration::from_hours(1))
    }

    /// [`per`](Limits::per) day, of 24 hours: from the first use, not from midnight.
    pub const fn per_day(self) -> Self {
        self.per(Duration::from_hours(24))
    }

    /// Lets calls pass whose price is not known, and counts them as 0 where their price is not known afterwards either. They
    /// are refused otherwise, where money has a limit.
    pub const fn allow_unpriced(self) -> Self {
        Limits { allow_unpriced: true, ..self }
    }

    /// Whether there is any.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.money.is_none() && self.tokens.is_none() && self.calls.is_none() && self.time.is_none()
    }

    /// Whether money has a limit.
    #[cfg(feature = "telemetry")]
    pub(crate) fn is_in_dollars(&self) -> bool {
        self.money.is_some()
    }

    /// The reasons for which a budget with these limits can refuse a call.
    #[cfg(feature = "telemetry")]
    pub(crate) fn refusals(&self) -> impl Iterator<Item = &'static str> {
        let can = [
            self.money.is_some(),
            self.tokens.is_some(),
            self.calls.is_some(),
            self.time.is_some(),
            self.money.is_some() && !self.allow_unpriced,
        ];
        refusal::ALL.into_iter().zip(can).filter_map(|(reason, can)| can.then_some(reason))
    }
}
