//! What caches and routers save: a row of the dashboard of money.

use crate::rules::savings::{BY_CACHES, BY_ROUTERS, CACHE_HOUR, EXTRA_COST, EXTRA_HOUR, RATIO, ROUTER_HOUR};

use super::Row;
use super::panel::{Panel, Thresholds};
use super::query::rate;

const DOLLARS: &str = "currencyUSD";
const OPERATIONS: &str = "tta_cache_operations_total";
const ROUTE: &str = "router_name, route_selected";
const ROUTE_LEGEND: &str = "{{router_name}} to {{route_selected}}";

/// Calls of an hour that a cache had an answer for, or had none for.
fn calls(operations: &str) -> String {
    format!("sum by (primitive_name) (increase({OPERATIONS}{{@, operation=~\"{operations}\"}}[1h]))")
}

fn lines(title: &str, description: &str, counter: &str, by: &str, legend: &str) -> Panel {
    Panel::lines(title, description, DOLLARS)
        .thresholds(Thresholds::none())
        .up_from_zero()
        .target(format!("3600 * {}", rate(counter, by, "")), legend)
}

pub(super) fn saved() -> Row {
    Row::new(
        "Savings",
        [
            Panel::number(
                "Saved of all",
                "Of what would have been spent in the last hour, the part that caches and routers saved: saved by saved and \
                 spent. It assumes that every call a cache answered would have been made, for what the entry had cost, and that \
                 the baseline of a router would have used as many tokens. What a route has cost more than the baseline is in \
                 what was spent.",
                "percentunit",
            )
            .size(6, 8)
            .no_value("no cost")
            .target(format!("{RATIO}{{@}}"), "saved"),
            lines(
                "Saved by caches",
                "Dollars an hour that were not spent, since an answer was kept or another call was already under way: what the \
                 entry has cost. Errors that are kept and values that are fetched anew save nothing.",
                BY_CACHES,
                "primitive_name",
                "{{primitive_name}}",
            )
            .size(6, 8),
            lines(
                "Saved by routers",
                "Dollars an hour by which a route was cheaper than the router's baseline would have been for the same tokens.",
                BY_ROUTERS,
                ROUTE,
                ROUTE_LEGEND,
            )
            .size(6, 8),
            lines(
                "Extra cost of routes",
                "Dollars an hour by which a route was dearer than the router's baseline would have been for the same tokens. It \
                 is not taken off what is saved.",
                EXTRA_COST,
                ROUTE,
                ROUTE_LEGEND,
            )
            .size(6, 8),
            what_caching_would_save(),
            what_routing_would_save(),
        ],
    )
}

fn what_caching_would_save() -> Panel {
    let none = Thresholds::none();
    let saved = format!("sum by (primitive_name) ({CACHE_HOUR}{{@}})");
    let answered = calls("hit|coalesced|stale");
    let missed = calls("miss");
    Panel::table(
        "What more caching would save",
        "Of the last hour, by cached function. The last column is the most that a longer ttl or a larger cache could save: it \
         assumes that every miss had been asked for before, and costs what an answer from the cache saves on average. The first \
         call for each key is a miss that nothing saves. Of functions without a cache nothing is known here: see what models \
         cost.",
        "short",
    )
    .column(saved.clone(), "saved", DOLLARS, &none)
    .column(missed.clone(), "misses", "short", &none)
    .column(format!("{answered} / ({answered} + {missed} > 0)"), "answered by the cache", "percentunit", &none)
    .column(format!("{missed} * {saved} / ({answered} > 0)"), "would save at most", DOLLARS, &none)
    .sorted_by("would save at most")
}

fn what_routing_would_save() -> Panel {
    let none = Thresholds::none();
    let of_routes = |series: &str| format!("sum by ({ROUTE}) ({series}{{@}})");
    let executions = format!("sum by ({ROUTE}) (increase(tta_router_execution_seconds_count{{@}}[1h]))");
    Panel::table(
        "What cheaper routing would save",
        "Of the last hour, by router and route, of routers with a baseline. Extra cost is what the same calls would have saved \
         on the baseline, and no more than that is known: it assumes as many tokens there, and answers that are as good. Where \
         a route with much extra cost has many calls, see whether its answers need it.",
        "short",
    )
    .column(of_routes(EXTRA_HOUR), "would save on the baseline", DOLLARS, &none)
    .column(of_routes(ROUTER_HOUR), "saved", DOLLARS, &none)
    .column(format!("{executions} and {}", of_routes(EXTRA_HOUR)), "calls", "short", &none)
    .sorted_by("would save on the baseline")
}
