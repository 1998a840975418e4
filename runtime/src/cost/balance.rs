//! What was spent in a call so far.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Money;
use super::spent::Spent;

/// A number that is changed by who has the lock, and read by anybody.
#[derive(Default)]
pub(super) struct Number(AtomicU64);

impl Number {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn set(&self, number: u64) {
        self.0.store(number, Relaxed);
    }

    pub(super) fn add(&self, more: u64) {
        self.set(self.get().saturating_add(more));
    }

    fn take_away(&self, less: u64) {
        self.set(self.get().saturating_sub(less));
    }
}

/// What was spent, money in pico-dollars.
#[derive(Default)]
pub(super) struct Balance {
    useful: Number,
    wasted: Number,
    saved: Number,
    input: Number,
    output: Number,
    calls: Number,
    unpriced: Number,
    unanswered: Number,
    remote: [Number; 2],
    /// What the call has spent itself, and not by what it has called.
    pub(super) own: Number,
}
impl Balance {
    pub(super) fn read(&self) -> Spent {
        let money = |number: &Number| Money::from_pico(number.get());
        Spent {
            useful: money(&self.useful),
            wasted: money(&self.wasted),
            saved: money(&self.saved),
            input: self.input.get(),
            output: self.output.get(),
            calls: self.calls.get(),
            unpriced: self.unpriced.get(),
            unanswered: self.unanswered.get(),
            remote: [money(&self.remote[0]), money(&self.remote[1])],
        }
    }

    pub(super) fn add(&self, more: &Spent) {
        self.useful.add(more.useful.pico());
        self.wasted.add(more.wasted.pico());
        self.saved.add(more.saved.pico());
        self.input.add(more.input);
        self.output.add(more.output);
        self.calls.add(more.calls);
        self.unpriced.add(more.unpriced);
        self.unanswered.add(more.unanswered);
        self.remote.iter().zip(more.remote).for_each(|(own, more)| own.add(more.pico()));
    }

    /// Useful money was wasted after all; the second is what of it was spent elsewhere.
    pub(super) fn waste(&self, [useful, remote]: [Money; 2]) {
        self.useful.take_away(useful.pico());
        self.wasted.add(useful.pico());
        self.remote[0].take_away(remote.pico());
        self.remote[1].add(remote.pico());
    }
}
