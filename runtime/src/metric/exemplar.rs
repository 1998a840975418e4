//! Exemplars: for each bucket of a histogram, the last exported span that fell into it.
//!
//! The exporters' thread writes them, after a batch has arrived, so that none points at a trace that was not
//! sampled or was dropped on its way. A caller never sees them.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use opentelemetry::trace::{SpanId, TraceId};
use rustc_hash::FxHashMap;

use super::bind::{self, LabelKey};
use super::cell::bounds;
use super::family::{self, Family};
use super::store::{Labels, Store};
use crate::catalog::{Site, SiteKind};

/// A span that stands for the bucket that it fell into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(any(feature = "otlp", feature = "prometheus")), allow(dead_code))]
pub(crate) struct Exemplar {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    /// In integers of the family's unit's resolution, as the histogram's own values.
    pub(crate) value: u64,
    /// When the span ended, in nanoseconds since 1970.
    pub(crate) at: u64,
}

/// One histogram's exemplars. Takes next to no memory before the first.
#[derive(Debug)]
pub(crate) struct Exemplars {
    family: &'static Family,
    slots: OnceLock<Slots>,
}

#[derive(Debug)]
struct Slots {
    /// Upper bounds, inclusive, ascending, as the histogram has them.
    bounds: Box<[u64]>,
    /// One more than there are bounds. Only the exporters' thread and scrapes lock it.
    latest: Mutex<Box<[Option<Exemplar>]>>,
}

impl Slots {
    fn new(family: &'static Family) -> Self {
        let bounds = bounds(family.buckets(), family.unit().resolution());
        let latest = Mutex::new(vec![None; bounds.len() + 1].into());
        Slots { bounds, latest }
    }
}

impl Exemplars {
    pub(super) fn new(family: &'static Family) -> Self {
        Exemplars { family, slots: OnceLock::new() }
    }

    /// Puts it in the place of its bucket's earlier one.
    fn put(&self, exemplar: Exemplar) {
        let slots = self.slots.get_or_init(|| Slots::new(self.family));
        let bucket = slots.bounds.partition_point(|bound| *bound < exemplar.value);
        let mut latest = slots.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = latest.get_mut(bucket) {
            *slot = Some(exemplar);
        }
    }

    /// By bucket; empty if there are none.
    pub(super) fn get(&self) -> Vec<Option<Exemplar>> {
        let Some(slots) = self.slots.get() else { return Vec::new() };
        slots.latest.lock().unwrap_or_else(PoisonError::into_inner).to_vec()
    }
}

/// A span on its way to the exporters: what is needed to make exemplars of it when it has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) counted: Counted,
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    /// How long it took.
    pub(crate) nanoseconds: u64,
    /// When it ended, in nanoseconds since 1970.
    pub(crate) ended: u64,
}

/// Says to a span that is open where its duration has counted: empty until it has.
pub(crate) type CountedLater = Arc<OnceLock<Arc<Exemplars>>>;

/// Where the duration has counted that a span shows.
#[derive(Clone, Debug)]
pub(crate) enum Counted {
    /// A call's.
    Call {
        site: &'static Site,
        /// The call's combination of labels.
        key: LabelKey,
        /// The workflow that the call was a step of.
        step_of: Option<&'static Site>,
    },
    /// A request's, in a series that is known.
    Request(Arc<Exemplars>),
}

impl Counted {
    /// A call of `site`, which has a span of its own.
    pub(crate) fn call(site: &'static Site, key: LabelKey, step_of: Option<&'static Site>) -> Self {
        // A workflow within a workflow takes a place among the steps, and is counted as none.
        let step_of = step_of.filter(|_| site.kind() == SiteKind::Primitive);
        Counted::Call { site, key, step_of }
    }
}

/// Which series: the addresses of two sites, which are statics, and a combination of labels.
type Place = (usize, usize, LabelKey);

/// Finds the series that spans belong to, and remembers where they are.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    known: FxHashMap<Place, Arc<Exemplars>>,
}

impl Writer {
    /// Makes exemplars of spans that have arrived.
    pub(crate) fn write(&mut self, arrived: &[Candidate]) {
        for candidate in arrived {
            let Candidate { ref counted, trace_id, span_id, nanoseconds, ended } = *candidate;
            let exemplar = Exemplar { trace_id, span_id, value: nanoseconds, at: ended };
            let (site, key, step_of) = match counted {
                Counted::Call { site, key, step_of } => (*site, *key, *step_of),
                Counted::Request(exemplars) => {
                    exemplars.put(exemplar);
                    continue;
                }
            };
            // Elsewhere all combinations share one series.
            let key = if site.labels_are_on_all() { key } else { 0 };
            let labels = || site.bound().duration_labels(key);
            self.put((address(site), 0, key), site.kind().duration(), labels, exemplar);
            if let Some(workflow) = step_of {
                let labels = || bind::step_labels(workflow, site);
                let place = (address(site), address(workflow), 0);
                self.put(place, &family::WORKFLOW_STEP_DURATION, labels, exemplar);
            }
        }
    }

    fn put(
        &mut self,
        place: Place,
        family: &'static Family,
        labels: impl Fn() -> Labels,
        exemplar: Exemplar,
    ) {
        if let Some(known) = self.known.get(&place) {
            return known.put(exemplar);
        }
        // The call has counted before its span went anywhere, so the series is there.
        if let Some(found) = Store::global().exemplars(family, &labels()) {
            found.put(exemplar);
            self.known.insert(place, found);
        }
    }
}

fn address(site: &'static Site) -> usize {
    std::ptr::from_ref(site) as usize
}
