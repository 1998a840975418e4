//! A call while it runs: what it counts on, and its span.

use std::sync::Arc;

use opentelemetry::trace::{SpanKind, Status as OtelStatus, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};

use super::clock::Tick;
use super::record::{Origin, Sink};
use super::tracer::{Start, Started, start};
use crate::catalog::{Site, SiteKind};
use crate::context::{Run, WorkflowContext};
use crate::metric::bind::{Bound, LabelKey};
use crate::metric::label::LabelValue;
use crate::metric::store::Store;
use crate::names::attribute;
use crate::outcome::{Outcome, Status};
use crate::pipeline::Pipeline;
use crate::span::Fields;
use crate::testing::Recording;

/// A call that has started. Whatever becomes of it, it ends once: by [`finish`](Call::finish), by
/// [`panicked`](Call::panicked), or as cancelled when it is dropped.
pub(super) struct Call {
    site: &'static Site,
    started: Tick,
    key: LabelKey,
    /// What is current while the body runs, where that differs from what is current around it.
    context: Option<Context>,
    /// The workflow that this call is a step of.
    step_of: Option<&'static Site>,
    recording: Option<Arc<Recording>>,
    /// Whether `context` holds a span of this call's own.
    has_span: bool,
    on_drop: OnDrop,
}

/// What it means that a call is dropped.
#[derive(Clone, Copy, PartialEq)]
enum OnDrop {
    Cancelled,
    /// Code of the user's is looking at the result; it unwinds.
    Panicked,
    Nothing,
}

impl Call {
    pub(super) fn start<const N: usize>(
        site: &'static Site,
        in_primitive: bool,
        labels: impl FnOnce() -> [LabelValue; N],
        fields: impl FnOnce(&mut Fields),
    ) -> Self {
        let labels = labels();
        let outer = Context::current();
        let caller = WorkflowContext::of(&outer);
        let run = caller.and_then(WorkflowContext::run).filter(|_| !in_primitive);
        let step = run.map(Run::next_step);
        let step_of = run.map(|run| run.site).filter(|_| site.kind() == SiteKind::Primitive);
        let (workflow, mut context) = match site.kind() {
            SiteKind::Primitive => (caller.cloned(), None),
            SiteKind::Workflow => {
                let own = WorkflowContext::enter(caller, Run::new(site));
                (Some(own.clone()), Some(outer.with_value(own)))
            }
        };
        let started = Tick::now();
        let span = open_span(&outer, site, started, Origin::Site { site, workflow, step }, fields);
        let has_span = matches!(span, Some(Started::Recorded(_)));
        match span {
            Some(Started::Recorded(span)) => {
                context = Some(context.as_ref().unwrap_or(&outer).with_span(span));
            }
            // Says "not sampled" to whoever starts a span or sends a request below.
            Some(Started::Unrecorded { context: own, is_news: true }) => {
                context = Some(context.as_ref().unwrap_or(&outer).with_remote_span_context(own));
            }
            Some(Started::Unrecorded { .. }) | None => {}
        }
        let recording = Recording::of(&outer);
        let mut call =
            Call { site, started, key: 0, context, step_of, recording, has_span, on_drop: OnDrop::Cancelled };
        call.key = call.counting(|bound, _| {
            bound.started();
            bound.key(labels)
        });
        call
    }

    pub(super) fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    pub(super) fn is_primitive(&self) -> bool {
        self.site.kind() == SiteKind::Primitive
    }

    /// The body returned.
    pub(super) fn finish(mut self, classify: impl FnOnce(&mut Fields) -> Outcome) {
        self.on_drop = OnDrop::Panicked;
        let mut fields = Fields::new(self.has_span);
        let outcome = classify(&mut fields);
        self.end(&outcome, fields);
    }

    /// The body unwound.
    pub(super) fn panicked(mut self) {
        self.end(&Outcome::PANIC, Fields::new(false));
    }

    fn end(&mut self, outcome: &Outcome, fields: Fields) {
        self.on_drop = OnDrop::Nothing;
        let ended = Tick::now();
        let nanoseconds = self.started.until(ended);
        self.counting(|bound, store| {
            bound.ended(store, self.key, outcome, nanoseconds);
            if let Some(workflow) = self.step_of {
                bound.step(store, workflow).ended(outcome.status, nanoseconds);
            }
        });
        if self.has_span
            && let Some(context) = &self.context
        {
            let span = context.span();
            let mut attributes = fields.into_attributes();
            attributes.push(KeyValue::new(attribute::STATUS, outcome.status.as_str()));
            if let Some(error) = &outcome.error {
                attributes.push(KeyValue::new(attribute::ERROR_TYPE, error.name()));
                attributes.push(KeyValue::new(attribute::ERROR_CATEGORY, error.category().as_str()));
                if let Some(code) = error.code() {
                    attributes.push(KeyValue::new(attribute::ERROR_CODE, code));
                    attributes.push(KeyValue::new(attribute::ERROR_SEVERITY, error.severity().as_str()));
                }
            }
            span.set_attributes(attributes);
            if outcome.status == Status::Error {
                // The kind, never the message, which can hold what must not leave the process.
                let description = outcome.error.map_or("", |error| error.name());
                span.set_status(OtelStatus::error(description));
            }
            span.end_with_timestamp(ended.wall());
        }
    }

    /// Hands out what this call counts on: the process's, or that of the test it belongs to.
    fn counting<R>(&self, count: impl FnOnce(&Bound, &Store) -> R) -> R {
        match &self.recording {
            None => count(self.site.bound(), Store::global()),
            Some(recording) => count(&recording.bound(self.site), recording.store()),
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        match self.on_drop {
            OnDrop::Nothing => {}
            OnDrop::Cancelled => self.end(&Outcome::CANCELLED, Fields::new(false)),
            OnDrop::Panicked => self.end(&Outcome::PANIC, Fields::new(false)),
        }
    }
}

fn open_span(
    outer: &Context,
    site: &'static Site,
    started: Tick,
    origin: Origin,
    fields: impl FnOnce(&mut Fields),
) -> Option<Started> {
    if outer.is_telemetry_suppressed() {
        return None;
    }
    let Some(sink) = Sink::of(outer) else {
        Pipeline::missed();
        return None;
    };
    let mut fields = Some(fields);
    let mut collect = || {
        let mut collected = Fields::new(true);
        if let Some(fields) = fields.take() {
            fields(&mut collected);
        }
        collected.into_attributes()
    };
    let attributes = if sink.sampler_reads_attributes() { collect() } else { Vec::new() };
    let kind = match site.type_() {
        // By the GenAI conventions: the model is another service.
        "llm" | "embedding" => SpanKind::Client,
        _ => SpanKind::Internal,
    };
    let started = start(
        sink,
        outer,
        Start {
            name: site.span_name().into(),
            kind,
            time: started.wall(),
            attributes,
            links: Vec::new(),
            origin,
        },
    );
    match started {
        Started::Recorded(mut span) => {
            use opentelemetry::trace::Span as _;
            span.set_attributes(collect());
            Some(Started::Recorded(span))
        }
        unrecorded @ Started::Unrecorded { .. } => Some(unrecorded),
    }
}
