//! `bulkhead(max = 16, queue = 64, wait = "1s")`

use std::pin::pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::PolicyError;
use super::aspect::{Aspect, Observed, Series};
use super::clock::{after, until};
use super::deadline::deadline;
use super::result::Refusable;
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::label;

/// How many calls of a function run at once, and how many wait.
#[derive(Debug)]
pub struct Bulkhead {
    name: &'static str,
    max: u32,
    queue: u32,
    wait: Option<Duration>,
    running: OnceLock<Semaphore>,
    waiting: AtomicU32,
    waits: Observed,
    rejections: Observed,
}

static WAITS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::BULKHEAD_WAIT,
    names: &[],
    values: &[],
    initial: None,
};

static REJECTIONS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::BULKHEAD_REJECTIONS,
    names: &[label::REASON],
    values: &["full", "wait"],
    initial: None,
};
const FULL: usize = 0;
const WAIT: usize = 1;

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Bulkhead {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Bulkhead {
            name,
            max: 1,
            queue: 0,
            wait: None,
            running: OnceLock::new(),
            waiting: AtomicU32::new(0),
            waits: Observed::new(name, &WAITS),
            rejections: Observed::new(name, &REJECTIONS),
        }
    }

    /// How many run at once.
    pub const fn max(mut self, max: u32) -> Self {
        self.max = max;
        self
    }

    /// How many wait.
    pub const fn queue(mut self, queue: u32) -> Self {
        self.queue = queue;
        self
    }

    /// How long one waits, in nanoseconds.
    pub const fn wait(mut self, nanoseconds: u64) -> Self {
        self.wait = Some(Duration::from_nanos(nanoseconds));
        self
    }
}

impl Aspect for Bulkhead {
    fn observed(&self) -> Vec<&Observed> {
        vec![&self.waits, &self.rejections]
    }
}

/// A place in the queue, until dropped.
struct Place(&'static Bulkhead);

impl Place {
    fn take(policy: &'static Bulkhead) -> Option<Self> {
        let taken = policy
            .waiting
            .fetch_update(Relaxed, Relaxed, |waiting| (waiting < policy.queue).then(|| waiting + 1));
        taken.is_ok().then(|| Place(policy))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Relaxed);
    }
}

impl Bulkhead {
    /// A permit to run, first come first served.
    async fn permit(&'static self) -> Result<SemaphorePermit<'static>, PolicyError> {
        let running = self.running.get_or_init(|| Semaphore::new(self.max as usize));
        // While others wait there is none: what is given back goes to them.
        if let Ok(permit) = running.try_acquire() {
            self.waits.observe(0, Duration::ZERO);
            return Ok(permit);
        }
        let Some(_place) = Place::take(self) else {
            self.rejections.count(FULL);
            return Err(self.full(Duration::ZERO));
        };
        let begun = Instant::now();
        let own = self.wait.map(|wait| after(begun, wait));
        let last = [own, deadline().map(Into::into)].into_iter().flatten().min();
        let acquired = match last {
            None => Some(running.acquire().await),
            Some(last) => until(last, pin!(running.acquire()))
                .await
                .map_err(|_| PolicyError::NoRuntime { primitive: self.name.into(), policy: "bulkhead" })?,
        };
        let waited = begun.elapsed();
        // A semaphore that nobody closes has its permits for ever.
        let Some(Ok(permit)) = acquired else {
            self.rejections.count(WAIT);
            return Err(self.full(waited));
        };
        self.waits.observe(0, waited);
        Ok(permit)
    }

    fn full(&self, waited: Duration) -> PolicyError {
        PolicyError::BulkheadFull { primitive: self.name.into(), max: self.max as usize, waited }
    }
}

/// Runs a body when there is room for it.
pub async fn bulkhead<R: Refusable>(policy: &'static Bulkhead, body: impl Future<Output = R>) -> R {
    match policy.permit().await {
        Ok(_permit) => body.await,
        Err(refusal) => R::refused(refusal),
    }
}
