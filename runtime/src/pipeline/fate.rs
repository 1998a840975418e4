//! What becomes of a span.

use std::sync::{Arc, LazyLock};

use crate::metric::Counter;
use crate::metric::family;
use crate::metric::store::Store;
use crate::names::label;

/// What became of a span, in `tta_telemetry_spans_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Exported,
    SampledOut,
    /// The program's sampler panicked instead of deciding.
    SamplerPanicked,
    QueueFull,
    ExportFailed,
    Rejected,
    Shutdown,
    NotInitialized,
}

static COUNTERS: LazyLock<[Arc<Counter>; Fate::ALL.len()]> = LazyLock::new(|| {
    Fate::ALL.map(|fate| {
        let (outcome, reason) = fate.labels();
        let labels = vec![(label::OUTCOME, outcome.into()), (label::REASON, reason.into())];
        Store::global().counter(&family::TELEMETRY_SPANS, labels)
    })
});

impl Fate {
    pub(crate) const ALL: [Fate; 8] = [
        Fate::Exported,
        Fate::SampledOut,
        Fate::SamplerPanicked,
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
            Fate::SamplerPanicked => ("sampled_out", "sampler_panicked"),
            Fate::QueueFull => ("dropped", "queue_full"),
            Fate::ExportFailed => ("dropped", "export_failed"),
            Fate::Rejected => ("dropped", "rejected"),
            Fate::Shutdown => ("dropped", "shutdown"),
            Fate::NotInitialized => ("dropped", "not_initialized"),
        }
    }

    pub(crate) fn counter(self) -> &'static Counter {
        &COUNTERS[self as usize]
    }
}
