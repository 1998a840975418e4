//! SLO: what was promised, what is kept, and how fast the difference is being spent.

use std::collections::BTreeMap;

use crate::catalog::{Objective, SiteKind};
use crate::promql::{number, quote};
use crate::rules::alerts::of_pair;
use crate::rules::burn::{PAIRS, Pair};
use crate::rules::slo::alternatives;

use super::links::{Calls, Labels, Subject};
use super::panel::{Panel, Thresholds};
use super::query::rate;
use super::scope::Scope;
use super::{Draft, Row, chosen};

const EVENTS: &str = "tta_slo_events_total";
const CHOSEN: &str = ", slo=~\"$slo\"";
const LEGEND: &str = "{{slo}} {{objective}}";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    let slo = chosen(scope, "slo", "slo", "The functions with objectives that are shown.", &[EVENTS]);
    Draft {
        uid: "tta-slo",
        title: "SLO",
        description: "What was promised, what is kept, and how fast the error budget is being spent.",
        variables: slo.into_iter().collect(),
        // Alerts alone are no objectives.
        rows: if scope.catalog.has(EVENTS) {
            vec![budgets(scope), burns(scope), events(scope)]
        } else {
            Vec::new()
        },
    }
}

fn budgets(scope: &Scope<'_>) -> Row {
    let left = budgets_left(scope, CHOSEN);
    let mut panels = Vec::new();
    if let Some(left) = left {
        let described = "What is left of the error budget of the objective's period: untouched it is 100 %, overspent it is \
                         below 0. Yellow below a quarter, red from nothing.";
        let number = Panel::number("Error budget left", described, "percentunit")
            .size(24, 5)
            .thresholds(Thresholds::falling(0.0, 0.25))
            .target(left.clone(), LEGEND);
        let lines = Panel::lines("Error budget over time", described, "percentunit")
            .size(12, 8)
            .thresholds(Thresholds::falling(0.0, 0.25))
            .target(left, LEGEND);
        panels.extend([number, lines].map(|panel| with_links(panel, scope)));
    }
    for (kind, what) in [(SiteKind::Workflow, "workflows"), (SiteKind::Primitive, "primitives")] {
        let mut names: Vec<&str> = scope
            .catalog
            .objectives()
            .iter()
            .filter_map(|(site, ..)| (site.kind == kind).then_some(site.name.as_str()))
            .collect();
        names.dedup();
        let of_kind = match names.as_slice() {
            [] => continue,
            [only] => format!("slo={}", quote(only)),
            several => format!("slo=~{}", quote(&alternatives(several))),
        };
        panels.push(
            Panel::table(
                format!("Objectives of {what}"),
                "The ratio of good calls that each objective asks for.",
                "percentunit",
            )
            .target(format!("max by (slo, objective) (tta_slo_objective_ratio{{@{CHOSEN}, {of_kind}}})"), "")
            .links([scope.drilldown(Subject::of_objective(kind), Labels::Row)]),
        );
    }
    Row::new("Error budget", panels)
}

/// To what broke an objective: calls that failed, or were slower or dearer than it allows.
fn with_links(panel: Panel, scope: &Scope<'_>) -> Panel {
    /// Functions of one kind that break an objective alike.
    struct Alike<'a> {
        kind: SiteKind,
        objective: &'a Objective,
        names: Vec<&'a str>,
    }

    let mut all: BTreeMap<_, Alike<'_>> = BTreeMap::new();
    for (site, _, objective) in scope.catalog.objectives() {
        let subject = Subject::of_objective(site.kind);
        let key = (objective.name.as_str(), objective.bound(), subject.variable);
        let alike = all.entry(key).or_insert_with(|| Alike { kind: site.kind, objective, names: Vec::new() });
        alike.names.push(&site.name);
    }
    all.into_values().fold(panel, |panel, Alike { kind, objective, names }| {
        let subject = Subject::of_objective(kind);
        let broken_by = match (objective.threshold_seconds, objective.threshold_dollars) {
            // What is judged by its latency has succeeded.
            (Some(seconds), _) => Some(Calls::Slow(seconds)),
            (None, Some(dollars)) => Some(Calls::Dear(dollars)),
            (None, None) => None,
        };
        let mut links = match broken_by {
            Some(calls) => scope.traces_of(subject, Labels::Series, calls),
            None => scope.failures(subject, Labels::Series),
        };
        links.push(scope.drilldown(subject, Labels::Series));
        panel.links_like(&series(&names, &objective.name), &links)
    })
}

/// The names of the series of these functions' objectives, whatever comes after them.
fn series(slos: &[&str], objective: &str) -> String {
    format!("({}) {}( [a-z0-9]+)?", alternatives(slos), alternatives(&[objective]))
}

fn burns(scope: &Scope<'_>) -> Row {
    let mut panels = Vec::new();
    for pair in &PAIRS {
        let window = pair.long;
        let panel = Panel::lines(
            format!("Burn over {window}"),
            format!(
                "How many times faster than allowed the error budget was spent over {window}: 1 spends exactly the budget of \
                 the period. Yellow from 1; red from where the objective's alert on this window fires{}, and never where it \
                 has none.",
                factors(scope, pair)
            ),
            "none",
        )
        .size(6, 8)
        .up_from_zero()
        .thresholds(Thresholds::yellow(1.0))
        .target(burn(window), LEGEND);
        panels.push(with_links(with_factors(panel, scope, pair, ""), scope));
    }
    let mut panel = Panel::lines(
        "Burn over the short windows",
        "The same over the short windows of the alerts, by which they end soon after the errors: red from where the alert \
         fires of which it is the short window.",
        "none",
    )
    .size(24, 8)
    .up_from_zero()
    .thresholds(Thresholds::yellow(1.0));
    // The last one is a long window, too, and has a panel.
    for pair in PAIRS.iter().filter(|pair| PAIRS.iter().all(|other| other.long != pair.short)) {
        let window = pair.short;
        panel = panel.target(burn(window), format!("{LEGEND} {window}"));
        panel = with_factors(panel, scope, pair, &format!(" {window}"));
    }
    panels.push(with_links(panel, scope));
    Row::new("Burn", panels)
}

/// Thresholds from the burn at which the alert of each objective fires; the names of the series have `end` at their end.
fn with_factors(panel: Panel, scope: &Scope<'_>, pair: &Pair, end: &str) -> Panel {
    of_pair(scope.catalog, pair).into_iter().fold(panel, |panel, burn| {
        let pattern = format!("({}) {}{end}", alternatives(&burn.slos), alternatives(&[burn.objective]));
        // Of short periods, an alert fires before the burn is 1.
        let yellow = if burn.factor > 1.0 { 1.0 } else { burn.factor / 2.0 };
        panel.thresholds_like(&pattern, &Thresholds::rising(yellow, burn.factor))
    })
}

/// ` (14.4 over 30 days, 3.5 over 7 days)`
fn factors(scope: &Scope<'_>, pair: &Pair) -> String {
    let of_periods: BTreeMap<u32, f64> =
        of_pair(scope.catalog, pair).into_iter().map(|burn| (burn.days, burn.factor)).collect();
    let each: Vec<String> = of_periods
        .into_iter()
        .rev()
        .map(|(days, factor)| format!("{} over {days} days", number((factor * 1e3).round() / 1e3)))
        .collect();
    if each.is_empty() { String::new() } else { format!(" ({})", each.join(", ")) }
}

fn events(scope: &Scope<'_>) -> Row {
    let by = "slo, objective";
    let bad = rate(EVENTS, by, &format!("{CHOSEN}, outcome=\"bad\""));
    let all = rate(EVENTS, by, CHOSEN);
    let mut ratio = Panel::lines(
        "Bad calls",
        "Calls that broke the objective, of those that it judged. Red is more than it allows, yellow more than half of it.",
        "percentunit",
    )
    .size(12, 8)
    .up_from_zero()
    .target(format!("({bad} or 0 * {all}) / ({all} > 0)"), LEGEND);
    for (site, _, objective) in scope.catalog.objectives() {
        let series = format!("({}) {}", alternatives(&[&site.name]), alternatives(&[&objective.name]));
        ratio = ratio.thresholds_like(&series, &super::scope::errors_allowed(objective));
    }
    Row::new(
        "Events",
        [
            with_links(ratio, scope),
            with_links(
                Panel::lines(
                    "Judged calls",
                    "Calls that each objective judged, per second; cancelled ones are in none.",
                    "reqps",
                )
                .size(12, 8)
                .up_from_zero()
                .target(rate(EVENTS, "slo, objective, outcome", CHOSEN), "{{slo}} {{objective}} {{outcome}}"),
                scope,
            ),
            Panel::number(
                "Firing alerts of objectives",
                "Alerts that an objective is being missed. Any is red.",
                "short",
            )
            .size(24, 4)
            .thresholds(Thresholds::rising(1.0, 1.0))
            .target("count(ALERTS{@, alertstate=\"firing\", slo!=\"\"}) or vector(0)", "alerts"),
        ],
    )
}

/// What is left of each budget; all of it as long as the rules counted no call that it judges.
///
/// What says so is recorded, too: where the rules are missing there is nothing, rather than a budget that is whole.
pub(super) fn budgets_left(scope: &Scope<'_>, chosen: &str) -> Option<String> {
    const LEFT: &str = "slo:tta_slo_error_budget_remaining:ratio_rate";
    let recorded = scope.recorded(LEFT);
    let mut each: Vec<String> = recorded.iter().map(|name| format!("{name}{{@{chosen}}}")).collect();
    let periods = recorded.iter().filter_map(|name| name.strip_prefix(LEFT));
    each.extend(periods.map(|period| format!("1 + ({})", no_events(period, chosen))));
    (!recorded.is_empty()).then(|| by_objective(&each.join(" or ")))
}

/// How fast a budget was spent over a window; not at all as long as the rules counted no call in it.
fn burn(window: &str) -> String {
    by_objective(&format!(
        "slo:tta_slo_burn:ratio_rate{window}{{@{CHOSEN}}} or {}",
        no_events(window, CHOSEN)
    ))
}

/// 0 for each objective that judged no call over a window.
fn no_events(window: &str, chosen: &str) -> String {
    format!("slo:tta_slo_events:increase{window}{{@{chosen}}} == 0")
}

/// In one line, whichever of several series it comes from.
fn by_objective(expr: &str) -> String {
    format!("max by (job, slo, objective) ({expr})")
}
