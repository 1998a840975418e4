//! What a call has reserved, until it is known what it cost.

use super::chain::Chain;
use super::reading::Passed;
use crate::cost::Money;
use crate::policy::BudgetUnit;

/// What a call will spend at most, as far as one can know: what its prompt has and what its answer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate<'a> {
    /// The model, for the error of one whose price is not known.
    pub model: &'a str,
    /// Its cost, or `None` if there is no price for it. A model that costs nothing has [`Money::ZERO`].
    pub money: Option<Money>,
    /// Tokens, those of the prompt and of the answer.
    pub tokens: u64,
    /// Calls: 1.
    pub calls: u64,
}

impl<'a> Estimate<'a> {
    /// One call of a model, without a price and without tokens.
    #[must_use]
    pub const fn call_of(model: &'a str) -> Self {
        Estimate { model, money: None, tokens: 0, calls: 1 }
    }

    pub(super) fn amounts(&self) -> Amounts {
        let money = self.money.unwrap_or(Money::ZERO).pico();
        Amounts { money, tokens: self.tokens, calls: self.calls }
    }
}

/// What a call has spent. Of what is not known, that which was estimated counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actual {
    /// Its cost.
    pub money: Option<Money>,
    /// Its tokens.
    pub tokens: Option<u64>,
}

/// What a budget counts of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Amounts {
    money: u64,
    tokens: u64,
    calls: u64,
}

impl Amounts {
    const NOTHING: Amounts = Amounts { money: 0, tokens: 0, calls: 0 };

    pub(super) fn of(&self, unit: BudgetUnit) -> u64 {
        match unit {
            BudgetUnit::PicoDollars => self.money,
            BudgetUnit::Tokens => self.tokens,
            BudgetUnit::Calls => self.calls,
            // It passes by itself.
            BudgetUnit::Nanoseconds => 0,
        }
    }

    pub(super) fn set(&mut self, unit: BudgetUnit, amount: u64) {
        match unit {
            BudgetUnit::PicoDollars => self.money = amount,
            BudgetUnit::Tokens => self.tokens = amount,
            BudgetUnit::Calls => self.calls = amount,
            BudgetUnit::Nanoseconds => {}
        }
    }

    pub(super) fn min(self, other: Amounts) -> Amounts {
        Amounts {
            money: self.money.min(other.money),
            tokens: self.tokens.min(other.tokens),
            calls: self.calls.min(other.calls),
        }
    }

    /// What it is more than the other, which is no more than this.
    pub(super) fn less(self, other: Amounts) -> Amounts {
        Amounts {
            money: self.money - other.money,
            tokens: self.tokens - other.tokens,
            calls: self.calls - other.calls,
        }
    }
}

/// What a call has reserved, from [`Chain::reserve`]. It ends once: settled, wasted or given back, the latest when it is
/// dropped.
#[derive(Debug)]
#[must_use = "what is dropped before it was sent is given back"]
pub struct Reservation {
    /// Until it ends.
    chain: Option<Chain>,
    reserved: Amounts,
    /// What counts where nothing better is known.
    estimated: Amounts,
    is_sent: bool,
}

impl Reservation {
    pub(super) fn new(chain: Chain, reserved: Amounts) -> Self {
        Reservation { chain: Some(chain), reserved, estimated: reserved, is_sent: false }
    }

    /// Of a call that nobody can refuse: nothing is reserved, and what it spends counts.
    pub(super) fn of_nothing(chain: Chain, estimated: Amounts) -> Self {
        Reservation { chain: Some(chain), reserved: Amounts::NOTHING, estimated, is_sent: false }
    }

    /// The call is being sent: from here on it may cost something, whether its answer is seen or not.
    pub fn sent(&mut self) {
        self.is_sent = true;
    }

    /// The call has ended, and this is what it spent: all of it counts, even where it is more than was reserved. `passed` hears
    /// of the budgets of which so much is spent by now that somebody should know.
    pub fn settle(mut self, actual: Actual, passed: impl FnMut(Passed)) {
        let Amounts { money, tokens, calls } = self.estimated;
        let money = actual.money.map_or(money, Money::pico);
        let actual = Amounts { money, tokens: actual.tokens.unwrap_or(tokens), calls };
        if let Some(chain) = self.chain.take() {
            chain.settle(&self.reserved, &actual);
            // After all of them: it is somebody else's code.
            chain.tell(passed);
        }
    }

    /// The call was sent, and what it spent will not be known: what it reserved counts.
    pub fn waste(self, passed: impl FnMut(Passed)) {
        self.settle(Actual::default(), passed);
    }

    /// The call was not sent, or is known to have cost nothing: what was reserved is given back, and it is not counted as a
    /// call. To count it as one, settle it with [`Money::ZERO`] and no tokens.
    pub fn refund(mut self) {
        self.is_sent = false;
        drop(self);
    }
}

/// Cancelled: given back before it was sent, else [wasted](Reservation::waste). What a budget has to tell by that is told to who
/// settles next.
impl Drop for Reservation {
    fn drop(&mut self) {
        match self.chain.take() {
            Some(chain) if self.is_sent => chain.settle(&self.reserved, &self.estimated),
            Some(chain) => chain.refund(&self.reserved),
            None => {}
        }
    }
}
