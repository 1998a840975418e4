//! What sagas undo, in a row of the dashboard of workflows.

use crate::rules::sagas::{COMPENSATIONS, FAILED, FAILED_RATIO};

use super::Row;
use super::links::{Labels, WORKFLOW};
use super::panel::{Panel, Thresholds};
use super::query::rate;
use super::scope::Scope;

const CHOSEN: &str = ", workflow_name=~\"$workflow\"";

pub(super) fn row(scope: &Scope<'_>) -> Row {
    let by = "workflow_name, primitive_name";
    Row::new(
        "Sagas",
        [
            Panel::lines(
                "Steps that are undone",
                "Steps per second of sagas that failed, panicked or were cancelled, by what became of them: success is \
                 undone, error is that what should undo it failed, cancelled that nobody could be found to do it.",
                "cps",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(rate(COMPENSATIONS, &format!("{by}, status"), CHOSEN), "{{workflow_name}} {{primitive_name}} {{status}}")
            .links(scope.traces(WORKFLOW, Labels::Series)),
            Panel::lines(
                "Steps that are not undone",
                "Steps per second that were to be undone, and were not. Any is red: something was left half done, of which an \
                 alert tells.",
                "cps",
            )
            .thresholds(Thresholds::rising(0.000_001, 0.000_001))
            .up_from_zero()
            .target(rate(COMPENSATIONS, by, &format!("{CHOSEN}, {FAILED}")), "{{workflow_name}} {{primitive_name}}")
            .links(scope.failures(WORKFLOW, Labels::Series)),
            Panel::lines(
                "Not undone, of all",
                "Steps that were not undone, of those that were to be, over the last five minutes. Any is red.",
                "percentunit",
            )
            .thresholds(Thresholds::rising(0.000_001, 0.000_001))
            .zero_to_one()
            .target(format!("{FAILED_RATIO}{{@{CHOSEN}}}"), "{{workflow_name}}")
            .links(scope.failures(WORKFLOW, Labels::Series)),
        ],
    )
}
