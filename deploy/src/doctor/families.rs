//! Whether what the program emits is what the catalog says.

use std::collections::{BTreeMap, BTreeSet};

use super::labels::{self, BEYOND, GENERATE};
use super::server::AskError;
use super::{Check, Examined, State, array, exceptions};
use crate::catalog::{Family, FamilyType};
use crate::promql::{quote, selector};
use crate::queries::{self as in_files, Purpose};
use crate::reference::type_word;

/// The prefix of our families.
const PREFIX: &str = "tta_";
/// How long a family has to have been 0 to be told of.
const IDLE: &str = "1h";

impl Examined<'_> {
    /// Whether it has what the catalog says, and nothing else of ours; and whether there is anything of it at all.
    pub(super) fn families(&self, of_targets: &BTreeSet<String>) -> (Vec<Check>, bool) {
        let everything = format!("count by (__name__) ({{job={}}})", quote(self.job));
        let found = match self.prometheus.query(&everything) {
            Ok(found) => found,
            Err(error) => {
                let check = Check::failed("families", error.to_string(), "see the log of Prometheus");
                return (vec![check], true);
            }
        };
        let names: BTreeSet<&str> = array(&found["result"])
            .iter()
            .filter_map(|sample| sample["metric"]["__name__"].as_str())
            .collect();
        let is_there = |family: &Family| series(family).iter().any(|name| names.contains(name.as_str()));
        let count = self.catalog.families.len();
        if count > 0 && !self.catalog.families.iter().any(is_there) && !names.iter().any(|name| is_ours(name))
        {
            let check = Check::failed(
                "families",
                format!("none of the {count} of the catalog is in Prometheus with the job {}", self.job),
                "see that the job is the program that the catalog is of, and that it serves tta's metrics",
            );
            return (vec![check], false);
        }

        let other_types = self.other_types();
        let mut checks = Vec::new();
        let mut there = 0;
        for family in &self.catalog.families {
            let missing: Vec<String> =
                series(family).into_iter().filter(|name| !names.contains(name.as_str())).collect();
            match (missing.as_slice(), exceptions::of_family(family)) {
                _ if other_types.contains_key(family.name.as_str()) => {}
                ([], _) => there += 1,
                (missing, Some(reason)) if missing.len() == series(family).len() => {
                    checks.push(Check::note("families", format!("{} is not there: {reason}", family.name)));
                }
                (missing, _) => checks.push(Check::failed(
                    "families",
                    format!("{} is in the catalog and not in Prometheus", missing.join(", ")),
                    format!(
                        "run the build of the program that the catalog is of; {} comes from: {}",
                        family.name, family.producer
                    ),
                )),
            }
        }
        checks.extend(self.idle(&names));
        checks.extend(self.not_in_the_catalog(&names, &other_types));
        checks.extend(self.other_labels(&names, &other_types, of_targets));
        checks.insert(
            0,
            Check {
                name: "families",
                state: if there > 0 || count == 0 { State::Ok } else { State::Note },
                detail: format!("{there} of {count} are there"),
                advice: None,
            },
        );
        (checks, true)
    }

    /// Families of ours that the catalog has with another type, or not at all.
    fn not_in_the_catalog(&self, names: &BTreeSet<&str>, other_types: &BTreeMap<&str, String>) -> Vec<Check> {
        let mut checks: Vec<Check> = Vec::new();
        for (name, type_) in other_types {
            let known = self.catalog.family(name).map_or("", type_word);
            checks.push(Check::failed(
                "families",
                format!("{name} of the type {type_}: {BEYOND}, which has a {known}"),
                GENERATE,
            ));
        }
        let recorded: BTreeSet<&str> = self
            .rules
            .iter()
            .filter(|rule| rule.purpose == Purpose::Recording)
            .map(|rule| rule.name.as_str())
            .collect();
        let known: BTreeSet<String> = self.catalog.families.iter().flat_map(series).collect();
        let of_another_type = |name: &str| {
            other_types.keys().any(|family| *family == name || *family == in_files::family_of(name))
        };
        let unknown = names.iter().filter(|name| {
            is_ours(name) && !known.contains(**name) && !recorded.contains(*name) && !of_another_type(name)
        });
        checks.extend(unknown.map(|name| {
            Check::failed("families", format!("{name} is in Prometheus and not in the catalog"), GENERATE)
        }));
        labels::bounded(checks, "families")
    }

    /// Those of the families that are there whose series have been 0, now and within [`IDLE`].
    fn idle(&self, names: &BTreeSet<&str>) -> Vec<Check> {
        match self.all_zero(names) {
            Ok(idle) if self.used => idle
                .iter()
                .map(|family| {
                    Check::failed(
                        "families",
                        format!("{} has been nothing but 0", family.name),
                        format!(
                            "have the program do what it counts; {} comes from: {}",
                            family.name, family.producer
                        ),
                    )
                })
                .collect(),
            Ok(idle) if idle.is_empty() => Vec::new(),
            Ok(idle) => {
                let names: Vec<&str> = idle.iter().map(|family| family.name.as_str()).collect();
                vec![Check::note("families", format!("nothing but 0 so far: {}", names.join(", ")))]
            }
            Err(error) => vec![Check::failed("families", error.to_string(), "see the log of Prometheus")],
        }
    }

    fn all_zero(&self, names: &BTreeSet<&str>) -> Result<Vec<&Family>, AskError> {
        let moved = format!("count by (__name__) ({{job={}}} != 0)", quote(self.job));
        let moved = self.prometheus.query(&moved)?;
        let moved: BTreeSet<&str> = array(&moved["result"])
            .iter()
            .filter_map(|sample| sample["metric"]["__name__"].as_str())
            .collect();
        let mut idle = Vec::new();
        for family in &self.catalog.families {
            let series = series(family);
            if !series.iter().any(|name| names.contains(name.as_str()))
                || series.iter().any(|name| moved.contains(name.as_str()))
            {
                continue;
            }
            // What goes up and down may be 0 just now.
            let is_zero = series.iter().all(|name| {
                let series = selector(name, &[("job", self.job)]);
                let before = self.prometheus.query(&format!("max_over_time({series}[{IDLE}]) != 0"));
                before.is_ok_and(|before| array(&before["result"]).is_empty())
            });
            if is_zero {
                idle.push(family);
            }
        }
        Ok(idle)
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The names of a family's series.
pub(super) fn series(family: &Family) -> Vec<String> {
    match family.type_ {
        FamilyType::Histogram => {
            ["_bucket", "_count", "_sum"].iter().map(|end| format!("{}{end}", family.name)).collect()
        }
        FamilyType::Counter | FamilyType::Gauge => vec![family.name.clone()],
    }
}
