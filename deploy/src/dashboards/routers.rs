//! What routers decide, and what is learned from it: rows of other dashboards.

use crate::rules::routers::{DECISION_P95, ERRORS_RATIO, EXECUTION, EXECUTION_P95};

use super::Row;
use super::panel::{Panel, Thresholds};
use super::query::rate;
use super::scope::{errors_by_default, seconds_by_default};

/// A router is a primitive, and called by the same name.
const CHOSEN: &str = ", router_name=~\"$primitive\"";
const LEGEND: &str = "{{router_name}} to {{route_selected}}";
const ROUTE: &str = "router_name, route_selected";

const DECISIONS: &str = "tta_router_decisions_total";
const STRATEGIES: &str = "tta_adaptive_strategies_created_total";
const SUCCESS: &str = "tta_adaptive_strategy_success_ratio";
const ACTIVATIONS: &str = "tta_adaptive_breaker_activations_total";

fn by_route() -> Panel {
    Panel::lines("Decisions by route", "Decisions per second, by where the call should go.", "reqps")
        .thresholds(Thresholds::none())
        .up_from_zero()
        .target(rate(DECISIONS, ROUTE, CHOSEN), LEGEND)
}

fn errors() -> Panel {
    Panel::lines(
        "Failed decisions",
        "Calls of routers that failed, of all, over the last five minutes, whether a default stood in or not. Yellow from \
         1 %, red from 5 %.",
        "percentunit",
    )
    .thresholds(errors_by_default())
    .zero_to_one()
    .target(format!("{ERRORS_RATIO}{{@{CHOSEN}}}"), "{{router_name}}")
}

/// A row for other dashboards.
pub(super) fn in_short() -> Row {
    Row::new("Routers", [by_route().size(12, 8), errors().size(12, 8)])
}

pub(super) fn decisions() -> Row {
    Row::new(
        "Routers",
        [
            by_route(),
            Panel::lines(
                "Decisions by reason",
                "Decisions per second, by why; `default` is that of a router that failed, `other` what came when 32 reasons \
                 were known.",
                "reqps",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(rate(DECISIONS, "router_name, reason", CHOSEN), "{{router_name}} {{reason}}"),
            errors(),
            Panel::lines(
                "p95 of decisions",
                "The time within which 95 % of the decisions are made. Yellow from 10 ms, red from 100 ms: it comes before \
                 each call.",
                "s",
            )
            .thresholds(Thresholds::rising(0.01, 0.1))
            .up_from_zero()
            .target(format!("{DECISION_P95}{{@{CHOSEN}}}"), "{{router_name}}"),
            Panel::lines(
                "p95 of calls by route",
                "The time within which 95 % of the calls on a route end, but for those that were cancelled. Yellow from 1 s, \
                 red from 5 s.",
                "s",
            )
            .thresholds(seconds_by_default())
            .up_from_zero()
            .target(format!("{EXECUTION_P95}{{@{CHOSEN}}}"), LEGEND),
            Panel::lines(
                "Calls by route",
                "Calls that ended per second. Where it is less than the decisions, some are not followed, or cancelled.",
                "reqps",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(rate(&format!("{EXECUTION}_count"), ROUTE, CHOSEN), LEGEND),
        ],
    )
}

pub(super) fn learned() -> Row {
    let seen = format!("avg by ({ROUTE}, context) ({SUCCESS}{{@{CHOSEN}}})");
    Row::new(
        "What adaptive routers learn",
        [
            Panel::lines(
                "Success by route",
                "Of the calls that are remembered, those that succeeded, on average over the instances; in all contexts \
                 unless contexts are a label. Below 95 % is yellow, below 80 % red.",
                "percentunit",
            )
            .thresholds(Thresholds::falling(0.8, 0.95))
            .zero_to_one()
            .target(seen, "{{router_name}} to {{route_selected}} in {{context}}"),
            Panel::lines(
                "Routes set aside",
                "How often a minute a route was set aside in a context, since its calls failed again and again. Any is \
                 yellow, one a second is red.",
                "cpm",
            )
            .thresholds(Thresholds::rising(0.000_001, 60.0))
            .up_from_zero()
            .target(format!("60 * {}", rate(ACTIVATIONS, ROUTE, CHOSEN)), LEGEND),
            Panel::lines(
                "New strategies",
                "How many were begun a minute: one for each route in each context. Where it goes on for long, contexts tell \
                 single calls apart.",
                "cpm",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(format!("60 * {}", rate(STRATEGIES, ROUTE, CHOSEN)), LEGEND),
        ],
    )
}
