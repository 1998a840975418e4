//! A call where only the context is compiled in: a workflow opens one, and nothing is recorded.

use opentelemetry::{Context, ContextGuard};

use super::call::Collect;
use super::local::{Local, Within};
use crate::catalog::{Site, SiteKind};
use crate::context::{Began, WorkflowContext};
use crate::metric::label::LabelValue;
use crate::outcome::Outcome;
use crate::span::Fields;

/// What is known of a call.
#[derive(Default)]
pub(super) struct Started {
    site: Within,
    context: Option<Context>,
    caller_within: Within,
}

#[allow(clippy::unused_self, reason = "the live call does something at its end")]
impl Started {
    pub(super) fn begin(
        &mut self,
        site: &'static Site,
        _local: &Local,
        _labels: Option<&[LabelValue]>,
        _fields: Option<Collect<'_>>,
    ) {
        self.site = Some(site);
        self.context = (site.kind() == SiteKind::Workflow).then(|| {
            Context::map_current(|outer| {
                outer.with_value(WorkflowContext::enter(WorkflowContext::of(outer), Began::now()))
            })
        });
    }

    pub(super) fn attach(&mut self) -> Option<ContextGuard> {
        self.context.clone().map(Context::attach)
    }

    pub(super) fn set_caller(&mut self, caller: &Context, within: Within) {
        self.context = Some(caller.clone());
        self.caller_within = within;
    }

    pub(super) fn take_caller(&mut self, wanted: impl FnOnce(&Context) -> bool) -> Option<(Context, Within)> {
        let caller = self.context.take().filter(wanted);
        Some((caller?, self.caller_within))
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

    pub(super) fn suspend(&mut self) {}

    pub(super) fn resume(&mut self) {}

    pub(super) fn pause(&mut self) {}

    pub(super) fn returned(&mut self) -> bool {
        self.site.is_some()
    }

    pub(super) fn is_recording(&self) -> bool {
        false
    }

    pub(super) fn end(&mut self, _local: Option<&Local>, _outcome: &Outcome, _fields: &mut Fields) {
        self.dropped();
    }

    pub(super) fn panicked(&mut self) {
        self.dropped();
    }

    pub(super) fn dropped(&mut self) {
        *self = Started::default();
    }
}
