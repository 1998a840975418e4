//! The exporters' thread: it owns a small runtime, so it needs none of the program's.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use futures_util::future::{FutureExt as _, join_all};
use opentelemetry::Context;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep_until;

use super::loss::Loss;
use super::readings::{self, Requests};
use super::report::Tally;
use super::{Accepted, ExportFailure, Fate, MetricExport, Patience, Pipeline, SpanExport, later};
use crate::diagnostics::warn;
use crate::metric::store::Store;
use crate::metric::{Histogram, exemplar, family};
use crate::names::label;
use crate::span::clock;

/// How long nothing must have been lost before that is said: a queue that overflows in bursts is one trouble.
const QUIET: Duration = Duration::from_secs(5);

/// How often it is looked whether a loss is over, while there is one.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the thread can be asked for. The answer is a list of what went wrong.
#[derive(Debug)]
pub(super) enum Command {
    Flush { deadline: Instant, reply: SyncSender<Vec<String>> },
    ShutDown { deadline: Instant, reply: SyncSender<Vec<String>> },
}

pub(super) fn spawn(
    pipeline: Arc<Pipeline>,
    spans: Vec<Box<dyn SpanExport>>,
    metrics: Vec<Box<dyn MetricExport>>,
    tallies: Vec<Arc<Tally>>,
    commands: UnboundedReceiver<Command>,
) -> std::io::Result<()> {
    let lanes = spans.into_iter().zip(tallies).map(|(exporter, tally)| Lane::new(exporter, tally));
    let mut worker = Worker {
        next_batch: later(Instant::now(), pipeline.settings.schedule_delay),
        refused: Fate::QueueFull.counter().get(),
        losing: Loss::default(),
        last_refused: Instant::now(),
        exemplars: exemplar::Writer::default(),
        lanes: lanes.collect(),
        pipeline,
    };
    // Made where it is used: a runtime must not be dropped within another, not even when this fails.
    let (reply, started) = sync_channel(1);
    std::thread::Builder::new().name("tta-export".to_owned()).spawn(move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(reply.send(Err(error))),
        };
        drop(reply.send(Ok(())));
        // An exporter's own client must not make spans of what it does for us.
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        runtime.block_on(async {
            let readings = readings::spawn(worker.pipeline.clone(), metrics);
            worker.run(commands, &readings).await;
        });
        // An exporter that still blocks is not waited for.
        runtime.shutdown_background();
    })?;
    started.recv().unwrap_or_else(|_| Err(std::io::Error::other("the thread ended at once")))
}

struct Worker {
    pipeline: Arc<Pipeline>,
    lanes: Vec<Lane>,
    next_batch: Instant,
    /// Spans that had found the queue full when last looked at.
    refused: u64,
    /// What is lost to a full queue.
    losing: Loss,
    /// When a span was last seen to be.
    last_refused: Instant,
    exemplars: exemplar::Writer,
}

/// One exporter and what is known of it.
struct Lane {
    exporter: Box<dyn SpanExport>,
    tally: Arc<Tally>,
    loss: Loss,
    /// Since when every batch has arrived whole.
    arriving: Option<Instant>,
    succeeded: Arc<Histogram>,
    failed: Arc<Histogram>,
}

impl Worker {
    async fn run(&mut self, mut commands: UnboundedReceiver<Command>, readings: &Requests) {
        loop {
            let mut due = self.next_batch;
            if self.is_uneasy() {
                due = due.min(Instant::now() + LOOK_EVERY);
            }
            tokio::select! {
                biased;
                command = commands.recv() => match command {
                    Some(Command::Flush { deadline, reply }) => {
                        let problems = self.drain(deadline, readings).await;
                        // Whoever asked may have given up waiting.
                        let _ = reply.try_send(problems);
                    }
                    Some(Command::ShutDown { deadline, reply }) => {
                        let problems = self.drain(deadline, readings).await;
                        self.watch();
                        // Exporters close what they hold open, before anybody believes that all is done.
                        self.lanes.drain(..).for_each(Lane::end);
                        let _ = reply.try_send(problems);
                        return;
                    }
                    None => return,
                },
                () = sleep_until(due.into()) => self.tick().await,
                () = self.pipeline.wake.notified() => {
                    self.pipeline.woken.store(false, Ordering::Relaxed);
                    self.export_batch(None).await;
                    // A batch at a time, so that commands and the clock are looked at in between.
                    if self.pipeline.queue.len() >= self.pipeline.settings.batch_size {
                        self.pipeline.wake.notify_one();
                    }
                }
            }
            self.watch();
        }
    }

    /// What is done by the clock: partial batches.
    async fn tick(&mut self) {
        if Instant::now() < self.next_batch {
            return;
        }
        clock::follow_system_clock();
        self.export_batch(None).await;
        // While there is more, the next turn takes the next batch.
        if self.pipeline.queue.is_empty() {
            self.next_batch = later(Instant::now(), self.pipeline.settings.schedule_delay);
        }
    }

    /// Exports everything that ended before the call, as far as time allows.
    async fn drain(&mut self, deadline: Instant, readings: &Requests) -> Vec<String> {
        let mut problems = Vec::new();
        let mut left = self.pipeline.queue.len();
        while left > 0 && Instant::now() < deadline {
            left = left.saturating_sub(self.pipeline.settings.batch_size);
            problems.extend(self.export_batch(Some(deadline)).await);
        }
        let patience = Patience::new(self.pipeline.settings.export_timeout, Some(deadline), &self.pipeline);
        if left > 0 {
            problems.push(format!("{left} spans were left when time was up"));
        }
        for lane in &mut self.lanes {
            let flushed =
                within(patience.answer, &self.pipeline, async { lane.exporter.flush().await }).await;
            problems.extend(flushed.err().map(|ExportFailure(problem)| problem));
        }
        problems.extend(readings::export(readings, deadline).await);
        problems.dedup();
        problems
    }

    /// Exports one batch to every exporter at once, and counts what became of it.
    async fn export_batch(&mut self, deadline: Option<Instant>) -> Vec<String> {
        let limits = self.pipeline.settings.limits;
        let mut candidates = Vec::new();
        let popped = std::iter::from_fn(|| self.pipeline.queue.pop());
        let batch: Vec<_> = popped
            .take(self.pipeline.settings.batch_size)
            .map(|record| {
                candidates.extend(record.candidate());
                record.into_span_data(&limits)
            })
            .collect();
        let size = batch.len() as u64;
        self.pipeline.taken.fetch_add(size, Ordering::Relaxed);
        if size == 0 {
            return Vec::new();
        }
        self.pipeline.in_flight.store(size, Ordering::Relaxed);
        let patience = Patience::new(self.pipeline.settings.export_timeout, deadline, &self.pipeline);
        let pipeline = &self.pipeline;
        // The last exporter gets the batch itself; mostly it is the only one.
        let copies = self.lanes.len().saturating_sub(1);
        let batches = std::iter::repeat_n(batch, copies + 1);
        let exports = self
            .lanes
            .iter_mut()
            .zip(batches)
            .map(|(lane, batch)| lane.export(batch, patience.clone(), pipeline));
        let results = join_all(exports).await;

        // A span counts as exported when no exporter has lost it.
        let refused = results.iter().filter_map(|result| Some(result.as_ref().ok()?.rejected)).max();
        let refused = refused.unwrap_or(0).min(size);
        if results.iter().all(Result::is_ok) {
            Fate::Exported.counter().add(size - refused);
            Fate::Rejected.counter().add(refused);
            // Which ones were refused is not said, so none of them is pointed at.
            if refused == 0 {
                self.exemplars.write(&candidates);
            }
        } else {
            Fate::ExportFailed.counter().add(size);
        }
        self.pipeline.in_flight.store(0, Ordering::Relaxed);
        let problem = |result| match result {
            Ok(Accepted { rejected: 0, .. }) => None,
            Ok(Accepted { rejected, why }) => Some(refusal(rejected, "spans", &why)),
            Err(ExportFailure(problem)) => Some(problem),
        };
        results.into_iter().filter_map(problem).collect()
    }

    /// Whether something is being lost, or has been without a line about it.
    fn is_uneasy(&self) -> bool {
        self.losing.is_uneasy() || self.lanes.iter().any(|lane| lane.loss.is_uneasy())
    }

    /// Says what is to be said of losses.
    fn watch(&mut self) {
        let now = Instant::now();
        let is_behind = self.pipeline.queue.len() >= self.pipeline.settings.batch_size;
        self.lanes.iter_mut().for_each(|lane| lane.watch(is_behind, now));
        self.watch_queue(now);
    }

    /// Says once that spans are being lost to a full queue, and once that this is over.
    fn watch_queue(&mut self, now: Instant) {
        let refused = Fate::QueueFull.counter().get();
        // An exporter that fails fills the queue; that has been said, and its end will tell of both.
        let is_explained = self.lanes.iter().any(|lane| lane.loss.is_going_on());
        if refused > self.refused && (self.losing.is_going_on() || !is_explained) {
            self.last_refused = now;
            if let Some(untold) = self.losing.goes_on(self.refused, now) {
                let size = self.pipeline.settings.queue_size;
                warn(format_args!("spans are dropped: more than {size} wait for the exporters{untold}"));
            }
        } else if self.losing.is_going_on() && now.duration_since(self.last_refused) >= QUIET {
            if let Some(lost) = self.losing.is_over(refused) {
                warn(format_args!("spans are no longer dropped; {lost} were lost"));
            }
        } else if let Some(untold) = self.losing.untold(now) {
            warn(format_args!("spans were dropped: the queue was full{untold}"));
        }
        self.refused = refused;
    }
}

impl Lane {
    /// Drops the exporter, which may run code of the program's.
    fn end(self) {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(self)));
    }

    fn new(exporter: Box<dyn SpanExport>, tally: Arc<Tally>) -> Self {
        let store = Store::global();
        let own = || (label::EXPORTER, exporter.name().into());
        let duration = |status: &'static str| {
            let labels = vec![own(), (label::STATUS, status.into())];
            store.histogram(&family::TELEMETRY_EXPORT_DURATION, labels)
        };
        Lane {
            succeeded: duration("success"),
            failed: duration("error"),
            exporter,
            tally,
            loss: Loss::default(),
            arriving: None,
        }
    }

    /// Spans that did not reach this exporter, those that found the queue full included.
    fn lost(&self) -> u64 {
        self.tally.dropped() + Fate::QueueFull.counter().get()
    }

    /// Says that a loss is over: once spans arrive and the queue has been caught up with, since until then
    /// the same trouble still costs spans. A queue that stays full after that is a trouble of its own.
    fn watch(&mut self, is_behind: bool, now: Instant) {
        let name = self.exporter.name();
        let is_over = |since: Instant| !is_behind || now.duration_since(since) >= QUIET;
        if self.loss.is_going_on() && self.arriving.is_some_and(is_over) {
            if let Some(lost) = self.loss.is_over(self.lost()) {
                warn(format_args!("{name}: spans arrive again; {lost} were lost"));
            }
        } else if let Some(untold) = self.loss.untold(now) {
            warn(format_args!("{name}: spans arrive, and for moments they did not{untold}"));
        }
    }

    async fn export(
        &mut self,
        batch: Vec<opentelemetry_sdk::trace::SpanData>,
        patience: Patience,
        pipeline: &Pipeline,
    ) -> Result<Accepted, ExportFailure> {
        let size = batch.len() as u64;
        let started = clock::Tick::now();
        // A receiver may put an exporter off, which is no delay of the exporter's.
        let answer = patience.answer + patience.overtime.min(self.exporter.overtime());
        let lost_before = self.lost();
        let export = async { self.exporter.export(batch, patience).await };
        let result = within(answer, pipeline, export).await;
        let took = started.until(clock::Tick::now());
        let now = Instant::now();
        let (problem, consequence) = match &result {
            Ok(Accepted { rejected, why }) => {
                self.succeeded.observe(took);
                let rejected = (*rejected).min(size);
                self.tally.arrived(size - rejected, rejected);
                if rejected == 0 {
                    self.arriving.get_or_insert(now);
                    return result;
                }
                (refusal(rejected, "spans", why), "")
            }
            Err(ExportFailure(problem)) => {
                self.failed.observe(took);
                self.tally.failed(size);
                (problem.clone(), "; spans are lost until it answers")
            }
        };
        self.arriving = None;
        if let Some(untold) = self.loss.goes_on(lost_before, now) {
            warn(format_args!("{}: {problem}{consequence}{untold}", self.exporter.name()));
        }
        self.tally.keep(problem);
        result
    }
}

/// One sentence on what a receiver took only a part of.
pub(super) fn refusal(rejected: u64, what: &str, why: &str) -> String {
    let why = if why.is_empty() { "without a reason" } else { why };
    format!("the receiver refused {rejected} {what}: {why}")
}

/// Ends an export that takes too long, and survives one that panics.
pub(super) async fn within<T>(
    answer: Instant,
    pipeline: &Pipeline,
    export: impl Future<Output = Result<T, ExportFailure>>,
) -> Result<T, ExportFailure> {
    let begun = Instant::now();
    tokio::select! {
        biased;
        // An exporter that panics has lost a batch; the next one is tried all the same.
        result = std::panic::AssertUnwindSafe(export).catch_unwind() => {
            result.unwrap_or_else(|_| Err(ExportFailure("the exporter panicked".to_owned())))
        }
        () = out_of_time(answer, pipeline) => {
            Err(ExportFailure(format!("no answer within {:.1?}", begun.elapsed())))
        }
    }
}

/// Waits until `answer`, or until the deadline of whoever shuts down in the meantime.
async fn out_of_time(answer: Instant, pipeline: &Pipeline) {
    let mut deadlines = pipeline.deadline.subscribe();
    loop {
        let shutdown = *deadlines.borrow_and_update();
        let end = shutdown.map_or(answer, |deadline| answer.min(deadline));
        tokio::select! {
            () = sleep_until(end.into()) => return,
            changed = deadlines.changed() => if changed.is_err() {
                return sleep_until(end.into()).await;
            },
        }
    }
}
