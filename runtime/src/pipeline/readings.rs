//! The metrics' half of the exporters' thread: readings of the store, by the clock and when somebody asks.
//!
//! A task beside that of the spans, so that a receiver of metrics which hangs does not fill the queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout_at};

use super::loss::Loss;
use super::worker::{refusal, within};
use super::{Accepted, ExportFailure, MetricExport, Patience, Pipeline, later, reading};
use crate::diagnostics::warn;

/// Asks for a reading now.
pub(super) struct Request {
    deadline: Instant,
    /// What went wrong.
    reply: oneshot::Sender<Vec<String>>,
}

/// What the worker asks by.
pub(super) type Requests = mpsc::UnboundedSender<Request>;

/// Starts the task, on the runtime of the exporters' thread.
pub(super) fn spawn(pipeline: Arc<Pipeline>, exporters: Vec<Box<dyn MetricExport>>) -> Requests {
    let (requests, inbox) = mpsc::unbounded_channel();
    let lanes = exporters.into_iter().map(|exporter| Lane { exporter, loss: Loss::default() });
    tokio::spawn(Readings { lanes: lanes.collect(), pipeline }.run(inbox));
    requests
}

/// How long after the deadline an answer is waited for: each exporter keeps the deadline by itself, and what
/// it has to say of that should be heard.
const LAST_WORD: Duration = Duration::from_millis(10);

/// Has a reading exported, as far as time allows. The answer is a list of what went wrong.
pub(super) async fn export(requests: &Requests, deadline: Instant) -> Vec<String> {
    let (reply, answer) = oneshot::channel();
    // If the task has ended, it has dropped the reply.
    let _ = requests.send(Request { deadline, reply });
    let end = later(deadline.max(Instant::now()), LAST_WORD);
    match timeout_at(end.into(), answer).await {
        Ok(Ok(problems)) => problems,
        Ok(Err(_)) => vec!["the exporters of metrics have ended".to_owned()],
        // An earlier reading is still on its way.
        Err(_) => vec!["an exporter of metrics did not come back in time".to_owned()],
    }
}

struct Readings {
    pipeline: Arc<Pipeline>,
    lanes: Vec<Lane>,
}

/// One exporter and what is known of it.
struct Lane {
    exporter: Box<dyn MetricExport>,
    loss: Loss,
}

impl Readings {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Request>) {
        let interval = self.pipeline.settings.metric_interval;
        let mut next = later(Instant::now(), interval);
        loop {
            tokio::select! {
                biased;
                request = inbox.recv() => {
                    let Some(Request { deadline, reply }) = request else { return };
                    // Whoever asked may have given up waiting.
                    let _ = reply.send(self.export(Some(deadline)).await);
                }
                () = sleep_until(next.into()) => {
                    next = later(Instant::now(), interval);
                    self.export(None).await;
                }
            }
        }
    }

    /// Exports one reading to every exporter at once.
    async fn export(&mut self, deadline: Option<Instant>) -> Vec<String> {
        let pipeline = &self.pipeline;
        let exports = self.lanes.iter_mut().map(|lane| lane.export(pipeline, deadline));
        join_all(exports).await.into_iter().flatten().collect()
    }
}

impl Lane {
    async fn export(&mut self, pipeline: &Pipeline, deadline: Option<Instant>) -> Option<String> {
        let patience = Patience::new(pipeline.settings.metric_timeout, deadline, pipeline);
        let answer = patience.answer;
        let export = async { self.exporter.export(reading(), patience).await };
        let result = within(answer, pipeline, export).await;
        let name = self.exporter.name();
        let (problem, consequence) = match result {
            Ok(Accepted { rejected: 0, .. }) => {
                if self.loss.is_over(0).is_some() {
                    warn(format_args!("{name}: metrics arrive again"));
                }
                return None;
            }
            Ok(Accepted { rejected, why }) => (refusal(rejected, "data points", &why), ""),
            Err(ExportFailure(problem)) => (problem, "; metrics do not arrive until it answers"),
        };
        if let Some(untold) = self.loss.goes_on(0, Instant::now()) {
            warn(format_args!("{name}: {problem}{consequence}{untold}"));
        }
        Some(problem)
    }
}
