//! A call while it runs: what it counts on, and its span.

mod begin;

#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) use begin::hides_everything;

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, ContextGuard, KeyValue};

use super::busy::Busy;
use super::clock::Tick;
use super::counts::Counts;
#[cfg(feature = "tracing")]
use super::extras::{Extra, Extras};
use super::local::{Local, Within};
use super::record::{Record, Sink};
use super::slot::{OpenSpan, Own};
#[cfg(feature = "tracing")]
use crate::bridge::CallSpan;
use crate::catalog::Site;
#[cfg(feature = "log")]
use crate::context::WorkflowContext;
use crate::cost::{Payer, Purse};
use crate::metric::Row;
use crate::names::attribute;
use crate::outcome::Outcome;
use crate::pipeline::{Limits, Pipeline};
use crate::span::Fields;

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

/// What it means that a call is dropped, if it has begun.
#[derive(Clone, Copy, Default, PartialEq)]
enum OnDrop {
    #[default]
    Cancelled,
    /// Code of the user's is looking at the arguments or the result; it unwinds.
    Panicked,
}

impl Started {
    /// How to ask how much the call's span may hold.
    #[inline]
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
