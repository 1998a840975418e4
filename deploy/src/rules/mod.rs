//! Recording rules and alerts, as Prometheus loads them.
//!
//! What is not in the catalog is in no rule: a program without objectives has no file of objectives, and a rule of
//! which one family is missing is left out.

pub(crate) mod alerts;
pub(crate) mod anomaly;
pub(crate) mod budgets;
pub(crate) mod burn;
pub(crate) mod caches;
mod compatibility;
pub(crate) mod cost;
pub(crate) mod policies;
mod recording;
pub(crate) mod routers;
pub(crate) mod sagas;
pub(crate) mod savings;
pub(crate) mod slo;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::yaml;

/// Between two scrapes of the generated Prometheus.
pub(crate) const SCRAPE_INTERVAL: &str = "15s";

/// What is counted for a stage of five minutes: a scrape interval more, since `increase` sees nothing of what happens
/// between the last sample of a range and the first of the next.
const STAGE_RANGE: &str = "5m15s";

/// A file of rules.
#[derive(Clone, Debug)]
pub(crate) struct RuleFile {
    /// Below the output folder.
    pub(crate) path: String,
    /// What a reader has to know of it, as lines without `#`.
    pub(crate) about: String,
    pub(crate) groups: Vec<Group>,
}

/// Rules that are evaluated one after the other, each seeing what those before it recorded.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// Between two evaluations; Prometheus' `evaluation_interval` if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<String>,
    pub(crate) rules: Vec<Rule>,
}

/// A recording rule or an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alert: Option<String>,
    pub(crate) expr: String,
    /// How long an alert's condition has to hold.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(crate) for_: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Rule {
    pub(crate) fn record(name: impl Into<String>, expr: impl Into<String>) -> Self {
        Rule { record: Some(name.into()), expr: expr.into(), ..Rule::default() }
    }

    /// The series that it records, or the alert.
    pub(crate) fn name(&self) -> &str {
        self.record.as_deref().or(self.alert.as_deref()).unwrap_or_default()
    }

    fn label(mut self, name: &str, value: impl Into<String>) -> Self {
        self.labels.insert(name.to_owned(), value.into());
        self
    }
}

impl Group {
    fn new(name: &str, rules: Vec<Rule>) -> Self {
        Group { name: name.to_owned(), interval: None, rules }
    }

    fn every(mut self, interval: &str) -> Self {
        self.interval = Some(interval.to_owned());
        self
    }
}

impl RuleFile {
    /// Its name without folder and ending: `recording`, `slo`, ..
    pub(crate) fn name(&self) -> &str {
        let file = self.path.rsplit('/').next().unwrap_or(&self.path);
        file.strip_suffix(".yml").unwrap_or(file)
    }

    /// Its text.
    pub(crate) fn to_yaml(&self) -> Result<String, serde_saphyr::ser::Error> {
        #[derive(Serialize)]
        struct Groups<'a> {
            groups: &'a [Group],
        }

        yaml::to_string(&self.about, &Groups { groups: &self.groups })
    }

    pub(crate) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.groups.iter().flat_map(|group| &group.rules)
    }

    fn new(name: &str, about: String, mut groups: Vec<Group>) -> Self {
        groups.retain(|group| !group.rules.is_empty());
        RuleFile { path: format!("prometheus/rules/{name}.yml"), about, groups }
    }
}

/// Every file of rules that has a rule.
pub(crate) fn generate(catalog: &Catalog, options: &Options) -> Vec<RuleFile> {
    let mut files = vec![
        recording::file(catalog, options),
        slo::file(catalog, options),
        alerts::file(catalog, options),
        anomaly::file(catalog, options),
    ];
    if !options.no_older_names {
        files.push(compatibility::file(catalog, options));
    }
    files.retain(|file| !file.groups.is_empty());
    files
}
