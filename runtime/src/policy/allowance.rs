//! What further calls of a function may cost in a time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::cost::Money;

/// Dollars for a time that begins anew. What is begun while something is left is not stopped: calls in flight may pass it.
#[derive(Debug)]
pub(crate) struct Allowance {
    limit: Money,
    period: Duration,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    begun: Option<Instant>,
    spent: Money,
}

impl Allowance {
    #[cfg_attr(
        not(feature = "llm"),
        allow(unused_variables, clippy::panic, reason = "it is a compile error")
    )]
    pub(super) const fn new(pico: u64, nanoseconds: u64) -> Self {
        #[cfg(not(feature = "llm"))]
        panic!(
            "`cost` needs a feature of tta: write `features = [\"llm\"]` where tta is among the dependencies"
        );
        #[cfg(feature = "llm")]
        Allowance {
            limit: Money::from_pico(pico),
            period: Duration::from_nanos(nanoseconds),
            window: Mutex::new(Window { begun: None, spent: Money::ZERO }),
        }
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
        self.now(|window| window.spent < self.limit)
    }
}

#[cfg(feature = "llm")]
impl crate::cost::Told for Allowance {
    fn spent(&self, money: Money) {
        self.now(|window| window.spent += money);
    }
}
