//! From a finished span to the exporters: a bounded queue, and a thread of our own behind it.

mod aside;
mod custom;
mod exporting;
mod fate;
mod limits;
mod loss;
mod readings;
mod report;
mod sampler;
mod worker;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwapOption, Cache, Guard};
use crossbeam_queue::ArrayQueue;
use futures_util::future::BoxFuture;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::{Notify, watch};

pub(crate) use aside::Aside;
pub(crate) use custom::Custom;
pub(crate) use exporting::Exporting;
pub(crate) use fate::Fate;
pub(crate) use limits::Limits;
pub use report::{ExporterReport, FlushError, ShutdownReport};
use sampler::Shared;
pub(crate) use sampler::{Decision, Request, Root, Sampler};

use crate::metric::Gauge;
use crate::metric::store::{FamilySnapshot, Store};
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

    /// For how long beyond its patience it may wait at its receiver's word.
    fn overtime(&self) -> Duration {
        Duration::ZERO
    }

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
    ) -> BoxFuture<'_, Result<Accepted, ExportFailure>>;
}

/// How long an export may take.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    /// When an answer comes too late.
    pub(crate) answer: Instant,
    /// How much later it may come where the receiver itself has put the exporter off; none where somebody
    /// waits.
    pub(crate) overtime: Duration,
    /// When no further attempt is worth while. Sooner than `answer` where somebody waits: a program whose
    /// collector is down should not take seconds to end.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "only a network is tried again"))]
    pub(crate) retries: Instant,
    /// Changes when somebody shuts down, who should not wait for further attempts either.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "only a network is tried again"))]
    pub(crate) stop: watch::Receiver<Option<Instant>>,
}

impl Patience {
    /// For how long a batch is tried again when somebody waits for it.
    const RETRIES_WHILE_WAITED_FOR: Duration = Duration::from_secs(1);
    /// The longest that a receiver may put an exporter off.
    pub(crate) const LONGEST_OVERTIME: Duration = Duration::from_secs(30);

    /// Within the export's own timeout, and within the time of whoever waits.
    fn new(timeout: Duration, deadline: Option<Instant>, pipeline: &Pipeline) -> Self {
        let now = Instant::now();
        let timeout = later(now, timeout);
        let stop = pipeline.deadline.subscribe();
        match deadline {
            None => Patience { answer: timeout, overtime: Self::LONGEST_OVERTIME, retries: timeout, stop },
            Some(deadline) => {
                // Past the deadline there still is a moment for what needs none of the network.
                let answer = timeout.min(deadline).max(now + Duration::from_millis(1));
                let retries = answer.min(now + Self::RETRIES_WHILE_WAITED_FOR);
                Patience { answer, overtime: Duration::ZERO, retries, stop }
            }
        }
    }
}

/// `duration` after `moment`; a duration without end, as people write `Duration::MAX`, is a day.
fn later(moment: Instant, duration: Duration) -> Instant {
    moment.checked_add(duration).unwrap_or_else(|| moment + Duration::from_hours(24))
}

/// A batch that arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted {
    /// Spans or data points of it that the receiver refused.
    pub(crate) rejected: u64,
    /// What the receiver says of that.
    pub(crate) why: String,
}

/// A batch that did not arrive: one sentence that says where it should have gone and why it did not.
#[derive(Clone, Debug)]
pub(crate) struct ExportFailure(pub(crate) String);

/// How a pipeline behaves; the defaults are those of the OpenTelemetry specification.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) sampler: Sampler,
    pub(crate) limits: Limits,
    pub(crate) queue_size: usize,
    pub(crate) batch_size: usize,
    pub(crate) schedule_delay: Duration,
    pub(crate) export_timeout: Duration,
    pub(crate) metric_interval: Duration,
    pub(crate) metric_timeout: Duration,
}

/// The queue in front of the exporters' thread.
#[derive(Debug)]
pub(crate) struct Pipeline {
    settings: Settings,
    queue: ArrayQueue<Box<Record>>,
    /// Spans that the worker has taken out of the queue, and those that were discarded there.
    taken: AtomicU64,
    /// Spans that the worker has taken out and is exporting.
    in_flight: AtomicU64,
    wake: Notify,
    /// Set from the push that asks for the worker until the worker has looked.
    woken: AtomicBool,
    /// No further span is taken.
    closed: AtomicBool,
    /// The worker has taken its last span.
    drained: AtomicBool,
    /// When whoever shuts down stops waiting; cuts short what the worker is waiting for.
    deadline: watch::Sender<Option<Instant>>,
    /// What shows the queue's length, for each exporter.
    lengths: Vec<Arc<Gauge>>,
}

/// The pipeline that spans go to now, if they go anywhere.
static CURRENT: ArcSwapOption<Pipeline> = ArcSwapOption::const_empty();

thread_local! {
    static SEEN: RefCell<Seen> = RefCell::new(Seen { pipeline: Cache::new(&CURRENT), pushes: 0 });
}

/// What a thread has seen of the pipeline, so that it can look without a word to other threads.
struct Seen {
    pipeline: Cache<&'static ArcSwapOption<Pipeline>, Option<Arc<Pipeline>>>,
    /// How often the thread has pushed.
    pushes: u64,
}

/// Whether there is one: what most calls need to know of it.
static IS_OPEN: AtomicBool = AtomicBool::new(false);

/// Its sampler, where that is one of the specification's; asked for every span, so it is at hand.
static SAMPLING: Shared = Shared::new();

/// Whether the filter hides some workflow with everything in it.
static HIDES_WORKFLOWS: AtomicBool = AtomicBool::new(false);

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

/// A span looks at the queue's length only every so often, since that is where the worker writes.
const LOOKS_EVERY: u64 = 32;

impl Pipeline {
    /// Whether spans go anywhere now.
    pub(crate) fn is_open() -> bool {
        IS_OPEN.load(Ordering::Relaxed)
    }

    /// Where spans go now.
    pub(crate) fn current() -> Guard<Option<Arc<Pipeline>>> {
        CURRENT.load()
    }

    fn open(self: &Arc<Self>) {
        SAMPLING.set(&self.settings.sampler);
        CURRENT.store(Some(self.clone()));
        IS_OPEN.store(true, Ordering::Release);
    }

    fn close(self: &Arc<Self>) {
        if Pipeline::current().as_ref().is_some_and(|current| Arc::ptr_eq(current, self)) {
            IS_OPEN.store(false, Ordering::Release);
            CURRENT.store(None);
        }
        self.closed.store(true, Ordering::SeqCst);
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

    /// How much a span may hold that goes to the pipeline now.
    pub(crate) fn current_limits() -> Limits {
        Pipeline::current().as_ref().map(|pipeline| pipeline.settings.limits).unwrap_or_default()
    }

    /// Whether a span may be kept whose parent was not.
    pub(crate) fn asks_below_unsampled() -> bool {
        SAMPLING.asks_below_unsampled()
    }

    /// Whether the sampler looks at attributes, and at the context.
    pub(crate) fn reads_attributes() -> bool {
        SAMPLING.is_custom()
    }

    /// Whether a span below `parent` is kept, where no sampler of the program's has to be asked.
    #[inline]
    pub(crate) fn keeps(parent: &SpanContext, trace_id: TraceId) -> Option<bool> {
        SAMPLING.keeps(parent, trace_id)
    }

    /// Asks the sampler about a span below `parent`.
    pub(crate) fn decide(
        context: &Context,
        parent: &SpanContext,
        trace_id: TraceId,
        request: &Request<'_>,
    ) -> Decision {
        match &*Pipeline::current() {
            Some(pipeline) => pipeline.settings.sampler.decide(context, parent, trace_id, request),
            // Shut down since the span asked whether there was one.
            None => Decision::plain(false, parent),
        }
    }

    pub(crate) fn hide_workflows(hide: bool) {
        HIDES_WORKFLOWS.store(hide, Ordering::Relaxed);
    }

    /// Whether some workflow is hidden with everything in it.
    #[inline]
    pub(crate) fn hides_workflows() -> bool {
        HIDES_WORKFLOWS.load(Ordering::Relaxed)
    }

    /// A span was hidden by the filter.
    #[cold]
    pub(crate) fn filtered() {
        Fate::Filtered.counter().add(1);
    }

    pub(crate) fn sampled_out() {
        Fate::SampledOut.counter().add(1);
    }

    /// Takes a finished span, or counts it as dropped. Never waits.
    pub(crate) fn push(record: Box<Record>) {
        if !record.flags.is_sampled() {
            // Recorded for the sampler's own reasons, and not to be exported.
            record.discard();
            return Pipeline::sampled_out();
        }
        let mut record = Some(record);
        let mut enqueue = |pipeline: &Option<Arc<Pipeline>>, pushes: u64| match (pipeline, record.take()) {
            (Some(pipeline), Some(record)) => pipeline.enqueue(record, pushes),
            (_, record) => Some((record?, Fate::Shutdown)),
        };
        let seen = SEEN.try_with(|seen| {
            // Not to be had while an earlier pipeline is dropped, and with it what belongs to the program.
            let mut seen = seen.try_borrow_mut().ok()?;
            let seen = &mut *seen;
            seen.pushes = seen.pushes.wrapping_add(1);
            Some(enqueue(seen.pipeline.load(), seen.pushes))
        });
        // `Err`: the thread is ending.
        let refused = seen.ok().flatten().unwrap_or_else(|| enqueue(&Pipeline::current(), 0));
        if let Some((record, fate)) = refused {
            fate.counter().add(1);
            record.discard();
        }
    }

    /// Returns the record where it is not taken. `pushes` counts those of this thread.
    fn enqueue(&self, record: Box<Record>, pushes: u64) -> Option<(Box<Record>, Fate)> {
        if self.closed.load(Ordering::SeqCst) {
            return Some((record, Fate::Shutdown));
        }
        if let Err(record) = self.queue.push(record) {
            self.ask_for_worker();
            return Some((record, Fate::QueueFull));
        }
        let looks_every = LOOKS_EVERY.min(self.settings.batch_size as u64);
        if pushes.is_multiple_of(looks_every) && self.queue.len() >= self.settings.batch_size {
            self.ask_for_worker();
        }
        if self.drained.load(Ordering::SeqCst) {
            // Closed since the look above, and the worker has taken its last span already.
            self.discard();
        }
        None
    }

    /// Wakes the worker, once until it has looked.
    fn ask_for_worker(&self) {
        if !self.woken.swap(true, Ordering::Relaxed) {
            self.wake.notify_one();
        }
    }

    /// Spans that went into the queue. Not counted at the door, where every thread would write to one place.
    fn entered(&self) -> u64 {
        self.taken.load(Ordering::Relaxed) + self.queue.len() as u64
    }

    /// Counts what is left in the queue as lost to the shutdown.
    fn discard(&self) {
        while let Some(record) = self.queue.pop() {
            record.discard();
            self.taken.fetch_add(1, Ordering::Relaxed);
            Fate::Shutdown.counter().add(1);
        }
    }
}

/// Every series and its value now: the number of spans that wait included, and what the operating system says.
pub(crate) fn reading() -> Vec<FamilySnapshot> {
    if let Some(pipeline) = &*Pipeline::current() {
        // What is being exported has no fate yet either.
        let pending = pipeline.queue.len() as u64 + pipeline.in_flight.load(Ordering::Relaxed);
        let length = i64::try_from(pending).unwrap_or(i64::MAX);
        pipeline.lengths.iter().for_each(|gauge| gauge.set(length));
    }
    #[cfg(feature = "llm")]
    crate::cost::budget::read(Store::global());
    #[allow(unused_mut, reason = "only with the feature `process` there is more")]
    let mut families = Store::global().snapshot();
    #[cfg(feature = "process")]
    crate::metric::process::fill(&mut families);
    families
}
