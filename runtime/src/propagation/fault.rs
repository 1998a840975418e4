//! Headers that are not what they should be, counted.

#[cfg(feature = "telemetry")]
use crate::names::propagator;

/// What is wrong with what a propagator has read, or should have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The header that names the trace is none.
    Malformed,
    /// There are several of what there must be one of.
    Duplicate,
    /// The trace's state is illegal or too long, and was left behind; the trace goes on.
    State,
    /// A member of the baggage is none; the others are kept.
    Member,
    /// Members of the baggage were left out that are too many, or too long together.
    Limit,
    /// A workflow's id is too long or not printable.
    Id,
}

impl Fault {
    #[cfg(feature = "telemetry")]
    const fn as_str(self) -> &'static str {
        match self {
            Fault::Malformed => "malformed",
            Fault::Duplicate => "duplicate",
            Fault::State => "state",
            Fault::Member => "member",
            Fault::Limit => "limit",
            Fault::Id => "id",
        }
    }
}

/// Everything that can go wrong, by the propagator that notices.
#[cfg(feature = "telemetry")]
const FAULTS: &[(&str, Fault)] = &[
    (propagator::TRACE_CONTEXT, Fault::Malformed),
    (propagator::TRACE_CONTEXT, Fault::Duplicate),
    (propagator::TRACE_CONTEXT, Fault::State),
    (propagator::BAGGAGE, Fault::Member),
    (propagator::BAGGAGE, Fault::Limit),
    (propagator::BAGGAGE, Fault::Id),
    (propagator::B3, Fault::Malformed),
    (propagator::B3, Fault::Duplicate),
    (propagator::B3_MULTI, Fault::Malformed),
    (propagator::B3_MULTI, Fault::Duplicate),
    (propagator::JAEGER, Fault::Malformed),
    (propagator::JAEGER, Fault::Duplicate),
    (propagator::JAEGER, Fault::Member),
    (propagator::JAEGER, Fault::Limit),
    #[cfg(all(feature = "llm", any(feature = "reqwest", feature = "tower")))]
    (propagator::SPENT, Fault::Malformed),
    #[cfg(all(feature = "llm", any(feature = "reqwest", feature = "tower")))]
    (propagator::SPENT, Fault::Duplicate),
    #[cfg(feature = "xray")]
    (propagator::XRAY, Fault::Malformed),
    #[cfg(feature = "gcp")]
    (propagator::GCP, Fault::Malformed),
];

#[cfg(feature = "telemetry")]
mod counted {
    use std::sync::{Arc, LazyLock};

    use super::{FAULTS, Fault};
    use crate::metric::Sharded;
    use crate::metric::family;
    use crate::metric::store::{Labels, Part, Store};
    use crate::names::label;
    use crate::testing::Recording;

    /// The number of each, one behind the other.
    static COUNTS: LazyLock<Arc<Sharded>> = LazyLock::new(|| {
        let counts = Arc::new(Sharded::new(FAULTS.len()));
        for (place, (propagator, fault)) in FAULTS.iter().enumerate() {
            let (store, labels) = (Store::global(), labels(propagator, *fault));
            store.show(&family::PROPAGATION_ERRORS, labels, &counts, Part::Count(place));
        }
        counts
    });

    fn labels(propagator: &'static str, fault: Fault) -> Labels {
        vec![(label::PROPAGATOR, propagator.into()), (label::REASON, fault.as_str().into())]
    }

    /// Makes every series exist, at 0.
    pub(crate) fn publish() {
        LazyLock::force(&COUNTS);
    }

    /// Each propagator and what it can report.
    pub(crate) fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
        FAULTS.iter().map(|(propagator, fault)| (*propagator, fault.as_str()))
    }

    #[cold]
    pub(crate) fn count(propagator: &'static str, fault: Fault) {
        if let Some(recording) = Recording::current() {
            let labels = labels(propagator, fault);
            return recording.store().counter(&family::PROPAGATION_ERRORS, labels).add(1);
        }
        if let Some(place) = FAULTS.iter().position(|known| *known == (propagator, fault)) {
            COUNTS.count(|row| row.add(place, 1));
        }
    }
}

#[cfg(feature = "telemetry")]
pub(crate) use counted::{count, faults, publish};

/// There are no metrics to count in.
#[cfg(not(feature = "telemetry"))]
pub(crate) fn count(_propagator: &'static str, _fault: Fault) {}
