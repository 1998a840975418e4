//! Which way bodies went, in a row of the dashboard of workflows.

use super::Row;
use super::panel::{Panel, Thresholds};
use super::query::rate;
use super::scope::Scope;

const DECISIONS: &str = "tta_branch_decisions_total";

pub(super) fn row(_: &Scope<'_>) -> Row {
    let all = rate(DECISIONS, "branch", "");
    Row::new(
        "Branches taken",
        [
            Panel::lines(
                "Arms taken",
                "How often each arm of an `if` or `match` with a name was taken, per second; of all functions, since a branch \
                 has a name of its own.",
                "cps",
            )
            .size(12, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(rate(DECISIONS, "branch, arm", ""), "{{branch}} {{arm}}"),
            Panel::lines(
                "Arms, of each branch",
                "Of the decisions of a branch, the part in which each arm was taken: a change is another mix of what comes in, \
                 or of how it is judged.",
                "percentunit",
            )
            .size(12, 8)
            .thresholds(Thresholds::none())
            .zero_to_one()
            .target(
                format!("{} / on (branch) group_left () {all}", rate(DECISIONS, "branch, arm", "")),
                "{{branch}} {{arm}}",
            ),
        ],
    )
}
