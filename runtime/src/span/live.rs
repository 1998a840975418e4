//! A call while it runs: what it counts on, and its span.

use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};

use super::clock::Tick;
use super::local::current;
use super::record::{Ending, Origin, Record, Sink, end};
use super::tracer::{Sampled, open, parent, sample};
use crate::catalog::{Site, SiteKind};
use crate::context::{Run, WorkflowContext};
use crate::metric::bind::{Bound, LabelKey};
use crate::metric::label::LabelValue;
use crate::metric::store::Store;
use crate::outcome::Outcome;
use crate::pipeline::{Pipeline, Request};
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
    /// Code of the user's is looking at the arguments or the result; it unwinds.
    Panicked,
    Nothing,
}

/// What a call finds around itself.
struct Around {
    recording: Option<Arc<Recording>>,
    /// Where its span would go.
    sink: Option<Sink>,
    parent: SpanContext,
    /// Its place among the steps of its workflow, and that workflow.
    step: Option<(u32, &'static Site)>,
}

impl Around {
    fn look(context: &Context, in_primitive: bool) -> Self {
        let workflow = WorkflowContext::of(context).filter(|_| !in_primitive);
        let step = workflow.and_then(WorkflowContext::run).map(|run| (run.next_step(), run.site));
        let recording = Recording::of(context);
        let sink = if context.is_telemetry_suppressed() {
            None
        } else if let Some(recording) = &recording {
            Some(Sink::Test(recording.clone()))
        } else if Pipeline::is_open() {
            Some(Sink::Pipeline)
        } else {
            Pipeline::missed();
            None
        };
        let parent = if sink.is_some() { parent(context) } else { SpanContext::NONE };
        Around { recording, sink, parent, step }
    }
}

impl Call {
    pub(super) fn start<const N: usize>(
        site: &'static Site,
        in_primitive: bool,
        labels: impl FnOnce() -> [LabelValue; N],
        fields: impl FnOnce(&mut Fields),
    ) -> Self {
        let Around { recording, sink, parent, step } = current(|context| Around::look(context, in_primitive));
        let mut call = Call {
            site,
            started: Tick::now(),
            key: 0,
            context: None,
            step_of: step.map(|(_, workflow)| workflow).filter(|_| site.kind() == SiteKind::Primitive),
            recording,
            has_span: false,
            // Until the arguments have been looked at.
            on_drop: OnDrop::Panicked,
        };
        call.counting(|bound, _| bound.started());
        let labels = labels();
        if N > 0 {
            call.key = call.counting(|bound, _| bound.key(labels));
        }
        if site.kind() == SiteKind::Workflow {
            call.context = Some(current(|context| {
                let own = WorkflowContext::enter(WorkflowContext::of(context), Run::new(site));
                context.with_value(own)
            }));
        }
        if let Some(sink) = sink {
            call.open_span(sink, &parent, step.map(|(place, _)| place), fields);
        }
        call.on_drop = OnDrop::Cancelled;
        call
    }

    fn open_span(
        &mut self,
        sink: Sink,
        parent: &SpanContext,
        step: Option<u32>,
        fields: impl FnOnce(&mut Fields),
    ) {
        let site = self.site;
        let mut fields = Some(fields);
        let mut collect = || {
            let mut collected = Fields::new(true);
            if let Some(fields) = fields.take() {
                fields(&mut collected);
            }
            collected.into_attributes()
        };
        // Only a sampler of the program's own looks at attributes, and at the context.
        let (mut attributes, around) = if sink.reads_attributes() {
            (collect(), current(Clone::clone))
        } else {
            (Vec::new(), Context::new())
        };
        let request =
            Request { name: site.span_name(), kind: &site.span_kind(), attributes: &attributes, links: &[] };
        let sampled = sample(&sink, parent, &around, &request);
        match sampled {
            Sampled::Out(None) => {}
            // Says "not sampled" to whoever starts a span or sends a request below.
            Sampled::Out(Some(own)) => {
                self.context = Some(self.within(|context| context.with_remote_span_context(own)));
            }
            Sampled::In(own, added) => {
                if attributes.is_empty() {
                    attributes = collect();
                }
                attributes.extend(added);
                let started = self.started.wall();
                self.context = Some(self.within(|context| {
                    let workflow = WorkflowContext::of(context).cloned();
                    let origin = Origin::Site { site, workflow, step };
                    let record = Record::new(own, parent, started, attributes, origin);
                    context.with_span(open(record, Vec::new(), sink))
                }));
                self.has_span = true;
            }
        }
    }

    /// Looks at what is current for the body.
    fn within<R>(&self, look: impl FnOnce(&Context) -> R) -> R {
        match &self.context {
            Some(own) => look(own),
            None => current(look),
        }
    }

    pub(super) fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    /// Keeps what the call took over from its caller for the polls to come.
    pub(super) fn adopt(&mut self, caller: Context) {
        self.context.get_or_insert(caller);
    }

    pub(super) fn is_primitive(&self) -> bool {
        self.site.kind() == SiteKind::Primitive
    }

    /// The body returned.
    pub(super) fn finish(mut self, classify: impl FnOnce(&mut Fields) -> Outcome) {
        self.on_drop = OnDrop::Panicked;
        let mut fields = Fields::new(self.has_span);
        let outcome = classify(&mut fields);
        self.end(outcome, fields);
    }

    /// The body unwound.
    pub(super) fn panicked(mut self) {
        self.end(Outcome::PANIC, Fields::new(false));
    }

    fn end(&mut self, outcome: Outcome, fields: Fields) {
        self.on_drop = OnDrop::Nothing;
        let ended = Tick::now();
        let nanoseconds = self.started.until(ended);
        self.counting(|bound, store| {
            bound.ended(store, self.key, &outcome, nanoseconds);
            if let Some(workflow) = self.step_of {
                bound.step(store, workflow).ended(outcome.status, nanoseconds);
            }
        });
        if self.has_span
            && let Some(context) = &self.context
        {
            end(context, Ending { ended, outcome, attributes: fields.into_attributes() });
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
            OnDrop::Cancelled => self.end(Outcome::CANCELLED, Fields::new(false)),
            OnDrop::Panicked => self.end(Outcome::PANIC, Fields::new(false)),
        }
    }
}
