//! Open spans of code other than ours: of the OpenTelemetry API, and of `tracing` through the bridge.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, Status};

use super::clock::{Tick, nanoseconds, system_time};
use super::record::{Additions, Record, Sink};
use crate::pipeline::Limits;

/// An open span of code other than ours.
#[derive(Debug)]
pub struct RecordedSpan {
    context: SpanContext,
    /// Taken when the span ends.
    open: Option<(Box<Record>, Sink)>,
}

impl RecordedSpan {
    pub(super) fn new(context: SpanContext, record: Box<Record>, sink: Sink) -> Self {
        RecordedSpan { context, open: Some((record, sink)) }
    }

    /// A span of which only the context is kept: not sampled, or nowhere to go.
    pub(super) fn unrecorded(context: SpanContext) -> Self {
        RecordedSpan { context, open: None }
    }

    fn add(&mut self, add: impl FnOnce(&mut Additions, &Limits)) {
        if let Some((record, sink)) = &mut self.open {
            add(&mut record.added, &sink.limits()());
        }
    }
}

impl opentelemetry::trace::Span for RecordedSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        self.add(|added, limits| added.event(name.into(), timestamp, attributes, limits));
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.open.is_some()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        self.add(|added, limits| added.set(attribute, limits));
    }

    fn set_status(&mut self, status: Status) {
        self.add(|added, _| added.status(status));
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        self.add(|added, _| added.extras().name = Some(new_name.into()));
    }

    fn add_link(&mut self, context: SpanContext, attributes: Vec<KeyValue>) {
        self.add(|added, limits| added.link(context, attributes, limits));
    }

    fn end(&mut self) {
        self.end_with_timestamp(system_time(Tick::now().wall()));
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        if let Some((mut record, sink)) = self.open.take() {
            record.end = nanoseconds(timestamp).max(record.start);
            sink.accept(record);
        }
    }
}

impl Drop for RecordedSpan {
    fn drop(&mut self) {
        use opentelemetry::trace::Span as _;
        if self.open.is_some() {
            self.end();
        }
    }
}
