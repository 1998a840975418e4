//! A span while it is open: an OpenTelemetry span whose record goes to the pipeline or to a test.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status as OtelStatus};
use opentelemetry::{Context, InstrumentationScope, KeyValue, trace::TraceContextExt as _};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::clock::Tick;
use crate::catalog::{Site, SiteKind};
use crate::context::WorkflowContext;
use crate::names::attribute;
use crate::pipeline::{Limits, Pipeline};
use crate::testing::Recording;

/// Where a finished span goes.
#[derive(Clone, Debug)]
pub(crate) enum Sink {
    Pipeline(Arc<Pipeline>),
    /// The test that the span's context belongs to.
    Test(Arc<Recording>),
}

impl Sink {
    /// Where spans that start within `context` go; nowhere before `init` and after `shutdown`.
    pub(crate) fn of(context: &Context) -> Option<Sink> {
        match Recording::of(context) {
            Some(recording) => Some(Sink::Test(recording)),
            None => Pipeline::current().map(Sink::Pipeline),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        match self {
            Sink::Pipeline(pipeline) => pipeline.limits(),
            Sink::Test(_) => Limits::default(),
        }
    }

    /// Whether attributes must be known before the sampler is asked.
    pub(crate) fn sampler_reads_attributes(&self) -> bool {
        match self {
            Sink::Pipeline(pipeline) => pipeline.sampler_reads_attributes(),
            Sink::Test(_) => false,
        }
    }

    fn accept(&self, record: Record) {
        match self {
            Sink::Pipeline(pipeline) => pipeline.push(record),
            Sink::Test(recording) => recording.push(record.into_span_data(&Limits::default())),
        }
    }
}

/// Whose span it is, and with that what else is known of it.
#[derive(Debug)]
pub(crate) enum Origin {
    Site {
        site: &'static Site,
        workflow: Option<WorkflowContext>,
        step: Option<u32>,
    },
    /// The OpenTelemetry API, or `tracing` through the bridge.
    Foreign(InstrumentationScope),
}

/// What a span has become when it ends. Names and attributes that are known from the site are only
/// added when it is exported.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) context: SpanContext,
    pub(crate) parent: SpanId,
    pub(crate) parent_is_remote: bool,
    pub(crate) kind: SpanKind,
    pub(crate) name: Cow<'static, str>,
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
    pub(crate) attributes: Vec<KeyValue>,
    pub(crate) dropped_attributes: u32,
    pub(crate) events: SpanEvents,
    pub(crate) links: SpanLinks,
    pub(crate) status: OtelStatus,
    pub(crate) origin: Origin,
}

impl Record {
    /// Sets an attribute in place of an earlier value of its key; one too many is counted.
    fn set(&mut self, attribute: KeyValue, limits: &Limits) {
        if let Some(known) = self.attributes.iter_mut().find(|known| known.key == attribute.key) {
            known.value = attribute.value;
        } else if self.attributes.len() < limits.attributes {
            self.attributes.push(attribute);
        } else {
            self.dropped_attributes += 1;
        }
    }

    pub(crate) fn into_span_data(mut self, limits: &Limits) -> SpanData {
        let scope = match self.origin {
            Origin::Foreign(scope) => scope,
            Origin::Site { site, workflow, step } => {
                let mut known = site_attributes(site, workflow.as_ref(), step);
                // What the site says comes first, and the limit is on what the program adds.
                known.append(&mut self.attributes);
                self.attributes = known;
                super::tracer::our_scope()
            }
        };
        for attribute in &mut self.attributes {
            limits.shorten(&mut attribute.value);
        }
        for event in &mut self.events.events {
            for attribute in &mut event.attributes {
                limits.shorten(&mut attribute.value);
            }
        }
        SpanData {
            span_context: self.context,
            parent_span_id: self.parent,
            parent_span_is_remote: self.parent_is_remote,
            span_kind: self.kind,
            name: self.name,
            start_time: self.start,
            end_time: self.end,
            attributes: self.attributes,
            dropped_attributes_count: self.dropped_attributes,
            events: self.events,
            links: self.links,
            status: self.status,
            instrumentation_scope: scope,
        }
    }
}

fn site_attributes(
    site: &'static Site,
    workflow: Option<&WorkflowContext>,
    step: Option<u32>,
) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(12);
    let mut add = |key, value: opentelemetry::Value| attributes.push(KeyValue::new(key, value));
    if site.kind() == SiteKind::Primitive {
        add(attribute::PRIMITIVE_NAME, site.name().into());
        add(attribute::PRIMITIVE_KIND, site.type_().into());
    }
    if let Some(workflow) = workflow {
        if let Some(run) = workflow.run() {
            add(attribute::WORKFLOW_NAME, run.site.name().into());
        }
        add(attribute::WORKFLOW_ID, workflow.workflow_id().to_owned().into());
        if site.kind() == SiteKind::Workflow {
            add(attribute::WORKFLOW_KIND, site.type_().into());
            add(attribute::CORRELATION_ID, workflow.correlation_id().to_owned().into());
        }
    }
    if let Some(step) = step {
        add(attribute::STEP_INDEX, i64::from(step).into());
    }
    add(attribute::CODE_FUNCTION_NAME, site.function().into());
    add(attribute::CODE_FILE_PATH, site.file().into());
    add(attribute::CODE_LINE_NUMBER, i64::from(site.line()).into());
    attributes
}

/// An open span of ours, as OpenTelemetry sees it.
#[derive(Debug)]
pub struct RecordedSpan {
    context: SpanContext,
    /// Taken when the span ends.
    open: Option<Box<(Record, Sink)>>,
}

impl RecordedSpan {
    pub(crate) fn new(record: Record, sink: Sink) -> Self {
        RecordedSpan { context: record.context.clone(), open: Some(Box::new((record, sink))) }
    }

    /// A span of which only the context is kept: not sampled, or nowhere to go.
    pub(crate) fn unrecorded(context: SpanContext) -> Self {
        RecordedSpan { context, open: None }
    }
}

impl opentelemetry::trace::Span for RecordedSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, mut attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        let Some((record, sink)) = self.open.as_deref_mut() else { return };
        let limits = sink.limits();
        if record.events.events.len() >= limits.events {
            record.events.dropped_count += 1;
            return;
        }
        let kept = attributes.len().min(limits.attributes);
        let dropped = (attributes.len() - kept) as u32;
        attributes.truncate(kept);
        record.events.events.push(Event::new(name, timestamp, attributes, dropped));
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.open.is_some()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        if let Some((record, sink)) = self.open.as_deref_mut() {
            record.set(attribute, &sink.limits());
        }
    }

    /// `Ok` is final and an error is not taken back by `Unset`, as the specification says.
    fn set_status(&mut self, status: OtelStatus) {
        if let Some((record, _)) = self.open.as_deref_mut()
            && status > record.status
        {
            record.status = status;
        }
    }

    fn update_name<T>(&mut self, name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some((record, _)) = self.open.as_deref_mut() {
            record.name = name.into();
        }
    }

    fn add_link(&mut self, context: SpanContext, attributes: Vec<KeyValue>) {
        let Some((record, sink)) = self.open.as_deref_mut() else { return };
        if record.links.links.len() >= sink.limits().links {
            record.links.dropped_count += 1;
        } else if context.is_valid() {
            record.links.links.push(Link::new(context, attributes, 0));
        }
    }

    fn end(&mut self) {
        self.end_with_timestamp(Tick::now().wall());
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        if let Some(open) = self.open.take() {
            let (mut record, sink) = *open;
            record.end = timestamp.max(record.start);
            sink.accept(record);
        }
    }
}

impl Drop for RecordedSpan {
    fn drop(&mut self) {
        use opentelemetry::trace::Span as _;
        self.end();
    }
}

/// The parent that a span started within `context` has.
pub(crate) fn parent(context: &Context) -> SpanContext {
    let span = context.span();
    let parent = span.span_context();
    if parent.is_valid() { parent.clone() } else { SpanContext::NONE }
}
