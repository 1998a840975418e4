//! Time for policies: tokio's, so that tests can pause it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep};

/// There is no tokio runtime with time here.
#[derive(Debug)]
pub(super) struct NoTime;

/// Waits until a time.
pub(super) async fn sleep_until(at: Instant) -> Result<(), NoTime> {
    timer(at)?.await;
    Ok(())
}

/// Runs a future until a time; `None` if it has not ended by then. Without a runtime it is run to where it first
/// awaits something.
pub(super) async fn until<F: Future + ?Sized>(
    at: Instant,
    mut future: Pin<&mut F>,
) -> Result<Option<F::Output>, NoTime> {
    let mut sleep = pin!(None::<Sleep>);
    std::future::poll_fn(|task| {
        if let Poll::Ready(output) = future.as_mut().poll(task) {
            return Poll::Ready(Ok(Some(output)));
        }
        if sleep.is_none() {
            match timer(at) {
                Ok(timer) => sleep.set(Some(timer)),
                Err(no_time) => return Poll::Ready(Err(no_time)),
            }
        }
        match sleep.as_mut().as_pin_mut() {
            Some(sleep) => sleep.poll(task).map(|()| Ok(None)),
            None => Poll::Pending,
        }
    })
    .await
}

/// A time so far away that it is never.
pub(super) fn after(now: Instant, duration: Duration) -> Instant {
    now.checked_add(duration).unwrap_or_else(|| now + Duration::from_hours(24 * 365))
}

/// A timer, where there is a runtime for it.
pub(super) fn timer(at: Instant) -> Result<Sleep, NoTime> {
    Handle::try_current().map_err(|_| NoTime)?;
    // tokio has no other way to ask whether its runtime was built with time.
    catch_unwind(AssertUnwindSafe(|| tokio::time::sleep_until(at))).map_err(|_| NoTime)
}
