//! Open spans of code other than ours: of the OpenTelemetry API, and of `tracing` through the bridge.

use std::borrow::Cow;
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, Status};

use super::clock::{Tick, nanoseconds, system_time};
use super::record::{Record, Sink};

/// An open span of code other than ours.
#[derive(Debug)]
pub struct RecordedSpan {
    context: SpanContext,
    /// Taken when the span ends.
    open: Option<Open>,
}

#[derive(Debug)]
enum Open {
    Own(Box<Record>, Sink),
    /// It stands for a call's.
    #[cfg(feature = "tracing")]
    OfCall(crate::bridge::OpenCall),
}

impl RecordedSpan {
    pub(super) fn new(context: SpanContext, record: Box<Record>, sink: Sink) -> Self {
        RecordedSpan { context, open: Some(Open::Own(record, sink)) }
    }

    /// A span of which only the context is kept: not sampled, or nowhere to go.
    pub(super) fn unrecorded(context: SpanContext) -> Self {
        RecordedSpan { context, open: None }
    }

    /// The span of `tracing` that a call has, in the hands of tracing-opentelemetry: the call's own, once more.
    #[cfg(feature = "tracing")]
    pub(super) fn of_a_call(parent: &opentelemetry::Context) -> Self {
        use opentelemetry::trace::TraceContextExt as _;
        match crate::bridge::OpenCall::being_opened() {
            Some(call) => RecordedSpan { context: call.span_context(), open: Some(Open::OfCall(call)) },
            // A layer that starts its spans later than when they are entered.
            None => RecordedSpan::unrecorded(parent.span().span_context().clone()),
        }
    }
}

impl opentelemetry::trace::Span for RecordedSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        match &mut self.open {
            Some(Open::Own(record, sink)) => {
                record.added.event(name.into(), timestamp, attributes, &sink.limits()());
            }
            #[cfg(feature = "tracing")]
            Some(Open::OfCall(call)) => {
                call.add(|span| span.add_event_with_timestamp(name, timestamp, attributes));
            }
            None => {}
        }
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        match &self.open {
            Some(Open::Own(..)) => true,
            #[cfg(feature = "tracing")]
            Some(Open::OfCall(call)) => call.is_recording(),
            None => false,
        }
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        match &mut self.open {
            Some(Open::Own(record, sink)) => record.added.set(attribute, &sink.limits()()),
            #[cfg(feature = "tracing")]
            Some(Open::OfCall(call)) => call.add(|span| span.set_attribute(attribute)),
            None => {}
        }
    }

    fn set_status(&mut self, status: Status) {
        match &mut self.open {
            Some(Open::Own(record, _)) => record.added.status(status),
            // This one is an event's: to tracing-opentelemetry, what logs an error has failed. A call may have got
            // over it.
            #[cfg(feature = "tracing")]
            Some(Open::OfCall(_)) if status == Status::error("") => {}
            #[cfg(feature = "tracing")]
            Some(Open::OfCall(call)) => call.add(|span| span.set_status(status)),
            None => {}
        }
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        match &mut self.open {
            Some(Open::Own(record, _)) => record.added.extras().name = Some(new_name.into()),
            #[cfg(feature = "tracing")]
            Some(Open::OfCall(call)) => call.add(|span| span.update_name(new_name)),
            None => {}
        }
    }

    fn add_link(&mut self, context: SpanContext, attributes: Vec<KeyValue>) {
        match &mut self.open {
            Some(Open::Own(record, sink)) => record.added.link(context, attributes, &sink.limits()()),
            #[cfg(feature = "tracing")]
            Some(Open::OfCall(call)) => call.add(|span| span.add_link(context, attributes)),
            None => {}
        }
    }

    fn end(&mut self) {
        self.end_with_timestamp(system_time(Tick::now().wall()));
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        if let Some(Open::Own(mut record, sink)) = self.open.take() {
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
