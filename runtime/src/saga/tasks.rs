//! Sagas that are compensated on tasks of their own, and who waits for them.

use std::sync::{Condvar, Mutex, PoisonError};
#[cfg(feature = "telemetry")]
use std::time::Duration;

use tokio::sync::Notify;

static TASKS: Mutex<usize> = Mutex::new(0);
/// None is left.
static BLOCKED: Condvar = Condvar::new();
static WAITING: Notify = Notify::const_new();

/// A saga that is compensated on a task, until this is dropped.
#[derive(Debug)]
pub(super) struct Task(());

impl Task {
    pub(super) fn begin() -> Self {
        *TASKS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Task(())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let mut tasks = TASKS.lock().unwrap_or_else(PoisonError::into_inner);
        *tasks -= 1;
        if *tasks == 0 {
            BLOCKED.notify_all();
            WAITING.notify_waiters();
        }
    }
}

/// Waits until no saga is compensated on a task of its own: those that were cancelled or panicked.
///
/// Before the program ends, or its runtime is dropped: what is not done by then is not done at all, and reported so.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// // … the server has stopped, and dropped what it still had under way …
/// let _ = tokio::time::timeout(std::time::Duration::from_secs(10), tta::saga::drain()).await;
/// # });
/// ```
///
/// The same as `telemetry.drain()`, for programs without telemetry.
pub async fn drain() {
    loop {
        let mut ended = std::pin::pin!(WAITING.notified());
        // Before it is looked whether there are any, so that the last one's end is not missed.
        ended.as_mut().enable();
        if *TASKS.lock().unwrap_or_else(PoisonError::into_inner) == 0 {
            return;
        }
        ended.await;
    }
}

/// Blocks until none is left, for `timeout` at most; how many are. Does not wait where that would keep them from ever
/// ending.
#[cfg(feature = "telemetry")]
pub(crate) fn wait(timeout: Duration) -> usize {
    let tasks = TASKS.lock().unwrap_or_else(PoisonError::into_inner);
    if *tasks == 0 || runs_on_this_thread() {
        return *tasks;
    }
    let left = BLOCKED.wait_timeout_while(tasks, timeout, |tasks| *tasks > 0);
    *left.unwrap_or_else(PoisonError::into_inner).0
}

/// Whether this thread's runtime has no other.
#[cfg(feature = "telemetry")]
fn runs_on_this_thread() -> bool {
    use tokio::runtime::{Handle, RuntimeFlavor};
    Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::CurrentThread)
}
