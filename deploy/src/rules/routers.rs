//! Routers: what is recorded of them, and what is told.
//!
//! What a router counts is there from its start on, at 0, so that a ratio is there once it has been called.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::{number, selector};

use super::alerts::Words;
use super::recording::percentile;
use super::{Group, Rule};

pub(crate) const ERRORS: &str = "tta_router_errors_total";
pub(crate) const DECISION: &str = "tta_router_decision_duration_seconds";
pub(crate) const EXECUTION: &str = "tta_router_execution_seconds";

/// What is recorded, by what it is called on dashboards too.
pub(crate) const ERRORS_RATIO: &str = "router:tta_router_errors_per_decision:ratio_rate5m";
pub(crate) const DECISION_P95: &str = "router:tta_router_decision_duration_seconds:p95_5m";
pub(crate) const EXECUTION_P95: &str = "route:tta_router_execution_seconds:p95_5m";

/// The part of a router's calls that fail from which on it is told: what is red as a ratio of errors. Where there is a
/// default, callers do not see them, and so many calls go where nobody has decided that they should.
pub(crate) const FAILED: f64 = 0.05;

/// How many calls there have to be: of fewer, one or two that fail would be more than may.
pub(crate) const LEAST_CALLS: u32 = 50;

/// By which routers are told apart.
const BY: &str = "job, router_name";

/// What is recorded over five minutes.
pub(super) fn recorded(catalog: &Catalog, job: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    if catalog.has(ERRORS) && catalog.has(DECISION) {
        let rate =
            |counter: &str| format!("sum by ({BY}) (rate({}[5m]))", selector(counter, &[("job", job)]));
        let calls = rate(&format!("{DECISION}_count"));
        rules.push(Rule::record(ERRORS_RATIO, format!("{} / ({calls} > 0)", rate(ERRORS))));
    }
    if catalog.has(DECISION) {
        rules.push(Rule::record(DECISION_P95, percentile(0.95, BY, DECISION, job)));
    }
    if catalog.has(EXECUTION) {
        let by = format!("{BY}, route_selected");
        rules.push(Rule::record(EXECUTION_P95, percentile(0.95, &by, EXECUTION, job)));
    }
    rules
}

pub(super) fn alerts(catalog: &Catalog, options: &Options) -> Group {
    let mut rules = Vec::new();
    if catalog.has(ERRORS) && catalog.has(DECISION) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "The router {{ $labels.router_name }} fails",
            description: "In the last 10 minutes {{ printf \"%.2f\" $value }} of all calls of the router \
                          {{ $labels.router_name }} of {{ $labels.job }} failed. Those that its default route stood in for \
                          are counted as successes, and go where nobody has decided.",
            dashboard: "tta-dependencies?var-job={{ $labels.job | urlquery }}&var-primitive={{ $labels.router_name | urlquery }}",
        };
        let increase = |counter: &str| {
            let counter = selector(counter, &[("job", &options.job)]);
            format!("sum by ({BY}) (increase({counter}[10m]))")
        };
        let calls = increase(&format!("{DECISION}_count"));
        let expr = format!("{} / ({calls} >= {LEAST_CALLS}) > {}", increase(ERRORS), number(FAILED));
        rules.push(Rule::alert("TtaRouterErrors", expr, "5m", &words));
    }
    Group::new("tta-routers", rules).every("1m")
}
