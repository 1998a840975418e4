//! What a call says of what was spent in it: attributes of its span, and of a workflow the metrics.

use std::sync::Arc;

use opentelemetry::KeyValue;

use super::Money;
use super::spent::Spent;
use crate::catalog::{Site, SiteKind};
use crate::metric::family;
use crate::metric::store::Store;
use crate::names::{attribute, disposition, label};
use crate::outcome::Status;
use crate::testing::Recording;

/// Who says so, and where that is counted.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) site: &'static Site,
    pub(crate) recording: Option<Arc<Recording>>,
}

/// What was spent in a call that has ended.
#[derive(Debug)]
pub(crate) struct Bill {
    spent: Spent,
    /// Of a call of a model, what it has spent itself.
    own: Option<Money>,
}

impl Statement {
    pub(super) fn is_workflow(&self) -> bool {
        self.site.kind() == SiteKind::Workflow
    }

    fn store(&self) -> &Store {
        self.recording.as_ref().map_or_else(|| Store::global(), |recording| recording.store())
    }

    /// What is to be said in the span.
    pub(super) fn bill(&self, spent: Spent, own: Money) -> Option<Bill> {
        let own = self.site.llm().map(|_| own);
        (!spent.is_nothing()).then_some(Bill { spent, own })
    }

    /// Counts whether the call has cost too much, where somebody has said what that is.
    pub(super) fn judge(&self, status: Status, spent: &Spent) {
        let promise = self.site.promise();
        let Some(verdict) = promise.and_then(|promise| promise.judge_cost(status, spent)) else { return };
        let labels = vec![
            (label::SLO, self.site.name().into()),
            (label::OBJECTIVE, verdict.objective.as_str().into()),
            (label::OUTCOME, verdict.outcome().into()),
        ];
        self.store().counter(&family::SLO_EVENTS, labels).add(1);
    }

    /// Counts what a workflow has spent when it ends.
    pub(super) fn count(&self, spent: &Spent, is_root: bool) {
        if spent.is_free() || !super::asks_models() {
            // What only others have spent, they count.
            return;
        }
        self.add(spent, is_root);
        self.store()
            .histogram(&family::WORKFLOW_COST_DISTRIBUTION, vec![self.site.name_label()])
            .observe(spent.total().pico());
    }

    /// Counts what it has spent here: other processes count what is theirs.
    pub(super) fn add(&self, spent: &Spent, is_root: bool) {
        if !super::asks_models() {
            return;
        }
        let root = if is_root { "true" } else { "false" };
        let [useful, wasted] = spent.remote;
        let own = [spent.useful.saturating_sub(useful), spent.wasted.saturating_sub(wasted)];
        for (of, money) in disposition::ALL.into_iter().zip(own) {
            let labels =
                vec![self.site.name_label(), (label::ROOT, root.into()), (label::DISPOSITION, of.into())];
            self.store().counter(&family::WORKFLOW_COST, labels).add(money.pico());
        }
    }

    /// Opens a workflow's series.
    pub(crate) fn open(site: &'static Site, store: &Store) {
        for root in ["true", "false"] {
            for of in disposition::ALL {
                let labels =
                    vec![site.name_label(), (label::ROOT, root.into()), (label::DISPOSITION, of.into())];
                let _ = store.counter(&family::WORKFLOW_COST, labels);
            }
        }
        let _ = store.histogram(&family::WORKFLOW_COST_DISTRIBUTION, vec![site.name_label()]);
    }
}

impl Bill {
    /// A call of a model says what it has cost itself; every other one, and one that has called others, what was spent in
    /// it.
    pub(crate) fn attributes(&self, mut set: impl FnMut(KeyValue)) {
        let spent = &self.spent;
        let integer = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        if let Some(own) = self.own {
            set(KeyValue::new(attribute::COST, own.dollars()));
        }
        if self.own != Some(spent.total()) {
            set(KeyValue::new(attribute::COST_TOTAL, spent.total().dollars()));
            set(KeyValue::new(attribute::TOKENS_INPUT, integer(spent.input)));
            set(KeyValue::new(attribute::TOKENS_OUTPUT, integer(spent.output)));
        }
        set(KeyValue::new(attribute::LLM_CALLS, integer(spent.calls)));
        set(KeyValue::new(attribute::COST_WASTED, spent.wasted.dollars()));
        // A call of a model seldom saves anything itself.
        if self.own.is_none() || spent.saved > Money::ZERO {
            set(KeyValue::new(attribute::COST_SAVED, spent.saved.dollars()));
        }
        if spent.remote() > Money::ZERO {
            set(KeyValue::new(attribute::COST_REMOTE, spent.remote().dollars()));
        }
        set(KeyValue::new(attribute::COST_COMPLETE, spent.unpriced == 0));
    }
}
