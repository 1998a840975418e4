//! `metrics.lock.json`: the families, labels, values, functions and objectives that others may rely on.
//!
//! What is gone breaks dashboards and alerts that nobody here knows of. It has to be accepted; and a family that has a
//! new name is kept alive under its old one by a recording rule.

mod change;
mod functions;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};

use crate::catalog::{Catalog, Family, FamilyType, Label};
use crate::cli::Options;
use crate::files::{FilesError, read};
use crate::promql::selector;
use crate::yaml;

pub(crate) use change::Change;
use functions::{Functions, Removed};

/// Where the lock is, below the output folder.
pub(crate) const PATH: &str = "metrics.lock.json";
/// Where the rules are that keep old names alive.
pub(crate) const ALIASES: &str = "prometheus/rules/aliases.yml";

/// The form of locks that this program writes. It reads the one before as well, which has names only.
const FORMAT: u32 = 2;
const NAMES_ONLY: u32 = 1;

/// Why a lock cannot be used, or a change cannot be accepted as asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error(transparent)]
    Unreadable(#[from] FilesError),
    #[error("{} is no lock of tta: {source}; restore it from version control", path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
    #[error("{} has format {found}, and this tta reads format {FORMAT}: it was written by another release", path.display())]
    OtherFormat { path: PathBuf, found: u32 },
    #[error("--rename {old}={new}: {old} is not gone; {}", named(.gone))]
    NotGone { old: String, new: String, gone: Vec<String> },
    #[error("--rename {old}={new}: the catalog has no family {new}")]
    NoSuccessor { old: String, new: String },
    #[error("--rename {old}={new}: {old} is a {from}, and {new} is a {to}")]
    OtherType { old: String, new: String, from: &'static str, to: &'static str },
}

fn named(names: &[String]) -> String {
    if names.is_empty() { "no family is".to_owned() } else { format!("what is gone: {}", names.join(", ")) }
}

/// What the last accepted run knew.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    format: u32,
    families: BTreeMap<String, Locked>,
    /// Annotated functions; `None` of a lock with names only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    functions: Option<Functions>,
    /// Functions that are gone.
    #[serde(default, skip_serializing_if = "Removed::is_empty")]
    removed_functions: Removed,
    /// Old names, with the name that each has now.
    #[serde(default)]
    renamed: BTreeMap<String, Renamed>,
    /// What is gone without a successor.
    #[serde(default)]
    removed: BTreeMap<String, Locked>,
}

/// What is promised of a family.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locked {
    #[serde(rename = "type")]
    type_: FamilyType,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unit: String,
    #[serde(deserialize_with = "labels")]
    labels: BTreeMap<String, Values>,
    /// Labels that it had once.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    removed_labels: BTreeSet<String>,
}

/// What a label can be.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Values {
    Word(Word),
    /// These, and no other.
    Closed(BTreeSet<String>),
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    /// Anything.
    Any,
    /// What the functions say: their names and types, and the labels that they declare.
    Functions,
}

impl Values {
    fn of(label: &Label) -> Self {
        match &label.values {
            Some(values) if !label.open => Values::Closed(values.iter().cloned().collect()),
            _ => Values::Word(Word::Any),
        }
    }

    /// Those that are no more, and those that are new. Of what can be anything, nobody knows.
    fn removed(&self, now: &Values) -> (Vec<String>, Vec<String>) {
        let (Values::Closed(before), Values::Closed(now)) = (self, now) else { return Default::default() };
        (before.difference(now).cloned().collect(), now.difference(before).cloned().collect())
    }
}

/// Labels with their values; or their names only, as a lock of format 1 has them.
fn labels<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Values>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Names(BTreeSet<String>),
        Values(BTreeMap<String, Values>),
    }

    Ok(match Either::deserialize(from)? {
        Either::Names(names) => names.into_iter().map(|name| (name, Values::Word(Word::Any))).collect(),
        Either::Values(values) => values,
    })
}

/// An old name.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
struct Renamed {
    to: String,
    #[serde(rename = "type")]
    type_: FamilyType,
}

fn word(type_: FamilyType) -> &'static str {
    match type_ {
        FamilyType::Counter => "counter",
        FamilyType::Gauge => "gauge",
        FamilyType::Histogram => "histogram",
    }
}

impl Locked {
    fn of(family: &Family, catalog: &Catalog) -> Self {
        let labels = family.labels.iter().map(|label| {
            let is_said_by_functions = family.sites && functions::say(catalog, &label.name);
            let values = if is_said_by_functions { Values::Word(Word::Functions) } else { Values::of(label) };
            (label.name.clone(), values)
        });
        Locked {
            type_: family.type_,
            unit: family.unit.clone(),
            labels: labels.collect(),
            removed_labels: BTreeSet::new(),
        }
    }

    fn is_alike(&self, other: &Locked) -> bool {
        self.type_ == other.type_ && self.unit == other.unit && self.labels.keys().eq(other.labels.keys())
    }

    /// Labels that this one has and the other one has not.
    fn labels_beyond(&self, other: &Locked) -> Vec<String> {
        self.labels.keys().filter(|label| !other.labels.contains_key(*label)).cloned().collect()
    }
}

impl Lock {
    /// That of a folder; `None` if it has none.
    pub(crate) fn read(out: &Path) -> Result<Option<Self>, LockError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }

        let path = out.join(PATH);
        let Some(text) = read(&path)? else { return Ok(None) };
        let malformed = |source| LockError::Malformed { path: path.clone(), source };
        let Format { format } = serde_json::from_slice(&text).map_err(malformed)?;
        if ![NAMES_ONLY, FORMAT].contains(&format) {
            return Err(LockError::OtherFormat { path, found: format });
        }
        serde_json::from_slice(&text).map(Some).map_err(malformed)
    }

    /// What the catalog takes away or changes.
    pub(crate) fn changes(
        &self,
        catalog: &Catalog,
        said: &[(String, String)],
    ) -> Result<Vec<Change>, LockError> {
        let new: Vec<&Family> =
            catalog.families.iter().filter(|family| !self.families.contains_key(&family.name)).collect();
        let gone: Vec<String> = self.families.keys().filter(|name| !catalog.has(name)).cloned().collect();
        for (old, new) in said {
            let pair = || (old.clone(), new.clone());
            let Some(locked) = self.families.get(old).filter(|_| gone.contains(old)) else {
                let (old, new) = pair();
                return Err(LockError::NotGone { old, new, gone });
            };
            match catalog.family(new) {
                None => {
                    let (old, new) = pair();
                    return Err(LockError::NoSuccessor { old, new });
                }
                Some(family) if family.type_ != locked.type_ => {
                    let (old, new) = pair();
                    return Err(LockError::OtherType {
                        old,
                        new,
                        from: word(locked.type_),
                        to: word(family.type_),
                    });
                }
                Some(_) => {}
            }
        }

        let mut changes = Vec::new();
        for (name, locked) in &self.families {
            let Some(family) = catalog.family(name) else {
                changes.push(self.taken_away(name, locked, catalog, &new, &gone, said));
                continue;
            };
            let now = Locked::of(family, catalog);
            if now.type_ != locked.type_ {
                let (from, to) = (word(locked.type_), word(now.type_));
                changes.push(Change::TypeChanged { family: name.clone(), from, to });
            }
            if now.unit != locked.unit {
                let (from, to) = (locked.unit.clone(), now.unit.clone());
                changes.push(Change::UnitChanged { family: name.clone(), from, to });
            }
            let candidates = now.labels_beyond(locked);
            for label in locked.labels_beyond(&now) {
                let family = name.clone();
                changes.push(Change::LabelRemoved { family, label, candidates: candidates.clone() });
            }
            for (label, before) in &locked.labels {
                let Some(values) = now.labels.get(label) else { continue };
                let (removed, candidates) = before.removed(values);
                changes.extend(removed.into_iter().map(|value| Change::ValueRemoved {
                    family: name.clone(),
                    label: label.clone(),
                    value,
                    candidates: candidates.clone(),
                }));
            }
        }
        if let Some(functions) = &self.functions {
            changes.extend(functions.changes(&Functions::of(catalog)));
        }
        Ok(changes)
    }

    /// What became of a family that is gone: renamed if it was said, or if one new family is what it was and nothing
    /// else that is gone was the same.
    fn taken_away(
        &self,
        name: &str,
        locked: &Locked,
        catalog: &Catalog,
        new: &[&Family],
        gone: &[String],
        said: &[(String, String)],
    ) -> Change {
        let family = name.to_owned();
        if let Some((_, to)) = said.iter().find(|(old, _)| old == name) {
            return Change::Renamed { family, to: to.clone() };
        }
        let is_free = |family: &&&Family| !said.iter().any(|(_, taken)| *taken == family.name);
        let alike: Vec<&&Family> = new
            .iter()
            .filter(is_free)
            .filter(|family| Locked::of(family, catalog).is_alike(locked))
            .collect();
        let is_only = !gone.iter().any(|other| {
            other != name && self.families.get(other).is_some_and(|other| other.is_alike(locked))
        });
        if let ([successor], true) = (alike.as_slice(), is_only) {
            return Change::Renamed { family, to: successor.name.clone() };
        }
        let of_the_type = new.iter().filter(is_free).filter(|family| family.type_ == locked.type_);
        Change::Removed { family, candidates: of_the_type.map(|family| family.name.clone()).collect() }
    }

    /// That of the catalog, with what is remembered of the one before once its changes are accepted.
    pub(crate) fn of(catalog: &Catalog, before: Option<&Lock>, changes: &[Change]) -> Self {
        let mut families: BTreeMap<String, Locked> = catalog
            .families
            .iter()
            .map(|family| (family.name.clone(), Locked::of(family, catalog)))
            .collect();
        let functions = Functions::of(catalog);
        let mut removed_functions = Removed::default();
        let (mut renamed, mut removed) = (BTreeMap::new(), BTreeMap::new());
        if let Some(before) = before {
            removed_functions = before.removed_functions.clone();
            if let Some(before) = &before.functions {
                removed_functions.add(before);
            }
            renamed.clone_from(&before.renamed);
            removed.clone_from(&before.removed);
            for (name, family) in &mut families {
                if let Some(locked) = before.families.get(name) {
                    let ever = locked.labels.keys().chain(&locked.removed_labels);
                    family.removed_labels =
                        ever.filter(|label| !family.labels.contains_key(*label)).cloned().collect();
                }
            }
            for change in changes {
                let (Change::Renamed { family, .. } | Change::Removed { family, .. }) = change else {
                    continue;
                };
                let Some(locked) = before.families.get(family) else { continue };
                match change {
                    Change::Renamed { to, .. } => {
                        renamed.insert(family.clone(), Renamed { to: to.clone(), type_: locked.type_ });
                    }
                    _ => {
                        removed.insert(family.clone(), locked.clone());
                    }
                }
            }
        }
        // What was renamed twice has the last name. More steps than names would be a circle.
        let steps: BTreeMap<String, String> =
            renamed.iter().map(|(old, renamed)| (old.clone(), renamed.to.clone())).collect();
        for renamed in renamed.values_mut() {
            for _ in 0..steps.len() {
                match steps.get(&renamed.to) {
                    Some(next) if !catalog.has(&renamed.to) => renamed.to.clone_from(next),
                    _ => break,
                }
            }
        }
        // A name that is emitted again is no alias, and neither is one of something that is gone.
        renamed.retain(|old, renamed| !catalog.has(old) && catalog.has(&renamed.to));
        removed.retain(|name, _| !catalog.has(name));
        removed_functions.retain_missing(&functions);
        Lock { format: FORMAT, families, functions: Some(functions), removed_functions, renamed, removed }
    }

    /// Every old name with the one that it has now.
    pub(crate) fn renamed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.renamed.iter().map(|(old, renamed)| (old.as_str(), renamed.to.as_str()))
    }

    /// Every name that is gone.
    pub(crate) fn removed(&self) -> impl Iterator<Item = &str> {
        self.removed.keys().map(String::as_str)
    }

    /// Every function that is gone: `workflow checkout`.
    pub(crate) fn removed_functions(&self) -> impl Iterator<Item = String> {
        self.removed_functions.names()
    }

    pub(crate) fn text(&self) -> String {
        // Strings, numbers and sets of strings cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The rules that keep old names alive; `None` if there is none.
    pub(crate) fn aliases(&self, options: &Options) -> Result<Option<String>, serde_saphyr::ser::Error> {
        #[derive(Serialize)]
        struct RuleFile {
            groups: [Group; 1],
        }

        #[derive(Serialize)]
        struct Group {
            name: &'static str,
            rules: Vec<Rule>,
        }

        #[derive(Serialize)]
        struct Rule {
            record: String,
            expr: String,
        }

        let mut rules = Vec::new();
        for (old, renamed) in &self.renamed {
            let endings: &[&str] = match renamed.type_ {
                FamilyType::Histogram => &["_bucket", "_count", "_sum"],
                FamilyType::Counter | FamilyType::Gauge => &[""],
            };
            for ending in endings {
                let expr = selector(&format!("{}{ending}", renamed.to), &[("job", &options.job)]);
                rules.push(Rule { record: format!("{old}{ending}"), expr });
            }
        }
        if rules.is_empty() {
            return Ok(None);
        }
        let about = "Generated by tta generate. Families that have a new name, under their old one, so that dashboards\n\
                     and alerts of others go on. metrics.lock.json says which.";
        yaml::to_string(about, &RuleFile { groups: [Group { name: "tta_aliases", rules }] }).map(Some)
    }
}
