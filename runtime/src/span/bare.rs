//! A call where only the context is compiled in: a workflow opens one, and nothing is recorded.

use opentelemetry::Context;

use crate::catalog::{Site, SiteKind};
use crate::context::WorkflowContext;
use crate::metric::label::LabelValue;
use crate::outcome::Outcome;
use crate::span::Fields;

pub(super) struct Call {
    kind: SiteKind,
    context: Option<Context>,
}

#[allow(clippy::unused_self, reason = "the live call does something at its end")]
impl Call {
    pub(super) fn start<const N: usize>(
        site: &'static Site,
        _in_primitive: bool,
        _labels: impl FnOnce() -> [LabelValue; N],
        _fields: impl FnOnce(&mut Fields),
    ) -> Self {
        let context = (site.kind() == SiteKind::Workflow).then(|| {
            super::local::current(|outer| {
                outer.with_value(WorkflowContext::enter(WorkflowContext::of(outer)))
            })
        });
        Call { kind: site.kind(), context }
    }

    pub(super) fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    pub(super) fn adopt(&mut self, caller: Context) {
        self.context.get_or_insert(caller);
    }

    pub(super) fn is_primitive(&self) -> bool {
        self.kind == SiteKind::Primitive
    }

    pub(super) fn finish(self, _classify: impl FnOnce(&mut Fields) -> Outcome) {}

    pub(super) fn panicked(self) {}
}
