//! What is wrong with a rule besides its expression.

use std::collections::HashMap;

use promql_parser::parser::Expr;

use crate::rules::{Rule, RuleFile};

use super::dashboard::DashboardSource;
use super::expression::{Problem, is_conditional};
use super::labels::Labels;
use super::{Finding, found, place_of};

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
        if text.matches("{{").count() != text.matches("}}").count() {
            let message = format!("{key} has a template that does not end");
            problems.push(Problem::new("template", message, None));
        }
    }
    problems
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
