//! Sagas: what is recorded of compensations, and what is told of those that failed.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::selector;

use super::alerts::{Words, has_grown};
use super::{Group, Rule};

pub(crate) const COMPENSATIONS: &str = "tta_saga_compensations_total";

/// What is recorded, by what it is called on dashboards too.
pub(crate) const FAILED_RATIO: &str = "workflow:tta_saga_compensations_failed_per_compensation:ratio_rate5m";

/// What has not been undone: it failed, or nobody could be found to do it.
pub(crate) const FAILED: &str = "status=~\"cancelled|error\"";

/// By which what is half done is told apart.
const BY: &str = "job, workflow_name, primitive_name";

fn failed(job: &str) -> String {
    let mut all = selector(COMPENSATIONS, &[("job", job)]);
    all.pop();
    format!("{all}, {FAILED}}}")
}

/// What is recorded over five minutes: 0 where all steps are undone, and nothing where none had to be.
pub(super) fn recorded(catalog: &Catalog, job: &str) -> Vec<Rule> {
    if !catalog.has(COMPENSATIONS) {
        return Vec::new();
    }
    let rate = |selector: &str| format!("sum by (job, workflow_name) (rate({selector}[5m]))");
    let all = rate(&selector(COMPENSATIONS, &[("job", job)]));
    vec![Rule::record(FAILED_RATIO, format!("{} / ({all} > 0)", rate(&failed(job))))]
}

pub(super) fn alerts(catalog: &Catalog, options: &Options) -> Group {
    let mut rules = Vec::new();
    if catalog.has(COMPENSATIONS) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "{{ $labels.workflow_name }} has left something half done",
            description: "In the last 15 minutes {{ printf \"%.0f\" $value }} calls of {{ $labels.primitive_name }} in the saga \
                          {{ $labels.workflow_name }} of {{ $labels.job }} were to be undone, and were not. Nothing does it \
                          later by itself.",
            dashboard: "tta-workflow?var-job={{ $labels.job | urlquery }}&var-workflow={{ $labels.workflow_name | urlquery }}",
        };
        let expr = has_grown(BY, &failed(&options.job), "15m");
        rules.push(Rule::alert("TtaCompensationFailed", expr, "2m", &words));
    }
    Group::new("tta-sagas", rules).every("1m")
}
