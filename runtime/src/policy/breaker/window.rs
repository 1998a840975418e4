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
        /// Whether a call has failed or been slow since all slices were without.
        has_trouble: bool,
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
                has_trouble: false,
                slices: Box::new([Slice::default(); Window::SLICES]),
            },
            Span::Calls(most) => {
                Window::Calls { most: most as usize, calls: VecDeque::new(), sum: Seen::default() }
            }
        }
    }

    pub(super) fn add(&mut self, now: Instant, is_failure: bool, is_slow: bool) {
        match self {
            Window::Time { slice, began, has_trouble, slices } => {
                let number = number(now, *began, *slice);
                let at = (number % Window::SLICES as u64) as usize;
                if slices[at].number != number {
                    slices[at] = Slice { number, seen: Seen::default() };
                    *has_trouble = slices.iter().any(|slice| slice.seen.failures + slice.seen.slow > 0);
                }
                *has_trouble |= is_failure || is_slow;
                slices[at].seen.add(is_failure, is_slow);
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

    /// Whether a call in it may have failed or been slow.
    pub(super) fn has_trouble(&self) -> bool {
        match self {
            Window::Time { has_trouble, .. } => *has_trouble,
            Window::Calls { sum, .. } => sum.failures > 0 || sum.slow > 0,
        }
    }

    /// What there is at `now`.
    pub(super) fn seen(&self, now: Instant) -> Seen {
        match self {
            Window::Time { slice, began, slices, .. } => {
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
    let nanoseconds = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    nanoseconds(now.saturating_duration_since(began)) / nanoseconds(slice).max(1)
}
