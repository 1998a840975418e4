//! The other direction: whether everything in the catalog is emitted by something and shown somewhere, and whatever is
//! recorded is used.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::dashboards::WITHOUT_PANEL;
use crate::rules::RuleFile;

use super::dashboard::{Asker, DashboardSource};
use super::expression::{Problem, names, names_with_values};
use super::known::Known;
use super::{Finding, Sources, conventions, found, variables};

/// Files of rules whose series are for others to read, and why.
const PUBLIC: [(&str, &str); 2] = [
    ("aliases", "names that families had before, for those who still ask for them"),
    ("compatibility", "older names, for dashboards and alerts that were written before there was a catalog"),
];

pub(super) fn check(catalog: &Catalog, sources: &Sources, known: &Known) -> Vec<Finding> {
    let mut on_panels = BTreeSet::new();
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for (file, json) in &sources.dashboards {
        let dashboard = DashboardSource::new(file, json);
        for query in dashboard.queries() {
            let parsed = known.parse(&variables::substitute(&query.text).text);
            let Ok(expr) = parsed.as_ref() else { continue };
            let excuses = conventions::needless_excuses(&query, &dashboard, expr, known);
            findings
                .extend(excuses.into_iter().map(|problem| found(file, &query.place, &query.text, problem)));
            if query.asker == Asker::Panel {
                let shown = names_with_values(expr);
                on_panels
                    .extend(shown.iter().filter_map(|name| known.get(name)).flat_map(|series| &series.from));
            }
            used.extend(names(expr));
        }
    }
    let shown = |family: &str| on_panels.iter().any(|name| name.as_str() == family);
    let mut at = |place: String, rule, message: &str, accepted: &str| {
        let accepted = (!accepted.is_empty()).then(|| accepted.to_owned());
        findings.push(found("catalog", &place, "", Problem::new(rule, message, accepted)));
    };
    for family in &catalog.families {
        let reason = WITHOUT_PANEL.iter().find(|(name, _)| *name == family.name);
        let place = format!("family {}", family.name);
        match (shown(&family.name), reason) {
            (false, None) => at(place, "panel", "no panel shows it", "a panel, or a reason in WITHOUT_PANEL"),
            (true, Some(_)) => at(place, "panel", "it has a reason to be on no panel, and is on one", ""),
            _ => {}
        }
        if family.producer.is_empty() {
            at(format!("family {}", family.name), "producer", "nothing emits it", "");
        }
        let can_be_from_sites = !catalog.sites.is_empty();
        if family.sites && !can_be_from_sites {
            let message = "annotated functions emit it, and there is none";
            at(format!("family {}", family.name), "producer", message, "");
        }
    }
    findings.extend(unused(&sources.rules, used, known));
    findings
}

/// What is recorded and read by nobody.
fn unused(rules: &[RuleFile], mut used: BTreeSet<String>, known: &Known) -> Vec<Finding> {
    for rule in rules.iter().flat_map(RuleFile::rules) {
        if let Ok(expr) = known.parse(&rule.expr).as_ref() {
            // A series that only its own rule reads is read by nobody.
            used.extend(names(expr).into_iter().filter(|name| Some(name) != rule.record.as_ref()));
        }
    }
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for file in rules {
        if PUBLIC.iter().any(|(name, _)| *name == file.name()) {
            continue;
        }
        for rule in file.rules() {
            let Some(record) = &rule.record else { continue };
            if !used.contains(record) && seen.insert(record) {
                let message = "nothing reads what it records".to_owned();
                let accepted = Some("a panel, a rule, or a reason in PUBLIC".to_owned());
                let problem = Problem::new("unused", message, accepted);
                findings.push(found(&file.path, &super::place_of(rule), &rule.expr, problem));
            }
        }
    }
    findings
}
