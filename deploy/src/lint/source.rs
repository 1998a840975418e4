//! Rules and dashboards that somebody wrote, as files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;

use crate::rules::{Group, Rule, RuleFile};

/// Why a file cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is no file of Prometheus rules: {source}", path.display())]
    NoRules { path: PathBuf, source: Box<serde_saphyr::Error> },
    #[error("{} is no dashboard: {source}", path.display())]
    NoDashboard { path: PathBuf, source: serde_json::Error },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    groups: Vec<GroupText>,
}

/// Prometheus knows more fields, of which none matters here.
#[derive(Deserialize)]
struct GroupText {
    name: String,
    interval: Option<String>,
    #[serde(default)]
    rules: Vec<RuleText>,
}

#[derive(Deserialize)]
struct RuleText {
    record: Option<String>,
    alert: Option<String>,
    expr: String,
    #[serde(rename = "for")]
    for_: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// A file of rules.
pub(crate) fn read_rules(path: &Path) -> Result<RuleFile, SourceError> {
    let text = read(path)?;
    let file: FileText = serde_saphyr::from_str(&text)
        .map_err(|source| SourceError::NoRules { path: path.to_owned(), source: Box::new(source) })?;
    let rule = |rule: RuleText| Rule {
        record: rule.record,
        alert: rule.alert,
        expr: rule.expr,
        for_: rule.for_,
        labels: rule.labels,
        annotations: rule.annotations,
    };
    let group = |group: GroupText| Group {
        name: group.name,
        interval: group.interval,
        rules: group.rules.into_iter().map(rule).collect(),
    };
    let groups = file.groups.into_iter().map(group).collect();
    Ok(RuleFile { path: path.display().to_string(), about: String::new(), groups })
}

/// A dashboard in Grafana's classic JSON, as it is exported or in the envelope that Grafana's API puts around it.
pub(crate) fn read_dashboard(path: &Path) -> Result<(String, serde_json::Value), SourceError> {
    let no_dashboard = |source| SourceError::NoDashboard { path: path.to_owned(), source };
    let mut json: serde_json::Value = serde_json::from_str(&read(path)?).map_err(no_dashboard)?;
    if let Some(inner) = json.get_mut("dashboard") {
        json = inner.take();
    }
    Ok((path.display().to_string(), json))
}

fn read(path: &Path) -> Result<String, SourceError> {
    fs::read_to_string(path).map_err(|source| SourceError::Unreadable { path: path.to_owned(), source })
}
