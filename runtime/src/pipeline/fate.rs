//! What becomes of a span.

use std::sync::{Arc, LazyLock};

use crate::metric::Sharded;
use crate::metric::family;
use crate::metric::store::{Part, Store};
use crate::names::label;

/// What became of a span, in `tta_telemetry_spans_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Exported,
    SampledOut,
    Filtered,
    /// The program's sampler panicked instead of deciding.
    SamplerPanicked,
    QueueFull,
    ExportFailed,
    Rejected,
    Shutdown,
    NotInitialized,
}

/// The number of each, one behind the other.
static SPANS: LazyLock<Arc<Sharded>> = LazyLock::new(|| {
    let spans = Arc::new(Sharded::new(Fate::ALL.len()));
    for fate in Fate::ALL {
        let (outcome, reason) = fate.labels();
        let labels = vec![(label::OUTCOME, outcome.into()), (label::REASON, reason.into())];
        Store::global().show(&family::TELEMETRY_SPANS, labels, &spans, Part::Count(fate as usize));
    }
    spans
});

/// The spans of one fate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spans(Fate);

impl Spans {
    pub(crate) fn add(self, n: u64) {
        SPANS.count(|row| row.add(self.0 as usize, n));
    }

    pub(crate) fn get(self) -> u64 {
        SPANS.get(self.0 as usize)
    }
}

impl Fate {
    pub(crate) const ALL: [Fate; 9] = [
        Fate::Exported,
        Fate::SampledOut,
        Fate::Filtered,
        Fate::SamplerPanicked,
        Fate::QueueFull,
        Fate::ExportFailed,
        Fate::Rejected,
        Fate::Shutdown,
        Fate::NotInitialized,
    ];

    /// Its `outcome` and its `reason`.
    pub(crate) const fn labels(self) -> (&'static str, &'static str) {
        match self {
            Fate::Exported => ("exported", "accepted"),
            Fate::SampledOut => ("sampled_out", "head"),
            Fate::Filtered => ("sampled_out", "filter"),
            Fate::SamplerPanicked => ("sampled_out", "sampler_panicked"),
            Fate::QueueFull => ("dropped", "queue_full"),
            Fate::ExportFailed => ("dropped", "export_failed"),
            Fate::Rejected => ("dropped", "rejected"),
            Fate::Shutdown => ("dropped", "shutdown"),
            Fate::NotInitialized => ("dropped", "not_initialized"),
        }
    }

    /// Makes the series of every fate exist, at 0.
    pub(crate) fn publish() {
        LazyLock::force(&SPANS);
    }

    pub(crate) fn counter(self) -> Spans {
        Spans(self)
    }
}
