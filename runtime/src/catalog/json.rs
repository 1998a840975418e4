//! The catalog as a file.

use serde::Serialize;

use super::entries::{Catalog, CatalogLabel, CatalogSite};
use super::values::FamilyLabel;
use crate::cost::Money;
use crate::metric::family::{Family, FamilyKind};
use crate::outcome::Kind;

/// The form of the document. A reader of one form refuses another.
const FORMAT: u32 = 1;

impl Catalog {
    /// The catalog as JSON, from which `tta generate` makes dashboards, rules and alerts.
    ///
    /// | key | what |
    /// |---|---|
    /// | `format` | 1; another number where an older reader would misunderstand |
    /// | `prices` | where a function asks models: the `source` of their prices, its `version`, and the day on which it was `checked` last |
    /// | `sites[]` | the annotated functions, by kind and name: `kind`, `name`, `type`, `span` (the name of its spans), `function`, `file`, `line`, `labels[]` (`name` with `values`, or with `limit` where it is open), `labels_on_all`, `errors[]` (`name`, `category`, `severity`, `code`), `maturity`, `slo` (`window_days`, `objectives[]`: `objective`, `target` from 0 to 1, `threshold_seconds` of a latency, `threshold_dollars` of a cost) |
    /// | `families[]` | the metric families: `name`, `type`, `unit`, `help`, `labels[]`, `buckets`, `producer`, and `sites` where annotated functions emit it |
    /// | `families[].labels[]` | `name`; `values` that are known; `open` where others may come, of which `limit` are kept; `optional` where some series are without it |
    ///
    /// What is false, empty or unknown is left out. The same program gives the same text.
    ///
    /// ```
    /// let json: serde_json::Value = serde_json::from_str(&tta::catalog().to_json())?;
    /// assert_eq!(json["format"], 1);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let families = self.families().iter();
        let document = Document {
            format: FORMAT,
            #[cfg(feature = "llm")]
            prices: crate::cost::asks_models().then(PricesEntry::of_data),
            sites: self.sites().iter().copied().map(SiteEntry::new).collect(),
            families: families.map(|family| FamilyEntry::new(family, &self.labels(family))).collect(),
        };
        // Text and numbers alone, which cannot fail to be written to memory.
        let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
        json.push('\n');
        json
    }
}

#[derive(Serialize)]
struct Document {
    format: u32,
    #[cfg(feature = "llm")]
    #[serde(skip_serializing_if = "Option::is_none")]
    prices: Option<PricesEntry>,
    sites: Vec<SiteEntry>,
    families: Vec<FamilyEntry>,
}

/// The prices that come along.
#[cfg(feature = "llm")]
#[derive(Serialize)]
struct PricesEntry {
    source: &'static str,
    version: &'static str,
    checked: &'static str,
}

#[cfg(feature = "llm")]
impl PricesEntry {
    fn of_data() -> Self {
        let (version, checked) = (crate::Prices::data_version(), crate::Prices::data_checked());
        PricesEntry { source: "genai-prices", version, checked }
    }
}

#[derive(Serialize)]
struct SiteEntry {
    kind: &'static str,
    name: &'static str,
    #[serde(rename = "type")]
    type_: &'static str,
    span: &'static str,
    function: &'static str,
    file: String,
    line: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<LabelEntry>,
    #[serde(skip_serializing_if = "is_false")]
    labels_on_all: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maturity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slo: Option<SloEntry>,
}

#[derive(Default, Serialize)]
struct LabelEntry {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "is_false")]
    open: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    #[serde(skip_serializing_if = "is_false")]
    optional: bool,
}

#[derive(Serialize)]
struct ErrorEntry {
    name: &'static str,
    category: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

#[derive(Serialize)]
struct SloEntry {
    window_days: u32,
    objectives: Vec<ObjectiveEntry>,
}

#[derive(Serialize)]
struct ObjectiveEntry {
    objective: &'static str,
    target: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold_dollars: Option<f64>,
}

#[derive(Serialize)]
struct FamilyEntry {
    name: &'static str,
    #[serde(rename = "type")]
    type_: &'static str,
    unit: &'static str,
    help: &'static str,
    labels: Vec<LabelEntry>,
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    buckets: &'static [f64],
    producer: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    sites: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl SiteEntry {
    fn new(site: CatalogSite) -> Self {
        let slo = site.slo().map(|slo| SloEntry {
            window_days: slo.window_days(),
            objectives: slo
                .objectives()
                .into_iter()
                .map(|objective| ObjectiveEntry {
                    objective: objective.name(),
                    target: f64::from(objective.target_millionths()) / 1e6,
                    threshold_seconds: objective.within().map(|within| within.as_secs_f64()),
                    threshold_dollars: objective.at_most().map(Money::dollars),
                })
                .collect(),
        });
        SiteEntry {
            kind: site.kind().as_str(),
            name: site.name(),
            type_: site.type_(),
            span: site.span_name(),
            function: site.function(),
            file: portable(site.file()),
            line: site.line(),
            labels: site.labels().iter().map(LabelEntry::of_function).collect(),
            labels_on_all: site.labels_are_on_all(),
            errors: site.errors().iter().map(ErrorEntry::new).collect(),
            maturity: site.maturity().map(super::Maturity::as_str),
            slo,
        }
    }
}

impl LabelEntry {
    fn of_function(label: &CatalogLabel) -> Self {
        let values = label.limit().is_none().then(|| label.values().to_vec());
        LabelEntry { name: label.name(), values, limit: label.limit(), ..LabelEntry::default() }
    }

    fn of_family(label: &FamilyLabel) -> Self {
        let is_known = !label.is_open() || !label.values().is_empty();
        LabelEntry {
            name: label.name(),
            values: is_known.then(|| label.values().to_vec()),
            open: label.is_open(),
            limit: label.limit(),
            optional: label.is_optional(),
        }
    }
}

impl ErrorEntry {
    fn new(kind: &Kind) -> Self {
        ErrorEntry {
            name: kind.name(),
            category: kind.category().as_str(),
            severity: kind.severity().as_str(),
            code: kind.code(),
        }
    }
}

impl FamilyEntry {
    fn new(family: &'static Family, labels: &[FamilyLabel]) -> Self {
        FamilyEntry {
            name: family.name(),
            type_: family.kind().as_str(),
            unit: family.unit().suffix(),
            help: family.description(),
            labels: labels.iter().map(LabelEntry::of_family).collect(),
            buckets: if family.kind() == FamilyKind::Histogram { family.buckets() } else { &[] },
            producer: family.producer().as_str(),
            sites: family.producer().is_sites(),
        }
    }
}

/// A file's path without what is this machine's: a dependency is compiled from wherever cargo keeps it.
fn portable(file: &str) -> String {
    let file = file.replace('\\', "/");
    let folders: Vec<&str> = file.split('/').collect();
    let after = |folder: &str, more: usize| {
        let at = folders.iter().position(|part| *part == folder)?;
        folders.get(at + more..).filter(|rest| !rest.is_empty()).map(|rest| rest.join("/"))
    };
    let is_absolute = file.starts_with('/') || file.get(1..3) == Some(":/");
    match is_absolute
        .then(|| after("registry", 3).or_else(|| after("checkouts", 3)).or_else(|| after("src", 0)))
    {
        Some(Some(rest)) => rest,
        _ => file,
    }
}

#[cfg(test)]
mod tests {
    use super::portable;

    #[test]
    fn paths_say_nothing_of_the_machine() {
        for (file, path) in [
            ("src/shop.rs", "src/shop.rs"),
            ("src\\shop.rs", "src/shop.rs"),
            (
                "/home/ada/.cargo/registry/src/index.example-1949/shop-1.2.0/src/lib.rs",
                "shop-1.2.0/src/lib.rs",
            ),
            (
                "C:\\Users\\ada\\.cargo\\registry\\src\\index-1\\shop-1.2.0\\src\\lib.rs",
                "shop-1.2.0/src/lib.rs",
            ),
            ("/home/ada/.cargo/git/checkouts/shop-8a7/1f2e/src/lib.rs", "src/lib.rs"),
            ("/home/ada/shop/src/lib.rs", "src/lib.rs"),
        ] {
            assert_eq!(portable(file), path, "{file}");
        }
    }
}
