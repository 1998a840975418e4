//! A fan of branches: which is which, and how well they used the time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::span::local::InBranch;
#[cfg(feature = "telemetry")]
use crate::{catalog::Site, names::attribute, span::clock::Tick};

/// Branches that run at the same time.
pub(super) struct Fan {
    branches: u32,
    #[cfg(feature = "telemetry")]
    times: Times,
}

#[cfg(feature = "telemetry")]
struct Times {
    limit: usize,
    begun: Tick,
    /// What the branches took together, in nanoseconds.
    sum: u64,
    ended: u32,
    /// After how many nanoseconds the first one had ended.
    first: u64,
}

impl Fan {
    /// Of as many as there will be, `limit` at a time.
    #[cfg_attr(not(feature = "telemetry"), allow(unused_variables))]
    pub(super) fn out(limit: usize) -> Self {
        Fan {
            branches: 0,
            #[cfg(feature = "telemetry")]
            times: Times { limit, begun: Tick::now(), sum: 0, ended: 0, first: 0 },
        }
    }

    /// The next branch.
    pub(super) fn branch<F>(&mut self, future: F) -> Branch<F> {
        let index = self.branches;
        self.branches += 1;
        Branch { future, index, begun: Begun::default() }
    }

    /// What a branch has returned.
    #[cfg_attr(not(feature = "telemetry"), allow(clippy::unused_self))]
    pub(super) fn ended<T>(&mut self, ended: Ended<T>) -> T {
        #[cfg(feature = "telemetry")]
        {
            let times = &mut self.times;
            if times.ended == 0 {
                times.first = times.begun.until(Tick::now());
            }
            times.ended += 1;
            times.sum += ended.nanoseconds;
        }
        ended.value
    }
}

/// Tells of the fan when all have ended, or when what is left is dropped.
#[cfg(feature = "telemetry")]
impl Drop for Fan {
    fn drop(&mut self) {
        let Times { limit, begun, sum, ended, first } = self.times;
        if self.branches == 0 {
            return;
        }
        let wall = begun.until(Tick::now()).max(1);
        let at_once = limit.min(self.branches as usize) as u128;
        let millionths = (u128::from(sum) * 1_000_000 / (u128::from(wall) * at_once)).min(1_000_000) as u32;
        if let Some(parallel) = crate::span::local::within().and_then(Site::parallel) {
            parallel.branches.observe_stored(u64::from(self.branches));
            // Of branches that were dropped nobody knows how long they would have taken.
            if ended == self.branches {
                parallel.efficiency.observe_stored(millionths.into());
            }
        }
        if let Some(span) = crate::span::recording() {
            span.event(
                "parallel",
                [
                    (attribute::PARALLEL_BRANCHES, i64::from(self.branches).into()),
                    (attribute::PARALLEL_CANCELLED, i64::from(self.branches - ended).into()),
                    (attribute::PARALLEL_EFFICIENCY, (f64::from(millionths) / 1e6).into()),
                    (attribute::PARALLEL_FAN_IN, (wall.saturating_sub(first) as f64 / 1e6).into()),
                ],
            );
        }
    }
}

/// When a branch was first polled.
#[cfg(feature = "telemetry")]
type Begun = Option<Tick>;
#[cfg(not(feature = "telemetry"))]
type Begun = ();

/// What a branch returned, and after how many nanoseconds since its first poll.
pub(super) struct Ended<T> {
    value: T,
    #[cfg(feature = "telemetry")]
    nanoseconds: u64,
}

pin_project_lite::pin_project! {
    /// One branch.
    pub(super) struct Branch<F> {
        #[pin]
        future: F,
        index: u32,
        begun: Begun,
    }
}

impl<F: Future> Future for Branch<F> {
    type Output = Ended<F::Output>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        #[cfg(feature = "telemetry")]
        let begun = *this.begun.get_or_insert_with(Tick::now);
        let value = {
            let _in_branch = InBranch::enter(*this.index);
            ready!(this.future.poll(task))
        };
        Poll::Ready(Ended {
            value,
            #[cfg(feature = "telemetry")]
            nanoseconds: begun.until(Tick::now()),
        })
    }
}
