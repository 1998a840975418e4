//! Trying again: only what may help, and only as long as a batch may take.

use std::time::{Duration, Instant};

use super::answer::Again;
use super::settings::Target;
use super::{Client, Message};
use crate::context::random;
use crate::pipeline::{Accepted, ExportFailure, Patience};

/// The first wait; each further one may be twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait that a collector may ask for; who asks for more gets this much.
const LONGEST_WAIT: Duration = Patience::LONGEST_OVERTIME;
/// The shortest time that a collector is given for an answer.
const SHORTEST_ANSWER: Duration = Duration::from_millis(250);

/// The retries of one signal.
pub(super) struct Retrying {
    /// How long one batch may take in all, without the waits that the collector asked for.
    timeout: Duration,
    /// The last batch was lost. Then the next one is tried once: a collector that is down for long would
    /// otherwise cost each batch the whole timeout, and the queue would overflow for want of a reader.
    is_down: bool,
    /// Batches in a row that got no answer at all.
    unanswered: u32,
    /// The collector asked not to be asked sooner.
    not_before: Option<Instant>,
}

impl Retrying {
    pub(super) fn new(target: &Target) -> Self {
        Retrying { timeout: target.timeout, is_down: false, unanswered: 0, not_before: None }
    }

    pub(super) async fn send(
        &mut self,
        client: &mut Client,
        message: &Message,
        mut patience: Patience,
    ) -> Result<Accepted, ExportFailure> {
        // If this is dropped by an outer time limit, the collector did not answer.
        let was_down = std::mem::replace(&mut self.is_down, true);
        // What it asked of an earlier batch holds for this one, unless somebody waits who cannot wait that long.
        if let Some(moment) = self.not_before.take()
            && moment < patience.answer + patience.overtime
        {
            paused(moment, &mut patience).await;
        }
        let last = patience.answer.min(Instant::now() + self.timeout);
        let mut bound = FIRST_WAIT;
        loop {
            let now = Instant::now();
            let end = (now + self.answers_within()).min(patience.answer + patience.overtime);
            let refusal = match tokio::time::timeout_at(end.into(), client.send(message.clone())).await {
                Ok(Ok(accepted)) => {
                    (self.is_down, self.unanswered) = (false, 0);
                    return Ok(accepted);
                }
                Ok(Err(refusal)) => refusal,
                Err(_) => {
                    self.unanswered = self.unanswered.saturating_add(1);
                    return Err(ExportFailure(format!("{} does not answer", client.endpoint())));
                }
            };
            self.unanswered = 0;
            let now = Instant::now();
            match refusal.again {
                Again::Later => {
                    let wait = jittered(bound);
                    if was_down || now + wait >= last.min(patience.retries) {
                        return Err(ExportFailure(refusal.message));
                    }
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        // Somebody shuts down and waits.
                        Ok(()) = patience.stop.changed() => return Err(ExportFailure(refusal.message)),
                    }
                }
                Again::After(wait) => {
                    // Never at once, whatever it says: it has just said that it is overloaded.
                    let wait = wait.clamp(jittered(bound), LONGEST_WAIT);
                    let (moment, is_soon) = (now + wait, now + wait <= last + patience.overtime);
                    if was_down || !is_soon || !paused(moment, &mut patience).await {
                        self.not_before = Some(moment);
                        return Err(ExportFailure(refusal.message));
                    }
                }
                Again::Never => {
                    // It is there, and the next batch may be better.
                    self.is_down = false;
                    return Err(ExportFailure(refusal.message));
                }
            }
            bound *= 2;
        }
    }

    /// How long the collector has for its answer: the whole timeout, and less while it gives none, since a
    /// batch that waits keeps all exporters waiting. Every fourth has the whole time again, so that a collector
    /// that is slow and not dead is found out.
    fn answers_within(&self) -> Duration {
        let divisor = match self.unanswered % 4 {
            0 => 1,
            turn => 16 >> turn,
        };
        (self.timeout / divisor).max(SHORTEST_ANSWER).min(self.timeout)
    }
}

/// Waits until `moment`; says no, sooner, when somebody shuts down who does not wait that long.
async fn paused(moment: Instant, patience: &mut Patience) -> bool {
    tokio::select! {
        () = tokio::time::sleep_until(moment.into()) => return true,
        Ok(()) = patience.stop.changed() => {}
    }
    let end = *patience.stop.borrow_and_update();
    if end.is_some_and(|end| moment >= end) {
        return false;
    }
    tokio::time::sleep_until(moment.into()).await;
    true
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
