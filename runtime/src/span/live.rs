//! A call while it runs: what it counts on, and its span.

use std::sync::Arc;

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, ContextGuard, KeyValue};

use super::busy::Busy;
use super::call::Collect;
use super::clock::Tick;
use super::convention;
use super::extras::{Extra, Extras};
#[cfg(feature = "router")]
use super::local::OnRoute;
use super::local::{Local, Within};
use super::pool;
use super::record::{Origin, Record, Sink};
use super::slot::{OpenSpan, Own};
use super::tracer::{Sampled, parent_of, sample};
#[cfg(feature = "tracing")]
use crate::bridge::CallSpan;
use crate::catalog::{Site, SiteKind};
use crate::context::{Began, Run, WorkflowContext};
use crate::cost::{Payer, Purse};
use crate::metric::Row;
use crate::metric::bind::{Bound, Combination, LabelKey};
use crate::metric::label::LabelValue;
use crate::metric::store::Store;
use crate::names::attribute;
use crate::outcome::Outcome;
use crate::pipeline::{Limits, Pipeline, Request};
use crate::privacy::is_content;
use crate::propagation::links;
use crate::span::Fields;
use crate::testing::Recording;

/// What is known of a call.
#[derive(Default)]
pub(super) struct Started {
    site: Option<&'static Site>,
    at: Tick,
    /// Not known until the labels are.
    counts: Option<Counts>,
    /// Where it counts while it stays on the thread that it began on.
    row: Option<Row<'static>>,
    /// The workflow that this call is a step of.
    step_of: Option<&'static Site>,
    /// Before the call begins, what is current where it is made. After that, what is made current for the
    /// body's further polls, where that differs from what is current around it.
    context: Option<Context>,
    /// What is to be made current for the body's first poll.
    made: Option<Context>,
    /// What it is made within.
    caller_within: Within,
    /// Before the call begins, who pays where it is made; from its first pause on, who pays where it is polled again.
    payer: Payer,
    /// What is spent in it.
    purse: Purse,
    span: Option<OwnSpan>,
    on_drop: OnDrop,
    busy: Busy,
    #[cfg(feature = "tracing")]
    tracing: Option<Box<CallSpan>>,
}

/// A span of a call's own, while it is open.
struct OwnSpan {
    record: Box<Record>,
    own: Own,
}

impl OwnSpan {
    /// The span in the hands of OpenTelemetry.
    #[inline]
    fn seen(&self, limits: fn() -> Limits) -> OpenSpan {
        self.own.open(self.record.context(), limits)
    }
}

/// What a sampler of the program's own is shown of a call, beside its site.
#[derive(Clone, Copy, Default)]
struct Shown<'a> {
    /// What its span is called instead.
    name: Option<&'a str>,
    attributes: &'a [KeyValue],
}

/// What a call counts on.
enum Counts {
    /// The process's.
    Process(&'static Combination),
    /// That of the test it belongs to.
    Test(Box<(Arc<Recording>, LabelKey)>),
}

/// What it means that a call is dropped, if it has begun.
#[derive(Clone, Copy, Default, PartialEq)]
enum OnDrop {
    #[default]
    Cancelled,
    /// Code of the user's is looking at the arguments or the result; it unwinds.
    Panicked,
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
        mut fields: Option<Collect<'_>>,
    ) {
        self.site = Some(site);
        self.at = Tick::now();
        // Until the arguments have been looked at.
        self.on_drop = OnDrop::Panicked;
        let counts = match Recording::current() {
            None => {
                let bound = site.bound();
                let combination = bound.combination(Store::global, bound.key(labels));
                self.row = Some(combination.begun(&local.rows));
                Counts::Process(combination)
            }
            Some(recording) => Counts::in_test(site, local, labels, recording),
        };
        if self.counts.insert(counts).asks_a_sampler_of_the_programs() {
            // It looks at the attributes, and it is code of the program's.
            let mut attributes = Fields::new(true);
            if let Some(fields) = fields {
                fields(&mut attributes);
            }
            #[cfg(feature = "llm")]
            let name = attributes.take_name();
            #[cfg(not(feature = "llm"))]
            let name: Option<String> = None;
            let attributes = attributes.into_attributes();
            let of_site = convention::attributes(site);
            let mut known: Vec<_> = attributes.iter().cloned().chain(of_site).collect();
            known.retain(|own| !is_content(own.key.as_str()) && !convention::is_left_out(own.key.as_str()));
            let shown = Shown { name: name.as_deref(), attributes: &known };
            self.open(site, local, &Context::current(), shown);
            #[cfg(feature = "llm")]
            self.rename(name);
            let extras = Extras::asked_for();
            if extras.any() {
                self.begin_extras(extras, site, Some(&attributes), None);
            }
            let limits = self.limits();
            if let Some(span) = &mut self.span {
                // What the sampler has added stays behind them.
                span.record.added.attributes().splice(..0, attributes);
                span.record.added.limit(limits);
            }
        } else {
            Context::map_current(|around| self.open(site, local, around, Shown::default()));
            let limits = self.limits();
            if let (Some(fields), Some(span)) = (&mut fields, &mut self.span) {
                let attributes = span.record.added.attributes();
                let mut collected = Fields::with_room(std::mem::take(attributes));
                fields(&mut collected);
                #[cfg(feature = "llm")]
                let name = collected.take_name();
                *attributes = collected.into_attributes();
                span.record.added.limit(limits);
                #[cfg(feature = "llm")]
                self.rename(name);
            }
            let extras = Extras::asked_for();
            if extras.any() {
                self.begin_extras(extras, site, None, fields);
            }
        }
        self.on_drop = OnDrop::Cancelled;
    }

    /// Begins what is done only where it is asked for.
    ///
    /// Without `attributes`, those that the span has are what there is to know of the arguments; without a span they
    /// have not been looked at yet.
    #[cold]
    #[inline(never)]
    #[cfg_attr(not(feature = "tracing"), allow(unused_variables, clippy::needless_pass_by_value))]
    fn begin_extras(
        &mut self,
        extras: Extras,
        site: &'static Site,
        attributes: Option<&[KeyValue]>,
        fields: Option<Collect<'_>>,
    ) {
        if extras.has(Extra::BusyTime) {
            self.busy.begin(self.at);
        }
        #[cfg(feature = "tracing")]
        {
            let made = self.tracing.take();
            if !extras.has(Extra::TracingSpans) {
                return;
            }
            let span = &mut self.span;
            self.tracing = CallSpan::begun(site, made, || {
                if let Some(attributes) = attributes {
                    return attributes.to_vec();
                }
                if let Some(span) = span {
                    return span.record.added.attributes().clone();
                }
                let mut collected = Fields::new(true);
                if let Some(fields) = fields {
                    fields(&mut collected);
                }
                collected.into_attributes()
            });
        }
    }

    /// Opens the call's context and span within `around`, where it has them.
    fn open(&mut self, site: &'static Site, local: &Local, around: &Context, shown: Shown<'_>) {
        let outer = WorkflowContext::of(around);
        let run = outer.filter(|_| !is_primitive(local.within.get())).and_then(WorkflowContext::run);
        let step = run.map(Run::next_step);
        if site.kind() == SiteKind::Primitive {
            self.step_of = run.map(|run| run.site);
            self.open_span(site, local, around, step, shown);
            if self.span.is_some() || site.has_purse() {
                self.purse.open(site, || local.payer(), outer);
            }
            return;
        }
        let account = self.purse.open_workflow(site, local.payer(), outer);
        let entered = WorkflowContext::enter(outer, Began(self.at), Run::new(site), account);
        let context = around.with_value(entered);
        self.open_span(site, local, &context, step, shown);
        self.made.get_or_insert(context);
        self.context.clone_from(&self.made);
    }

    /// Opens the call's span below that of `context`.
    #[inline]
    fn open_span(
        &mut self,
        site: &'static Site,
        local: &Local,
        context: &Context,
        step: Option<u32>,
        shown: Shown<'_>,
    ) {
        let recording = match &self.counts {
            Some(Counts::Test(test)) => Some(&*test.0),
            _ => None,
        };
        if context.is_telemetry_suppressed() {
            return;
        }
        if recording.is_none() && !Pipeline::is_open() {
            return Pipeline::missed();
        }
        if recording.is_none() && is_hidden(site, context) {
            return Pipeline::filtered();
        }
        let (name, kind) = (shown.name.unwrap_or_else(|| site.span_name()), site.span_kind());
        let attributes = shown.attributes;
        let span = context.span();
        let parent = parent_of(&span);
        let links = links(context, parent);
        let request = Request { name, kind: &kind, attributes, links };
        match sample(recording, parent, context, &request) {
            Sampled::Out(None) => {}
            // Says "not sampled" to whoever starts a span or sends a request below.
            Sampled::Out(Some(own)) => {
                self.made = Some(context.with_remote_span_context(own));
                self.context.clone_from(&self.made);
            }
            Sampled::In(identity, added) => {
                let own = Own::new(&local.slots);
                let workflow = WorkflowContext::of(context).cloned();
                let mut record = pool::take();
                record.begin(identity, parent, 0, Origin::Site { site, workflow, step });
                record.take_in(added);
                #[cfg(feature = "parallel")]
                if let Some(index) = local.branch_here() {
                    let index = KeyValue::new(crate::names::attribute::PARALLEL_BRANCH, i64::from(index));
                    record.added.attributes().push(index);
                }
                #[cfg(feature = "router")]
                if let Some(OnRoute { router, route }) = local.route_here() {
                    let router =
                        router.map(|router| KeyValue::new(crate::names::attribute::ROUTER_NAME, router));
                    let route = KeyValue::new(crate::names::attribute::ROUTER_ROUTE, route);
                    record.added.attributes().extend(router.into_iter().chain([route]));
                }
                for link in links {
                    record.added.link(link.span_context.clone(), Vec::new(), &self.limits()());
                }
                self.span = Some(OwnSpan { record, own });
            }
        }
    }

    /// Gives the span another name.
    #[cfg(feature = "llm")]
    fn rename(&mut self, name: Option<String>) {
        if let (Some(name), Some(span)) = (name, &mut self.span) {
            span.record.added.extras().name = Some(name.into());
        }
    }

    /// How to ask how much the call's span may hold.
    fn limits(&self) -> fn() -> Limits {
        self.counts.as_ref().map_or(Limits::default, Counts::limits)
    }

    /// Makes current what is to be for the body.
    #[inline]
    pub(super) fn attach(&mut self) -> Option<ContextGuard> {
        if let Some(span) = &self.span {
            let seen = span.seen(self.limits());
            if self.made.is_none() {
                return Some(Context::current_with_span(seen).attach());
            }
            self.made = self.made.take().map(|context| context.with_span(seen));
            // A workflow's is kept from the start; a primitive's is mostly gone before it is wanted again.
            self.context.clone_from(&self.made);
        }
        if self.made.is_none() { None } else { self.made.take().map(Context::attach) }
    }

    /// For how many nanoseconds the call has been going on.
    pub(super) fn elapsed(&self) -> u64 {
        self.at.until(Tick::now())
    }

    /// The body is polled again.
    #[inline]
    pub(super) fn resume(&mut self) {
        self.busy.resume();
    }

    /// It awaits again.
    #[inline]
    pub(super) fn pause(&mut self) {
        self.busy.pause(Tick::now);
    }

    pub(super) fn set_caller(&mut self, caller: &Context, within: Within, payer: Payer) {
        self.context = Some(caller.clone());
        self.caller_within = within;
        self.payer = payer;
        #[cfg(feature = "tracing")]
        if Extras::asked_for().has(Extra::TracingSpans) {
            CallSpan::remember_caller(&mut self.tracing);
        }
    }

    /// What was current where the call was made, and within what that was; neither any more when this has been
    /// asked.
    #[inline]
    pub(super) fn take_caller(
        &mut self,
        wanted: impl FnOnce(&Context) -> bool,
    ) -> Option<(Context, Within, Payer)> {
        let payer = std::mem::take(&mut self.payer);
        if wanted(self.context.as_ref()?) {
            return Some((self.context.take()?, self.caller_within, payer));
        }
        self.context = None;
        None
    }

    /// Who pays in its polls to come.
    pub(super) fn payer(&self) -> Payer {
        self.payer.clone()
    }

    /// Its own account, if it has one.
    pub(super) fn account(&self) -> Option<Payer> {
        self.purse.payer()
    }

    pub(super) fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    /// Keeps what the call took over from its caller for the polls to come.
    pub(super) fn adopt(&mut self, caller: Context) {
        self.context.get_or_insert(caller);
    }

    pub(super) fn site(&self) -> Within {
        self.site
    }

    /// The body returned, and its result is going to be looked at; whether the call has begun.
    #[inline]
    pub(super) fn returned(&mut self) -> bool {
        self.on_drop = OnDrop::Panicked;
        #[cfg(feature = "tracing")]
        if self.site.is_none() && self.tracing.is_some() {
            CallSpan::forget(&mut self.tracing);
        }
        self.site.is_some()
    }

    /// Whether somebody wants the attributes of the result.
    #[inline]
    pub(super) fn is_recording(&self) -> bool {
        #[cfg(feature = "tracing")]
        if self.span.is_none() {
            return self.tracing.is_some();
        }
        self.span.is_some()
    }

    /// The body unwound.
    pub(super) fn panicked(&mut self) {
        self.on_drop = OnDrop::Panicked;
        self.dropped();
    }

    /// The call is dropped, and leaves room for the next one.
    pub(super) fn dropped(&mut self) {
        let outcome = match self.on_drop {
            OnDrop::Cancelled => &Outcome::CANCELLED,
            OnDrop::Panicked => &Outcome::PANIC,
        };
        self.end(None, outcome, &mut Fields::new(false));
    }

    /// The body awaits. Called while what the call made current still is, or should be.
    pub(super) fn suspend(&mut self, local: &Local) {
        #[cfg(feature = "tracing")]
        self.leave();
        self.payer = local.payer();
        self.busy.pause(Tick::now);
        self.row = None;
        if let (None, Some(span)) = (&self.context, &self.span) {
            let own = Context::map_current(|context| {
                if context.span().span_context().span_id() == span.record.span_id {
                    return context.clone();
                }
                // The body has left something else current.
                context.with_span(span.seen(self.limits()))
            });
            self.context = Some(own);
        }
    }

    /// Counts the call if it has begun, sends its span on its way, and leaves room for the next one.
    pub(super) fn end(&mut self, local: Option<&Local>, outcome: &Outcome, fields: &mut Fields) {
        #[cfg(feature = "log")]
        let context = self.context.take();
        #[cfg(not(feature = "log"))]
        if self.context.is_some() {
            self.context = None;
        }
        let Some(site) = self.site.take() else {
            #[cfg(feature = "tracing")]
            if self.tracing.is_some() {
                CallSpan::forget(&mut self.tracing);
            }
            return;
        };
        let ended = Tick::now();
        let Some(counts) = self.counts.take() else { return };
        self.payer = Payer::default();
        let spent = self.purse.close(outcome, || counts.statement(site));
        let mut added = None;
        if let Some(span) = &self.span {
            // Before the clock's answer is needed, which takes as long.
            span.own.end(|late| added = Some(Box::new(late)));
        }
        let nanoseconds = self.at.until(ended);
        let busy = self.busy.end(ended);
        counts.ended(site, local, self.row.take(), self.step_of.take(), outcome, nanoseconds);
        #[cfg(feature = "tracing")]
        if self.tracing.is_some() {
            CallSpan::end(&mut self.tracing, outcome, fields.as_slice());
        }
        #[cfg(feature = "log")]
        self.say(site, context.as_ref(), outcome, nanoseconds);
        let Some(OwnSpan { mut record, own }) = self.span.take() else { return };
        own.give_back(local.map(|local| &local.slots));
        record.end(self.at, nanoseconds, outcome);
        match local {
            Some(local) => record.trace_error(&local.failure),
            None => _ = super::local::local(|local| record.trace_error(&local.failure)),
        }
        record.key = counts.key();
        if busy > 0 {
            record.added.attributes().push(KeyValue::new(attribute::BUSY, busy as f64 / 1e6));
        }
        if added.is_some() || spent.is_some() || !fields.as_slice().is_empty() {
            let limits = counts.limits()();
            if let Some(spent) = spent {
                spent.attributes(|attribute| record.added.set(attribute, &limits));
            }
            if let Some(added) = added {
                record.added.append(*added, &limits);
            }
            fields.drain().for_each(|attribute| record.added.set(attribute, &limits));
        }
        match counts {
            Counts::Process(_) => Pipeline::push(record),
            Counts::Test(test) => Sink::Test(test.0).accept(record),
        }
    }
}

#[cfg(feature = "tracing")]
impl Started {
    /// Makes the call's span of `tracing` current, where it has one; after its context.
    #[inline]
    pub(super) fn enter(&mut self) {
        if let Some(span) = &mut self.tracing {
            span.enter();
        }
    }

    /// It is not any more; before its context is not.
    #[inline]
    pub(super) fn leave(&mut self) {
        if let Some(span) = &mut self.tracing {
            span.leave();
        }
    }
}

fn is_primitive(within: Within) -> bool {
    within.is_some_and(|site| site.kind() == SiteKind::Primitive)
}

#[cfg(feature = "log")]
impl Started {
    /// Tells the log that the call has ended.
    fn say(&self, site: &'static Site, context: Option<&Context>, outcome: &Outcome, nanoseconds: u64) {
        let ids = self.span.as_ref().map(|span| (span.record.trace_id, span.record.span_id));
        let say = |context: &Context| {
            crate::log::executed(site, WorkflowContext::of(context), ids, outcome, nanoseconds);
        };
        match context {
            Some(context) => say(context),
            None => super::local::current(say),
        }
    }
}

/// Whether the filter hides the span of a call within `context`.
#[inline]
fn is_hidden(site: &Site, context: &Context) -> bool {
    site.is_hidden() || hides_everything(context)
}

/// Whether the filter hides everything in the workflow of `context`.
#[inline]
pub(crate) fn hides_everything(context: &Context) -> bool {
    let run = || WorkflowContext::of(context).and_then(WorkflowContext::run);
    Pipeline::hides_workflows() && run().is_some_and(|run| run.site.hides_everything())
}

impl Counts {
    /// Begins a call of a test's.
    #[cold]
    fn in_test(
        site: &'static Site,
        local: &Local,
        labels: Option<&[LabelValue]>,
        recording: Arc<Recording>,
    ) -> Self {
        let bound = recording.bound(site);
        let key = bound.key(labels);
        bound.combination(|| recording.store(), key).begun(&local.rows);
        Counts::Test(Box::new((recording, key)))
    }

    /// The call's combination of labels.
    fn key(&self) -> LabelKey {
        match self {
            Counts::Process(combination) => combination.key(),
            Counts::Test(test) => test.1,
        }
    }

    fn asks_a_sampler_of_the_programs(&self) -> bool {
        matches!(self, Counts::Process(_)) && Pipeline::is_open() && Pipeline::reads_attributes()
    }

    /// What is said of what a call of `site` has spent.
    #[cfg(feature = "llm")]
    fn statement(&self, site: &'static Site) -> crate::cost::Statement {
        let recording = match self {
            Counts::Process(_) => None,
            Counts::Test(test) => Some(test.0.clone()),
        };
        crate::cost::Statement { site, recording }
    }

    /// Nothing is.
    #[cfg(not(feature = "llm"))]
    #[allow(clippy::unused_self, reason = "with the feature there is something to say")]
    fn statement(&self, _site: &'static Site) {}

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
        local: Option<&Local>,
        row: Option<Row<'static>>,
        step_of: Option<&'static Site>,
        outcome: &Outcome,
        nanoseconds: u64,
    ) {
        let rows = local.map(|local| &local.rows);
        let step = |bound: &Bound, store: &Store| {
            if let Some(workflow) = step_of {
                bound.step(store, workflow).ended(rows, outcome.status, nanoseconds);
            }
        };
        match self {
            Counts::Process(combination) => {
                let (bound, store) = (site.bound(), Store::global());
                let count = |row: &Row<'_>| bound.ended(store, *row, combination, outcome, nanoseconds);
                match row {
                    Some(row) => count(&row),
                    None => combination.count(rows, count),
                }
                step(bound, store);
            }
            Counts::Test(test) => {
                let (recording, key) = &**test;
                let (bound, store) = (recording.bound(site), recording.store());
                let combination = bound.combination(|| store, *key);
                combination.count(rows, |row| bound.ended(store, *row, combination, outcome, nanoseconds));
                step(&bound, store);
            }
        }
    }
}
