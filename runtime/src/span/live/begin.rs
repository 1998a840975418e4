//! How a call begins: what it counts on, whether it has a span, and what is current in it.

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, KeyValue};

use super::{OnDrop, OwnSpan, Started};
#[cfg(feature = "tracing")]
use crate::bridge::CallSpan;
use crate::catalog::{Site, SiteKind};
use crate::context::{Began, Run, WorkflowContext};
use crate::metric::label::LabelValue;
use crate::metric::store::Store;
use crate::pipeline::{Pipeline, Request};
use crate::privacy::is_content;
use crate::propagation::links;
use crate::span::Fields;
use crate::span::call::Collect;
use crate::span::clock::Tick;
use crate::span::convention;
use crate::span::counts::Counts;
use crate::span::extras::{Extra, Extras};
#[cfg(feature = "router")]
use crate::span::local::OnRoute;
use crate::span::local::{Local, Within};
use crate::span::pool;
use crate::span::record::Origin;
use crate::span::slot::Own;
use crate::span::tracer::{Sampled, parent_of, sample};
use crate::testing::Recording;

/// What a sampler of the program's own is shown of a call, beside its site.
#[derive(Clone, Copy, Default)]
struct Shown<'a> {
    /// What its span is called instead.
    name: Option<&'a str>,
    attributes: &'a [KeyValue],
}

impl Started {
    /// Begins the call.
    ///
    /// Without `labels` an expression among them has panicked.
    pub(in crate::span) fn begin(
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
            let is_asked = self.span.is_some() || site.has_purse();
            self.purse.open(site, is_asked, || local.payer(), outer);
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
}

fn is_primitive(within: Within) -> bool {
    within.is_some_and(|site| site.kind() == SiteKind::Primitive)
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
