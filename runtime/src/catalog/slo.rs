//! What a function promises.
#![cfg_attr(not(feature = "telemetry"), allow(dead_code))]

#[cfg(feature = "telemetry")]
use std::time::Duration;

#[cfg(feature = "telemetry")]
use crate::cost::Money;
#[cfg(feature = "telemetry")]
use crate::outcome::Status;

/// The `slo(..)` of a function. Expansions make it; read it as an [`Slo`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    window_days: u32,
    /// In millionths of the calls.
    success: Option<u32>,
    /// In nanoseconds, and in millionths of the calls.
    latency: Option<(u64, u32)>,
    /// In pico-dollars, and in millionths of the calls.
    cost: Option<(u64, u32)>,
}

impl Promise {
    /// Objectives over a number of days, none as yet.
    #[must_use]
    pub const fn new(window_days: u32) -> Self {
        Promise { window_days, success: None, latency: None, cost: None }
    }

    /// How many calls in a million are to be good.
    #[must_use]
    pub const fn success(mut self, millionths: u32) -> Self {
        self.success = Some(millionths);
        self
    }

    /// How many of those that succeed are to end within `nanoseconds`.
    #[must_use]
    pub const fn latency(mut self, nanoseconds: u64, millionths: u32) -> Self {
        self.latency = Some((nanoseconds, millionths));
        self
    }

    /// How many calls are to cost at most so many pico-dollars.
    #[cfg(feature = "llm")]
    #[must_use]
    pub const fn cost(mut self, pico: u64, millionths: u32) -> Self {
        self.cost = Some((pico, millionths));
        self
    }

    /// Nobody knows what a call costs.
    #[cfg(not(feature = "llm"))]
    #[allow(clippy::missing_panics_doc, reason = "it is a compile error")]
    #[must_use]
    pub const fn cost(self, _pico: u64, _millionths: u32) -> Self {
        panic!(
            "`cost` needs a feature of tta: write `features = [\"llm\"]` where tta is among the dependencies"
        )
    }
}

#[cfg(feature = "telemetry")]
impl Promise {
    /// What a call that ended counts as, by [`Verdict::place`].
    ///
    /// A cancelled call says nothing of the function. One that failed is bad for `success`, and how long it took is
    /// nobody's concern any more.
    #[inline]
    pub(crate) fn judge(&self, status: Status, nanoseconds: u64, mut count: impl FnMut(usize)) {
        if status == Status::Cancelled {
            return;
        }
        let succeeded = status == Status::Success;
        if self.success.is_some() {
            count(Verdict { objective: Judged::Success, good: succeeded }.place());
        }
        if let Some((within, _)) = self.latency
            && succeeded
        {
            count(Verdict { objective: Judged::Latency, good: nanoseconds <= within }.place());
        }
    }

    /// What a call that ended counts as by its cost, the only objective that is judged with it.
    ///
    /// One that failed has cost something, too. An attempt without an answer is taken to have cost nothing; of a call with an
    /// answer whose cost is not known, it is only known if it was too much.
    #[cfg(feature = "llm")]
    pub(crate) fn judge_cost(&self, status: Status, spent: &crate::cost::Spent) -> Option<Verdict> {
        let (limit, _) = self.cost.filter(|_| status != Status::Cancelled)?;
        let good = spent.total().pico() <= limit;
        (spent.has_priced_all_answers() || !good).then_some(Verdict { objective: Judged::Cost, good })
    }

    /// Everything that a call can count as.
    pub(crate) fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        Verdict::ALL.into_iter().filter(|verdict| match verdict.objective {
            Judged::Success => self.success.is_some(),
            Judged::Latency => self.latency.is_some(),
            Judged::Cost => self.cost.is_some(),
        })
    }
}

/// Which of the objectives.
#[cfg(feature = "telemetry")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    Success,
    Latency,
    Cost,
}

#[cfg(feature = "telemetry")]
impl Judged {
    /// The label value.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Judged::Success => "success",
            Judged::Latency => "latency",
            Judged::Cost => "cost",
        }
    }
}

/// How one objective judges a call.
#[cfg(feature = "telemetry")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) objective: Judged,
    pub(crate) good: bool,
}

#[cfg(feature = "telemetry")]
impl Verdict {
    pub(crate) const ALL: [Verdict; 6] = [
        Verdict { objective: Judged::Success, good: false },
        Verdict { objective: Judged::Success, good: true },
        Verdict { objective: Judged::Latency, good: false },
        Verdict { objective: Judged::Latency, good: true },
        Verdict { objective: Judged::Cost, good: false },
        Verdict { objective: Judged::Cost, good: true },
    ];

    /// Its place among [`Verdict::ALL`].
    pub(crate) const fn place(self) -> usize {
        self.objective as usize * 2 + self.good as usize
    }

    /// The label value.
    pub(crate) const fn outcome(self) -> &'static str {
        if self.good { "good" } else { "bad" }
    }
}

/// What a function promises: its `slo(..)`.
#[cfg(feature = "telemetry")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slo(pub(super) Promise);

#[cfg(feature = "telemetry")]
impl Slo {
    /// The days over which the objectives hold.
    #[must_use]
    pub fn window_days(&self) -> u32 {
        self.0.window_days
    }

    /// Its objectives: success, latency, cost.
    #[must_use]
    pub fn objectives(&self) -> Vec<Objective> {
        let of = |judged, target| Objective { judged, target, within: None, at_most: None };
        let success = self.0.success.map(|target| of(Judged::Success, target));
        let latency = self.0.latency.map(|(within, target)| Objective {
            within: Some(Duration::from_nanos(within)),
            ..of(Judged::Latency, target)
        });
        let cost = self.0.cost.map(|(at_most, target)| Objective {
            at_most: Some(Money::from_pico(at_most)),
            ..of(Judged::Cost, target)
        });
        [success, latency, cost].into_iter().flatten().collect()
    }
}

/// One objective: how many of the calls that it judges are to be good.
#[cfg(feature = "telemetry")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objective {
    judged: Judged,
    target: u32,
    within: Option<Duration>,
    at_most: Option<Money>,
}

#[cfg(feature = "telemetry")]
impl Objective {
    /// `success`, `latency` or `cost`: the label `objective`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.judged.as_str()
    }

    /// The share of good calls, in millionths: 995 000 for 99.5 %.
    #[must_use]
    pub fn target_millionths(&self) -> u32 {
        self.target
    }

    /// Of a latency: the time within which a call is good.
    #[must_use]
    pub fn within(&self) -> Option<Duration> {
        self.within
    }

    /// Of a cost: what a good call costs at most.
    #[must_use]
    pub fn at_most(&self) -> Option<Money> {
        self.at_most
    }
}
