//! What may be empty in a program that is well, and why. Nothing else may.

use crate::catalog::Family;
use crate::queries::{Purpose, Query};

/// A query that may return nothing.
#[derive(Debug)]
struct MayBeEmpty {
    purpose: Purpose,
    /// The uid of its dashboard, or the name of its group of rules; any if empty.
    within: &'static str,
    name: &'static str,
    reason: &'static str,
}

/// Every query that may return nothing.
const QUERIES: &[MayBeEmpty] = &[MayBeEmpty {
    purpose: Purpose::Annotation,
    within: "",
    name: "Alerts",
    reason: "no alert is pending or fires",
}];

/// Metrics whose series open when something first happens, and what that is.
const OPEN_LATER: &[(&str, &str)] = &[
    ("tta_workflow_steps_total", "its series open with the first step of a workflow"),
    ("tta_workflow_step_duration_seconds", "its series open with the first step of a workflow"),
];

/// Why there may be nothing of a target.
pub(crate) const PUSHED: &str = "the program pushes its metrics, and Prometheus has no target of it";

/// Why a query may return nothing.
pub(crate) fn of_query(query: &Query) -> Option<&'static str> {
    let is_meant = |exception: &&MayBeEmpty| {
        exception.purpose == query.purpose
            && (exception.within.is_empty() || exception.within == query.within)
            && exception.name == query.name
    };
    QUERIES.iter().find(is_meant).map(|exception| exception.reason)
}

/// Why a family may have no series yet.
pub(crate) fn of_family(family: &Family) -> Option<String> {
    if let Some((_, reason)) = OPEN_LATER.iter().find(|(name, _)| *name == family.name) {
        return Some((*reason).to_owned());
    }
    let open = family.labels.iter().find(|label| label.values.is_none() && !label.optional);
    open.map(|label| format!("its series open with the first value of {}", label.name))
}
