//! A call while it runs: what it counts on, and its span.

use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;

use super::clock::Tick;
use super::local::Local;
use super::pool;
use super::record::{Origin, Record, Sink};
use super::tracer::{Sampled, parent_of, sample};
use crate::catalog::{Site, SiteKind};
use crate::context::{Run, WorkflowContext};
use crate::metric::bind::{Bound, Combination, LabelKey};
use crate::metric::label::LabelValue;
use crate::metric::store::Store;
use crate::outcome::Outcome;
use crate::pipeline::{Limits, Pipeline, Request};
use crate::span::Fields;
use crate::testing::Recording;

/// What is known of a call.
#[derive(Default)]
pub(super) struct Started {
    site: Option<&'static Site>,
    at: Tick,
    /// Not known until the labels are.
    counts: Option<Counts>,
    /// The workflow that this call is a step of.
    step_of: Option<&'static Site>,
    /// Before the call begins, what is current where it is made. After that, what is made current for the
    /// body's further polls, where that differs from what is current around it.
    context: Option<Context>,
    /// What is to be made current for the body's first poll.
    made: Option<Context>,
    /// Whether it is made within a primitive.
    caller_in_primitive: bool,
    span: Option<Box<Record>>,
    on_drop: OnDrop,
}

/// What a call counts on.
enum Counts {
    /// The process's.
    Process(&'static Combination),
    /// That of the test it belongs to.
    Test(Box<(Arc<Recording>, LabelKey)>),
}

/// What it means that a call is dropped.
#[derive(Clone, Copy, Default, PartialEq)]
enum OnDrop {
    Cancelled,
    /// Code of the user's is looking at the arguments or the result; it unwinds.
    Panicked,
    #[default]
    Nothing,
}

impl Started {
    /// Begins the call.
    ///
    /// Without `labels` an expression among them has panicked.
    pub(super) fn begin(
        &mut self,
        site: &'static Site,
        local: &Local,
        labels: Option<&[LabelValue]>,
        fields: &mut dyn FnMut(&mut Fields),
    ) {
        self.site = Some(site);
        self.at = Tick::now();
        // Until the arguments have been looked at.
        self.on_drop = OnDrop::Panicked;
        let counts = Counts::begin(site, local, labels);
        let limits = counts.limits();
        let asks = counts.asks_a_sampler_of_the_programs();
        self.counts = Some(counts);
        let in_primitive = local.in_primitive.get();
        if asks {
            // It looks at the attributes, and it is code of the program's.
            let mut attributes = Fields::new(true);
            fields(&mut attributes);
            self.open(site, &Context::current(), in_primitive, attributes);
        } else {
            Context::map_current(|around| self.open(site, around, in_primitive, Fields::new(false)));
            if let Some(span) = &mut self.span {
                let attributes = span.added.attributes();
                let mut collected = Fields::with_room(std::mem::take(attributes));
                fields(&mut collected);
                *attributes = collected.into_attributes();
            }
        }
        if let Some(span) = &mut self.span {
            span.added.limit(limits);
        }
        self.on_drop = OnDrop::Cancelled;
    }

    /// What is to be made current for the body.
    #[inline]
    pub(super) fn made(&mut self) -> Option<Context> {
        if self.made.is_none() { None } else { self.made.take() }
    }

    pub(super) fn set_caller(&mut self, caller: Context, in_primitive: bool) {
        self.context = Some(caller);
        self.caller_in_primitive = in_primitive;
    }

    pub(super) fn take_caller(&mut self) -> Option<(Context, bool)> {
        Some((self.context.take()?, self.caller_in_primitive))
    }

    pub(super) fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    /// Keeps what the call took over from its caller for the polls to come.
    pub(super) fn adopt(&mut self, caller: Context) {
        self.context.get_or_insert(caller);
    }

    pub(super) fn is_primitive(&self) -> bool {
        self.site.is_some_and(|site| site.kind() == SiteKind::Primitive)
    }

    /// The body returned, and its result is looked at. Returned is what its attributes are collected in.
    pub(super) fn returned(&mut self) -> Fields {
        if self.on_drop != OnDrop::Nothing {
            self.on_drop = OnDrop::Panicked;
        }
        Fields::new(self.span.is_some())
    }

    /// The body unwound.
    pub(super) fn panicked(&mut self) {
        if self.on_drop != OnDrop::Nothing {
            self.end(&Outcome::PANIC, Fields::new(false));
        }
    }

    /// The call is dropped, and leaves room for the next one.
    pub(super) fn dropped(&mut self) {
        match self.on_drop {
            OnDrop::Nothing => {}
            OnDrop::Cancelled => self.end(&Outcome::CANCELLED, Fields::new(false)),
            OnDrop::Panicked => self.end(&Outcome::PANIC, Fields::new(false)),
        }
        self.context = None;
        self.made = None;
    }

    /// Opens the call's context and span within `around`, where it has them.
    fn open(&mut self, site: &'static Site, around: &Context, in_primitive: bool, attributes: Fields) {
        let outer = WorkflowContext::of(around);
        let run = outer.filter(|_| !in_primitive).and_then(WorkflowContext::run);
        let step = run.map(Run::next_step);
        let entered = match site.kind() {
            SiteKind::Workflow => Some(around.with_value(WorkflowContext::enter(outer, Run::new(site)))),
            SiteKind::Primitive => {
                self.step_of = run.map(|run| run.site);
                None
            }
        };
        let recording = match &self.counts {
            Some(Counts::Test(test)) => Some(&*test.0),
            _ => None,
        };
        if around.is_telemetry_suppressed() {
            return self.keep(entered);
        }
        if recording.is_none() && !Pipeline::is_open() {
            Pipeline::missed();
            return self.keep(entered);
        }
        let (name, kind) = (site.span_name(), site.span_kind());
        let request = Request { name, kind: &kind, attributes: attributes.as_slice(), links: &[] };
        let span = around.span();
        let parent = parent_of(&span);
        let within = entered.as_ref().unwrap_or(around);
        match sample(recording, parent, around, &request) {
            Sampled::Out(None) => self.keep(entered),
            // Says "not sampled" to whoever starts a span or sends a request below.
            Sampled::Out(Some(own)) => self.keep(Some(within.with_remote_span_context(own))),
            Sampled::In(own, mut added) => {
                let mut record = pool::take();
                let workflow = WorkflowContext::of(within).cloned();
                record.start(&own, parent, Origin::Site { site, workflow, step });
                attributes.append_to(record.added.attributes());
                record.added.attributes().append(&mut added);
                let limits = self.counts.as_ref().map_or(Limits::default as fn() -> Limits, Counts::limits);
                let context = within.with_span(record.own.open(own, limits));
                self.span = Some(record);
                // A workflow's is kept from the start; a primitive's is mostly gone before it is wanted again.
                if entered.is_some() {
                    self.context = Some(context.clone());
                }
                self.made = Some(context);
            }
        }
    }

    /// Keeps what the call makes current, for every poll.
    fn keep(&mut self, context: Option<Context>) {
        if context.is_some() {
            self.made.clone_from(&context);
            self.context = context;
        }
    }

    /// The body awaits. Called while what the call made current still is, or should be.
    pub(super) fn suspend(&mut self) {
        if let (None, Some(span)) = (&self.context, &self.span) {
            let own = Context::map_current(|context| {
                if context.span().span_context().span_id() == span.span_id {
                    return context.clone();
                }
                // The body has left something else current.
                let limits = self.counts.as_ref().map_or(Limits::default as fn() -> Limits, Counts::limits);
                context.with_span(span.own.open(span.context(), limits))
            });
            self.context = Some(own);
        }
    }

    /// Counts the call, and sends its span on its way.
    pub(super) fn end(&mut self, outcome: &Outcome, fields: Fields) {
        let Some(site) = self.site.take() else { return };
        self.on_drop = OnDrop::Nothing;
        let nanoseconds = self.at.until(Tick::now());
        let Some(counts) = self.counts.take() else { return };
        counts.ended(site, self.step_of.take(), outcome, nanoseconds);
        let Some(mut record) = self.span.take() else { return };
        record.end(self.at, nanoseconds, outcome);
        let added = record.own.end();
        if added.is_some() || !fields.as_slice().is_empty() {
            let limits = counts.limits()();
            record.added.append(added.unwrap_or_default(), &limits);
            fields.into_attributes().into_iter().for_each(|attribute| record.added.set(attribute, &limits));
        }
        match counts {
            Counts::Process(_) => Pipeline::push(record),
            Counts::Test(test) => Sink::Test(test.0).accept(record),
        }
    }
}

impl Counts {
    fn begin(site: &'static Site, local: &Local, labels: Option<&[LabelValue]>) -> Self {
        if let Some(recording) = Recording::current() {
            let bound = recording.bound(site);
            let key = bound.key(labels);
            bound.combination(recording.store(), key).begun(&local.rows);
            return Counts::Test(Box::new((recording, key)));
        }
        let bound = site.bound();
        let combination = bound.combination(Store::global(), bound.key(labels));
        combination.begun(&local.rows);
        Counts::Process(combination)
    }

    fn asks_a_sampler_of_the_programs(&self) -> bool {
        matches!(self, Counts::Process(_)) && Pipeline::is_open() && Pipeline::reads_attributes()
    }

    /// How to ask how much a span may hold that goes where this is counted.
    fn limits(&self) -> fn() -> Limits {
        match self {
            Counts::Process(_) => Pipeline::current_limits,
            Counts::Test(_) => Limits::default,
        }
    }

    fn ended(
        &self,
        site: &'static Site,
        step_of: Option<&'static Site>,
        outcome: &Outcome,
        nanoseconds: u64,
    ) {
        let count = |bound: &Bound, store: &Store, combination: &Combination| {
            bound.ended(store, combination, outcome, nanoseconds);
            if let Some(workflow) = step_of {
                bound.step(store, workflow).ended(outcome.status, nanoseconds);
            }
        };
        match self {
            Counts::Process(combination) => count(site.bound(), Store::global(), combination),
            Counts::Test(test) => {
                let (recording, key) = &**test;
                let (bound, store) = (recording.bound(site), recording.store());
                count(&bound, store, bound.combination(store, *key));
            }
        }
    }
}
