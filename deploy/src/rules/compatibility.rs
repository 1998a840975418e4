//! The names that older TTA dashboards ask for.
//!
//! Nothing is emitted twice: what had another name, or was a rate that the program reckoned itself, is recorded here from
//! the families of today.

use crate::catalog::{Catalog, FamilyType};
use crate::cli::Options;
use crate::promql::selector;

use super::{Group, Rule, RuleFile};

/// An old name of series that are otherwise what a family of today has.
struct Renamed {
    old: &'static str,
    family: &'static str,
    /// The label value that the old name stood for.
    only: Option<(&'static str, &'static str)>,
}

const fn renamed(old: &'static str, family: &'static str) -> Renamed {
    Renamed { old, family, only: None }
}

const fn part(old: &'static str, family: &'static str, label: &'static str, value: &'static str) -> Renamed {
    Renamed { old, family, only: Some((label, value)) }
}

const RENAMED: [Renamed; 27] = [
    renamed("workflow_executions_total", "tta_workflow_executions_total"),
    renamed("workflow_duration_seconds", "tta_workflow_duration_seconds"),
    renamed("active_workflows", "tta_workflows_active"),
    renamed("primitive_executions_total", "tta_primitive_executions_total"),
    renamed("primitive_duration_seconds", "tta_primitive_duration_seconds"),
    renamed("tta_execution_duration_seconds", "tta_primitive_duration_seconds"),
    renamed("primitive_errors_total", "tta_primitive_errors_total"),
    part("tta_cache_hits_total", "tta_cache_operations_total", "operation", "hit"),
    part("tta_cache_misses_total", "tta_cache_operations_total", "operation", "miss"),
    part("cache_hits_total", "tta_cache_operations_total", "operation", "hit"),
    part("cache_misses_total", "tta_cache_operations_total", "operation", "miss"),
    part("cache_hit_total", "tta_cache_operations_total", "operation", "hit"),
    part("cache_miss_total", "tta_cache_operations_total", "operation", "miss"),
    part("cache_evictions_total", "tta_cache_operations_total", "operation", "eviction"),
    renamed("cache_size_bytes", "tta_cache_size_bytes"),
    renamed("cache_operation_duration_seconds", "tta_cache_operation_duration_seconds"),
    renamed("tta_cache_savings_dollars", "tta_cache_savings_dollars_total"),
    renamed("cache_cost_savings_usd", "tta_cache_savings_dollars_total"),
    renamed("router_decisions_total", "tta_router_decisions_total"),
    renamed("router_decision_duration_seconds", "tta_router_decision_duration_seconds"),
    renamed("router_execution_seconds", "tta_router_execution_seconds"),
    renamed("router_errors_total", "tta_router_errors_total"),
    renamed("router_cost_savings_usd", "tta_router_cost_savings_dollars_total"),
    renamed("llm_requests_total", "tta_llm_requests_total"),
    renamed("llm_tokens_total", "tta_llm_tokens_total"),
    renamed("llm_cost_usd_total", "tta_llm_cost_dollars_total"),
    renamed("tta_llm_cost_dollars", "tta_llm_cost_dollars_total"),
];

/// An old recording rule, the family it reads, and what it is now.
type Reckoned = (&'static str, &'static str, fn(&str) -> String);

const RECKONED: [Reckoned; 5] = [
    ("tta:success_rate_5m", "tta_workflow_executions_total", |job| {
        // The original divided what succeeded by itself.
        let errors = selector("workflow:tta_workflow_errors_per_execution:ratio_rate5m", &[("job", job)]);
        format!("1 - {errors}")
    }),
    ("tta:workflow_rate_5m", "tta_workflow_executions_total", |job| {
        selector("workflow:tta_workflow_executions:rate5m", &[("job", job)])
    }),
    ("tta:p95_latency_seconds", "tta_workflow_duration_seconds", |job| {
        selector("workflow:tta_workflow_duration_seconds:p95_5m", &[("job", job)])
    }),
    ("tta:cache_hit_rate_5m", "tta_cache_operations_total", |job| {
        let rate = |operation: &str| {
            let operations =
                selector("tta_cache_operations_total", &[("job", job), ("operation", operation)]);
            format!("sum by (job, primitive_name) (rate({operations}[5m]))")
        };
        let (hits, misses) = (rate("hit"), rate("miss"));
        format!("{hits} / ({hits} + {misses} > 0)")
    }),
    ("tta:cost_per_hour_dollars", "tta_llm_cost_dollars_total", |job| {
        format!("sum by (job) (increase({}[1h]))", selector("tta_llm_cost_dollars_total", &[("job", job)]))
    }),
];

pub(super) fn file(catalog: &Catalog, options: &Options) -> RuleFile {
    let job = options.job.as_str();
    let mut left_out = Vec::new();
    let mut reckoned = Vec::new();
    for (old, family, expr) in RECKONED {
        if catalog.has(family) {
            reckoned.push(Rule::record(old, expr(job)));
        } else {
            left_out.push((old, family));
        }
    }
    let mut copied = Vec::new();
    for Renamed { old, family, only } in RENAMED {
        // A program may have a family of its own under a name that was ours.
        let Some(found) = catalog.family(family).filter(|_| !catalog.has(old)) else {
            left_out.push((old, family));
            continue;
        };
        let series: &[&str] =
            if found.type_ == FamilyType::Histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
        for series in series {
            let mut matchers = vec![("job", job)];
            matchers.extend(only);
            let of_today = selector(&format!("{family}{series}"), &matchers);
            // The old name says what the label does.
            let expr = only.map_or_else(
                || of_today.clone(),
                |(label, _)| format!("label_replace({of_today}, \"{label}\", \"\", \"{label}\", \".*\")"),
            );
            copied.push(Rule::record(format!("{old}{series}"), expr));
        }
    }
    let mut about = format!(
        "The names that older TTA dashboards ask for, of the job {job:?}. The rates are by workflow.\n\
         tta:success_rate_5m is what did not fail among what succeeded or failed; the original divided successes by\n\
         successes, and so was always 1."
    );
    if !left_out.is_empty() {
        about.push_str("\nLeft out, since this program has no family that they would be recorded from:");
        for (old, family) in left_out {
            about.push_str("\n- ");
            about.push_str(old);
            about.push_str(", from ");
            about.push_str(family);
        }
    }
    let groups = vec![Group::new("tta-older-rules", reckoned), Group::new("tta-older-names", copied)];
    RuleFile::new("compatibility", about, groups)
}
