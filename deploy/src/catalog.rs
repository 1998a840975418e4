//! The catalog of a program, as `tta::testing::assert_catalog` keeps it in a file.
//!
//! Its form is the one that `tta::Catalog::to_json` documents.

mod valid;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::{Deserialize, Serialize};

use crate::promql::number;

/// The form of catalog files that this program reads.
const FORMAT: u32 = 1;

/// Why a catalog cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogError {
    #[error("cannot read the catalog {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is no catalog of tta: {source}", path.display())]
    Malformed { path: PathBuf, source: serde_json::Error },
    #[error("the catalog {} cannot be right\n{mistakes}", path.display())]
    Invalid { path: PathBuf, mistakes: String },
    #[error("the catalog {} contradicts itself\n{conflicts}", path.display())]
    Conflict { path: PathBuf, conflicts: String },
    #[error("the catalog {} has format {found}, and this tta reads format {FORMAT}: install the tta of the same release as the program's", path.display())]
    OtherFormat { path: PathBuf, found: u32 },
}

/// Everything that a program can emit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Catalog {
    #[serde(rename = "format")]
    _format: u32,
    /// Of a program that asks models.
    pub(crate) prices: Option<Prices>,
    pub(crate) sites: Vec<Site>,
    pub(crate) families: Vec<Family>,
}

/// Which prices of models come along with the program.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prices {
    pub(crate) source: String,
    pub(crate) version: String,
    /// The day on which they were checked last.
    pub(crate) checked: String,
}

/// An annotated function.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Site {
    pub(crate) kind: SiteKind,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) type_: String,
    /// The name of its spans.
    pub(crate) span: String,
    pub(crate) function: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    #[serde(default)]
    pub(crate) labels: Vec<Label>,
    #[serde(default)]
    pub(crate) labels_on_all: bool,
    #[serde(default)]
    pub(crate) errors: Vec<ErrorKind>,
    pub(crate) maturity: Option<String>,
    pub(crate) slo: Option<Slo>,
}

/// Which attribute a function has.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SiteKind {
    Workflow,
    Primitive,
}

/// A label and the values that it can have.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Label {
    pub(crate) name: String,
    /// Those that are known; `None` if none is.
    pub(crate) values: Option<Vec<String>>,
    /// Whether other values may come.
    #[serde(default)]
    pub(crate) open: bool,
    /// How many values are kept, of a label whose values are not known.
    pub(crate) limit: Option<u32>,
    /// Whether some of the family's series are without it.
    #[serde(default)]
    pub(crate) optional: bool,
}

/// A kind of error that a function is known to return.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorKind {
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) severity: String,
    pub(crate) code: Option<String>,
}

/// What a function promises.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slo {
    /// The days over which the objectives hold.
    pub(crate) window_days: u32,
    pub(crate) objectives: Vec<Objective>,
}

/// One objective: the ratio of events that are good.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Objective {
    #[serde(rename = "objective")]
    pub(crate) name: String,
    /// Between 0 and 1.
    pub(crate) target: f64,
    /// Of a latency: the time within which a call is good.
    pub(crate) threshold_seconds: Option<f64>,
    /// Of a cost: what a good call costs at most.
    pub(crate) threshold_dollars: Option<f64>,
}

impl Objective {
    /// ` within 2 s`, ` at most $0.05`, or nothing: behind the share of calls.
    pub(crate) fn bound(&self) -> String {
        match (self.threshold_seconds, self.threshold_dollars) {
            (Some(seconds), _) => format!(" within {} s", number(seconds)),
            (None, Some(dollars)) => format!(" at most ${}", number(dollars)),
            (None, None) => String::new(),
        }
    }
}

/// A metric family.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Family {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) type_: FamilyType,
    /// `seconds`, `bytes`, or nothing.
    pub(crate) unit: String,
    pub(crate) help: String,
    pub(crate) labels: Vec<Label>,
    /// Upper bounds, without `+Inf`.
    #[serde(default)]
    pub(crate) buckets: Vec<f64>,
    /// Who emits it.
    pub(crate) producer: String,
    /// Whether annotated functions do.
    #[serde(default)]
    pub(crate) sites: bool,
}

/// What a family's values do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FamilyType {
    Counter,
    Gauge,
    Histogram,
}

impl Catalog {
    pub(crate) fn read(path: &Path) -> Result<Self, CatalogError> {
        let text = fs::read_to_string(path)
            .map_err(|source| CatalogError::Unreadable { path: path.to_owned(), source })?;
        Catalog::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, CatalogError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }

        let malformed = |source| CatalogError::Malformed { path: path.to_owned(), source };
        // What another format has in it would be reported as a mistake.
        let Format { format } = serde_json::from_str(text).map_err(malformed)?;
        if format != FORMAT {
            return Err(CatalogError::OtherFormat { path: path.to_owned(), found: format });
        }
        let catalog: Catalog = serde_json::from_str(text).map_err(malformed)?;
        let mistakes = valid::mistakes(&catalog);
        if !mistakes.is_empty() {
            return Err(CatalogError::Invalid { path: path.to_owned(), mistakes: mistakes.join("\n") });
        }
        let conflicts: Vec<String> = catalog.conflicts().iter().map(ToString::to_string).collect();
        if !conflicts.is_empty() {
            return Err(CatalogError::Conflict { path: path.to_owned(), conflicts: conflicts.join("\n") });
        }
        Ok(catalog)
    }

    pub(crate) fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.name == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.family(name).is_some()
    }

    pub(crate) fn of_kind(&self, kind: SiteKind) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(move |site| site.kind == kind)
    }

    /// Functions that share a name but not their kind, type, labels or objectives, so that their series do not add up.
    pub(crate) fn conflicts(&self) -> Vec<Conflict<'_>> {
        let mut by_name: BTreeMap<&str, Vec<&Site>> = BTreeMap::new();
        let mut conflicts = Vec::new();
        for site in &self.sites {
            let before = by_name.entry(&site.name).or_default();
            // One is enough of each function.
            conflicts.extend(
                before.iter().find(|other| other.is_against(site)).map(|other| Conflict(other, site)),
            );
            before.push(site);
        }
        conflicts
    }

    /// Every objective with the function that has it, one for each name.
    pub(crate) fn objectives(&self) -> Vec<(&Site, &Slo, &Objective)> {
        let mut all: Vec<(&Site, &Slo, &Objective)> = Vec::new();
        let mut seen: HashSet<(&str, &str)> = HashSet::new();
        for site in &self.sites {
            let Some(slo) = &site.slo else { continue };
            for objective in &slo.objectives {
                if seen.insert((&site.name, &objective.name)) {
                    all.push((site, slo, objective));
                }
            }
        }
        all
    }
}

impl Site {
    /// Whether series of both would be taken for those of one.
    fn is_against(&self, other: &Site) -> bool {
        if self.kind != other.kind {
            // A workflow and a primitive share the series of their objectives only.
            return self.slo.is_some() && other.slo.is_some();
        }
        self.type_ != other.type_
            || self.labels != other.labels
            || self.labels_on_all != other.labels_on_all
            || self.slo != other.slo
    }
}

/// Two functions that share a name and must not.
#[derive(Debug)]
pub(crate) struct Conflict<'a>(&'a Site, &'a Site);

impl fmt::Display for Conflict<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Conflict(a, b) = self;
        write!(
            f,
            "two functions are named {:?} but differ in kind, type, labels or objectives: {} at {}:{} and {} at {}:{}; \
             give one of them another `name`",
            a.name, a.function, a.file, a.line, b.function, b.file, b.line
        )
    }
}
