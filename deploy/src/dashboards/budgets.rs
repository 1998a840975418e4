//! A row on what budgets allow, have left and refuse.

use crate::rules::budgets::REJECTIONS;

use super::Row;
use super::panel::{Panel, Thresholds};
use super::query::rate;

const LIMIT: &str = "tta_budget_limit_dollars";
const REMAINING: &str = "tta_budget_remaining_dollars";
const DOLLARS: &str = "currencyUSD";

pub(super) fn row() -> Row {
    let refused = |by: &str| format!("60 * {}", rate(REJECTIONS, by, ""));
    let least = |gauge: &str| format!("min by (budget) ({gauge}{{@}})");
    Row::new(
        "Budgets",
        [
            Panel::lines(
                "Left of budgets",
                "The part of a budget that is neither spent nor reserved: of those of its name that are in use (of a workflow, \
                 one for each call), the one that has the least. All of it where none is in use. Yellow from a fifth, red from \
                 nothing.",
                "percentunit",
            )
            .thresholds(Thresholds::falling(0.000_001, 0.2))
            .zero_to_one()
            .target(format!("min by (budget) ({REMAINING}{{@}} / {LIMIT}{{@}})"), "{{budget}}"),
            Panel::lines(
                "Refused by budgets",
                "Calls of models a minute that were not made, by the limit that they would have passed: unpriced ones have no \
                 known price. Any is yellow.",
                "cpm",
            )
            .thresholds(Thresholds::yellow(0.000_001))
            .up_from_zero()
            .target(refused("budget, reason"), "{{budget}} {{reason}}"),
            Panel::table(
                "Budgets",
                "What budgets allow, what is left of the one of the name that has the least, and how many calls a \
                 minute they refuse.",
                "short",
            )
            .column(least(LIMIT), "limit", DOLLARS, &Thresholds::none())
            .column(least(REMAINING), "left", DOLLARS, &Thresholds::none())
            .column(refused("budget"), "refused", "cpm", &Thresholds::yellow(0.000_001))
            .sorted_by("refused"),
        ],
    )
}
