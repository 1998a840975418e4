//! How an `Adaptive` learns.

use std::time::Duration;

use crate::router::Feedback;

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) exploration: f64,
    /// How many calls are remembered.
    pub(super) memory: u32,
    pub(super) half_life: Duration,
    pub(super) latency: Weight,
    pub(super) cost: Weight,
    /// How many failures in a row set a route aside, and for how long.
    pub(super) failures: u32,
    pub(super) aside: Duration,
    pub(super) contexts: usize,
    pub(super) has_context_label: bool,
    pub(super) seed: Option<u64>,
}

/// What is taken off a success, and from how much on half of that is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    pub(super) most: f64,
    pub(super) half: f64,
    /// Whether somebody has asked for it.
    pub(super) is_set: bool,
}

impl Weight {
    const DEFAULT: f64 = 0.2;

    /// Takes half of what another leaves at most, if nobody has asked for it.
    pub(super) const fn give_way(&mut self, other: &Weight) {
        if !self.is_set {
            let left = (1.0 - other.most) / 2.0;
            self.most = if left < Weight::DEFAULT { left } else { Weight::DEFAULT };
        }
    }

    /// From nothing, for nothing, to the most, for what is endless.
    fn of(self, amount: f64) -> f64 {
        if amount.is_finite() { self.most * amount / (amount + self.half) } else { self.most }
    }
}

impl Settings {
    pub(super) const DEFAULT: Settings = Settings {
        exploration: 0.05,
        memory: 500,
        half_life: Duration::from_mins(10),
        latency: Weight { most: Weight::DEFAULT, half: 1.0, is_set: false },
        cost: Weight { most: Weight::DEFAULT, half: 0.01, is_set: false },
        failures: 5,
        aside: Duration::from_secs(30),
        contexts: 64,
        has_context_label: false,
        seed: None,
    };

    /// What a call was worth, from 0 to 1.
    pub(super) fn reward(&self, feedback: Feedback, latency: Duration) -> f64 {
        if !feedback.is_success() {
            return 0.0;
        }
        let cost = feedback.dollars().map_or(0.0, |dollars| self.cost.of(dollars));
        (1.0 - self.latency.of(latency.as_secs_f64()) - cost).clamp(0.0, 1.0)
    }

    /// What is left of what is remembered when one more call is.
    pub(super) fn kept(&self) -> f64 {
        1.0 - 1.0 / f64::from(self.memory)
    }
}
