//! What is promised of annotated functions: their names and types, the labels that they declare, and their objectives.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, Label, Site, SiteKind};
use crate::promql::number;

use super::{Change, Values};

/// Labels whose values are the names, kinds and types of functions.
const OF_FUNCTIONS: [&str; 8] =
    ["workflow_name", "workflow_type", "primitive_name", "primitive_type", "slo", "name", "kind", "maturity"];

/// Whether functions decide which values a label has, so that what becomes of them is told of the functions.
pub(super) fn say(catalog: &Catalog, label: &str) -> bool {
    let declares = |site: &Site| site.labels.iter().any(|of_site| of_site.name == label);
    OF_FUNCTIONS.contains(&label) || catalog.sites.iter().any(declares)
}

/// Every function by its name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Functions {
    workflows: BTreeMap<String, Function>,
    primitives: BTreeMap<String, Function>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
struct Function {
    #[serde(rename = "type")]
    type_: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, Values>,
    /// As they are told: `99.5 % over 30 days`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    objectives: BTreeMap<String, String>,
}

/// The names of functions that are gone.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removed {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    workflows: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    primitives: BTreeSet<String>,
}

impl Function {
    fn of(site: &Site) -> Self {
        let labels = |label: &Label| (label.name.clone(), Values::of(label));
        let mut objectives = BTreeMap::new();
        if let Some(slo) = &site.slo {
            for objective in &slo.objectives {
                let promise = format!(
                    "{} %{} over {} days",
                    number(objective.target * 100.0),
                    objective.bound(),
                    slo.window_days
                );
                objectives.insert(objective.name.clone(), promise);
            }
        }
        Function { type_: site.type_.clone(), labels: site.labels.iter().map(labels).collect(), objectives }
    }

    /// What the function `name` has no more, or has otherwise.
    fn changes(&self, name: &str, now: &Function) -> Vec<Change> {
        let mut changes = Vec::new();
        let function = || name.to_owned();
        if self.type_ != now.type_ {
            let (from, to) = (self.type_.clone(), now.type_.clone());
            changes.push(Change::FunctionTypeChanged { function: function(), from, to });
        }
        let new = now.labels.keys().filter(|label| !self.labels.contains_key(*label));
        let new: Vec<String> = new.cloned().collect();
        for (label, before) in &self.labels {
            let Some(values) = now.labels.get(label) else {
                let (label, candidates) = (label.clone(), new.clone());
                changes.push(Change::FunctionLabelRemoved { function: function(), label, candidates });
                continue;
            };
            let (removed, candidates) = before.removed(values);
            changes.extend(removed.into_iter().map(|value| Change::FunctionValueRemoved {
                function: function(),
                label: label.clone(),
                value,
                candidates: candidates.clone(),
            }));
        }
        for (objective, from) in &self.objectives {
            let (function, objective_name, from) = (function(), objective.clone(), from.clone());
            match now.objectives.get(objective) {
                None => {
                    changes.push(Change::ObjectiveRemoved { function, objective: objective_name, was: from });
                }
                Some(to) if *to != from => {
                    let to = to.clone();
                    changes.push(Change::ObjectiveChanged { function, objective: objective_name, from, to });
                }
                Some(_) => {}
            }
        }
        changes
    }
}

impl Functions {
    pub(super) fn of(catalog: &Catalog) -> Self {
        // Those that share a name are the same in what is promised: the catalog refuses others.
        let of_kind =
            |kind| catalog.of_kind(kind).map(|site| (site.name.clone(), Function::of(site))).collect();
        Functions { workflows: of_kind(SiteKind::Workflow), primitives: of_kind(SiteKind::Primitive) }
    }

    /// What is gone, or is otherwise now.
    pub(super) fn changes(&self, now: &Functions) -> Vec<Change> {
        let kinds =
            [("workflow", &self.workflows, &now.workflows), ("primitive", &self.primitives, &now.primitives)];
        let mut changes = Vec::new();
        for (kind, before, now) in kinds {
            let new: Vec<(&String, &Function)> =
                now.iter().filter(|(name, _)| !before.contains_key(*name)).collect();
            for (name, function) in before {
                let called = format!("{kind} {name}");
                if let Some(same) = now.get(name) {
                    changes.extend(function.changes(&called, same));
                    continue;
                }
                let alike = new.iter().filter(|(_, other)| *other == function);
                let candidates = alike.map(|(name, _)| (*name).clone()).collect();
                changes.push(Change::FunctionRemoved { function: called, candidates });
            }
        }
        changes
    }
}

impl Removed {
    pub(super) fn is_empty(&self) -> bool {
        self.workflows.is_empty() && self.primitives.is_empty()
    }

    /// Whatever was there before.
    pub(super) fn add(&mut self, before: &Functions) {
        self.workflows.extend(before.workflows.keys().cloned());
        self.primitives.extend(before.primitives.keys().cloned());
    }

    pub(super) fn retain_missing(&mut self, now: &Functions) {
        self.workflows.retain(|name| !now.workflows.contains_key(name));
        self.primitives.retain(|name| !now.primitives.contains_key(name));
    }

    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let workflows = self.workflows.iter().map(|name| format!("workflow {name}"));
        workflows.chain(self.primitives.iter().map(|name| format!("primitive {name}")))
    }
}
