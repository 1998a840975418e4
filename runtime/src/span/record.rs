//! What is recorded of a span, and where it goes when the span ends: to the pipeline or to a test.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::SystemTime;

use opentelemetry::trace::{
    Event, Link, SpanContext, SpanId, SpanKind, Status as OtelStatus, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, InstrumentationScope, Key, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::clock::{Tick, system_time};
use super::convention;
use super::pool;
use super::tracer::{Added, Identity};
use crate::catalog::{Site, SiteKind};
use crate::context::{Run, WorkflowContext};
use crate::metric::bind::LabelKey;
use crate::metric::exemplar::{Candidate, Counted, CountedLater};
use crate::names::attribute;
use crate::outcome::{Kind, Outcome, Status};
use crate::pipeline::{Limits, Pipeline};
use crate::privacy::Redaction;
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

    pub(super) fn recording(&self) -> Option<&Recording> {
        match self {
            Sink::Pipeline => None,
            Sink::Test(recording) => Some(recording),
        }
    }

    /// How to ask for the limits of what is recorded for it.
    pub(crate) fn limits(&self) -> fn() -> Limits {
        match self {
            Sink::Pipeline => Pipeline::current_limits,
            Sink::Test(_) => Limits::default,
        }
    }

    pub(super) fn accept(&self, record: Box<Record>) {
        match self {
            Sink::Pipeline => Pipeline::push(record),
            Sink::Test(recording) => recording.push(record.into_span_data(&Limits::default())),
        }
    }
}

/// Whose span it is, and with that what else is known of it.
#[derive(Debug, Default)]
pub(crate) enum Origin {
    /// The record is empty.
    #[default]
    Nobody,
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
    /// Of a request.
    pub(crate) counted: Option<CountedLater>,
}

/// What is known of a span, while it is open and when it has ended.
///
/// What is known from the site, or follows from the outcome, is only written out when the span is exported.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
    pub(crate) parent: SpanId,
    pub(crate) flags: TraceFlags,
    pub(crate) parent_is_remote: bool,
    /// How the call ended that the span is of.
    pub(super) status: Option<Status>,
    /// What it ended with, if that was an error.
    pub(super) error: Option<Kind>,
    /// The span below in which the error first appeared; invalid if that is this one.
    failed_below: SpanId,
    /// The call's combination of labels.
    pub(super) key: LabelKey,
    /// Nanoseconds since 1970.
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) added: Additions,
    origin: Origin,
}

impl Default for Record {
    fn default() -> Self {
        Record {
            trace_id: TraceId::INVALID,
            span_id: SpanId::INVALID,
            parent: SpanId::INVALID,
            flags: TraceFlags::NOT_SAMPLED,
            parent_is_remote: false,
            status: None,
            error: None,
            failed_below: SpanId::INVALID,
            key: 0,
            start: 0,
            end: 0,
            added: Additions::default(),
            origin: Origin::Nobody,
        }
    }
}

/// A call that has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failure {
    parent: SpanId,
    /// Where the error first appeared: there, or further below.
    first: SpanId,
}

/// What code adds to a span while it is open.
#[derive(Debug, Default)]
pub(crate) struct Additions {
    attributes: Vec<KeyValue>,
    extras: Option<Box<Extras>>,
}

/// What few spans have.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    events: SpanEvents,
    links: SpanLinks,
    status: OtelStatus,
    /// A name that was given later.
    pub(super) name: Option<Cow<'static, str>>,
    dropped_attributes: u32,
    trace_state: TraceState,
}

impl Additions {
    /// Where the attributes are that the span starts with; to be followed by [`limit`](Additions::limit).
    pub(super) fn attributes(&mut self) -> &mut Vec<KeyValue> {
        &mut self.attributes
    }

    /// Drops the attributes that are too many, and counts them.
    pub(super) fn limit(&mut self, limits: fn() -> Limits) {
        if self.attributes.is_empty() {
            return;
        }
        let limit = limits().attributes;
        let dropped = self.attributes.len().saturating_sub(limit);
        if dropped > 0 {
            self.attributes.truncate(limit);
            self.extras().dropped_attributes = dropped as u32;
        }
    }

    pub(super) fn extras(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Sets an attribute in place of an earlier value of its key; one too many is counted.
    pub(super) fn set(&mut self, attribute: KeyValue, limits: &Limits) {
        if let Some(known) = self.attributes.iter_mut().find(|known| known.key == attribute.key) {
            known.value = attribute.value;
        } else if self.attributes.len() < limits.attributes {
            self.attributes.push(attribute);
        } else {
            self.extras().dropped_attributes += 1;
        }
    }

    pub(super) fn event(
        &mut self,
        name: Cow<'static, str>,
        timestamp: SystemTime,
        mut attributes: Vec<KeyValue>,
        limits: &Limits,
    ) {
        let events = &mut self.extras().events;
        if events.events.len() >= limits.events {
            events.dropped_count += 1;
            return;
        }
        let dropped = attributes.len().saturating_sub(limits.attributes) as u32;
        attributes.truncate(limits.attributes);
        events.events.push(Event::new(name, timestamp, attributes, dropped));
    }

    pub(super) fn link(&mut self, context: SpanContext, mut attributes: Vec<KeyValue>, limits: &Limits) {
        let links = &mut self.extras().links;
        if links.links.len() >= limits.links {
            links.dropped_count += 1;
        } else if context.is_valid() {
            let dropped = attributes.len().saturating_sub(limits.attributes) as u32;
            attributes.truncate(limits.attributes);
            links.links.push(Link::new(context, attributes, dropped));
        }
    }

    /// `Ok` is final, `Unset` takes nothing back, and of two errors the later one counts, as the
    /// specification says.
    pub(super) fn status(&mut self, status: OtelStatus) {
        if status != OtelStatus::Unset && self.extras().status != OtelStatus::Ok {
            self.extras().status = status;
        }
    }

    /// Takes in what was added elsewhere.
    pub(super) fn append(&mut self, later: Additions, limits: &Limits) {
        for attribute in later.attributes {
            self.set(attribute, limits);
        }
        match (&mut self.extras, later.extras) {
            (Some(own), Some(mut later)) => {
                later.dropped_attributes += own.dropped_attributes;
                later.trace_state = std::mem::take(&mut own.trace_state);
                *own = later;
            }
            (own, later) => *own = own.take().or(later),
        }
    }
}

impl Record {
    /// Makes an empty record that of a span that starts.
    #[inline]
    pub(super) fn begin(&mut self, own: Identity, parent: &SpanContext, start: u64, origin: Origin) {
        self.trace_id = own.trace_id;
        self.span_id = own.span_id;
        self.flags = own.flags;
        self.parent = parent.span_id();
        self.parent_is_remote = parent.is_remote();
        self.start = start;
        // What stood here is nothing. To look would be to wait for what another thread has last written.
        std::mem::forget(std::mem::replace(&mut self.origin, origin));
    }

    /// Takes in what comes from far away, or from the sampler.
    #[inline]
    pub(super) fn take_in(&mut self, added: Option<Box<Added>>) {
        if let Some(mut added) = added {
            self.added.attributes.append(&mut added.attributes);
            if added.trace_state != TraceState::NONE {
                self.added.extras().trace_state = added.trace_state;
            }
        }
    }

    /// Writes down how the call ended that the span is of.
    #[inline]
    pub(super) fn end(&mut self, started: Tick, nanoseconds: u64, outcome: &Outcome) {
        self.start = started.wall();
        self.end = self.start.saturating_add(nanoseconds);
        self.status = Some(outcome.status);
        self.error = outcome.error;
    }

    /// Finds where the call's error first appeared. An error goes up within one poll, from a call to the one around it;
    /// what has failed is what was called last, unless something succeeded after it.
    #[inline]
    pub(super) fn trace_error(&mut self, last: &Cell<Option<Failure>>) {
        match self.status {
            Some(Status::Error) => {
                let below = last.get().filter(|failure| failure.parent == self.span_id);
                self.failed_below = below.map_or(SpanId::INVALID, |failure| failure.first);
                let first = below.map_or(self.span_id, |failure| failure.first);
                last.set(Some(Failure { parent: self.parent, first }));
            }
            Some(Status::Success) if last.get().is_some_and(|failure| failure.parent == self.parent) => {
                last.set(None);
            }
            _ => {}
        }
    }

    /// As others see it.
    #[inline]
    pub(super) fn context(&self) -> SpanContext {
        let state = self.added.extras.as_ref().map(|extras| extras.trace_state.clone());
        SpanContext::new(self.trace_id, self.span_id, self.flags, false, state.unwrap_or_default())
    }

    /// Gives the record back unexported.
    pub(crate) fn discard(self: Box<Self>) {
        pool::give(self);
    }

    /// How many attributes it has room for.
    pub(super) fn room(&self) -> usize {
        self.added.attributes.capacity()
    }

    /// Leaves an empty record.
    pub(super) fn clear(&mut self) {
        self.status = None;
        self.error = None;
        self.failed_below = SpanId::INVALID;
        self.origin = Origin::Nobody;
        self.added.attributes.clear();
        self.added.extras = None;
    }

    /// What exemplars are made of when the span has arrived: it is of a call or a request, and ended with it.
    pub(crate) fn candidate(&self) -> Option<Candidate> {
        let counted = match &self.origin {
            Origin::Site { site, workflow, step } => {
                self.status?;
                let run = workflow.as_ref().filter(|_| step.is_some()).and_then(WorkflowContext::run);
                Counted::call(site, self.key, run.map(|run| run.site))
            }
            Origin::Foreign(foreign) => Counted::Request(foreign.counted.as_ref()?.get()?.clone()),
            Origin::Nobody => return None,
        };
        let (trace_id, span_id, ended) = (self.trace_id, self.span_id, self.end);
        let nanoseconds = ended.saturating_sub(self.start);
        Some(Candidate { counted, trace_id, span_id, nanoseconds, ended })
    }

    /// What exporters get. The record goes back to the pool.
    pub(crate) fn into_span_data(mut self: Box<Self>, limits: &Limits) -> SpanData {
        let data = self.drain(limits);
        pool::give(self);
        data
    }

    /// Leaves the record empty.
    fn drain(&mut self, limits: &Limits) -> SpanData {
        let extras = self.added.extras.take();
        let Extras { mut events, mut links, mut status, name, dropped_attributes, trace_state } =
            extras.map(|extras| *extras).unwrap_or_default();
        let mut attributes = Vec::new();
        let mut of = None;
        let (known_name, span_kind, scope) = match std::mem::take(&mut self.origin) {
            Origin::Nobody => (Cow::Borrowed(""), SpanKind::Internal, super::tracer::our_scope()),
            Origin::Foreign(foreign) => (foreign.name, foreign.kind, foreign.scope),
            Origin::Site { site, workflow, step } => {
                // What the site says comes first, and the limit is on what the program adds.
                attributes = site_attributes(site, workflow.as_ref(), step);
                of = Some(site);
                (Cow::Borrowed(site.span_name()), site.span_kind(), super::tracer::our_scope())
            }
        };
        if let Some(ended) = self.status.take() {
            describe(ended, self.error.take().as_ref(), self.failed_below, &mut attributes, &mut status);
        }
        let known = attributes.len();
        for own in self.added.attributes.drain(..) {
            // A key stands once, and what we know of a call is not overruled by chance.
            if !attributes[..known].iter().any(|known| known.key == own.key) {
                attributes.push(own);
            }
        }
        let redaction = Redaction::current();
        let mut at = 0;
        attributes.retain_mut(|attribute| {
            // What the site says is written in the program, but for a workflow's tags.
            let is_ours = at < known && !attribute.key.as_str().starts_with(attribute::TAG);
            at += 1;
            is_ours || redaction.attribute(attribute)
        });
        redaction.events(&mut events);
        links.links.iter_mut().for_each(|link| link.attributes.retain_mut(|own| redaction.attribute(own)));
        redaction.status(&mut status);
        let mut name = name.unwrap_or(known_name);
        redaction.name(&mut name);
        if let Some(site) = of {
            convention::follow(site, &mut attributes);
        }
        for attribute in &mut attributes {
            limits.shorten(&mut attribute.value);
        }
        let in_events = events.events.iter_mut().flat_map(|event| &mut event.attributes);
        let in_links = links.links.iter_mut().flat_map(|link| &mut link.attributes);
        for attribute in in_events.chain(in_links) {
            limits.shorten(&mut attribute.value);
        }
        SpanData {
            span_context: SpanContext::new(self.trace_id, self.span_id, self.flags, false, trace_state),
            parent_span_id: self.parent,
            parent_span_is_remote: self.parent_is_remote,
            span_kind,
            name,
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

/// Whether spans say on whose behalf a workflow runs.
static RECORDS_USER: AtomicBool = AtomicBool::new(false);

/// Switches `session.id` and `user.id` on or off.
pub(crate) fn record_user(on: bool) {
    RECORDS_USER.store(on, Relaxed);
}

fn site_attributes(
    site: &'static Site,
    workflow: Option<&WorkflowContext>,
    step: Option<u32>,
) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(16);
    let mut add = |key: Key, value: opentelemetry::Value| attributes.push(KeyValue::new(key, value));
    if site.kind() == SiteKind::Primitive {
        add(attribute::PRIMITIVE_NAME.into(), site.name().into());
        add(attribute::PRIMITIVE_KIND.into(), site.type_().into());
    }
    convention::attributes(site).for_each(|KeyValue { key, value, .. }| add(key, value));
    if let Some(workflow) = workflow {
        if let Some(run) = workflow.run() {
            add(attribute::WORKFLOW_NAME.into(), run.site.name().into());
        }
        if !workflow.workflow_id().is_empty() {
            add(attribute::WORKFLOW_ID.into(), workflow.workflow_id().to_owned().into());
        }
        if site.kind() == SiteKind::Workflow {
            add(attribute::WORKFLOW_KIND.into(), site.type_().into());
            add(attribute::CORRELATION_ID.into(), workflow.correlation_id().to_owned().into());
            if let Some(cause) = workflow.causation_id() {
                add(attribute::CAUSATION_ID.into(), cause.to_owned().into());
            }
            if RECORDS_USER.load(Relaxed) {
                if let Some(session) = workflow.session_id() {
                    add(attribute::SESSION_ID.into(), session.to_owned().into());
                }
                if let Some(user) = workflow.user_id() {
                    add(attribute::USER_ID.into(), user.to_owned().into());
                }
            }
            if workflow.run().is_some_and(Run::is_degraded) {
                add(attribute::DEGRADED.into(), true.into());
            }
            for (key, value) in workflow.tags() {
                add(format!("{}{key}", attribute::TAG).into(), value.clone());
            }
        }
    }
    if let Some(step) = step {
        add(attribute::STEP_INDEX.into(), i64::from(step).into());
    }
    add(attribute::CODE_FUNCTION_NAME.into(), site.function().into());
    add(attribute::CODE_FILE_PATH.into(), site.file().into());
    add(attribute::CODE_LINE_NUMBER.into(), i64::from(site.line()).into());
    attributes
}

/// What follows from a call's ending.
fn describe(
    ended: Status,
    error: Option<&Kind>,
    failed_below: SpanId,
    attributes: &mut Vec<KeyValue>,
    status: &mut OtelStatus,
) {
    attributes.push(KeyValue::new(attribute::STATUS, ended.as_str()));
    if let Some(error) = error {
        attributes.push(KeyValue::new(attribute::ERROR_TYPE, error.name()));
        if failed_below == SpanId::INVALID {
            attributes.push(KeyValue::new(attribute::ERROR_CATEGORY, error.category().as_str()));
            attributes.push(KeyValue::new(attribute::ERROR_SEVERITY, error.severity().as_str()));
            if let Some(code) = error.code() {
                attributes.push(KeyValue::new(attribute::ERROR_CODE, code));
            }
        } else {
            // What is known of the error is said once, where it first appeared.
            attributes.push(KeyValue::new(attribute::ERROR_ORIGIN, failed_below.to_string()));
        }
    }
    if ended == Status::Error && *status == OtelStatus::Unset {
        // The kind, never the message, which can hold what must not leave the process.
        *status = OtelStatus::error(error.map_or("", Kind::name));
    }
}
