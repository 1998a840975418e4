//! Capturing what one test emits.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use opentelemetry::context::FutureExt as _;
use opentelemetry::trace::{SpanId, Status as OtelStatus};
use opentelemetry::{Context, ContextGuard, Value};
use opentelemetry_sdk::trace::SpanData;

use super::recording::Recording;
use crate::catalog::sites;
use crate::metric::store::{Labels, Reading};

/// Captures what is called on this thread, and wherever its context goes, until it is dropped.
///
/// Captured calls count in a store of the capture's own and their spans go nowhere else, whether `init`
/// has run or not; every span is kept, whatever the sampler.
pub fn capture() -> Capture {
    Capture::builder().start()
}

/// The spans and metrics of one test.
#[must_use = "captures until it is dropped"]
#[derive(Debug)]
pub struct Capture {
    recording: Arc<Recording>,
    context: Context,
    _attached: ContextGuard,
}

/// Options of a [`Capture`].
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a builder does nothing until `start`"]
pub struct CaptureBuilder {
    deterministic_ids: bool,
}

impl CaptureBuilder {
    /// Trace and span ids count up from 1, so that they are the same in every run.
    pub fn deterministic_ids(mut self) -> Self {
        self.deterministic_ids = true;
        self
    }

    /// Starts capturing.
    pub fn start(self) -> Capture {
        let recording = Recording::new(self.deterministic_ids);
        let context = recording.within(&Context::current());
        Capture { recording, _attached: context.clone().attach(), context }
    }
}

impl Capture {
    /// Options.
    pub fn builder() -> CaptureBuilder {
        CaptureBuilder::default()
    }

    /// Captures what `future` calls, on whatever thread it is polled.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        let context = self.context.clone();
        future.with_context(context).await
    }

    /// Captures what `body` calls, on whatever thread that is.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        let _attached = self.context.clone().attach();
        body()
    }

    /// The spans that have ended, in the order in which they started.
    #[must_use]
    pub fn spans(&self) -> Vec<CapturedSpan> {
        let mut spans: Vec<_> = self.recording.spans().into_iter().map(CapturedSpan).collect();
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    /// The one span of this name.
    ///
    /// # Panics
    /// When there is none, or more than one; the message lists what there is.
    #[must_use]
    #[track_caller]
    pub fn span(&self, name: &str) -> CapturedSpan {
        let spans = self.spans();
        let mut named = spans.iter().filter(|span| span.name == name);
        match (named.next(), named.next()) {
            (Some(span), None) => span.clone(),
            (found, _) => panic!(
                "expected one span named {name:?}, found {}; the trace is\n{}",
                if found.is_some() { "several" } else { "none" },
                super::tree::show(&spans)
            ),
        }
    }

    /// The value of the series that have these labels, added up; `None` if there are none.
    ///
    /// A histogram is asked by the names of its lines in `/metrics`: `…_count` and `…_sum`.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        // A site that was never called is in the catalog all the same.
        for site in sites() {
            self.recording.bound(site);
        }
        let has = |own: &Labels| {
            labels.iter().all(|(name, value)| own.iter().any(|(n, v)| n == name && v == value))
        };
        let mut total = None;
        for family in self.recording.store().snapshot() {
            let (unit, declared) = (family.family.unit(), family.family.name());
            let Some(part @ ("" | "_count" | "_sum")) = name.strip_prefix(declared) else { continue };
            for series in family.series.iter().filter(|series| has(&series.labels)) {
                let value = match (&series.reading, part) {
                    (Reading::Counter(value), "") => unit.from_stored(*value),
                    (Reading::Gauge(value), "") => *value as f64 / unit.resolution() as f64,
                    (Reading::Histogram { buckets, .. }, "_count" | "") => buckets.iter().sum::<u64>() as f64,
                    (Reading::Histogram { sum, .. }, "_sum") => unit.from_stored(*sum),
                    _ => continue,
                };
                *total.get_or_insert(0.0) += value;
            }
        }
        total
    }
}

/// A span that has ended. What OpenTelemetry knows of it is reached by dereferencing.
#[derive(Clone, Debug)]
pub struct CapturedSpan(SpanData);

impl Deref for CapturedSpan {
    type Target = SpanData;

    fn deref(&self) -> &SpanData {
        &self.0
    }
}

impl CapturedSpan {
    /// The value of an attribute, as text.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<String> {
        self.value(key).map(ToString::to_string)
    }

    /// The value of an attribute.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0
            .attributes
            .iter()
            .find(|attribute| attribute.key.as_str() == key)
            .map(|attribute| &attribute.value)
    }

    /// The span's own id.
    #[must_use]
    pub fn id(&self) -> SpanId {
        self.0.span_context.span_id()
    }

    /// Whether the span's OpenTelemetry status is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        matches!(self.0.status, OtelStatus::Error { .. })
    }

    /// The names of its events, in order.
    #[must_use]
    pub fn event_names(&self) -> Vec<&str> {
        self.0.events.iter().map(|event| &*event.name).collect()
    }
}

impl fmt::Display for CapturedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.name)
    }
}
