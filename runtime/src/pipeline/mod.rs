//! From a finished span to the exporters: a bounded queue, and a thread of our own behind it.

mod limits;
mod report;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use crossbeam_queue::ArrayQueue;
use futures_util::future::BoxFuture;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{ShouldSample, SpanData};
use tokio::sync::{Notify, mpsc};

pub(crate) use limits::Limits;
pub use report::{ExporterReport, FlushError, ShutdownReport};

use crate::metric::Counter;
use crate::metric::family;
use crate::metric::store::{FamilySnapshot, Store};
use crate::names::label;
use crate::span::record::Record;

/// Takes batches of finished spans somewhere.
pub(crate) trait SpanExport: Send {
    /// The value of the label `exporter`.
    fn name(&self) -> &'static str;

    /// Exports a batch. The pipeline drops the future at the end of `patience`.
    fn export(
        &mut self,
        spans: Vec<SpanData>,
        patience: Patience,
    ) -> BoxFuture<'_, Result<Accepted, ExportFailure>>;

    /// Tells the exporter whose spans it gets.
    fn set_resource(&mut self, _resource: &Resource) {}

    /// Writes out what it holds back. Called by a flush and before the end.
    fn flush(&mut self) -> BoxFuture<'_, Result<(), ExportFailure>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Takes readings of the store somewhere.
pub(crate) trait MetricExport: Send {
    /// A word for warnings.
    fn name(&self) -> &'static str;

    /// Exports a reading. The pipeline drops the future at the end of `patience`.
    fn export(
        &mut self,
        families: Vec<FamilySnapshot>,
        patience: Patience,
    ) -> BoxFuture<'_, Result<(), ExportFailure>>;
}

/// How long an export may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// When an answer comes too late.
    pub(crate) answer: Instant,
    /// When no further attempt is worth while. Sooner than `answer` where somebody waits: a program whose
    /// collector is down should not take seconds to end.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "only a network is tried again"))]
    pub(crate) retries: Instant,
}

impl Patience {
    /// For how long a batch is tried again when somebody waits for it.
    const RETRIES_WHILE_WAITED_FOR: Duration = Duration::from_secs(1);

    /// Within the export timeout, and within the time of whoever waits.
    fn new(settings: &Settings, deadline: Option<Instant>) -> Self {
        let now = Instant::now();
        let timeout = now + settings.export_timeout;
        match deadline {
            None => Patience { answer: timeout, retries: timeout },
            Some(deadline) => {
                // Past the deadline there still is a moment for what needs none of the network.
                let answer = timeout.min(deadline).max(now + Duration::from_millis(1));
                Patience { answer, retries: answer.min(now + Self::RETRIES_WHILE_WAITED_FOR) }
            }
        }
    }
}

/// A batch that arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Accepted {
    /// Spans of it that the receiver refused.
    pub(crate) rejected: u64,
}

/// A batch that did not arrive: one sentence that says where it should have gone and why it did not.
#[derive(Clone, Debug)]
pub(crate) struct ExportFailure(pub(crate) String);

/// What became of a span, in `tta_telemetry_spans_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Exported,
    SampledOut,
    QueueFull,
    ExportFailed,
    Rejected,
    Shutdown,
    NotInitialized,
}

impl Fate {
    pub(crate) const ALL: [Fate; 7] = [
        Fate::Exported,
        Fate::SampledOut,
        Fate::QueueFull,
        Fate::ExportFailed,
        Fate::Rejected,
        Fate::Shutdown,
        Fate::NotInitialized,
    ];

    const fn labels(self) -> (&'static str, &'static str) {
        match self {
            Fate::Exported => ("exported", "accepted"),
            Fate::SampledOut => ("sampled_out", "head"),
            Fate::QueueFull => ("dropped", "queue_full"),
            Fate::ExportFailed => ("dropped", "export_failed"),
            Fate::Rejected => ("dropped", "rejected"),
            Fate::Shutdown => ("dropped", "shutdown"),
            Fate::NotInitialized => ("dropped", "not_initialized"),
        }
    }

    pub(crate) fn counter(self) -> &'static Counter {
        use std::sync::LazyLock;
        static COUNTERS: LazyLock<[Arc<Counter>; Fate::ALL.len()]> = LazyLock::new(|| {
            Fate::ALL.map(|fate| {
                let (outcome, reason) = fate.labels();
                let labels = vec![(label::OUTCOME, outcome.into()), (label::REASON, reason.into())];
                Store::global().counter(&family::TELEMETRY_SPANS, labels)
            })
        });
        &COUNTERS[self as usize]
    }
}

/// How a pipeline behaves; the defaults are those of the OpenTelemetry specification.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) sampler: Box<dyn ShouldSample>,
    pub(crate) sampler_reads_attributes: bool,
    pub(crate) limits: Limits,
    pub(crate) queue_size: usize,
    pub(crate) batch_size: usize,
    pub(crate) schedule_delay: Duration,
    pub(crate) export_timeout: Duration,
    pub(crate) metric_interval: Duration,
}

/// The queue in front of the exporters' thread.
#[derive(Debug)]
pub(crate) struct Pipeline {
    settings: Settings,
    queue: ArrayQueue<Record>,
    /// Spans that the queue took.
    taken: AtomicU64,
    wake: Notify,
    /// Set from the push that asks for the worker until the worker has looked.
    woken: AtomicBool,
    /// No further span is taken.
    closed: AtomicBool,
}

/// The pipeline that spans go to now, if they go anywhere.
static CURRENT: ArcSwapOption<Pipeline> = ArcSwapOption::const_empty();

/// Why there is no pipeline.
static PHASE: AtomicU8 = AtomicU8::new(Phase::Before as u8);

#[derive(Clone, Copy, PartialEq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// `init` has not run.
    Before,
    /// It has; where there still is no pipeline, nothing exports spans, by choice.
    Running,
    /// `shutdown` has run.
    After,
}

impl Pipeline {
    /// Where spans go now.
    pub(crate) fn current() -> Option<Arc<Pipeline>> {
        CURRENT.load_full()
    }

    /// A span could not start for want of a pipeline.
    pub(crate) fn missed() {
        let phase = PHASE.load(Ordering::Relaxed);
        if phase == Phase::Before as u8 {
            Fate::NotInitialized.counter().add(1);
        } else if phase == Phase::After as u8 {
            Fate::Shutdown.counter().add(1);
        }
    }

    pub(crate) fn enter_phase(phase: Phase) {
        PHASE.store(phase as u8, Ordering::Relaxed);
    }

    pub(crate) fn limits(&self) -> Limits {
        self.settings.limits
    }

    pub(crate) fn sampler(&self) -> &dyn ShouldSample {
        &*self.settings.sampler
    }

    pub(crate) fn sampler_reads_attributes(&self) -> bool {
        self.settings.sampler_reads_attributes
    }

    #[allow(clippy::unused_self, reason = "only a pipeline samples")]
    pub(crate) fn sampled_out(&self) {
        Fate::SampledOut.counter().add(1);
    }

    /// Takes a finished span, or counts it as dropped. Never waits.
    pub(crate) fn push(&self, record: Record) {
        if !record.context.is_sampled() {
            // Recorded for the sampler's own reasons, and not to be exported.
            return self.sampled_out();
        }
        if self.closed.load(Ordering::SeqCst) {
            return Fate::Shutdown.counter().add(1);
        }
        if self.queue.push(record).is_err() {
            return Fate::QueueFull.counter().add(1);
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        if self.queue.len() >= self.settings.batch_size && !self.woken.swap(true, Ordering::Relaxed) {
            self.wake.notify_one();
        }
        if self.closed.load(Ordering::SeqCst) {
            // Closed since the look above: the worker may have taken its last span already.
            self.discard();
        }
    }

    /// Counts what is left in the queue as lost to the shutdown.
    fn discard(&self) {
        while self.queue.pop().is_some() {
            Fate::Shutdown.counter().add(1);
        }
    }
}

/// The owner of the exporters' thread.
#[derive(Debug)]
pub(crate) struct Exporting {
    pipeline: Arc<Pipeline>,
    commands: mpsc::UnboundedSender<worker::Command>,
    tallies: Vec<Arc<report::Tally>>,
    started: u64,
}

impl Exporting {
    /// Starts the thread. Spans are taken if there is an exporter for them.
    pub(crate) fn start(
        settings: Settings,
        spans: Vec<Box<dyn SpanExport>>,
        metrics: Vec<Box<dyn MetricExport>>,
    ) -> std::io::Result<Self> {
        let takes_spans = !spans.is_empty();
        let tallies: Vec<_> =
            spans.iter().map(|exporter| Arc::new(report::Tally::new(exporter.name()))).collect();
        let pipeline = Arc::new(Pipeline {
            queue: ArrayQueue::new(settings.queue_size),
            settings,
            taken: AtomicU64::new(0),
            wake: Notify::new(),
            woken: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        });
        let (commands, inbox) = mpsc::unbounded_channel();
        worker::spawn(pipeline.clone(), spans, metrics, tallies.clone(), inbox)?;
        if takes_spans {
            CURRENT.store(Some(pipeline.clone()));
        }
        Ok(Exporting { pipeline, commands, tallies, started: Fate::QueueFull.counter().get() })
    }

    /// Exports everything that has ended by now.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let deadline = Instant::now() + timeout;
        let sent = self.commands.send(worker::Command::Flush { deadline, reply });
        match sent.ok().and_then(|()| answer.recv_timeout(timeout).ok()) {
            Some(problems) if problems.is_empty() => Ok(()),
            Some(problems) => Err(FlushError::Failed(problems)),
            None => Err(FlushError::Late { pending: self.pipeline.queue.len() as u64, timeout }),
        }
    }

    /// Takes no more spans, exports what there is until `timeout` is over, and tells what became of all.
    pub(crate) fn shut_down(&self, timeout: Duration) -> ShutdownReport {
        let begun = Instant::now();
        let own = CURRENT.load_full().is_some_and(|current| Arc::ptr_eq(&current, &self.pipeline));
        if own {
            CURRENT.store(None);
        }
        self.pipeline.closed.store(true, Ordering::SeqCst);
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let deadline = begun + timeout;
        let sent = self.commands.send(worker::Command::ShutDown { deadline, reply });
        let answer = sent.ok().and_then(|()| answer.recv_timeout(timeout).ok());
        let mut problems = answer.unwrap_or_else(|| vec!["an exporter did not come back in time".to_owned()]);
        self.pipeline.discard();
        problems.dedup();
        let refused = Fate::QueueFull.counter().get() - self.started;
        let taken = self.pipeline.taken.load(Ordering::Relaxed);
        ShutdownReport::new(
            self.tallies.iter().map(|tally| tally.report(taken, refused)).collect(),
            problems,
            begun.elapsed(),
        )
    }
}
