//! Dependencies: what calls are spared by caches, where those are, where routers send calls, how models answer, and what
//! is asked of other servers.

use crate::rules::caches::{
    DURATION, HEALTH, NOT_SERVED, OPERATION_P95, OPERATIONS, SERVED_RATIO, looked_up, served,
};

use super::links::{Labels, PRIMITIVE};
use super::panel::{Panel, Thresholds};
use super::query::{quantile, rate, sum};
use super::scope::{Scope, errors_by_default, seconds_by_default};
use super::{Draft, Row, models, primitive_variable, routers};

const CHOSEN: &str = ", primitive_name=~\"$primitive\"";
const LEGEND: &str = "{{primitive_name}} in {{backend}}";
const BY: &str = "primitive_name, backend";

const REQUESTS: &str = "http_client_request_duration_seconds";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    Draft {
        uid: "tta-dependencies",
        title: "Dependencies",
        description: "What caches spare, where routers send calls, how models answer, and what is asked of other servers.",
        variables: primitive_variable(scope).into_iter().collect(),
        rows: vec![
            at_a_glance(scope),
            caches(scope),
            redis(),
            routers::decisions(),
            routers::learned(),
            models::row(),
            servers(),
        ],
    }
}

/// More is better: what is looked up in vain costs time, and spares nothing.
fn served_thresholds() -> Thresholds {
    Thresholds::falling(0.1, 0.5)
}

/// What caches do for calls, per second.
fn lookups(by: &str, operations: &str) -> String {
    rate(OPERATIONS, by, &format!("{CHOSEN}, operation=~\"{operations}\""))
}

fn at_a_glance(scope: &Scope<'_>) -> Row {
    let now = |expr: String| format!("max by ({BY}) ({expr})");
    let none = Thresholds::none();
    let table = Panel::table(
        "Caches at a glance",
        "Look-ups per second, the part of them that needed no call, the time within which 95 % of the reads end, over the \
         last five minutes; and what is kept. Empty where nothing is asked, and for what is not known of a backend. Of the \
         look-ups that needed no call, below 50 % is yellow, and below 10 % red.",
        "short",
    )
    .size(24, 8)
    .column(lookups(BY, &looked_up()), "look-ups per second", "reqps", &none)
    .column(now(format!("{SERVED_RATIO}{{@{CHOSEN}}}")), "served", "percentunit", &served_thresholds())
    .column(
        now(format!("{OPERATION_P95}{{@{CHOSEN}, operation=\"get\"}}")),
        "p95 of reads",
        "s",
        &Thresholds::rising(0.01, 0.1),
    )
    .column(sum("tta_cache_entries", BY, CHOSEN), "entries", "short", &none)
    .column(sum("tta_cache_size_bytes", BY, CHOSEN), "size", "bytes", &none)
    .sorted_by("look-ups per second");
    Row::new("Caches", [table.links(scope.traces(PRIMITIVE, Labels::Row))])
}

/// Of each cache, the look-ups that needed no call.
fn served_panel(scope: &Scope<'_>) -> Panel {
    Panel::lines(
        "Served by caches",
        "Look-ups that needed no call, of all, over the last five minutes. Below 50 % is yellow: most of what is asked for is \
         asked for once, or not kept for long enough. Below 10 % is red: without the cache it would be as quick.",
        "percentunit",
    )
    .thresholds(served_thresholds())
    .zero_to_one()
    .target(format!("{SERVED_RATIO}{{@{CHOSEN}}}"), LEGEND)
    .links(scope.traces(PRIMITIVE, Labels::Series))
}

/// By what the cache did for them.
fn lookups_panel(scope: &Scope<'_>) -> Panel {
    Panel::lines(
        "Look-ups by outcome",
        "Per second: hit; stale (too old, and returned all the same); coalesced (another call for the same was under way); \
         negative (an error that is kept); miss.",
        "reqps",
    )
    .thresholds(Thresholds::none())
    .up_from_zero()
    .target(lookups("primitive_name, operation", &looked_up()), "{{primitive_name}} {{operation}}")
    .links(scope.traces(PRIMITIVE, Labels::Series))
}

/// A row for other dashboards.
pub(super) fn in_short(scope: &Scope<'_>) -> Row {
    Row::new("Caches", [served_panel(scope).size(12, 8), lookups_panel(scope).size(12, 8)])
}

fn caches(scope: &Scope<'_>) -> Row {
    let links = || scope.traces(PRIMITIVE, Labels::Series);
    let beside = |operation: &str| rate(OPERATIONS, BY, &format!("{CHOSEN}, operation=\"{operation}\""));
    let time = |part: &str, said: &str, expr: String| {
        Panel::lines(
            format!("{part} of reads and writes"),
            format!("The time within which {said} of the reads, and of the writes, end. Yellow from 10 ms, red from 100 ms."),
            "s",
        )
        .size(12, 8)
        .thresholds(Thresholds::rising(0.01, 0.1))
        .up_from_zero()
        .target(expr, "{{primitive_name}} {{operation}} in {{backend}}")
        .links(links())
    };
    Row::new(
        "What caches do",
        [
            served_panel(scope),
            lookups_panel(scope),
            Panel::lines(
                "Calls that were made",
                "Look-ups per second that needed a call, and those that needed none.",
                "reqps",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(rate(OPERATIONS, "", &format!("{CHOSEN}, operation=\"{NOT_SERVED}\"")), "made")
            .target(lookups("", &served()), "spared"),
            Panel::lines(
                "Evicted entries",
                "Entries per second that had to leave before their time, for want of room. Where it is as much as what misses, \
                 there is room for too few.",
                "cps",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(beside("eviction"), LEGEND)
            .links(links()),
            Panel::lines(
                "Errors of caches",
                "Reads and writes per second that the backend did not do, or whose value could not be read. Any is yellow, one \
                 a second is red. The function is called all the same.",
                "cps",
            )
            .thresholds(Thresholds::rising(0.000_001, 1.0))
            .up_from_zero()
            .target(beside("error"), LEGEND)
            .links(links()),
            Panel::lines("Entries", "Entries in the process, of all instances together.", "short")
                .thresholds(Thresholds::none())
                .up_from_zero()
                .target(sum("tta_cache_entries", BY, CHOSEN), LEGEND),
            time("p50", "half", quantile("0.5", DURATION, "primitive_name, operation, backend", CHOSEN)),
            time("p95", "95 %", format!("{OPERATION_P95}{{@{CHOSEN}}}")),
            Panel::lines(
                "Size of caches",
                "What entries weigh, of all instances together; without `weigh`, what they take without what they point to.",
                "bytes",
            )
            .size(24, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(sum("tta_cache_size_bytes", BY, CHOSEN), LEGEND),
        ],
    )
}

fn redis() -> Row {
    let each = |gauge: &str, of: &str| format!("{of} by (instance, backend) ({gauge}{{@}})");
    Row::new(
        "Redis",
        [
            Panel::states(
                "Backends of caches",
                "Whether it answered when it was asked last. Nobody asks where nothing is called.",
                &[("lost", "red"), ("there", "green")],
            )
            .size(8, 8)
            .thresholds(Thresholds::falling(1.0, 1.0))
            .target(each(HEALTH, "min"), "{{backend}} of {{instance}}"),
            Panel::lines(
                "Connections",
                "Open ones, and how many there may be: one of each instance, which its calls share.",
                "short",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(sum("tta_cache_connections_active", "backend", ""), "{{backend}} open")
            .target(sum("tta_cache_connections_max", "backend", ""), "{{backend}} at most"),
            Panel::lines(
                "Memory of backends",
                "What is used, by whomever, and how much there may be; 0 is without limit.",
                "bytes",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target("max by (backend) (tta_cache_memory_bytes{@})", "{{backend}} used")
            .target("max by (backend) (tta_cache_memory_max_bytes{@})", "{{backend}} at most"),
        ],
    )
}

/// Servers that are asked over HTTP.
fn servers() -> Row {
    let by = "server_address, server_port";
    let legend = "{{server_address}}:{{server_port}}";
    let counted = format!("{REQUESTS}_count");
    let all = rate(&counted, by, "");
    let failed = rate(&counted, by, ", error_type!=\"\"");
    Row::new(
        "Servers",
        [
            Panel::lines("Requests to servers", "Requests that were sent per second, by the server asked.", "reqps")
                .up_from_zero()
                .target(&*all, legend),
            Panel::lines(
                "Failed requests to servers",
                "Requests without an answer, or with one that says so (4xx, 5xx), of all. Yellow from 1 %, red from 5 %.",
                "percentunit",
            )
            .thresholds(errors_by_default())
            .zero_to_one()
            .target(format!("({failed} or 0 * {all}) / ({all} > 0)"), legend),
            Panel::lines(
                "p95 of requests to servers",
                "The time within which 95 % of the requests end, with the answer's body. Yellow from 1 s, red from 5 s.",
                "s",
            )
            .thresholds(seconds_by_default())
            .up_from_zero()
            .target(quantile("0.95", REQUESTS, by, ""), legend)
            .exemplars(),
        ],
    )
}
