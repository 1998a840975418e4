//! What dashboards can be made of: the families of the catalog and the series that rules record.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, FamilyType, Objective, Site, SiteKind};
use crate::cli::Options;
use crate::rules::RuleFile;

use super::layout::Row;
use super::links::{Calls, DataLink, Labels, Subject};
use super::panel::Thresholds;

/// What Prometheus has of itself for every target and alert.
pub(crate) const BUILT_IN: [&str; 6] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_series_added",
    "ALERTS",
    "ALERTS_FOR_STATE",
];

/// What a query may name.
pub(super) struct Scope<'a> {
    pub(super) catalog: &'a Catalog,
    recorded: BTreeSet<&'a str>,
    job: &'a str,
    /// Dollars.
    pub(super) monthly_budget: Option<f64>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(catalog: &'a Catalog, options: &'a Options, rules: &'a [RuleFile]) -> Self {
        let recorded =
            rules.iter().flat_map(RuleFile::rules).filter_map(|rule| rule.record.as_deref()).collect();
        Self { catalog, recorded, job: &options.job, monthly_budget: options.monthly_budget }
    }

    /// Writes `@` out, which stands in `name{@}` for what every selector has: the job and the instance that were
    /// chosen; of a recorded series, which is over all instances, the job.
    ///
    /// An error is the name of something that is not there.
    pub(super) fn expand(&self, template: &str) -> Result<String, String> {
        let mut text = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(at) = rest.find("{@") {
            let before = &rest[..at];
            let start = before
                .rfind(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_' || letter == ':'))
                .map_or(0, |last| last + 1);
            let name = &before[start..];
            if !self.has(name) {
                return Err(name.to_owned());
            }
            text.push_str(before);
            let is_over_instances = name.contains(':') || name == "ALERTS";
            text.push_str(if is_over_instances {
                "{job=~\"$job\""
            } else {
                "{job=~\"$job\", instance=~\"$instance\""
            });
            rest = &rest[at + 2..];
        }
        text.push_str(rest);
        Ok(text)
    }

    fn has(&self, name: &str) -> bool {
        let of_histogram = || {
            ["_bucket", "_sum", "_count"].iter().any(|suffix| {
                let family = name.strip_suffix(suffix).and_then(|family| self.catalog.family(family));
                family.is_some_and(|family| family.type_ == FamilyType::Histogram)
            })
        };
        BUILT_IN.contains(&name) || self.recorded.contains(name) || self.catalog.has(name) || of_histogram()
    }

    /// The recorded series whose names begin so, in order.
    pub(super) fn recorded(&self, beginning: &str) -> Vec<&'a str> {
        self.recorded.iter().filter(|name| name.starts_with(beginning)).copied().collect()
    }

    /// The rows, without the panels of which nothing is there; and what was missing.
    pub(super) fn fill(&self, rows: Vec<Row>) -> (Vec<Row>, Vec<(String, String)>) {
        let mut missing = Vec::new();
        let mut filled = Vec::new();
        for mut row in rows {
            for panel in &mut row.panels {
                let title = panel.title.clone();
                panel.targets.retain_mut(|target| match self.expand(&target.expr) {
                    Ok(expr) => {
                        target.expr = expr;
                        true
                    }
                    Err(name) => {
                        missing.push((title.clone(), name));
                        false
                    }
                });
            }
            row.panels.retain(|panel| !panel.targets.is_empty());
            if !row.panels.is_empty() {
                filled.push(row);
            }
        }
        (filled, missing)
    }

    pub(super) fn has_label(&self, family: &str, label: &str) -> bool {
        let family = self.catalog.family(family);
        family.is_some_and(|family| family.labels.iter().any(|of_family| of_family.name == label))
    }

    /// To the dashboard that shows one workflow, or one primitive in whichever workflow.
    pub(super) fn drilldown(&self, subject: Subject, labels: Labels) -> DataLink {
        DataLink::drilldown(&super::uid("tta-workflow", self.job), subject, labels)
    }

    /// To the traces of what a value is about; nowhere if the program does not say under which name it is traced.
    pub(super) fn traces(&self, subject: Subject, labels: Labels) -> Vec<DataLink> {
        self.traces_of(subject, labels, Calls::All)
    }

    /// To the traces of those calls.
    pub(super) fn traces_of(&self, subject: Subject, labels: Labels, calls: Calls) -> Vec<DataLink> {
        if self.catalog.has("tta_build_info") {
            DataLink::traces(subject, labels, calls).into()
        } else {
            Vec::new()
        }
    }

    /// To the traces and log lines of what failed.
    pub(super) fn failures(&self, subject: Subject, labels: Labels) -> Vec<DataLink> {
        if !self.catalog.has("tta_build_info") {
            return Vec::new();
        }
        let traces = DataLink::traces(subject, labels, Calls::Failed);
        traces.into_iter().chain([DataLink::log_lines(subject, labels)]).collect()
    }

    /// The labels that functions of this kind have been given, each once, in order.
    pub(super) fn user_labels(&self, kind: SiteKind) -> Vec<&'a str> {
        let labels: BTreeSet<&str> = self
            .catalog
            .of_kind(kind)
            .flat_map(|site| &site.labels)
            .map(|label| label.name.as_str())
            .collect();
        labels.into_iter().collect()
    }

    /// The objectives of this sort, each with its function.
    pub(super) fn objectives(&self, sort: &str) -> Vec<(&'a Site, &'a Objective)> {
        let all = self.catalog.objectives();
        let of_sort = all.into_iter().filter(|(_, _, objective)| objective.name == sort);
        of_sort.map(|(site, _, objective)| (site, objective)).collect()
    }
}

/// For the ratio of errors where nothing is promised.
pub(super) fn errors_by_default() -> Thresholds {
    Thresholds::rising(0.01, 0.05)
}

/// For seconds where nothing is promised.
pub(super) fn seconds_by_default() -> Thresholds {
    Thresholds::rising(1.0, 5.0)
}

/// Red is more errors than the objective allows, yellow more than half as many.
pub(super) fn errors_allowed(objective: &Objective) -> Thresholds {
    let budget = 1.0 - objective.target;
    Thresholds::rising(budget / 2.0, budget)
}

/// Red is slower than the objective allows, yellow slower than four fifths of it.
pub(super) fn seconds_allowed(objective: &Objective) -> Option<Thresholds> {
    objective.threshold_seconds.map(|seconds| Thresholds::rising(seconds * 0.8, seconds))
}
