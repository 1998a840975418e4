//! The last calls: so many, or those of so long.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::Span;

/// What is known of the last calls.
#[derive(Debug)]
pub(super) enum Window {
    Time {
        /// How long a slice is.
        slice: Duration,
        began: Instant,
        slices: Box<[Slice; Window::SLICES]>,
    },
    Calls {
        most: usize,
        calls: VecDeque<(bool, bool)>,
        sum: Seen,
    },
}

/// Calls within a tenth of the window.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slice {
    /// Which tenth, from the window's begin.
    number: u64,
    seen: Seen,
}

/// How many calls, and how many of them failed and were slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) calls: u32,
    pub(super) failures: u32,
    pub(super) slow: u32,
}

impl Seen {
    fn add(&mut self, is_failure: bool, is_slow: bool) {
        self.calls = self.calls.saturating_add(1);
        self.failures = self.failures.saturating_add(u32::from(is_failure));
        self.slow = self.slow.saturating_add(u32::from(is_slow));
    }

    fn plus(self, other: Seen) -> Seen {
        Seen {
            calls: self.calls.saturating_add(other.calls),
            failures: self.failures.saturating_add(other.failures),
            slow: self.slow.saturating_add(other.slow),
        }
    }
}

impl Window {
    const SLICES: usize = 10;

    pub(super) fn new(span: Span) -> Self {
        match span {
            Span::Time(window) => Window::Time {
                slice: (window / Window::SLICES as u32).max(Duration::from_nanos(1)),
                began: Instant::now(),
                slices: Box::new([Slice::default(); Window::SLICES]),
            },
            Span::Calls(most) => {
                Window::Calls { most: most as usize, calls: VecDeque::new(), sum: Seen::default() }
            }
        }
    }

    pub(super) fn add(&mut self, now: Instant, is_failure: bool, is_slow: bool) {
        match self {
            Window::Time { slice, began, slices } => {
                let number = number(now, *began, *slice);
                let slice = &mut slices[(number % Window::SLICES as u64) as usize];
                if slice.number != number {
                    *slice = Slice { number, seen: Seen::default() };
                }
                slice.seen.add(is_failure, is_slow);
            }
            Window::Calls { most, calls, sum } => {
                if calls.len() >= *most
                    && let Some((failure, slow)) = calls.pop_front()
                {
                    sum.calls -= 1;
                    sum.failures -= u32::from(failure);
                    sum.slow -= u32::from(slow);
                }
                calls.push_back((is_failure, is_slow));
                sum.add(is_failure, is_slow);
            }
        }
    }

    /// What there is at `now`.
    pub(super) fn seen(&self, now: Instant) -> Seen {
        match self {
            Window::Time { slice, began, slices } => {
                let number = number(now, *began, *slice);
                let is_recent = |slice: &&Slice| slice.number + (Window::SLICES as u64) > number;
                slices.iter().filter(is_recent).map(|slice| slice.seen).fold(Seen::default(), Seen::plus)
            }
            Window::Calls { sum, .. } => *sum,
        }
    }
}

/// The tenths of a window since it began.
fn number(now: Instant, began: Instant, slice: Duration) -> u64 {
    let elapsed = now.saturating_duration_since(began).as_nanos();
    u64::try_from(elapsed / slice.as_nanos().max(1)).unwrap_or(u64::MAX)
}
