//! Whether the rules are loaded as they were generated.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Check, Examined, array};
use crate::queries::{Query, selectors};

impl Examined<'_> {
    /// Whether it has the rules as they were generated, and can evaluate them.
    pub(super) fn rules(&self) -> Vec<Check> {
        let loaded = match self.prometheus.api("rules") {
            Ok(loaded) => loaded,
            Err(error) => {
                return vec![Check::failed("rules", error.to_string(), "see the log of Prometheus")];
            }
        };
        let mut expected: BTreeMap<&str, Vec<&Query>> = BTreeMap::new();
        for rule in &self.rules {
            expected.entry(&rule.within).or_default().push(rule);
        }
        let mut checks = Vec::new();
        for (group, rules) in expected {
            let there: Vec<&Value> = array(&loaded["groups"])
                .iter()
                .filter(|loaded| loaded["name"] == group && is_of_job(loaded, self.job))
                .flat_map(|group| array(&group["rules"]))
                .collect();
            let found = compare(group, &rules, there);
            if found.is_empty() {
                let count = rules.len();
                checks
                    .push(Check::ok("rules", format!("{group}: {count} loaded and evaluated without error")));
            }
            checks.extend(found);
        }
        checks
    }
}

/// Whether a loaded group may be of the job: its rules name it, or no job at all. Groups of another program that was
/// generated for have the same names.
pub(super) fn is_of_job(group: &Value, job: &str) -> bool {
    let mut jobs = array(&group["rules"])
        .iter()
        .filter_map(|rule| rule["query"].as_str())
        .flat_map(selectors)
        .flat_map(|selector| selector.matchers.find_matchers("job"))
        .peekable();
    jobs.peek().is_none() || jobs.any(|matcher| matcher.is_match(job))
}

/// How the rules of a group that are there differ from those that were generated.
fn compare(group: &str, expected: &[&Query], mut there: Vec<&Value>) -> Vec<Check> {
    const RELOAD: &str = "copy prometheus/rules beside the configuration and reload Prometheus (SIGHUP)";
    if there.is_empty() {
        return vec![Check::failed("rules", format!("no rule of the group {group} is loaded"), RELOAD)];
    }
    let mut checks = Vec::new();
    // Those of one name differ by their expression or their labels.
    for rule in expected {
        let is_named = |loaded: &&Value| loaded["name"] == rule.name.as_str();
        let has_labels =
            |loaded: &Value| rule.labels.iter().all(|(key, value)| loaded["labels"][key] == value.as_str());
        let has_expr =
            |loaded: &Value| normal(loaded["query"].as_str().unwrap_or_default()) == normal(&rule.expr);
        let place = rule.place();
        let Some(at) =
            there.iter().position(|loaded| is_named(loaded) && has_labels(loaded) && has_expr(loaded))
        else {
            let what = if there.iter().any(is_named) {
                "is loaded with another expression or other labels than generated"
            } else {
                "is not loaded"
            };
            checks.push(Check::failed("rules", format!("{place} {what}"), RELOAD));
            continue;
        };
        let loaded = there.swap_remove(at);
        match loaded["health"].as_str() {
            Some("ok") => {}
            Some("err") => checks.push(Check::failed(
                "rules",
                format!(
                    "{place} cannot be evaluated: {}",
                    loaded["lastError"].as_str().unwrap_or("no reason given")
                ),
                "see the series that it is about",
            )),
            // A group is first evaluated within its interval, which is minutes for some.
            _ => checks.push(Check::note(
                "rules",
                format!("{place} has not been evaluated yet, for which its group's interval has to pass"),
            )),
        }
    }
    for loaded in there {
        let name = loaded["name"].as_str().unwrap_or("?");
        // Said already of the one that was generated.
        if !expected.iter().any(|rule| rule.name == name) {
            checks.push(Check::failed(
                "rules",
                format!("{group}/{name} is loaded, and nothing generates it"),
                RELOAD,
            ));
        }
    }
    checks
}

/// An expression as the parser writes it, whoever wrote it before.
fn normal(expr: &str) -> String {
    promql_parser::parser::parse(expr).map_or_else(|_| expr.to_owned(), |parsed| parsed.to_string())
}
