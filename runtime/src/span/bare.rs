//! A call where only the context is compiled in: a workflow opens one, and nothing is recorded.

use opentelemetry::{Context, ContextGuard};

use super::call::Collect;
use super::local::{Local, Within};
use crate::catalog::{Site, SiteKind};
use crate::context::{Began, WorkflowContext};
use crate::cost::{Payer, Purse};
use crate::metric::label::LabelValue;
use crate::outcome::Outcome;
use crate::span::Fields;

/// What is known of a call.
#[derive(Default)]
pub(super) struct Started {
    site: Within,
    context: Option<Context>,
    caller_within: Within,
    payer: Payer,
    purse: Purse,
}

#[allow(clippy::unused_self, reason = "the live call does something at its end")]
impl Started {
    pub(super) fn begin(
        &mut self,
        site: &'static Site,
        local: &Local,
        _labels: Option<&[LabelValue]>,
        _fields: Option<Collect<'_>>,
    ) {
        self.site = Some(site);
        self.context = Context::map_current(|around| {
            let outer = WorkflowContext::of(around);
            if site.kind() == SiteKind::Primitive {
                self.purse.open(site, site.has_purse(), || local.payer(), outer);
                return None;
            }
            let account = self.purse.open_workflow(site, local.payer(), outer);
            Some(around.with_value(WorkflowContext::enter(outer, Began::now(), account)))
        });
    }

    pub(super) fn attach(&mut self) -> Option<ContextGuard> {
        self.context.clone().map(Context::attach)
    }

    pub(super) fn set_caller(&mut self, caller: &Context, within: Within, payer: Payer) {
        self.context = Some(caller.clone());
        self.caller_within = within;
        self.payer = payer;
    }

    pub(super) fn take_caller(
        &mut self,
        wanted: impl FnOnce(&Context) -> bool,
    ) -> Option<(Context, Within, Payer)> {
        let payer = std::mem::take(&mut self.payer);
        let caller = self.context.take().filter(wanted);
        Some((caller?, self.caller_within, payer))
    }

    pub(super) fn payer(&self) -> Payer {
        self.payer.clone()
    }

    pub(super) fn account(&self) -> Option<Payer> {
        self.purse.payer()
    }

    pub(super) fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    pub(super) fn adopt(&mut self, caller: Context) {
        self.context.get_or_insert(caller);
    }

    pub(super) fn site(&self) -> Within {
        self.site
    }

    pub(super) fn elapsed(&self) -> u64 {
        0
    }

    pub(super) fn suspend(&mut self, local: &Local) {
        self.payer = local.payer();
    }

    pub(super) fn resume(&mut self) {}

    pub(super) fn pause(&mut self) {}

    pub(super) fn returned(&mut self) -> bool {
        self.site.is_some()
    }

    pub(super) fn is_recording(&self) -> bool {
        false
    }

    pub(super) fn end(&mut self, _local: Option<&Local>, outcome: &Outcome, _fields: &mut Fields) {
        self.purse.close(outcome);
        *self = Started::default();
    }

    pub(super) fn panicked(&mut self) {
        self.end(None, &Outcome::PANIC, &mut Fields::new(false));
    }

    pub(super) fn dropped(&mut self) {
        self.end(None, &Outcome::CANCELLED, &mut Fields::new(false));
    }
}
