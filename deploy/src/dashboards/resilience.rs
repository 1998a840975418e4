//! Circuit Breakers & Resilience: what policies do with the calls of primitives.

use crate::rules::policies::{
    ATTEMPTS, FALLBACKS, FALLBACKS_RATIO, FALLEN_BACK, HEDGES, REFUSED, REFUSED_BY_BREAKER,
    REFUSED_BY_BULKHEAD, REFUSED_RATIO, RETRIED, RETRIES_RATIO, STATE, TIMEOUTS, TIMEOUTS_RATIO, TRANSITIONS,
    WAITS, WAITS_P95,
};

use super::links::{Labels, PRIMITIVE};
use super::panel::{Panel, Thresholds};
use super::query::{quantile, rate};
use super::scope::{Scope, errors_by_default, seconds_by_default};
use super::{Draft, Row, primitive_variable};

const CHOSEN: &str = ", primitive_name=~\"$primitive\"";
const LEGEND: &str = "{{primitive_name}}";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    Draft {
        uid: "tta-resilience",
        title: "Circuit Breakers & Resilience",
        description: "What retries, timeouts, fallbacks, bulkheads and circuit breakers do with the calls of primitives.",
        variables: primitive_variable(scope).into_iter().collect(),
        rows: vec![
            at_a_glance(scope),
            breakers(scope),
            retries(scope),
            hedges(scope),
            timeouts(scope),
            bulkheads(scope),
            fallbacks(scope),
        ],
    }
}

/// Yellow from half of what an alert tells of, red from there on.
fn told_from(bound: f64) -> Thresholds {
    Thresholds::rising(bound / 2.0, bound)
}

/// A recorded series of the chosen primitives.
fn recorded(name: &str) -> String {
    format!("{name}{{@{CHOSEN}}}")
}

fn at_a_glance(scope: &Scope<'_>) -> Row {
    let columns = [
        (RETRIES_RATIO, "retries for each call", "percentunit", told_from(RETRIED)),
        (TIMEOUTS_RATIO, "timeouts for each call", "percentunit", errors_by_default()),
        (FALLBACKS_RATIO, "calls with a fallback", "percentunit", told_from(FALLEN_BACK)),
        (REFUSED_RATIO, "calls that a bulkhead refused", "percentunit", told_from(REFUSED)),
        (WAITS_P95, "p95 of waits", "s", seconds_by_default()),
    ];
    let there: Vec<_> = columns.into_iter().filter(|(name, ..)| !scope.recorded(name).is_empty()).collect();
    let Some((_, first, ..)) = there.first().cloned() else {
        return Row::new("Policies", []);
    };
    let table = Panel::table(
        "Policies at a glance",
        "What policies do for each call, over the last five minutes. Empty where a primitive has no such policy, or where \
         nothing is called. Yellow from half of what an alert tells of, red from there on.",
        "short",
    )
    .size(24, 8);
    let with_column = |table: Panel, (name, title, unit, thresholds): (&str, &str, _, Thresholds)| {
        let expr = format!("max by (primitive_name) ({})", recorded(name));
        table.column(expr, title, unit, &thresholds)
    };
    let table = there.into_iter().fold(table, with_column).sorted_by(first);
    Row::new("Policies", [table.links(scope.traces(PRIMITIVE, Labels::Row))])
}

/// How many circuits are open or half open.
fn open_circuits(by: &str) -> String {
    format!("sum by ({by}) ({STATE}{{@{CHOSEN}, state=~\"half_open|open\"}})")
}

/// Of each primitive, the circuits that are not closed.
fn open_circuits_panel(scope: &Scope<'_>) -> Panel {
    Panel::lines(
        "Open circuits",
        "Circuits that are open, or half open, which is tried again. Any is red: calls are refused.",
        "short",
    )
    .thresholds(Thresholds::rising(1.0, 1.0))
    .up_from_zero()
    .target(open_circuits("primitive_name"), LEGEND)
    .links(scope.traces(PRIMITIVE, Labels::Series))
}

/// Of each primitive, attempts that were repeated for each call.
fn retries_panel(scope: &Scope<'_>) -> Panel {
    Panel::lines(
        "Retries for each call",
        "Attempts beyond the first of each call, over the last five minutes. Yellow from 10 %, red from 20 %, of which an \
         alert tells.",
        "percentunit",
    )
    .thresholds(told_from(RETRIED))
    .up_from_zero()
    .target(recorded(RETRIES_RATIO), LEGEND)
    .links(scope.traces(PRIMITIVE, Labels::Series))
}

/// Of each primitive, calls that needed a fallback.
fn fallbacks_panel(scope: &Scope<'_>) -> Panel {
    Panel::lines(
        "Calls with a fallback",
        "Calls that failed and for which a fallback was asked, of all, over the last five minutes. Yellow from 5 %, red from \
         10 %, of which an alert tells.",
        "percentunit",
    )
    .thresholds(told_from(FALLEN_BACK))
    .zero_to_one()
    .target(recorded(FALLBACKS_RATIO), LEGEND)
    .links(scope.traces(PRIMITIVE, Labels::Series))
}

/// A row for other dashboards: what is retried, refused and served by others.
pub(super) fn policies(scope: &Scope<'_>) -> Row {
    Row::new("Policies", [retries_panel(scope), open_circuits_panel(scope), fallbacks_panel(scope)])
}

fn breakers(scope: &Scope<'_>) -> Row {
    let links = || scope.traces(PRIMITIVE, Labels::Series);
    let worst = format!(
        "max by (primitive_name, instance) (2 * clamp_max({STATE}{{@{CHOSEN}, state=\"open\"}}, 1) \
         or clamp_max({STATE}{{@{CHOSEN}, state=\"half_open\"}}, 1))"
    );
    Row::new(
        "Circuit breakers",
        [
            Panel::states(
                "State of breakers",
                "Closed lets calls through, open refuses them, half open lets a few through to see whether it can close. Of a \
                 breaker with a key, the worst of its circuits. An open one is tried by the next call, so without calls it \
                 stays open.",
                &[("closed", "green"), ("half open", "yellow"), ("open", "red")],
            )
            .size(24, 8)
            .thresholds(Thresholds::rising(1.0, 2.0))
            .target(worst, "{{primitive_name}} {{instance}}")
            .links(links()),
            open_circuits_panel(scope),
            Panel::lines(
                "Changes of state",
                "Changes per second, from which state to which: what opens again and again is tried too early, or closed too \
                 soon.",
                "cps",
            )
            .up_from_zero()
            .target(rate(TRANSITIONS, "primitive_name, from, to", CHOSEN), "{{primitive_name}} {{from}} to {{to}}")
            .links(links()),
            Panel::lines(
                "Calls that breakers refused",
                "Calls per second that were refused since a circuit was open. Any is yellow, one a second is red.",
                "reqps",
            )
            .thresholds(Thresholds::rising(0.000_001, 1.0))
            .up_from_zero()
            .target(rate(REFUSED_BY_BREAKER, "primitive_name", CHOSEN), LEGEND)
            .links(scope.failures(PRIMITIVE, Labels::Series)),
        ],
    )
}

fn retries(scope: &Scope<'_>) -> Row {
    Row::new(
        "Retries",
        [
            Panel::lines(
                "Attempts by outcome",
                "Attempts per second by what followed: success; an error that was retried or is not worth it; no further \
                 attempt since there were enough, or no time (exhausted), or since its budget is spent (budget).",
                "cps",
            )
            .up_from_zero()
            .target(rate(ATTEMPTS, "primitive_name, outcome", CHOSEN), "{{primitive_name}} {{outcome}}")
            .links(scope.traces(PRIMITIVE, Labels::Series)),
            retries_panel(scope),
            Panel::lines(
                "Given up",
                "Calls per second whose last attempt failed and was not repeated, for want of number or time (exhausted) or of \
                 budget. Any is yellow, one a second is red.",
                "reqps",
            )
            .thresholds(Thresholds::rising(0.000_001, 1.0))
            .up_from_zero()
            .target(
                rate(ATTEMPTS, "primitive_name, outcome", &format!("{CHOSEN}, outcome=~\"budget|exhausted\"")),
                "{{primitive_name}} {{outcome}}",
            )
            .links(scope.failures(PRIMITIVE, Labels::Series)),
        ],
    )
}

fn hedges(scope: &Scope<'_>) -> Row {
    let calls = rate("tta_primitive_executions_total", "primitive_name", CHOSEN);
    Row::new(
        "Hedges",
        [
            Panel::lines(
                "Hedged calls by the first to succeed",
                "Calls per second that were made more than once at a time, by which of them succeeded first: where it is \
                 mostly the first, the others were for nothing.",
                "reqps",
            )
            .size(12, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(rate(HEDGES, "primitive_name, outcome", CHOSEN), "{{primitive_name}} {{outcome}}")
            .links(scope.traces(PRIMITIVE, Labels::Series)),
            Panel::lines(
                "Hedged, of all calls",
                "Calls that were made more than once at a time, of all, over the last five minutes.",
                "percentunit",
            )
            .size(12, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(format!("{} / {calls}", rate(HEDGES, "primitive_name", CHOSEN)), LEGEND)
            .links(scope.traces(PRIMITIVE, Labels::Series)),
        ],
    )
}

fn timeouts(scope: &Scope<'_>) -> Row {
    Row::new(
        "Timeouts",
        [
            Panel::lines(
                "Timeouts by phase",
                "Attempts per second that were not over in time: at the deadline the body is told, and what is not over after \
                 the grace either is dropped. Any is yellow, one a second is red.",
                "cps",
            )
            .size(12, 8)
            .thresholds(Thresholds::rising(0.000_001, 1.0))
            .up_from_zero()
            .target(rate(TIMEOUTS, "primitive_name, phase", CHOSEN), "{{primitive_name}} {{phase}}")
            .links(scope.failures(PRIMITIVE, Labels::Series)),
            Panel::lines(
                "Timeouts for each call",
                "Attempts that were not over at the deadline for each call, over the last five minutes; with retries there can \
                 be more than one. Yellow from 1 %, red from 5 %.",
                "percentunit",
            )
            .size(12, 8)
            .thresholds(errors_by_default())
            .up_from_zero()
            .target(recorded(TIMEOUTS_RATIO), LEGEND)
            .links(scope.failures(PRIMITIVE, Labels::Series)),
        ],
    )
}

fn bulkheads(scope: &Scope<'_>) -> Row {
    let links = || scope.traces(PRIMITIVE, Labels::Series);
    let waits = |part: &str, described: &str, expr: String| {
        Panel::lines(
            format!("{part} of waits"),
            format!(
                "The time within which {described} of the calls that were let in had room. Yellow from 1 s, red from 5 s."
            ),
            "s",
        )
        .thresholds(seconds_by_default())
        .up_from_zero()
        .target(expr, LEGEND)
        .links(links())
    };
    Row::new(
        "Bulkheads",
        [
            waits("p50", "half", quantile("0.5", WAITS, "primitive_name", CHOSEN)),
            waits("p95", "95 %", recorded(WAITS_P95)),
            waits("p99", "99 %", quantile("0.99", WAITS, "primitive_name", CHOSEN)),
            Panel::lines(
                "Calls that bulkheads refused",
                "Calls per second that found no room: full is that there was none in the queue either, wait that there was \
                 none in time. Any is yellow, one a second is red.",
                "reqps",
            )
            .size(12, 8)
            .thresholds(Thresholds::rising(0.000_001, 1.0))
            .up_from_zero()
            .target(rate(REFUSED_BY_BULKHEAD, "primitive_name, reason", CHOSEN), "{{primitive_name}} {{reason}}")
            .links(scope.failures(PRIMITIVE, Labels::Series)),
            Panel::lines(
                "Refused, of all calls",
                "Calls that a bulkhead refused, of all, over the last five minutes. Yellow from 2.5 %, red from 5 %, of which \
                 an alert tells.",
                "percentunit",
            )
            .size(12, 8)
            .thresholds(told_from(REFUSED))
            .zero_to_one()
            .target(recorded(REFUSED_RATIO), LEGEND)
            .links(scope.failures(PRIMITIVE, Labels::Series)),
        ],
    )
}

fn fallbacks(scope: &Scope<'_>) -> Row {
    Row::new(
        "Fallbacks",
        [
            Panel::lines(
                "Fallbacks by member",
                "Calls per second of a function in the place of the one that failed. Any is yellow, one a second is red.",
                "reqps",
            )
            .size(12, 8)
            .thresholds(Thresholds::rising(0.000_001, 1.0))
            .up_from_zero()
            .target(rate(FALLBACKS, "primitive_name, member", CHOSEN), "{{primitive_name}} by {{member}}")
            .links(scope.traces(PRIMITIVE, Labels::Series)),
            fallbacks_panel(scope).size(12, 8),
        ],
    )
}
