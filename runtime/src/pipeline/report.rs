//! What became of the spans, for those who asked.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Counts of one exporter, shared with its thread so that they can be told even if that hangs.
#[derive(Debug)]
pub(crate) struct Tally {
    exporter: &'static str,
    exported: AtomicU64,
    dropped: AtomicU64,
}

impl Tally {
    pub(crate) fn new(exporter: &'static str) -> Self {
        Tally { exporter, exported: AtomicU64::new(0), dropped: AtomicU64::new(0) }
    }

    pub(crate) fn add(&self, exported: u64, dropped: u64) {
        self.exported.fetch_add(exported, Relaxed);
        self.dropped.fetch_add(dropped, Relaxed);
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// `taken` spans entered the queue, `refused` found it full.
    pub(crate) fn report(&self, taken: u64, refused: u64) -> ExporterReport {
        let (exported, dropped) = (self.exported.load(Relaxed), self.dropped.load(Relaxed));
        ExporterReport {
            exporter: self.exporter,
            exported,
            dropped: dropped + refused,
            pending: taken.saturating_sub(exported + dropped),
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
    /// Spans that were lost: the queue was full, the exporter failed, or the receiver refused them.
    pub dropped: u64,
    /// Spans that were not exported when time was up.
    pub pending: u64,
}

impl fmt::Display for ExporterReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ExporterReport { exporter, exported, dropped, pending } = self;
        write!(f, "{exporter}: {exported} exported, {dropped} dropped, {pending} pending")
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
    #[error("what had ended was not exported within {timeout:?}")]
    #[non_exhaustive]
    Late {
        /// How long was waited.
        timeout: Duration,
    },
    /// Telemetry has been shut down, or is being.
    #[error("telemetry has been shut down")]
    ShutDown,
    /// Exporters failed.
    #[error("{}", .0.join("; "))]
    Failed(Vec<String>),
}
