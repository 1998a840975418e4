//! The owner of the exporters' thread.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_queue::ArrayQueue;
use tokio::sync::{Notify, mpsc, watch};

use super::report::Tally;
use super::worker::{self, Command};
use super::{
    ExporterReport, Fate, FlushError, MetricExport, Pipeline, Settings, ShutdownReport, SpanExport, later,
};
use crate::metric::family;
use crate::metric::store::Store;
use crate::names::label;

/// A running export.
#[derive(Debug)]
pub(crate) struct Exporting {
    pipeline: Arc<Pipeline>,
    commands: mpsc::UnboundedSender<Command>,
    tallies: Vec<Arc<Tally>>,
    /// Spans that had found a queue full before this one.
    refused_before: u64,
    /// What the last flush told.
    told: Mutex<Vec<ExporterReport>>,
}

/// How long beyond a shutdown's time the exporters' thread may take to say how its last batch ended.
const LAST_WORD: Duration = Duration::from_millis(100);

impl Exporting {
    /// Starts the thread. Spans are taken if there is an exporter for them.
    pub(crate) fn start(
        settings: Settings,
        spans: Vec<Box<dyn SpanExport>>,
        metrics: Vec<Box<dyn MetricExport>>,
    ) -> std::io::Result<Self> {
        let takes_spans = !spans.is_empty();
        let tallies: Vec<_> = spans.iter().map(|exporter| Arc::new(Tally::new(exporter.name()))).collect();
        let gauge = |exporter: &dyn SpanExport, family| {
            Store::global().gauge(family, vec![(label::EXPORTER, exporter.name().into())])
        };
        let capacity = i64::try_from(settings.queue_size).unwrap_or(i64::MAX);
        for exporter in &spans {
            gauge(&**exporter, &family::TELEMETRY_QUEUE_CAPACITY).set(capacity);
        }
        let pipeline = Arc::new(Pipeline {
            queue: ArrayQueue::new(settings.queue_size),
            lengths: spans
                .iter()
                .map(|exporter| gauge(&**exporter, &family::TELEMETRY_QUEUE_LENGTH))
                .collect(),
            settings,
            taken: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            wake: Notify::new(),
            woken: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            drained: AtomicBool::new(false),
            deadline: watch::channel(None).0,
        });
        let (commands, inbox) = mpsc::unbounded_channel();
        worker::spawn(pipeline.clone(), spans, metrics, tallies.clone(), inbox)?;
        let refused_before = Fate::QueueFull.counter().get();
        if takes_spans {
            pipeline.open();
        }
        let told = Mutex::new(tallies.iter().map(|tally| tally.report(0, 0)).collect());
        Ok(Exporting { pipeline, commands, tallies, refused_before, told })
    }

    /// Exports everything that has ended by now, and tells what was lost since the last flush.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let deadline = later(Instant::now(), timeout);
        let sent = self.commands.send(Command::Flush { deadline, reply });
        let problems = match sent.map(|()| answer.recv_timeout(timeout)) {
            Ok(Ok(problems)) => Some(problems),
            Ok(Err(RecvTimeoutError::Timeout)) => None,
            // The thread has ended, which it does for a shutdown only.
            Ok(Err(RecvTimeoutError::Disconnected)) | Err(_) => return Err(FlushError::ShutDown),
        };
        let exporters = self.news();
        let is_late = problems.is_none();
        // Told now or not at all: the next flush speaks of what comes after this one.
        let problems = self.with_earlier(problems.unwrap_or_default());
        if is_late {
            return Err(FlushError::Late { timeout, exporters });
        }
        if problems.is_empty() && exporters.iter().all(|report| report.dropped == 0) {
            return Ok(());
        }
        Err(FlushError::Failed { exporters, problems })
    }

    /// `problems`, and why spans were lost before.
    fn with_earlier(&self, mut problems: Vec<String>) -> Vec<String> {
        for problem in self.tallies.iter().filter_map(|tally| tally.problem()) {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        problems
    }

    /// What happened since this was last asked.
    fn news(&self) -> Vec<ExporterReport> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *told, self.reports());
        told.iter().zip(&before).map(|(now, before)| now.since(before)).collect()
    }

    /// What became of every span, by exporter.
    pub(crate) fn reports(&self) -> Vec<ExporterReport> {
        let refused = Fate::QueueFull.counter().get() - self.refused_before;
        let entered = self.pipeline.entered();
        self.tallies.iter().map(|tally| tally.report(entered, refused)).collect()
    }

    /// Takes no more spans, exports what there is until `timeout` is over, and tells what became of all.
    pub(crate) fn shut_down(&self, timeout: Duration) -> ShutdownReport {
        let begun = Instant::now();
        let deadline = later(begun, timeout);
        self.pipeline.close();
        self.pipeline.deadline.send_replace(Some(deadline));
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let sent = self.commands.send(Command::ShutDown { deadline, reply });
        let answer = sent.ok().and_then(|()| answer.recv_timeout(timeout.saturating_add(LAST_WORD)).ok());
        let problems = answer.unwrap_or_else(|| vec!["an exporter did not come back in time".to_owned()]);
        self.pipeline.drained.store(true, Ordering::SeqCst);
        self.pipeline.discard();
        self.pipeline.lengths.iter().for_each(|gauge| gauge.set(0));
        ShutdownReport::new(self.reports(), self.with_earlier(problems), begun.elapsed())
    }
}
