//! Whether series have the types, labels and values that the catalog says, and no others.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::families::series;
use super::{Check, Examined, SHOWN, State, array, listed};
use crate::catalog::{Family, FamilyType, Label};
use crate::promql::{quote, selector};
use crate::reference::type_word;

const CHECK: &str = "families";
/// What is said of what is there and should not be.
pub(super) const BEYOND: &str = "scraped, and not in the catalog";
/// What to do about it.
pub(super) const GENERATE: &str = "write the catalog again (TTA_UPDATE=1 cargo test), and generate again";
/// What Prometheus gives to every series that it scrapes.
const OF_THE_SCRAPE: [&str; 3] = ["__name__", "job", "instance"];
/// Combinations of labels that are asked for, of those that should not be there at all.
const MOST: usize = 100;
/// Letters of a value that are shown.
const LONGEST: usize = 60;

/// What series have that they should not have.
#[derive(Debug, Default)]
struct Beyond {
    /// By label and values: the families. No value means that the label is missing.
    values: BTreeMap<(String, BTreeSet<String>), BTreeSet<String>>,
    /// By label: the values, and the families.
    labels: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
}

impl Examined<'_> {
    /// Families that are scraped with another type than the catalog says, with that type.
    pub(super) fn other_types(&self) -> BTreeMap<&str, String> {
        let mut others = BTreeMap::new();
        // Of what is pushed no type is kept.
        if self.pushed {
            return others;
        }
        let target = format!("{{job={}}}", quote(self.job));
        let path =
            format!("targets/metadata?match_target={}", utf8_percent_encode(&target, NON_ALPHANUMERIC));
        // A server that only looks like Prometheus may not have it.
        let Ok(metadata) = self.prometheus.api(&path) else { return others };
        let mut types: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for entry in array(&metadata) {
            if let (Some(name), Some(type_)) = (entry["metric"].as_str(), entry["type"].as_str()) {
                types.entry(name).or_default().insert(type_);
            }
        }
        for family in &self.catalog.families {
            let Some(types) = types_of(family, &types) else { continue };
            if let Some(other) = types.iter().find(|type_| !is_of_type(family, type_)) {
                others.insert(family.name.as_str(), (*other).to_owned());
            }
        }
        others
    }

    /// Labels, and values of those of which all are known, that the catalog does not have.
    pub(super) fn other_labels(
        &self,
        names: &BTreeSet<&str>,
        other_types: &BTreeMap<&str, String>,
        of_targets: &BTreeSet<String>,
    ) -> Vec<Check> {
        let is_there = |family: &&Family| {
            !other_types.contains_key(family.name.as_str())
                && series(family).iter().all(|name| names.contains(name.as_str()))
        };
        let families: Vec<&Family> = self.catalog.families.iter().filter(is_there).collect();
        let asked: Vec<Asked<'_>> =
            families.iter().flat_map(|family| self.asked_of(family, of_targets)).collect();
        let queries: BTreeSet<&str> = asked.iter().map(|asked| asked.query.as_str()).collect();
        let answers = self.ask(&queries.into_iter().collect::<Vec<_>>(), |answer| answer);

        let mut beyond = Beyond::default();
        for asked in &asked {
            match answers.get(asked.query.as_str()) {
                Some(Ok(answer)) => asked.judge(array(&answer["result"]), &mut beyond),
                Some(Err(error)) => {
                    let what = format!("the labels of {} are not known: {error}", asked.family.name);
                    return vec![Check::failed(CHECK, what, "see the log of Prometheus")];
                }
                None => {}
            }
        }
        beyond.checks(families.len())
    }

    /// What is asked of a family to know its labels.
    fn asked_of<'f>(&self, family: &'f Family, of_targets: &BTreeSet<String>) -> Vec<Asked<'f>> {
        let is_histogram = family.type_ == FamilyType::Histogram;
        let of_job = |name: &str| selector(name, &[("job", self.job)]);
        // The other series of a histogram have the same labels, and there are fewer.
        let name = if is_histogram { format!("{}_count", family.name) } else { family.name.clone() };
        let series = of_job(&name);
        let mut known: Vec<&str> = OF_THE_SCRAPE.to_vec();
        known.extend(family.labels.iter().map(|label| label.name.as_str()));
        known.extend(of_targets.iter().map(String::as_str));
        let known = known[1..].join(", ");
        let mut all = vec![Asked {
            family,
            of: Of::Labels,
            query: format!("topk({MOST}, group without ({known}) ({series}))"),
        }];
        for label in family.labels.iter().filter(|label| label.values.is_some() && !label.open) {
            // Those of the scrape win over those of the program.
            if !of_targets.contains(&label.name) {
                let query = format!("group by ({}) ({series})", label.name);
                all.push(Asked { family, of: Of::Values(label), query });
            }
        }
        if is_histogram {
            let query = format!("group by (le) ({})", of_job(&format!("{}_bucket", family.name)));
            all.push(Asked { family, of: Of::Bounds, query });
        }
        all
    }
}

/// A question about the labels of a family.
struct Asked<'f> {
    family: &'f Family,
    of: Of<'f>,
    query: String,
}

enum Of<'f> {
    /// Labels that it should not have.
    Labels,
    /// Values of a label.
    Values(&'f Label),
    /// Bounds of its buckets.
    Bounds,
}

impl Asked<'_> {
    fn judge(&self, samples: &[Value], beyond: &mut Beyond) {
        let name = || self.family.name.clone();
        let found = |label: &str| -> BTreeSet<String> {
            samples
                .iter()
                .map(|sample| sample["metric"][label].as_str().unwrap_or_default().to_owned())
                .collect()
        };
        let mut others = BTreeSet::new();
        let label = match self.of {
            Of::Labels => {
                let all = samples.iter().filter_map(|sample| sample["metric"].as_object()).flatten();
                for (label, value) in all {
                    let (values, families) = beyond.labels.entry(label.clone()).or_default();
                    values.insert(value.as_str().unwrap_or_default().to_owned());
                    families.insert(name());
                }
                return;
            }
            Of::Values(label) => {
                let known = label.values.as_deref().unwrap_or_default();
                for value in found(&label.name) {
                    // A label that is empty is none.
                    let may_be_missing = label.optional && value.is_empty();
                    if !may_be_missing && !known.contains(&value) {
                        others.insert(value);
                    }
                }
                label.name.as_str()
            }
            Of::Bounds => {
                let is_known = |bound: &str| {
                    let bound: Option<f64> = bound.parse().ok();
                    let all = self.family.buckets.iter().copied().chain([f64::INFINITY]);
                    bound.is_none_or(|bound| all.into_iter().any(|known| is_same(known, bound)))
                };
                others.extend(found("le").into_iter().filter(|bound| !is_known(bound)));
                "le"
            }
        };
        if others.remove("") {
            beyond.values.entry((label.to_owned(), BTreeSet::new())).or_default().insert(name());
        }
        if !others.is_empty() {
            beyond.values.entry((label.to_owned(), others)).or_default().insert(name());
        }
    }
}

impl Beyond {
    /// `families`: how many were asked.
    fn checks(self, families: usize) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut notes = Vec::new();
        let all = |of: &BTreeSet<String>| listed(&of.iter().collect::<Vec<_>>());
        for (label, (values, of)) in self.labels {
            if families > 1 && of.len() == families {
                // No program does this; whoever collects from it does.
                let what = format!("every series has the label {label}, which is not in the catalog");
                let note = Check::note(CHECK, what);
                notes.push(Check {
                    advice: Some("nothing, if a relabelling or a Collector adds it".to_owned()),
                    ..note
                });
                continue;
            }
            let what = format!("the label {label} ({}) of {}: {BEYOND}", quoted(&values), all(&of));
            checks.push(Check::failed(CHECK, what, GENERATE));
        }
        for ((label, values), of) in self.values {
            let what = if values.is_empty() {
                format!("series without the label {label} of {}: {BEYOND}", all(&of))
            } else {
                format!("{label}={} of {}: {BEYOND}", quoted(&values), all(&of))
            };
            checks.push(Check::failed(CHECK, what, GENERATE));
        }
        let mut checks = bounded(checks, "labels");
        checks.extend(notes);
        checks
    }
}

/// The first few of the failures, and how many more there are.
pub(super) fn bounded(mut checks: Vec<Check>, what: &str) -> Vec<Check> {
    let more = checks.len().saturating_sub(SHOWN);
    if more > 0 {
        checks.truncate(SHOWN);
        checks.push(Check {
            name: CHECK,
            state: State::Failed,
            detail: format!("and {more} more {what} like these: {BEYOND}"),
            advice: None,
        });
    }
    checks
}

fn quoted(values: &BTreeSet<String>) -> String {
    let short = |value: &String| {
        let mut short: String = value.chars().take(LONGEST).collect();
        if short.len() < value.len() {
            short.push('…');
        }
        quote(&short)
    };
    listed(&values.iter().map(short).collect::<Vec<_>>())
}

/// What a family is scraped as: an exposition in `OpenMetrics` names counters and infos without their endings.
fn types_of<'t>(family: &Family, types: &'t BTreeMap<&str, BTreeSet<&str>>) -> Option<&'t BTreeSet<&'t str>> {
    let endings = ["", "_total", "_info"];
    endings.iter().find_map(|end| types.get(family.name.strip_suffix(end)?))
}

fn is_of_type(family: &Family, type_: &str) -> bool {
    match type_ {
        "unknown" | "untyped" | "" => true,
        "info" => family.type_ == FamilyType::Gauge,
        type_ => type_ == type_word(family),
    }
}

/// Whether two bounds are one: each is written by its own means.
fn is_same(known: f64, bound: f64) -> bool {
    known.total_cmp(&bound).is_eq() || known.is_finite() && (known - bound).abs() <= 1e-9 * known.abs()
}
