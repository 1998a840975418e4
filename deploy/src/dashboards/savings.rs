//! What caches and routers save: a row of the dashboard of money.

use crate::rules::savings::{BY_CACHES, BY_ROUTERS, CACHE_HOUR, EXTRA_COST, RATIO, ROUTER_HOUR};

use super::Row;
use super::panel::{Panel, Thresholds};
use super::query::{rate, total};

const DOLLARS: &str = "currencyUSD";
const EXECUTIONS: &str = "tta_router_execution_seconds_count";
const OPERATIONS: &str = "tta_cache_operations_total";
const ROUTE: &str = "router_name, route_selected";
const ROUTE_LEGEND: &str = "{{router_name}} to {{route_selected}}";

/// Calls that a cache had an answer for, or had none for.
fn calls(matcher: &str) -> String {
    total(OPERATIONS, "primitive_name", &format!(", operation{matcher}"))
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
            .size(3, 8)
            .no_value("no cost")
            .target(format!("{RATIO}{{@}}"), "saved"),
            Panel::number(
                "Saved in the last hour",
                "Dollars that caches and routers saved in the last hour.",
                DOLLARS,
            )
            .size(3, 8)
            .target(format!("sum({CACHE_HOUR}{{@}})"), "by caches")
            .target(format!("sum({ROUTER_HOUR}{{@}})"), "by routers"),
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
    let saved = total(BY_CACHES, "primitive_name", "");
    let answered = calls("=~\"coalesced|hit|stale\"");
    let missed = calls("=\"miss\"");
    Panel::table(
        "What more caching would save",
        "Of the time that is shown, by cached function. The last column is the most that a longer ttl or a larger cache could save: it \
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
    let of_routes = |counter: &str| total(counter, ROUTE, "");
    Panel::table(
        "What cheaper routing would save",
        "Of the time that is shown, by router and route, of routers with a baseline. Extra cost is what the same calls would have saved \
         on the baseline, and no more than that is known: it assumes as many tokens there, and answers that are as good. Where \
         a route with much extra cost has many calls, see whether its answers need it.",
        "short",
    )
    .column(of_routes(EXTRA_COST), "would save on the baseline", DOLLARS, &none)
    .column(of_routes(BY_ROUTERS), "saved", DOLLARS, &none)
    .column(format!("{} and {}", of_routes(EXECUTIONS), of_routes(EXTRA_COST)), "calls", "short", &none)
    .sorted_by("would save on the baseline")
}
