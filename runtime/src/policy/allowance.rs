//! What further calls of a function may cost in a time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::cost::Money;

/// Dollars for a time that begins anew, or no bound. What is begun while something is left is not stopped: calls in flight
/// may pass it.
#[derive(Debug)]
pub(crate) struct Allowance {
    limit: Option<Money>,
    period: Duration,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    begun: Option<Instant>,
    spent: Money,
}

impl Allowance {
    pub(super) const fn none() -> Self {
        let window = Mutex::new(Window { begun: None, spent: Money::ZERO });
        Allowance { limit: None, period: Duration::ZERO, window }
    }

    /// So many pico-dollars for so many nanoseconds. Nothing is dropped by it, which a constant could not.
    #[cfg(feature = "llm")]
    pub(super) const fn set(&mut self, pico: u64, nanoseconds: u64) {
        self.limit = Some(Money::from_pico(pico));
        self.period = Duration::from_nanos(nanoseconds);
    }

    /// Nobody knows what is spent.
    #[cfg(not(feature = "llm"))]
    pub(super) const fn set(&mut self, _pico: u64, _nanoseconds: u64) {
        let _ = (&self.limit, &self.period);
        panic!(
            "`cost` needs a feature of tta: write `features = [\"llm\"]` where tta is among the dependencies"
        )
    }

    /// Itself, if it is a bound.
    pub(super) fn bound(&self) -> Option<&Self> {
        self.limit.map(|_| self)
    }

    fn now<R>(&self, look: impl FnOnce(&mut Window) -> R) -> R {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if window.begun.is_none_or(|begun| now.duration_since(begun) >= self.period) {
            *window = Window { begun: Some(now), spent: Money::ZERO };
        }
        look(&mut window)
    }

    /// Whether there is anything left.
    pub(super) fn is_left(&self) -> bool {
        self.limit.is_none_or(|limit| self.now(|window| window.spent < limit))
    }
}

#[cfg(feature = "llm")]
impl crate::cost::Told for Allowance {
    fn spent(&self, money: Money) {
        self.now(|window| window.spent += money);
    }
}
