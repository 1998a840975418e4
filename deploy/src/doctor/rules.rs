//! Whether the rules are loaded as they were generated.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::duration::duration;
use super::{Check, Examined, array, listed};
use crate::promql::number;
use crate::queries::{Purpose, Query, readable, selectors};

/// What to do about rules that differ.
const RELOAD: &str = "copy prometheus/rules beside the configuration and reload Prometheus (SIGHUP)";
/// The same, if they may have been generated with other arguments.
const RELOAD_OR_SAY: &str = "copy prometheus/rules beside the configuration and reload Prometheus (SIGHUP); or give \
                             doctor the options that generate was given, or the folder (--files)";
/// Groups that are generated begin so.
const OURS: &str = "tta-";
/// The group of what is recorded under names that were accepted as gone. Only the folder knows them.
const ALIASES: &str = "tta_aliases";
/// Annotations of an alert that depend on nothing but where Grafana and the runbook are.
const LINKS: [&str; 2] = ["dashboard_url", "runbook_url"];

impl Examined<'_> {
    /// Whether it has the rules as they were generated, and can evaluate them; and whether it has any.
    pub(super) fn rules(&self) -> (Vec<Check>, bool) {
        let loaded = match self.prometheus.api("rules") {
            Ok(loaded) => loaded,
            Err(error) => {
                return (vec![Check::failed("rules", error.to_string(), "see the log of Prometheus")], true);
            }
        };
        let expected = self.groups();
        let mut checks = Vec::new();
        let mut missing = Vec::new();
        for (group, rules) in &expected {
            let there: Vec<&Value> = array(&loaded["groups"])
                .iter()
                .filter(|loaded| loaded["name"] == *group && is_of_job(loaded, self.job))
                .flat_map(|group| array(&group["rules"]))
                .collect();
            if there.is_empty() {
                missing.push(*group);
                continue;
            }
            let found = self.compare(group, rules, there);
            if found.is_empty() {
                let count = rules.len();
                checks
                    .push(Check::ok("rules", format!("{group}: {count} loaded and evaluated without error")));
            }
            checks.extend(found);
        }
        checks.extend(
            match missing.as_slice() {
                [] => None,
                [group] => Some(format!("no rule of the group {group} is loaded")),
                groups => Some(format!("no rule of {} groups is loaded: {}", groups.len(), listed(groups))),
            }
            .map(|what| Check::failed("rules", what, RELOAD)),
        );
        for group in array(&loaded["groups"]) {
            let name = group["name"].as_str().unwrap_or_default();
            if !expected.contains_key(name) && self.is_left_over(name, group) {
                checks.push(Check::failed(
                    "rules",
                    format!("the group {name} is loaded, and nothing generates it"),
                    format!(
                        "remove it from {} and reload Prometheus (SIGHUP); or give doctor the options that generate was given",
                        group["file"].as_str().unwrap_or("the files of rules")
                    ),
                ));
            }
        }
        (checks, expected.is_empty() || missing.len() < expected.len())
    }

    /// Whether rules like ours are loaded, and of other jobs only.
    pub(super) fn is_loaded_for_others(&self) -> bool {
        let Ok(loaded) = self.prometheus.api("rules") else { return false };
        let expected = self.groups();
        let mut groups = array(&loaded["groups"])
            .iter()
            .filter(|group| group["name"].as_str().is_some_and(|name| expected.contains_key(name)))
            .peekable();
        groups.peek().is_some() && groups.all(|group| !is_of_job(group, self.job))
    }

    /// The rules that have to be loaded, by their groups.
    fn groups(&self) -> BTreeMap<&str, Vec<&Query>> {
        let mut groups: BTreeMap<&str, Vec<&Query>> = BTreeMap::new();
        for rule in &self.rules {
            groups.entry(&rule.within).or_default().push(rule);
        }
        groups
    }

    /// Whether a group that is not generated was once, for this job.
    fn is_left_over(&self, name: &str, group: &Value) -> bool {
        let is_ours = name.starts_with(OURS) || self.of_folder && name == ALIASES;
        let names = array(&group["rules"]).iter().filter_map(|rule| rule["name"].as_str());
        let mut ours = names.filter(|name| {
            name.starts_with("Tta")
                || name.starts_with("tta_")
                || name.starts_with("tta:")
                || name.contains(":tta_")
        });
        is_ours && ours.next().is_some() && is_of_job(group, self.job)
    }

    /// How the rules of a group that are there differ from those that were generated.
    fn compare(&self, group: &str, expected: &[&Query], mut there: Vec<&Value>) -> Vec<Check> {
        let reload = if self.of_folder { RELOAD } else { RELOAD_OR_SAY };
        // Those of one name differ by their expression or their labels. Each is first compared with what is as it should
        // be, so that none takes another's.
        let mut pairs: Vec<Option<(&Value, Vec<String>)>> = vec![None; expected.len()];
        for is_exact in [true, false] {
            for (rule, pair) in expected.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
                let at = there.iter().position(|loaded| {
                    is_it(rule, loaded) && (!is_exact || differences(rule, loaded).is_empty())
                });
                *pair = at.map(|at| {
                    let loaded = there.swap_remove(at);
                    (loaded, differences(rule, loaded))
                });
            }
        }

        let mut checks = Vec::new();
        let mut differing: BTreeMap<&[String], Vec<&str>> = BTreeMap::new();
        for (rule, pair) in expected.iter().zip(&pairs) {
            let place = rule.place();
            let Some((loaded, differences)) = pair else {
                let what = if there.iter().any(|loaded| loaded["name"] == rule.name.as_str()) {
                    "is loaded with another expression or other labels than generated"
                } else {
                    "is not loaded"
                };
                checks.push(Check::failed("rules", format!("{place} {what}"), reload));
                continue;
            };
            if !differences.is_empty() {
                differing.entry(differences).or_default().push(&rule.name);
            }
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
        checks.extend(differing.into_iter().map(|(differences, names)| {
            let with = differences.join(" and ");
            let are = if names.len() == 1 { "is" } else { "are" };
            let what = format!("{group}/{} {are} loaded with {with} than generated", listed(&names));
            // Where Grafana is may be said to generate, and has nothing to do with whether alerts are right.
            let is_link =
                |difference: &String| LINKS.iter().any(|link| *difference == other_annotation(link));
            if !self.of_folder && differences.iter().all(is_link) {
                let note = Check::note("rules", what);
                let advice = "give doctor the options that generate was given, or the folder (--files)";
                Check { advice: Some(advice.to_owned()), ..note }
            } else {
                Check::failed("rules", what, reload)
            }
        }));
        for loaded in there {
            let name = loaded["name"].as_str().unwrap_or("?");
            // Said already of the one that was generated.
            if !expected.iter().any(|rule| rule.name == name) {
                checks.push(Check::failed(
                    "rules",
                    format!("{group}/{name} is loaded, and nothing generates it"),
                    reload,
                ));
            }
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

/// Whether a loaded rule is the generated one, however much else differs.
fn is_it(rule: &Query, loaded: &Value) -> bool {
    loaded["name"] == rule.name.as_str()
        && rule.labels.iter().all(|(key, value)| loaded["labels"][key] == value.as_str())
        && normal(loaded["query"].as_str().unwrap_or_default()) == normal(&rule.expr)
}

/// What else differs.
fn differences(rule: &Query, loaded: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if rule.purpose == Purpose::Alert {
        let there = loaded["duration"].as_f64().unwrap_or(0.0);
        let generated = rule.for_.as_deref().map_or(Some(Duration::ZERO), duration);
        if let Some(generated) = generated
            && (generated.as_secs_f64() - there).abs() > 1e-3
        {
            found.push(format!(
                "another `for` ({} s, not {})",
                number(there),
                rule.for_.as_deref().unwrap_or("0s")
            ));
        }
    }
    let keys = |of: &Value| -> BTreeSet<String> {
        of.as_object().into_iter().flat_map(serde_json::Map::keys).cloned().collect()
    };
    for label in keys(&loaded["labels"]).iter().filter(|label| !rule.labels.contains_key(*label)) {
        found.push(format!("another label {label}"));
    }
    let names: BTreeSet<String> =
        keys(&loaded["annotations"]).into_iter().chain(rule.annotations.keys().cloned()).collect();
    for name in names {
        if loaded["annotations"][&name].as_str() != rule.annotations.get(&name).map(String::as_str) {
            found.push(other_annotation(&name));
        }
    }
    found
}

fn other_annotation(name: &str) -> String {
    format!("another annotation {name}")
}

/// An expression as the parser writes it, whoever wrote it before.
fn normal(expr: &str) -> String {
    let expr = readable(expr);
    promql_parser::parser::parse(&expr).map_or(expr, |parsed| parsed.to_string())
}
