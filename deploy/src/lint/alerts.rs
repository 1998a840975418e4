//! What is wrong with a rule besides its expression.

use std::collections::HashMap;

use promql_parser::parser::Expr;

use crate::rules::{Rule, RuleFile};

use super::dashboard::DashboardSource;
use super::expression::{Problem, is_conditional};
use super::labels::Labels;
use super::{Finding, found, place_of, template};

/// An alert without a condition, and templates that ask for labels that are not there.
pub(super) fn check(rule: &Rule, expr: &Expr, labels: &Labels) -> Vec<Problem> {
    let mut problems = Vec::new();
    if rule.alert.is_none() {
        return problems;
    }
    if !is_conditional(expr) {
        let message = "the alert has no condition: it fires as long as there is a series".to_owned();
        problems.push(Problem::new("alert-comparison", message, Some("a comparison: .. > 0".to_owned())));
    }
    for (key, text) in rule.labels.iter().chain(&rule.annotations) {
        for label in labels_of_template(text) {
            // A label that only the rule has is added after the text is made.
            if !labels.may_have(label) {
                let message = format!("{key} asks for the label {label}, which the expression does not keep");
                problems.push(Problem::new("template", message, super::accepted(label, labels.names())));
            }
        }
        problems.extend(template::problems(key, text));
    }
    problems
}

/// A time that Prometheus cannot read.
pub(super) fn duration(what: &str, text: Option<&str>) -> Option<Problem> {
    let text = text?;
    if is_duration(text) {
        return None;
    }
    let message = format!("{what} is {text:?}, which is no duration");
    let accepted = "numbers with a unit, from y, w and d over h and m to s and ms: 5m, 1h30m".to_owned();
    Some(Problem::new("for", message, Some(accepted)))
}

/// Whether it is `0`, or numbers with units, each unit once and smaller than the one before.
fn is_duration(text: &str) -> bool {
    let mut units = ["y", "w", "d", "h", "m", "s", "ms"].into_iter();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let end = rest[digits..]
            .find(|letter: char| letter.is_ascii_digit())
            .map_or(rest.len(), |end| digits + end);
        let unit = &rest[digits..end];
        if digits == 0 || !units.any(|smaller| smaller == unit) {
            return text == "0";
        }
        rest = &rest[end..];
    }
    !text.is_empty()
}

/// `{{ $labels.name }}`
fn labels_of_template(text: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    for beginning in ["$labels.", ".Labels."] {
        for (at, _) in text.match_indices(beginning) {
            let rest = &text[at + beginning.len()..];
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
            labels.push(&rest[..end.unwrap_or(rest.len())]);
        }
    }
    labels
}

/// Rules that are there twice.
pub(super) fn duplicates(files: &[RuleFile]) -> Vec<Finding> {
    let mut seen = HashMap::new();
    let mut findings = Vec::new();
    for file in files {
        for rule in file.rules() {
            let key = (rule.name(), rule.expr.as_str(), &rule.labels);
            if let Some(first) = seen.insert(key, file.path.as_str()) {
                let message = format!("the same rule is in {first} already");
                let problem = Problem::new("duplicate", message, None);
                findings.push(found(&file.path, &place_of(rule), &rule.expr, problem));
            }
        }
    }
    findings
}

/// Links of alerts to dashboards, or to variables of theirs, that are not there.
pub(super) fn check_links(files: &[RuleFile], dashboards: &[DashboardSource<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        for rule in file.rules() {
            for url in rule.annotations.values() {
                for problem in super::dashboard::leads_nowhere(url, dashboards) {
                    findings.push(found(&file.path, &place_of(rule), url, problem));
                }
            }
        }
    }
    findings
}
