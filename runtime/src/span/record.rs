//! A span while it is open: an OpenTelemetry span whose record goes to the pipeline or to a test.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{Event, Link, SpanContext, SpanId, SpanKind, Status as OtelStatus};
use opentelemetry::{Context, InstrumentationScope, KeyValue, trace::TraceContextExt as _};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::clock::{Tick, nanoseconds, system_time};
use super::local::local;
use crate::catalog::{Site, SiteKind};
use crate::context::WorkflowContext;
use crate::names::attribute;
use crate::outcome::{Kind, Outcome, Status};
use crate::pipeline::{Limits, Pipeline};
use crate::testing::Recording;

/// Where a finished span goes.
#[derive(Clone, Debug)]
pub(crate) enum Sink {
    /// The pipeline that runs when the span ends.
    Pipeline,
    /// The test that the span's context belongs to.
    Test(Arc<Recording>),
}

impl Sink {
    /// Where spans that start within `context` go; nowhere before `init` and after `shutdown`.
    pub(crate) fn of(context: &Context) -> Option<Sink> {
        match Recording::of(context) {
            Some(recording) => Some(Sink::Test(recording)),
            None => Pipeline::is_open().then_some(Sink::Pipeline),
        }
    }

    /// Whether its sampler looks at attributes.
    pub(crate) fn reads_attributes(&self) -> bool {
        match self {
            Sink::Pipeline => Pipeline::reads_attributes(),
            Sink::Test(_) => false,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        match self {
            Sink::Pipeline => {
                Pipeline::current().as_ref().map(|pipeline| pipeline.limits()).unwrap_or_default()
            }
            Sink::Test(_) => Limits::default(),
        }
    }

    fn accept(&self, record: Record) {
        match self {
            Sink::Pipeline => Pipeline::push(record),
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
    Foreign(Box<Foreign>),
}

/// A span that code other than ours opened.
#[derive(Debug)]
pub(crate) struct Foreign {
    pub(crate) name: Cow<'static, str>,
    pub(crate) kind: SpanKind,
    pub(crate) scope: InstrumentationScope,
}

/// What a span has become when it ends.
///
/// It is moved from the call to the queue and out of it, so it is small: what is known from the site, or
/// follows from the outcome, is only written out when the span is exported, and what few spans have is
/// elsewhere.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) context: SpanContext,
    pub(crate) parent: SpanId,
    pub(crate) parent_is_remote: bool,
    /// How the call ended that the span is of.
    status: Option<Status>,
    /// What it ended with, if that was an error.
    error: Option<Box<Kind>>,
    /// Nanoseconds since 1970.
    start: u64,
    end: u64,
    attributes: Vec<KeyValue>,
    origin: Origin,
    extras: Option<Box<Extras>>,
}

/// What few spans have.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub(crate) events: SpanEvents,
    pub(crate) links: SpanLinks,
    status: OtelStatus,
    /// A name that was given later.
    name: Option<Cow<'static, str>>,
    pub(crate) dropped_attributes: u32,
}

impl Record {
    pub(crate) fn new(
        context: SpanContext,
        parent: &SpanContext,
        start: u64,
        attributes: Vec<KeyValue>,
        origin: Origin,
    ) -> Self {
        Record {
            context,
            parent: parent.span_id(),
            parent_is_remote: parent.is_remote(),
            status: None,
            error: None,
            start,
            end: start,
            attributes,
            origin,
            extras: None,
        }
    }

    pub(crate) fn attributes(&mut self) -> &mut Vec<KeyValue> {
        &mut self.attributes
    }

    /// Sets an attribute in place of an earlier value of its key; one too many is counted.
    fn set(&mut self, attribute: KeyValue, limits: &Limits) {
        if let Some(known) = self.attributes.iter_mut().find(|known| known.key == attribute.key) {
            known.value = attribute.value;
        } else if self.attributes.len() < limits.attributes {
            self.attributes.push(attribute);
        } else {
            self.extras().dropped_attributes += 1;
        }
    }

    pub(crate) fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    pub(crate) fn into_span_data(self, limits: &Limits) -> SpanData {
        let Extras { mut events, mut links, mut status, name, dropped_attributes } =
            self.extras.map(|extras| *extras).unwrap_or_default();
        let mut attributes = Vec::new();
        let mut own = self.attributes;
        let (known_name, span_kind, scope) = match self.origin {
            Origin::Foreign(foreign) => (foreign.name, foreign.kind, foreign.scope),
            Origin::Site { site, workflow, step } => {
                // What the site says comes first, and the limit is on what the program adds.
                attributes = site_attributes(site, workflow.as_ref(), step);
                (site.span_name().into(), site.span_kind(), super::tracer::our_scope())
            }
        };
        if let Some(ended) = self.status {
            describe(ended, self.error.as_deref(), &mut attributes, &mut status);
        }
        // A key stands once, and what we know of a call is not overruled by chance.
        own.retain(|own| !attributes.iter().any(|known| known.key == own.key));
        attributes.append(&mut own);
        for attribute in &mut attributes {
            limits.shorten(&mut attribute.value);
        }
        let in_events = events.events.iter_mut().flat_map(|event| &mut event.attributes);
        let in_links = links.links.iter_mut().flat_map(|link| &mut link.attributes);
        for attribute in in_events.chain(in_links) {
            limits.shorten(&mut attribute.value);
        }
        SpanData {
            span_context: self.context,
            parent_span_id: self.parent,
            parent_span_is_remote: self.parent_is_remote,
            span_kind,
            name: name.unwrap_or(known_name),
            start_time: system_time(self.start),
            end_time: system_time(self.end),
            attributes,
            dropped_attributes_count: dropped_attributes,
            events,
            links,
            status,
            instrumentation_scope: scope,
        }
    }
}

fn site_attributes(
    site: &'static Site,
    workflow: Option<&WorkflowContext>,
    step: Option<u32>,
) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(16);
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

/// What follows from a call's ending.
fn describe(ended: Status, error: Option<&Kind>, attributes: &mut Vec<KeyValue>, status: &mut OtelStatus) {
    attributes.push(KeyValue::new(attribute::STATUS, ended.as_str()));
    if let Some(error) = error {
        attributes.push(KeyValue::new(attribute::ERROR_TYPE, error.name()));
        attributes.push(KeyValue::new(attribute::ERROR_CATEGORY, error.category().as_str()));
        attributes.push(KeyValue::new(attribute::ERROR_SEVERITY, error.severity().as_str()));
        if let Some(code) = error.code() {
            attributes.push(KeyValue::new(attribute::ERROR_CODE, code));
        }
    }
    if ended == Status::Error && *status == OtelStatus::Unset {
        // The kind, never the message, which can hold what must not leave the process.
        *status = OtelStatus::error(error.map_or("", Kind::name));
    }
}

/// How a call ended, on its way to the call's span: the OpenTelemetry API has no place for it.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) ended: Tick,
    pub(super) outcome: Outcome,
    pub(super) attributes: Vec<KeyValue>,
}

/// An open span of ours, as OpenTelemetry sees it.
#[derive(Debug)]
pub struct RecordedSpan {
    context: SpanContext,
    /// Taken when the span ends.
    open: Option<(Record, Sink)>,
}

impl RecordedSpan {
    pub(crate) fn new(record: Record, sink: Sink) -> Self {
        RecordedSpan { context: record.context.clone(), open: Some((record, sink)) }
    }

    /// A span of which only the context is kept: not sampled, or nowhere to go.
    pub(crate) fn unrecorded(context: SpanContext) -> Self {
        RecordedSpan { context, open: None }
    }
}

/// Ends the span of `context`, which is that of a call.
pub(super) fn end(context: &Context, ending: Ending) {
    // Left with the thread for the span, which takes it; what it did not take is not kept for another.
    let ended = ending.ended;
    let is_left = local(|local| local.ending.set(Some(ending))).is_some();
    // The span looks at this only where nothing could be left for it.
    let timestamp = if is_left { UNIX_EPOCH } else { system_time(ended.wall()) };
    context.span().end_with_timestamp(timestamp);
    local(|local| local.ending.take());
}

impl opentelemetry::trace::Span for RecordedSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, mut attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        let Some((record, sink)) = &mut self.open else { return };
        let limits = sink.limits();
        let events = &mut record.extras().events;
        if events.events.len() >= limits.events {
            events.dropped_count += 1;
            return;
        }
        let kept = attributes.len().min(limits.attributes);
        let dropped = (attributes.len() - kept) as u32;
        attributes.truncate(kept);
        events.events.push(Event::new(name, timestamp, attributes, dropped));
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.open.is_some()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        if let Some((record, sink)) = &mut self.open {
            record.set(attribute, &sink.limits());
        }
    }

    /// `Ok` is final, `Unset` takes nothing back, and of two errors the later one counts, as the
    /// specification says.
    fn set_status(&mut self, status: OtelStatus) {
        if let Some((record, _)) = &mut self.open
            && status != OtelStatus::Unset
        {
            let own = &mut record.extras().status;
            if *own != OtelStatus::Ok {
                *own = status;
            }
        }
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        if let Some((record, _)) = &mut self.open {
            record.extras().name = Some(new_name.into());
        }
    }

    fn add_link(&mut self, context: SpanContext, mut attributes: Vec<KeyValue>) {
        let Some((record, sink)) = &mut self.open else { return };
        let limits = sink.limits();
        let links = &mut record.extras().links;
        if links.links.len() >= limits.links {
            links.dropped_count += 1;
        } else if context.is_valid() {
            let dropped = attributes.len().saturating_sub(limits.attributes) as u32;
            attributes.truncate(limits.attributes);
            links.links.push(Link::new(context, attributes, dropped));
        }
    }

    fn end(&mut self) {
        self.end_with_timestamp(system_time(Tick::now().wall()));
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        let Some((mut record, sink)) = self.open.take() else { return };
        let ending = match record.origin {
            Origin::Site { .. } => local(|local| local.ending.take()).flatten(),
            Origin::Foreign(_) => None,
        };
        let Some(Ending { ended, outcome, attributes }) = ending else {
            record.end = nanoseconds(timestamp).max(record.start);
            return sink.accept(record);
        };
        record.end = ended.wall().max(record.start);
        record.status = Some(outcome.status);
        record.error = outcome.error.map(Box::new);
        if !attributes.is_empty() {
            let limits = sink.limits();
            for attribute in attributes {
                record.set(attribute, &limits);
            }
        }
        sink.accept(record);
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
