//! Trying again: only what may help, and only as long as a batch may take.

use std::time::{Duration, Instant};

use super::answer::Again;
use super::settings::Target;
use super::{Client, Message};
use crate::context::random;
use crate::pipeline::{Accepted, ExportFailure, Patience};

/// The first wait; each further one may be twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait that a collector may ask for; who asks for more is not asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The retries of one signal.
pub(super) struct Retrying {
    /// How long one batch may take in all.
    timeout: Duration,
    /// The last batch was lost. Then the next one is tried once: a collector that is down for long would
    /// otherwise cost each batch the whole timeout, and the queue would overflow for want of a reader.
    is_down: bool,
}

impl Retrying {
    pub(super) fn new(target: &Target) -> Self {
        Retrying { timeout: target.timeout, is_down: false }
    }

    pub(super) async fn send(
        &mut self,
        client: &mut Client,
        message: &Message,
        mut patience: Patience,
    ) -> Result<Accepted, ExportFailure> {
        let deadline = patience.answer.min(Instant::now() + self.timeout);
        // If this is dropped by an outer time limit, the collector did not answer.
        let was_down = std::mem::replace(&mut self.is_down, true);
        let mut bound = FIRST_WAIT;
        loop {
            let refusal = match tokio::time::timeout_at(deadline.into(), client.send(message)).await {
                Ok(Ok(accepted)) => {
                    self.is_down = false;
                    return Ok(accepted);
                }
                Ok(Err(refusal)) => refusal,
                Err(_) => return Err(ExportFailure(format!("{} does not answer", client.endpoint()))),
            };
            let wait = match refusal.again {
                Again::Later => jittered(bound),
                // Never at once, whatever it says: it has just said that it is overloaded.
                Again::After(wait) => wait.max(jittered(bound)),
                Again::Never => {
                    // It is there, and the next batch may be better.
                    self.is_down = false;
                    return Err(ExportFailure(refusal.message));
                }
            };
            if was_down || wait > LONGEST_WAIT || Instant::now() + wait >= deadline.min(patience.retries) {
                return Err(ExportFailure(refusal.message));
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => bound *= 2,
                // Somebody shuts down and waits.
                Ok(()) = patience.stop.changed() => return Err(ExportFailure(refusal.message)),
            }
        }
    }
}

/// Between half of `bound` and all of it, so that programs that lost one collector together do not come
/// back together.
fn jittered(bound: Duration) -> Duration {
    let half = bound / 2;
    let nanoseconds = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_nanos(random() % nanoseconds)
}

#[cfg(test)]
mod tests;
