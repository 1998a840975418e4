//! Budgets of what is spent on models: what is told of calls that one has refused.
//!
//! What a budget refuses is counted from a program's start on, at 0, for every limit that it has.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::selector;

use super::alerts::{Words, has_grown};
use super::cost::COST_DASHBOARD;
use super::{Group, Rule};

pub(crate) const REJECTIONS: &str = "tta_budget_rejections_total";

pub(super) fn alerts(catalog: &Catalog, options: &Options) -> Group {
    let mut rules = Vec::new();
    if catalog.has(REJECTIONS) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "The budget {{ $labels.budget }} of {{ $labels.job }} refuses calls",
            description: "In the last hour {{ printf \"%.0f\" $value }} calls of models by {{ $labels.job }} were not made, \
                          since the budget {{ $labels.budget }} has not enough left ({{ $labels.reason }}).",
            dashboard: COST_DASHBOARD,
        };
        let counter = selector(REJECTIONS, &[("job", &options.job)]);
        let expr = has_grown("job, budget, reason", &counter, "1h");
        rules.push(Rule::alert("TtaCostBudgetExhausted", expr, "5m", &words));
    }
    Group::new("tta-budgets", rules).every("1m")
}
