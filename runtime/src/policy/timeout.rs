//! `timeout("30s", grace = "2s")`

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use super::PolicyError;
use super::aspect::{Aspect, Observed, Series};
use super::clock::{NoTime, after, until};
use super::deadline::{deadline, within};
use super::result::Refusable;
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::{attribute, label};

/// The timeout of a function.
#[derive(Debug)]
pub struct Timeout {
    name: &'static str,
    after: Duration,
    grace: Duration,
    timeouts: Observed,
}

static TIMEOUTS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::TIMEOUTS,
    names: &[label::PHASE],
    values: &["deadline", "grace"],
    initial: None,
};
const DEADLINE: usize = 0;
const GRACE: usize = 1;

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Timeout {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Timeout {
            name,
            after: Duration::from_secs(30),
            grace: Duration::ZERO,
            timeouts: Observed::new(name, &TIMEOUTS),
        }
    }

    /// How long the body may take, in nanoseconds.
    pub const fn after(mut self, nanoseconds: u64) -> Self {
        self.after = Duration::from_nanos(nanoseconds);
        self
    }

    /// How long it has to tidy up, in nanoseconds.
    pub const fn grace(mut self, nanoseconds: u64) -> Self {
        self.grace = Duration::from_nanos(nanoseconds);
        self
    }
}

impl Aspect for Timeout {
    fn observed(&self) -> Vec<&Observed> {
        vec![&self.timeouts]
    }
}

/// Runs a body for as long as it may take.
pub async fn timeout<R: Refusable>(policy: &'static Timeout, body: impl Future<Output = R>) -> R {
    let begun = Instant::now();
    let own = after(begun, policy.after);
    // Whoever is within a timeout cannot put it off.
    let at = deadline().map_or(own, |outer| own.min(outer.into()));
    let mut body = pin!(within(at.into(), body));
    let no_time =
        |NoTime| R::refused(PolicyError::NoRuntime { primitive: policy.name.into(), policy: "timeout" });
    let ended = match until(at, body.as_mut()).await {
        // Whoever is told the deadline, as HTTP clients are, may give up in the same moment: then it was no error of the
        // other side's.
        Ok(Some(result)) if result.as_error().is_some() && Instant::now() >= at => Some(result),
        Ok(Some(result)) => return result,
        Ok(None) => None,
        Err(missing) => return no_time(missing),
    };
    policy.timeouts.count(DEADLINE);
    crate::span().set(attribute::TIMEOUT_SECONDS, at.duration_since(begun).as_secs_f64());
    if !policy.grace.is_zero() {
        if let Some(result) = ended {
            return result;
        }
        match until(after(Instant::now(), policy.grace), body.as_mut()).await {
            Ok(Some(result)) => return result,
            Ok(None) => policy.timeouts.count(GRACE),
            Err(missing) => return no_time(missing),
        }
    }
    R::refused(PolicyError::Timeout { primitive: policy.name.into(), after: at.duration_since(begun) })
}
