//! The 17 rules of Grafana's dashboard-linter, under its names.
//!
//! Two know more here than there: a series that is recorded over all instances needs no matcher of `instance`, and
//! what is a counter is known from the catalog rather than from its name (the check `counter` of expressions).

use promql_parser::parser::Expr;
use serde_json::Value;

use crate::dashboards::is_of;

use super::dashboard::{Asker, DashboardSource, Query, is_loki, list, text};
use super::expression::{Problem, name, selectors};
use super::known::{Kind, Known};
use super::{Finding, found, variables};

/// A rule that is not kept, where, and why.
pub(crate) struct Exclusion {
    pub(crate) rule: &'static str,
    pub(crate) dashboard: &'static str,
    pub(crate) panel: &'static str,
    pub(crate) reason: &'static str,
}

const TOTAL: &str = "the table counts what happened in the time range, rather than how fast it happens";
const OF_A_DAY: &str = "what a day has cost does not hang on the width of the panel";

/// What our own dashboards are excused from.
pub(crate) const EXCLUSIONS: [Exclusion; 8] = [
    excused("tta-overview", "Recent errors of workflows", TOTAL),
    excused("tta-overview", "Recent errors of primitives", TOTAL),
    excused("tta-errors", "Recent errors of workflows", TOTAL),
    excused("tta-errors", "Recent errors of primitives", TOTAL),
    excused("tta-telemetry", "Label values beyond their bound", TOTAL),
    excused("tta-cost", "What more caching would save", TOTAL),
    excused("tta-cost", "What cheaper routing would save", TOTAL),
    excused("tta-cost", "Projection for the month", OF_A_DAY),
];

const fn excused(dashboard: &'static str, panel: &'static str, reason: &'static str) -> Exclusion {
    Exclusion { rule: "target-rate-interval-rule", dashboard, panel, reason }
}

fn excuses<'a>(
    dashboard: &'a DashboardSource<'_>,
    query: &'a Query,
) -> impl Iterator<Item = &'static Exclusion> + 'a {
    let fits = |exclusion: &&Exclusion| {
        is_of(dashboard.uid(), exclusion.dashboard) && exclusion.panel == query.title
    };
    EXCLUSIONS.iter().filter(fits)
}

/// Excuses of a query that keeps the rule.
pub(super) fn needless_excuses(
    query: &Query,
    dashboard: &DashboardSource<'_>,
    expr: &Expr,
    known: &Known,
) -> Vec<Problem> {
    let broken = unexcused(query, expr, known);
    excuses(dashboard, query)
        .filter(|excuse| !broken.iter().any(|problem| problem.rule == excuse.rule))
        .map(|excuse| {
            let message = format!("it keeps {}, and is excused from it: {}", excuse.rule, excuse.reason);
            Problem::new("excuse", message, Some("no entry in EXCLUSIONS".to_owned()))
        })
        .collect()
}

/// Rules about a query to Prometheus.
pub(super) fn check_query(
    query: &Query,
    dashboard: &DashboardSource<'_>,
    expr: &Expr,
    known: &Known,
) -> Vec<Problem> {
    let mut problems = unexcused(query, expr, known);
    problems.retain(|problem| !excuses(dashboard, query).any(|excuse| excuse.rule == problem.rule));
    problems
}

fn unexcused(query: &Query, expr: &Expr, known: &Known) -> Vec<Problem> {
    let mut problems = Vec::new();
    if query.asker != Asker::Panel {
        return problems;
    }
    for found in selectors(expr) {
        let series = name(found.selector).and_then(|name| known.get(name));
        let has_matcher =
            |label: &str| found.selector.matchers.matchers.iter().any(|matcher| matcher.name == label);
        for (label, rule) in [("job", "target-job-rule"), ("instance", "target-instance-rule")] {
            let is_there = match series {
                Some(series) => series.labels.always_have(label),
                None => name(found.selector).is_none_or(|name| known.is_foreign(name)),
            };
            if is_there && !has_matcher(label) {
                let name = found.selector.name.as_deref().unwrap_or_default();
                let message = format!("{name} is not restricted to the chosen {label}");
                problems.push(Problem::new(rule, message, Some(format!("{label}=~\"${label}\""))));
            }
        }
        let is_rate = matches!(found.under, Some("rate" | "irate" | "increase"));
        let is_of_interval = found.range.is_none_or(variables::is_rate_interval);
        if is_rate && !is_of_interval {
            let message = "the range of a rate does not follow the width of the panel".to_owned();
            let accepted = Some("[$__rate_interval]".to_owned());
            problems.push(Problem::new("target-rate-interval-rule", message, accepted));
        }
        // Counters that the catalog knows are looked at by the check `counter`.
        let is_counter = series.is_some_and(|series| series.kind == Kind::Counter);
        let is_bare = found.range.is_none() && found.under.is_none();
        let is_called_total = name(found.selector).is_some_and(|name| name.ends_with("_total"));
        if is_called_total && is_bare && !is_counter {
            let message = "a counter is looked at without rate, irate or increase".to_owned();
            problems.push(Problem::new("target-counter-agg-rule", message, Some("rate(..)".to_owned())));
        }
    }
    problems
}

/// Rules about the dashboard, its variables and its panels.
pub(super) fn check(dashboard: &DashboardSource<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut at = |place: &str, rule, message: &str, accepted: &str| {
        let accepted = (!accepted.is_empty()).then(|| accepted.to_owned());
        findings.push(found(dashboard.file, place, "", Problem::new(rule, message, accepted)));
    };
    if dashboard.json["editable"] != Value::Bool(false) {
        let message = "the dashboard can be edited, and the next file overwrites what was edited";
        at("dashboard", "uneditable-dashboard", message, "\"editable\": false");
    }
    check_variables(dashboard, &mut at);
    for panel in &dashboard.panels {
        check_panel(panel, &mut at);
    }
    findings
}

fn check_variables(dashboard: &DashboardSource<'_>, at: &mut impl FnMut(&str, &'static str, &str, &str)) {
    let variables = dashboard.variables();
    let sources: Vec<&Value> =
        variables.iter().filter(|variable| text(variable, "type") == "datasource").collect();
    let is_as_said = |variable: &&Value| {
        text(variable, "name") == "datasource"
            && text(variable, "query") == "prometheus"
            && text(variable, "label") == "Data source"
    };
    if sources.len() != 1 || !sources.iter().all(is_as_said) {
        let message = "there has to be one variable for the datasource";
        at("variables", "template-datasource-rule", message, "datasource, with the label \"Data source\"");
    }
    for (name, rule) in [("job", "template-job-rule"), ("instance", "template-instance-rule")] {
        let Some(variable) = variables.iter().find(|variable| text(variable, "name") == name) else {
            at("variables", rule, &format!("there is no variable {name}"), "");
            continue;
        };
        let is_kept = text(variable, "type") == "query"
            && is_chosen_datasource(variable)
            && variable["multi"] == Value::Bool(true)
            && text(variable, "allValue") == ".+";
        if !is_kept {
            let accepted = "a query to $datasource with multi and allValue \".+\"";
            at(&format!("variable {name}"), rule, "not all instances can be chosen", accepted);
        }
    }
    for variable in variables {
        if text(variable, "type") == "query" && variable["refresh"] != 2 {
            let place = format!("variable {}", text(variable, "name"));
            let message = "the variable keeps its values when the time range changes";
            at(&place, "template-on-time-change-reload-rule", message, "\"refresh\": 2");
        }
    }
}

fn check_panel(panel: &Value, at: &mut impl FnMut(&str, &'static str, &str, &str)) {
    let type_ = text(panel, "type");
    let place = format!("panel {}", text(panel, "title"));
    if matches!(type_, "text" | "dashlist" | "news" | "alertlist") {
        return;
    }
    if !is_chosen_datasource(panel) && !is_loki(panel) {
        at(&place, "panel-datasource-rule", "the panel has a datasource of its own", "${datasource}");
    }
    if text(panel, "title").is_empty() || text(panel, "description").is_empty() {
        at(&place, "panel-title-description-rule", "the panel needs a title and a description", "");
    }
    let defaults = &panel["fieldConfig"]["defaults"];
    let has_mappings = !list(defaults, "mappings").is_empty();
    if !is_unit(text(defaults, "unit")) && !has_mappings {
        at(
            &place,
            "panel-units-rule",
            "the panel has no unit that Grafana knows",
            "s, reqps, percentunit, bytes, short",
        );
    }
    let targets = list(panel, "targets");
    if targets.is_empty() {
        at(&place, "panel-no-targets-rule", "the panel asks nothing", "");
    }
    if is_loki(panel) {
        for target in targets {
            check_logql(text(target, "expr"), &place, at);
        }
    }
}

/// What can be said of a query to Loki without its grammar.
fn check_logql(query: &str, place: &str, at: &mut impl FnMut(&str, &'static str, &str, &str)) {
    let is_balanced = |open: char, close: char| query.matches(open).count() == query.matches(close).count();
    let is_query =
        query.contains('{') && is_balanced('{', '}') && is_balanced('(', ')') && is_balanced('[', ']');
    if !is_query {
        at(place, "target-logql-rule", "the query to Loki selects no stream", "{service_name=\"..\"}");
    }
    let ranges = query.split('[').skip(1).map(|part| part.split(']').next().unwrap_or_default());
    if ranges.into_iter().any(|range| range != "$__auto") {
        at(place, "target-logql-auto-rule", "the range does not follow the width of the panel", "[$__auto]");
    }
}

fn is_chosen_datasource(json: &Value) -> bool {
    let datasource = &json["datasource"];
    let uid = datasource.as_str().unwrap_or_else(|| text(datasource, "uid"));
    matches!(uid, "$datasource" | "${datasource}")
}

/// Units of Grafana that metrics of programs have; others are written with a colon (`suffix:calls`).
fn is_unit(unit: &str) -> bool {
    const UNITS: [&str; 36] = [
        "none",
        "short",
        "percent",
        "percentunit",
        "bool",
        "bool_on_off",
        "bool_yes_no",
        "bytes",
        "decbytes",
        "bits",
        "kbytes",
        "mbytes",
        "gbytes",
        "Bps",
        "binBps",
        "bps",
        "s",
        "ms",
        "µs",
        "ns",
        "m",
        "h",
        "d",
        "dtdurations",
        "dateTimeAsIso",
        "dateTimeFromNow",
        "reqps",
        "rps",
        "wps",
        "ops",
        "opm",
        "cps",
        "cpm",
        "iops",
        "currencyUSD",
        "hertz",
    ];
    UNITS.contains(&unit) || unit.contains(':')
}
