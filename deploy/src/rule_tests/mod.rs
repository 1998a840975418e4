//! promtool's unit tests of every alert, in the dialect of Prometheus 2.42.
//!
//! The thresholds in them come from the catalog and not from the rules: a rule that says another number fails.

mod alerts;
mod anomaly;
mod budgets;
mod burn;
mod caches;
mod cost;
#[cfg(test)]
mod mutation;
mod objectives;
mod policies;
#[cfg(test)]
pub(crate) mod promtool;
mod ratios;
mod readiness;
mod recording;
mod routers;
mod sagas;
mod savings;
mod series;
mod spending;
mod template;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::rules::{Rule, RuleFile};
use crate::yaml;

use series::Series;

/// A file of unit tests.
#[derive(Clone, Debug)]
pub(crate) struct TestFile {
    /// Below the output folder.
    pub(crate) path: String,
    /// The alerts that it tests; none where it is of recording rules.
    pub(crate) alerts: Vec<String>,
    pub(crate) content: Content,
}

/// What promtool reads.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Content {
    pub(crate) rule_files: Vec<String>,
    pub(crate) evaluation_interval: String,
    /// Without it, promtool evaluates groups in any order.
    pub(crate) group_eval_order: Vec<String>,
    pub(crate) tests: Vec<Scenario>,
}

/// Series, and what has to be said of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Scenario {
    /// What it proves.
    pub(crate) name: String,
    /// Between two samples.
    pub(crate) interval: String,
    pub(crate) input_series: Vec<Series>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) alert_rule_test: Vec<AlertTest>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) promql_expr_test: Vec<ExprTest>,
}

/// What an expression is at a time.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ExprTest {
    pub(crate) expr: String,
    pub(crate) eval_time: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) exp_samples: Vec<Sample>,
}

/// A value, and the labels that it has.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) labels: String,
    pub(crate) value: f64,
}

/// Which alerts of a name fire at a time.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AlertTest {
    pub(crate) eval_time: String,
    pub(crate) alertname: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) exp_alerts: Vec<Fired>,
}

/// An alert that has to fire, with all of its labels and annotations.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fired {
    pub(crate) exp_labels: BTreeMap<String, String>,
    pub(crate) exp_annotations: BTreeMap<String, String>,
}

impl TestFile {
    pub(crate) fn to_yaml(&self) -> Result<String, serde_saphyr::ser::Error> {
        let about =
            format!("Tests of {}: promtool test rules {}", self.alerts.join(" and "), file_name(&self.path));
        yaml::to_string(&about, &self.content)
    }
}

impl AlertTest {
    fn silent(minutes: u32, alert: &str) -> Self {
        AlertTest::fires(minutes, alert, Vec::new())
    }

    fn fires(minutes: u32, alert: &str, fired: Vec<Fired>) -> Self {
        AlertTest { eval_time: format!("{minutes}m"), alertname: alert.to_owned(), exp_alerts: fired }
    }
}

impl Fired {
    /// What `rule` says of a series with these labels and this value.
    fn of(rule: &Rule, labels: &[(&str, &str)], value: f64) -> Self {
        let mut all: BTreeMap<String, String> =
            labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let exp_annotations = rule
            .annotations
            .iter()
            .map(|(name, text)| (name.clone(), template::expand(text, &all, value)))
            .collect();
        all.extend(rule.labels.clone());
        Fired { exp_labels: all, exp_annotations }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Files of rules by name, for tests to read.
struct Loaded<'a>(&'a [RuleFile]);

impl<'a> Loaded<'a> {
    /// Those rules that are this alert.
    fn alerts(&self, name: &str) -> Vec<&'a Rule> {
        self.0.iter().flat_map(RuleFile::rules).filter(|rule| rule.alert.as_deref() == Some(name)).collect()
    }

    /// A file of tests that loads these files of rules.
    fn test_file(
        &self,
        name: &str,
        alerts: Vec<String>,
        files: &[&str],
        evaluation: &str,
        tests: Vec<Scenario>,
    ) -> TestFile {
        let loaded: Vec<&RuleFile> = self.0.iter().filter(|file| files.contains(&file.name())).collect();
        let mut group_eval_order = Vec::new();
        // In the order of `files`: what is recorded comes before what reads it.
        for wanted in files {
            for file in loaded.iter().filter(|file| file.name() == *wanted) {
                group_eval_order.extend(file.groups.iter().map(|group| group.name.clone()));
            }
        }
        TestFile {
            path: format!("prometheus/tests/{name}.test.yml"),
            alerts,
            content: Content {
                rule_files: loaded.iter().map(|file| format!("../rules/{}", file_name(&file.path))).collect(),
                evaluation_interval: evaluation.to_owned(),
                group_eval_order,
                tests,
            },
        }
    }
}

/// Tests of every alert in `rules`.
pub(crate) fn generate(catalog: &Catalog, options: &Options, rules: &[RuleFile]) -> Vec<TestFile> {
    let loaded = Loaded(rules);
    let mut files = burn::files(catalog, options, &loaded);
    files.extend(alerts::files(catalog, options, &loaded));
    files.extend(recording::files(catalog, options, &loaded));
    files.retain(|file| !file.content.tests.is_empty());
    files
}
