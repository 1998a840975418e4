//! Which windows an objective's alerts look at, and from which burn on they fire.
//!
//! An alert compares the burn over a long window, and over a short one so that it ends soon after the trouble has.
//! Each pair of windows stands for a part of the error budget: what may be spent within the long window before someone
//! has to know. A burn of `factor` for the whole of the long window spends just that, and so
//!
//! ```text
//! factor = budget × period / long
//! ```
//!
//! which gives 14.4, 6, 3 and 1 for 30 days: table 5-8 of the Site Reliability Workbook. In a period of few days the
//! same parts would be spent by a burn below 1, which is no burn at all, and so they are larger there.
//!
//! A ratio of bad events cannot be above 1, so `factor × (1 - target)` has to be below it, or the alert could not fire
//! while every call fails.

/// Two windows, and what an alert on them is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    pub(crate) long: &'static str,
    pub(crate) long_hours: u32,
    pub(crate) short: &'static str,
    /// How long both have to be over.
    pub(crate) for_: &'static str,
    /// The same, in minutes.
    pub(crate) for_minutes: u32,
    pub(crate) severity: &'static str,
    /// The part of the budget that the long window may spend, of a period of [`LONG_PERIOD`] and more.
    pub(crate) budget: f64,
    /// The same, of a shorter period.
    pub(crate) budget_of_short_period: f64,
}

/// Every pair, the most urgent first.
pub(crate) const PAIRS: [Pair; 4] = [
    Pair {
        long: "1h",
        long_hours: 1,
        short: "5m",
        for_: "2m",
        for_minutes: 2,
        severity: "page",
        budget: 0.02,
        budget_of_short_period: 0.08,
    },
    Pair {
        long: "6h",
        long_hours: 6,
        short: "30m",
        for_: "15m",
        for_minutes: 15,
        severity: "page",
        budget: 0.05,
        budget_of_short_period: 0.125,
    },
    Pair {
        long: "1d",
        long_hours: 24,
        short: "2h",
        for_: "1h",
        for_minutes: 60,
        severity: "ticket",
        budget: 0.1,
        budget_of_short_period: 0.2,
    },
    Pair {
        long: "3d",
        long_hours: 72,
        short: "6h",
        for_: "3h",
        for_minutes: 180,
        severity: "ticket",
        budget: 0.1,
        budget_of_short_period: 0.42,
    },
];

/// Days from which on a period is long.
pub(crate) const LONG_PERIOD: u32 = 14;

/// A burn below this is near enough to what the budget allows that nobody should be told.
pub(crate) const LEAST_FACTOR: f64 = 0.9;

/// Bad events in the long window without which nobody is told: one failed call among six is no outage.
pub(crate) const LEAST_FAILURES: u32 = 3;

/// Why an objective has no alert on a pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LeftOut {
    /// The period is so short that the pair would tell of a burn that the budget allows.
    Harmless { factor: f64 },
    /// With every event bad, the burn would still not be above the factor.
    Unreachable { factor: f64 },
}

impl Pair {
    /// The burn from which on it fires, of an objective over `days`.
    pub(crate) fn factor(&self, days: u32) -> f64 {
        let budget = if days >= LONG_PERIOD { self.budget } else { self.budget_of_short_period };
        // 0.02 × 720 is 14.4 and a bit.
        (budget * f64::from(days * 24) / f64::from(self.long_hours) * 1e9).round() / 1e9
    }

    /// That burn, if an alert on this pair is of use for the target.
    pub(crate) fn factor_for(&self, days: u32, target: f64) -> Result<f64, LeftOut> {
        let factor = self.factor(days);
        if factor < LEAST_FACTOR {
            return Err(LeftOut::Harmless { factor });
        }
        // A target of 0.9 leaves 0.09999999999999998.
        if factor * (1.0 - target) >= 1.0 - 1e-9 {
            return Err(LeftOut::Unreachable { factor });
        }
        Ok(factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(days: u32) -> [f64; 4] {
        PAIRS.map(|pair| (pair.factor(days) * 1000.0).round() / 1000.0)
    }

    #[test]
    fn factors_are_those_of_the_workbook_and_scale_with_the_period() {
        assert_eq!(factors(30), [14.4, 6.0, 3.0, 1.0]);
        assert_eq!(factors(28), [13.44, 5.6, 2.8, 0.933]);
        assert_eq!(factors(7), [13.44, 3.5, 1.4, 0.98]);
    }

    #[test]
    fn a_pair_that_could_not_fire_while_everything_fails_is_left_out() {
        let [hour, quarter, day, days] = PAIRS;
        assert_eq!(hour.factor_for(30, 0.9), Err(LeftOut::Unreachable { factor: 14.4 }));
        assert_eq!(hour.factor_for(30, 0.9306), Ok(14.4));
        assert_eq!(quarter.factor_for(30, 0.8333), Err(LeftOut::Unreachable { factor: 6.0 }));
        assert_eq!(quarter.factor_for(30, 0.8334), Ok(6.0));
        assert_eq!(day.factor_for(30, 0.9), Ok(3.0));
        assert_eq!(days.factor_for(30, 0.5), Ok(1.0));
        assert_eq!(hour.factor_for(20, 1.0 - 1.0 / 9.6), Err(LeftOut::Unreachable { factor: 9.6 }));
    }

    #[test]
    fn a_pair_that_would_tell_of_what_the_budget_allows_is_left_out() {
        let [hour, quarter, day, days] = PAIRS;
        assert_eq!(hour.factor_for(1, 0.99), Ok(1.92));
        assert_eq!(quarter.factor_for(1, 0.99), Err(LeftOut::Harmless { factor: 0.5 }));
        assert_eq!(day.factor_for(3, 0.99), Err(LeftOut::Harmless { factor: 0.6 }));
        assert_eq!(days.factor_for(7, 0.99), Ok(0.98));
        assert_eq!(days.factor_for(14, 0.99), Err(LeftOut::Harmless { factor: 0.466_666_667 }));
    }

    #[test]
    fn the_text_of_a_window_is_its_length() {
        for pair in PAIRS {
            let hours = match pair.long.split_at(pair.long.len() - 1) {
                (count, "h") => count.parse::<u32>().unwrap_or(0),
                (count, _) => count.parse::<u32>().unwrap_or(0) * 24,
            };
            assert_eq!(hours, pair.long_hours, "{pair:?}");
            let minutes = match pair.for_.split_at(pair.for_.len() - 1) {
                (count, "m") => count.parse::<u32>().unwrap_or(0),
                (count, _) => count.parse::<u32>().unwrap_or(0) * 60,
            };
            assert_eq!(minutes, pair.for_minutes, "{pair:?}");
        }
    }
}
