//! What became of the spans, for those who asked.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counts of one exporter, shared with its thread so that they can be told even if that hangs.
#[derive(Debug)]
pub(crate) struct Tally {
    exporter: &'static str,
    exported: AtomicU64,
    failed: AtomicU64,
    rejected: AtomicU64,
    /// Why spans were last lost, until somebody has been told.
    problem: Mutex<Option<String>>,
}

impl Tally {
    pub(crate) fn new(exporter: &'static str) -> Self {
        Tally {
            exporter,
            exported: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            problem: Mutex::new(None),
        }
    }

    /// A batch arrived; the receiver refused some of it.
    pub(crate) fn arrived(&self, exported: u64, rejected: u64) {
        self.exported.fetch_add(exported, Relaxed);
        self.rejected.fetch_add(rejected, Relaxed);
    }

    /// A batch did not.
    pub(crate) fn failed(&self, size: u64) {
        self.failed.fetch_add(size, Relaxed);
    }

    /// Why spans were lost.
    pub(crate) fn keep(&self, problem: String) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }

    /// Why spans were last lost, unless it has been told.
    pub(crate) fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.failed.load(Relaxed) + self.rejected.load(Relaxed)
    }

    /// `entered` spans went into the queue, `refused` found it full.
    pub(crate) fn report(&self, entered: u64, refused: u64) -> ExporterReport {
        let exported = self.exported.load(Relaxed);
        let (failed, rejected) = (self.failed.load(Relaxed), self.rejected.load(Relaxed));
        ExporterReport {
            exporter: self.exporter,
            exported,
            dropped: refused + failed + rejected,
            queue_full: refused,
            export_failed: failed,
            rejected,
            pending: entered.saturating_sub(exported + failed + rejected),
        }
    }
}

/// What one exporter did with the spans that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExporterReport {
    /// The exporter: `otlp`, `console`, or `custom` for one of the program's own.
    pub exporter: &'static str,
    /// Spans that it accepted.
    pub exported: u64,
    /// Spans that were lost: the sum of the following three.
    pub dropped: u64,
    /// Spans that were lost because the queue was full.
    pub queue_full: u64,
    /// Spans that were lost because an export failed, or took longer than it may.
    pub export_failed: u64,
    /// Spans that the receiver refused out of a batch that it accepted.
    pub rejected: u64,
    /// Spans that were not exported when time was up.
    pub pending: u64,
}

impl ExporterReport {
    /// What happened since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        ExporterReport {
            exporter: self.exporter,
            exported: self.exported - earlier.exported,
            dropped: self.dropped - earlier.dropped,
            queue_full: self.queue_full - earlier.queue_full,
            export_failed: self.export_failed - earlier.export_failed,
            rejected: self.rejected - earlier.rejected,
            pending: self.pending,
        }
    }

    /// What was lost, by reason; the reasons are those of `tta_telemetry_spans_total`.
    fn reasons(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [("queue_full", self.queue_full), ("export_failed", self.export_failed), ("rejected", self.rejected)]
            .into_iter()
            .filter(|(_, count)| *count > 0)
    }
}

impl fmt::Display for ExporterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExporterReport { exporter, exported, dropped, pending, .. } = self;
        write!(f, "{exporter}: {exported} exported, {dropped} dropped, {pending} pending")?;
        for (index, (reason, count)) in self.reasons().enumerate() {
            write!(f, "{}{reason} {count}", if index == 0 { " (" } else { ", " })?;
        }
        if *dropped > 0 { f.write_str(")") } else { Ok(()) }
    }
}

/// What became of every span, by exporter; the answer of [`Telemetry::shutdown`](crate::Telemetry::shutdown).
#[derive(Clone, Debug, Default)]
pub struct ShutdownReport {
    exporters: Vec<ExporterReport>,
    problems: Vec<String>,
    elapsed: Duration,
}

impl ShutdownReport {
    pub(crate) fn new(exporters: Vec<ExporterReport>, problems: Vec<String>, elapsed: Duration) -> Self {
        ShutdownReport { exporters, problems, elapsed }
    }

    /// One report for each exporter of spans.
    #[must_use]
    pub fn exporters(&self) -> &[ExporterReport] {
        &self.exporters
    }

    /// What went wrong, one sentence each; also what does not concern spans, such as a metrics endpoint
    /// whose port was taken.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// How long the shutdown took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// How many spans did not arrive, over all exporters.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.exporters.iter().map(|exporter| exporter.dropped + exporter.pending).sum()
    }

    /// Whether every span reached every exporter and nothing else went wrong.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty() && self.lost() == 0
    }

    pub(crate) fn add_problem(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exporters.is_empty() {
            f.write_str("no exporter of spans")?;
        }
        for (index, exporter) in self.exporters.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{exporter}")?;
        }
        for problem in &self.problems {
            write!(f, "; {problem}")?;
        }
        Ok(())
    }
}

/// Not everything reached its exporter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// Time was up first.
    #[error("what had ended was not exported within {timeout:?}: {}", joined(.exporters))]
    #[non_exhaustive]
    Late {
        /// How long was waited.
        timeout: Duration,
        /// What became of the spans since the last flush, by exporter.
        exporters: Vec<ExporterReport>,
    },
    /// Telemetry has been shut down, or is being.
    #[error("telemetry has been shut down")]
    ShutDown,
    /// Something was lost since the last flush, or did not arrive now.
    #[error("{}", told(.exporters, .problems))]
    #[non_exhaustive]
    Failed {
        /// What became of the spans since the last flush, by exporter.
        exporters: Vec<ExporterReport>,
        /// What went wrong, one sentence each.
        problems: Vec<String>,
    },
}

fn joined(reports: &[ExporterReport]) -> String {
    reports.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// The counts where spans were lost, and what went wrong.
fn told(exporters: &[ExporterReport], problems: &[String]) -> String {
    let lost = exporters.iter().filter(|report| report.dropped > 0).map(ToString::to_string);
    lost.chain(problems.iter().cloned()).collect::<Vec<_>>().join("; ")
}
