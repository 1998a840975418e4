//! Mistakes in rules and dashboards that can be seen without a Prometheus: what is not in the catalog, what can match
//! nothing, and what dashboard-linter and pint would say.

mod alerts;
mod checks;
mod combinations;
mod command;
mod conventions;
mod coverage;
mod dashboard;
mod expression;
mod known;
mod labels;
mod nearest;
mod selector;
mod source;
mod template;
mod variables;

use std::fmt;

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::dashboards::Dashboard;
use crate::rules::{Rule, RuleFile};

use checks::Severity;
use dashboard::{DashboardSource, Query};
use expression::{Problem, examine};
use known::Known;

pub(crate) use command::{Lint, run, text};
use source::{read_dashboard, read_rules};

/// A mistake, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Finding {
    /// The file.
    pub(crate) file: String,
    /// The rule, panel, variable or annotation in it.
    pub(crate) place: String,
    /// As it is written there; empty if the mistake is not in a query.
    pub(crate) query: String,
    /// Which check found it.
    pub(crate) rule: &'static str,
    pub(crate) severity: Severity,
    pub(crate) message: String,
    /// What would be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accepted: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, place, query, rule, severity: _, message, accepted } = self;
        write!(f, "{file}: {place}: {message} [{rule}]")?;
        if let Some(accepted) = accepted {
            write!(f, "\n    accepted: {accepted}")?;
        }
        if !query.is_empty() {
            write!(f, "\n    in: {query}")?;
        }
        Ok(())
    }
}

/// What is looked at, and what is known besides the catalog.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Rules that are there and are not looked at.
    pub(crate) given: Vec<RuleFile>,
    pub(crate) rules: Vec<RuleFile>,
    /// By the names of their files.
    pub(crate) dashboards: Vec<(String, serde_json::Value)>,
    /// Series whose names begin so are of other programs.
    pub(crate) foreign: Vec<String>,
    /// Whether the rules and dashboards are all that there is.
    pub(crate) is_complete: bool,
}

/// Looks at what was generated, and whether it is all that has to be.
pub(crate) fn check(
    catalog: &Catalog,
    options: &Options,
    rules: &[RuleFile],
    dashboards: &[Dashboard],
) -> serde_json::Result<Vec<Finding>> {
    let as_json = |dashboard: &Dashboard| Ok((dashboard.path(), serde_json::to_value(dashboard)?));
    let sources = Sources {
        rules: rules.to_vec(),
        dashboards: dashboards.iter().map(as_json).collect::<serde_json::Result<_>>()?,
        is_complete: true,
        ..Sources::default()
    };
    Ok(check_sources(catalog, options, &sources))
}

/// Looks at rules and dashboards, whoever wrote them.
pub(crate) fn check_sources(catalog: &Catalog, options: &Options, sources: &Sources) -> Vec<Finding> {
    let all: Vec<RuleFile> = sources.given.iter().chain(&sources.rules).cloned().collect();
    let known = Known::new(catalog, &options.job, &all, &sources.foreign);
    let mut findings = Vec::new();
    for file in &sources.rules {
        for group in &file.groups {
            let problem = alerts::duration("the interval", group.interval.as_deref());
            let at = |problem| found(&file.path, &format!("group {}", group.name), "", problem);
            findings.extend(problem.map(at));
        }
        for rule in file.rules() {
            let at = |problem| found(&file.path, &place_of(rule), &rule.expr, problem);
            findings.extend(check_rule(rule, &known).into_iter().map(at));
        }
    }
    findings.extend(alerts::duplicates(&sources.rules));
    let dashboards: Vec<DashboardSource<'_>> =
        sources.dashboards.iter().map(|(file, json)| DashboardSource::new(file, json)).collect();
    if !dashboards.is_empty() {
        findings.extend(alerts::check_links(&sources.rules, &dashboards));
    }
    for dashboard in &dashboards {
        for query in dashboard.queries() {
            let problems = check_query(&query, dashboard, &known);
            let at = |problem| found(dashboard.file, &query.place, &query.text, problem);
            findings.extend(problems.into_iter().map(at));
        }
        findings.extend(conventions::check(dashboard));
        findings.extend(dashboard::check_links(dashboard, &dashboards, &known));
    }
    if sources.is_complete {
        findings.extend(coverage::check(catalog, sources, &known));
    }
    // What is wrong before what could be better; within each, in the order of the files.
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn check_rule(rule: &Rule, known: &Known) -> Vec<Problem> {
    let mut problems: Vec<Problem> = alerts::duration("for", rule.for_.as_deref()).into_iter().collect();
    let parsed = known.parse(&rule.expr);
    let expr = match parsed.as_ref() {
        Ok(expr) => expr,
        Err(error) => {
            problems.push(Problem::new("syntax", error, None));
            return problems;
        }
    };
    let examined = examine(expr, known);
    problems.extend(examined.problems);
    if rule.record.is_some() && expression::is_alias(expr) {
        // The same counter under another name.
        problems.retain(|problem| problem.rule != "counter");
    }
    problems.extend(alerts::check(rule, expr, &examined.labels));
    problems
}

fn check_query(query: &Query, dashboard: &DashboardSource<'_>, known: &Known) -> Vec<Problem> {
    let substituted = variables::substitute(&query.text);
    let mut problems = dashboard.undefined(&substituted.variables);
    let parsed = known.parse(&substituted.text);
    let expr = match parsed.as_ref() {
        Ok(expr) => expr,
        Err(error) => {
            problems.push(Problem::new(query.syntax_rule(), error, None));
            return problems;
        }
    };
    let examined = examine(expr, known);
    problems.extend(examined.problems);
    if query.asker == dashboard::Asker::Variable {
        // Only the labels are read.
        problems.retain(|problem| problem.rule != "counter");
    }
    problems.extend(dashboard::check_legend(query, &examined.labels));
    problems.extend(conventions::check_query(query, dashboard, expr, known));
    problems
}

fn place_of(rule: &Rule) -> String {
    let what = if rule.record.is_some() { "record" } else { "alert" };
    format!("{what} {}", rule.name())
}

fn found(file: &str, place: &str, query: &str, problem: Problem) -> Finding {
    Finding {
        file: file.to_owned(),
        place: place.to_owned(),
        query: query.to_owned(),
        rule: problem.rule,
        severity: checks::severity(problem.rule),
        message: problem.message,
        accepted: problem.accepted,
    }
}

/// "did you mean", or everything that there is, if that is little.
fn accepted<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    /// As many as can be read at a glance.
    const FEW: usize = 12;

    let names: Vec<&str> = names.into_iter().collect();
    match nearest::nearest(wrong, names.iter().copied()) {
        Some(name) => Some(format!("{name} (did you mean that?)")),
        None if names.is_empty() || names.len() > FEW => None,
        None => Some(names.join(", ")),
    }
}
