//! `fallback = other`, `fallback(first, second)`

use super::aspect::{Aspect, Observed, Series};
#[cfg(feature = "telemetry")]
use crate::context::WorkflowContext;
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::{attribute, label};
use crate::outcome::{Outcome, Status};

/// The functions that are asked when a function fails.
#[derive(Debug)]
pub struct Fallback {
    members: &'static [&'static str],
    fallbacks: Observed,
}

static FALLBACKS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::FALLBACKS,
    names: &[label::MEMBER],
    values: &[],
    initial: None,
};

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Fallback {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Fallback { members: &[], fallbacks: Observed::new(name, &FALLBACKS) }
    }

    /// What they are called.
    pub const fn members(mut self, members: &'static [&'static str]) -> Self {
        self.members = members;
        self.fallbacks.values = Some(members);
        self
    }
}

impl Aspect for Fallback {
    fn observed(&self) -> Vec<&Observed> {
        vec![&self.fallbacks]
    }
}

/// Runs a body, and in the place of its error one member after the other until one succeeds. The last one's result is
/// the call's.
pub async fn fallback<R, F: Future<Output = R>>(
    policy: &'static Fallback,
    body: impl Future<Output = R>,
    outcome: impl Fn(&R) -> Outcome,
    mut call: impl FnMut(usize) -> F,
) -> R {
    #[cfg(feature = "llm")]
    let body = crate::cost::scoped(&outcome, None, body);
    let mut result = body.await;
    for (place, name) in policy.members.iter().enumerate() {
        if outcome(&result).status != Status::Error {
            break;
        }
        policy.fallbacks.count(place);
        crate::span().set(attribute::FALLBACK_MEMBER, *name);
        #[cfg(feature = "telemetry")]
        opentelemetry::Context::map_current(|context| {
            if let Some(run) = WorkflowContext::of(context).and_then(WorkflowContext::run) {
                run.degrade();
            }
        });
        let member = call(place);
        #[cfg(feature = "llm")]
        let member = crate::cost::scoped(&outcome, None, member);
        result = member.await;
    }
    result
}
