//! What is said of a name, for programs; people get the same as text.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::queries::Purpose;

/// What is said of a name: of each thing that has it.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    pub(super) ok: bool,
    pub(super) command: &'static str,
    pub(super) name: &'a str,
    pub(super) found: Vec<Found<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) did_you_mean: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub(super) enum Found<'a> {
    Family(OfFamily<'a>),
    Recorded(OfRule<'a>),
    Alert(OfRule<'a>),
    Site(OfSite<'a>),
    Label(OfLabelUse<'a>),
    Prometheus(OfPrometheus<'a>),
}

/// A label, wherever it is.
#[derive(Serialize)]
pub(super) struct OfLabelUse<'a> {
    pub(super) name: &'a str,
    /// Of those that Prometheus gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) help: Option<&'static str>,
    /// The families that have it.
    pub(super) families: Vec<OfLabelIn<'a>>,
    /// The values that rules give to what they make.
    pub(super) given_by_rules: BTreeSet<&'a str>,
    pub(super) sites: Vec<Place<'a>>,
    pub(super) used_by: Vec<Used<'a>>,
}

#[derive(Serialize)]
pub(super) struct OfLabelIn<'a> {
    pub(super) family: &'a str,
    pub(super) values: String,
}

/// A metric that Prometheus makes.
#[derive(Serialize)]
pub(super) struct OfPrometheus<'a> {
    pub(super) name: &'static str,
    #[serde(rename = "type")]
    pub(super) type_: &'static str,
    pub(super) help: &'static str,
    pub(super) labels: &'static [&'static str],
    pub(super) used_by: Vec<Used<'a>>,
}

#[derive(Serialize)]
pub(super) struct OfFamily<'a> {
    pub(super) name: &'a str,
    #[serde(rename = "type")]
    pub(super) type_: &'static str,
    pub(super) unit: &'a str,
    pub(super) help: &'a str,
    pub(super) producer: &'a str,
    pub(super) labels: Vec<OfLabel<'a>>,
    pub(super) sites: Vec<Place<'a>>,
    pub(super) used_by: Vec<Used<'a>>,
    pub(super) examples: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct OfLabel<'a> {
    pub(super) name: &'a str,
    pub(super) values: String,
}

#[derive(Serialize)]
pub(super) struct Place<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    pub(super) file: &'a str,
    pub(super) line: u32,
}

#[derive(Clone, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Used<'a> {
    pub(super) by: Purpose,
    pub(super) within: &'a str,
    pub(super) name: &'a str,
}

#[derive(Serialize)]
pub(super) struct OfRule<'a> {
    pub(super) name: &'a str,
    pub(super) group: &'a str,
    pub(super) expr: &'a str,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(super) for_: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: &'a BTreeMap<String, String>,
    pub(super) reads: Vec<String>,
    pub(super) used_by: Vec<Used<'a>>,
}

#[derive(Serialize)]
pub(super) struct OfSite<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    #[serde(rename = "type")]
    pub(super) type_: &'a str,
    pub(super) span: &'a str,
    pub(super) function: &'a str,
    pub(super) file: &'a str,
    pub(super) line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) maturity: Option<&'a str>,
    pub(super) labels: Vec<OfLabel<'a>>,
    /// Whether durations have its labels as well as counts.
    pub(super) labels_on_all: bool,
    pub(super) errors: Vec<OfError<'a>>,
    pub(super) metrics: Vec<&'a str>,
    pub(super) objectives: Vec<OfObjective<'a>>,
    pub(super) alerts: Vec<Used<'a>>,
    pub(super) dashboards: BTreeSet<&'a str>,
}

#[derive(Serialize)]
pub(super) struct OfError<'a> {
    pub(super) name: &'a str,
    pub(super) category: &'a str,
    pub(super) severity: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct OfObjective<'a> {
    pub(super) objective: &'a str,
    pub(super) target: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) threshold_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) threshold_dollars: Option<f64>,
    #[serde(skip)]
    pub(super) bound: String,
    pub(super) window_days: u32,
    pub(super) burns: Vec<Burn<'a>>,
}

/// An alert on the burn of an objective's budget.
#[derive(Serialize)]
pub(super) struct Burn<'a> {
    pub(super) alert: &'a str,
    pub(super) windows: Vec<String>,
    pub(super) factor: f64,
    /// The ratio of bad calls that this is.
    pub(super) bad_ratio: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity: Option<&'a str>,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(super) for_: Option<&'a str>,
}
