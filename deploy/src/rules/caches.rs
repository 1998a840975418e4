//! Caches, and the Redis that they may be in: what is recorded of them, and what is told.
//!
//! What caches count is there from a function's start on, at 0, so that a ratio is there once the cache has been asked.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::selector;

use super::alerts::Words;
use super::recording::percentile;
use super::{Group, Rule};

pub(crate) const OPERATIONS: &str = "tta_cache_operations_total";
pub(crate) const DURATION: &str = "tta_cache_operation_duration_seconds";
pub(crate) const HEALTH: &str = "tta_cache_backend_health_up";

/// What is recorded, by what it is called on dashboards too.
pub(crate) const SERVED_RATIO: &str = "primitive:tta_cache_served_per_lookup:ratio_rate5m";
pub(crate) const OPERATION_P95: &str = "primitive:tta_cache_operation_duration_seconds:p95_5m";

/// What a cache does for a call: all but the last one spare it. An entry that is evicted and an error of the backend are
/// beside that.
pub(crate) const SERVED: [&str; 4] = ["hit", "stale", "coalesced", "negative"];
pub(crate) const NOT_SERVED: &str = "miss";

/// By which caches are told apart.
const BY: &str = "job, primitive_name, backend";

/// A pattern of what a cache does for the calls that it spares.
pub(crate) fn served() -> String {
    SERVED.join("|")
}

/// The same, and for those that it does not.
pub(crate) fn looked_up() -> String {
    format!("{}|{NOT_SERVED}", served())
}

/// What is recorded over five minutes.
pub(super) fn recorded(catalog: &Catalog, job: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    if catalog.has(OPERATIONS) {
        let rate = |operations: &str| {
            let mut counter = selector(OPERATIONS, &[("job", job)]);
            counter.pop();
            format!("sum by ({BY}) (rate({counter}, operation=~\"{operations}\"}}[5m]))")
        };
        let expr = format!("{} / ({} > 0)", rate(&served()), rate(&looked_up()));
        rules.push(Rule::record(SERVED_RATIO, expr));
    }
    if catalog.has(DURATION) {
        rules.push(Rule::record(OPERATION_P95, percentile(0.95, &format!("{BY}, operation"), DURATION, job)));
    }
    rules
}

pub(super) fn alerts(catalog: &Catalog, options: &Options) -> Group {
    let mut rules = Vec::new();
    if catalog.has(HEALTH) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "Caches of {{ $labels.job }} have lost their {{ $labels.backend }}",
            description: "For two minutes the instance {{ $labels.instance }} of {{ $labels.job }} has had no answer from the \
                          {{ $labels.backend }} that its caches are in. Every call that they would spare is made.",
            dashboard: "tta-dependencies?var-job={{ $labels.job | urlquery }}&var-instance={{ $labels.instance | urlquery }}",
        };
        let expr =
            format!("min by (job, instance, backend) ({}) == 0", selector(HEALTH, &[("job", &options.job)]));
        rules.push(Rule::alert("TtaCacheBackendDown", expr, "2m", &words));
    }
    Group::new("tta-caches", rules).every("1m")
}
