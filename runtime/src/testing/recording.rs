//! Where the calls of one test are recorded instead of in the process's store and pipeline.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::Context;
use opentelemetry_sdk::trace::SpanData;

use crate::catalog::Site;
use crate::metric::bind::Bound;
use crate::metric::store::Store;

/// How many recordings there are. While there are none, a call does not look for one.
static RECORDINGS: AtomicUsize = AtomicUsize::new(0);

/// The spans and the metrics of one test.
#[derive(Debug)]
pub(crate) struct Recording {
    store: Store,
    bound: Mutex<HashMap<usize, Arc<Bound>>>,
    spans: Mutex<Vec<SpanData>>,
    /// The next id where ids are asked to be the same in every run.
    ids: Option<AtomicU64>,
}

/// A recording's place in a context.
#[derive(Clone, Debug)]
struct Here(Arc<Recording>);

impl Recording {
    /// Whether there is a recording.
    #[inline]
    pub(crate) fn is_any() -> bool {
        RECORDINGS.load(Relaxed) != 0
    }

    /// The recording that calls within `context` belong to.
    pub(crate) fn of(context: &Context) -> Option<Arc<Recording>> {
        if !Recording::is_any() {
            return None;
        }
        context.get::<Here>().map(|here| here.0.clone())
    }

    /// The recording that calls on this thread belong to now.
    #[inline]
    pub(crate) fn current() -> Option<Arc<Recording>> {
        if Recording::is_any() { Context::map_current(Recording::of) } else { None }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn bound(&self, site: &'static Site) -> Arc<Bound> {
        // A site is a `static`: its address is its identity.
        let key = std::ptr::from_ref(site) as usize;
        let mut bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        bound.entry(key).or_insert_with(|| Arc::new(Bound::in_store(site, &self.store))).clone()
    }

    pub(crate) fn push(&self, span: SpanData) {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.ids.as_ref().map_or_else(crate::context::random, |ids| ids.fetch_add(1, Relaxed))
    }
}

#[cfg(feature = "testing")]
impl Recording {
    pub(super) fn new(deterministic_ids: bool) -> Arc<Self> {
        RECORDINGS.fetch_add(1, Relaxed);
        Arc::new(Recording {
            store: Store::new(),
            bound: Mutex::default(),
            spans: Mutex::default(),
            ids: deterministic_ids.then(|| AtomicU64::new(1)),
        })
    }

    pub(super) fn within(self: &Arc<Self>, context: &Context) -> Context {
        context.with_value(Here(self.clone()))
    }

    pub(super) fn spans(&self) -> Vec<SpanData> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDINGS.fetch_sub(1, Relaxed);
    }
}
