//! `#[branch("name")]`: which arm of an `if` or `match` was taken.

#[cfg(feature = "telemetry")]
use crate::metric::family;
#[cfg(feature = "telemetry")]
use crate::names::{attribute, label};
#[cfg(feature = "telemetry")]
use crate::policy::Series;
use crate::policy::{Aspect, Observed};

/// A branch of a function, and its arms.
#[derive(Debug)]
pub struct Branch {
    #[cfg(feature = "telemetry")]
    decisions: Observed,
    /// The branch's name and the arm's, for each arm.
    #[cfg(feature = "telemetry")]
    arms: &'static [&'static str],
}

#[cfg(feature = "telemetry")]
static DECISIONS: Series = Series {
    family: &family::BRANCH_DECISIONS,
    names: &[label::BRANCH, label::ARM],
    values: &[],
    initial: None,
};

impl Branch {
    /// Of these arms, each behind the name of the branch.
    #[must_use]
    #[cfg_attr(not(feature = "telemetry"), allow(unused_variables))]
    pub const fn new(arms: &'static [&'static str]) -> Self {
        Branch {
            #[cfg(feature = "telemetry")]
            decisions: Observed::with_values(&DECISIONS, arms),
            #[cfg(feature = "telemetry")]
            arms,
        }
    }
}

impl Aspect for Branch {
    fn observed(&self) -> Vec<&Observed> {
        #[cfg(feature = "telemetry")]
        {
            vec![&self.decisions]
        }
        #[cfg(not(feature = "telemetry"))]
        Vec::new()
    }
}

/// An arm is taken.
#[cfg(feature = "telemetry")]
pub fn took_arm(branch: &'static Branch, arm: usize) {
    branch.decisions.count(arm);
    let Some(span) = crate::span::recording() else { return };
    if let Some([name, arm]) = branch.arms.chunks_exact(2).nth(arm) {
        let attributes = [(attribute::BRANCH_NAME, (*name).into()), (attribute::BRANCH_ARM, (*arm).into())];
        span.event("branch", attributes);
    }
}
