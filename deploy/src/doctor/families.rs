//! Whether what the program emits is what the catalog says.

use std::collections::BTreeSet;

use super::server::AskError;
use super::{Check, Examined, State, array, exceptions};
use crate::catalog::{Family, FamilyType};
use crate::promql::{quote, selector};
use crate::queries::Purpose;

/// The prefix of our families.
const PREFIX: &str = "tta_";
/// How long a family has to have been 0 to be told of.
const IDLE: &str = "1h";

impl Examined<'_> {
    /// Whether it has what the catalog says, and nothing else of ours.
    pub(super) fn families(&self) -> Vec<Check> {
        let everything = format!("count by (__name__) ({{job={}}})", quote(self.job));
        let found = match self.prometheus.query(&everything) {
            Ok(found) => found,
            Err(error) => {
                return vec![Check::failed("families", error.to_string(), "see the log of Prometheus")];
            }
        };
        let names: BTreeSet<&str> = array(&found["result"])
            .iter()
            .filter_map(|sample| sample["metric"]["__name__"].as_str())
            .collect();

        let mut checks = Vec::new();
        let mut there = 0;
        for family in &self.catalog.families {
            let missing: Vec<String> =
                series(family).into_iter().filter(|name| !names.contains(name.as_str())).collect();
            match (missing.as_slice(), exceptions::of_family(family)) {
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
        let recorded: BTreeSet<&str> = self
            .rules
            .iter()
            .filter(|rule| rule.purpose == Purpose::Recording)
            .map(|rule| rule.name.as_str())
            .collect();
        checks.extend(self.idle(&names));
        let known: BTreeSet<String> = self.catalog.families.iter().flat_map(series).collect();
        for name in names {
            if name.starts_with(PREFIX) && !known.contains(name) && !recorded.contains(name) {
                checks.push(Check::failed(
                    "families",
                    format!("{name} is in Prometheus and not in the catalog"),
                    "write the catalog again (TTA_UPDATE=1 cargo test), and generate again",
                ));
            }
        }
        checks.insert(
            0,
            Check {
                name: "families",
                state: if there > 0 || self.catalog.families.is_empty() { State::Ok } else { State::Note },
                detail: format!("{there} of {} are there", self.catalog.families.len()),
                advice: None,
            },
        );
        checks
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

/// The names of a family's series.
pub(super) fn series(family: &Family) -> Vec<String> {
    match family.type_ {
        FamilyType::Histogram => {
            ["_bucket", "_count", "_sum"].iter().map(|end| format!("{}{end}", family.name)).collect()
        }
        FamilyType::Counter | FamilyType::Gauge => vec![family.name.clone()],
    }
}
