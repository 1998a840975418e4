//! Tests of whether components are promotable: just enough of each thing, and not quite enough.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::rules::{RuleFile, slo};

use super::recording::{ANOTHER_JOB, expects_at, of_another_job};
use super::series::Series;
use super::{ExprTest, Loaded, Scenario};

/// Hours: the end of the week that counts, after it, and when another week has passed.
const WEEK: u32 = 7 * 24;
const LATER: u32 = WEEK + 36;
const MUCH_LATER: u32 = 15 * 24;

/// A component, what is recorded of it every twelve hours, and what it is found to be.
struct Component {
    name: String,
    /// What is counted, of which level, and the numbers.
    counted: Vec<(&'static str, &'static str, &'static str)>,
    /// The period, the objective, and what is left of its budget.
    budgets: Vec<(u32, &'static str, &'static str)>,
    /// At an hour: whether it is used, whether it is sound, and whether it is promotable.
    verdicts: Vec<(u32, [f64; 3])>,
}

impl Component {
    fn new(
        name: &str,
        counted: &[(&'static str, &'static str, &'static str)],
        verdicts: &[(u32, [f64; 3])],
    ) -> Self {
        Component {
            name: name.to_owned(),
            counted: counted.to_vec(),
            budgets: Vec::new(),
            verdicts: verdicts.to_vec(),
        }
    }

    fn is_spent(&self) -> bool {
        self.budgets.iter().any(|(_, _, left)| left.starts_with('-') || *left == "0")
    }

    /// Its series, by this job and by another one, which may make no difference.
    fn series(&self, job: &str) -> Vec<Series> {
        let mut series = Vec::new();
        for job in [job, ANOTHER_JOB] {
            let of = [("job", job), ("kind", "tool"), ("name", self.name.as_str())];
            let info = [&of[..], &[("maturity", "staging"), ("version", "1")]].concat();
            series.push(Series::new("tta_component_info", &info, "1+0x40"));
            for (operand, level, values) in &self.counted {
                let counted = [&of[..], &[("level", level)]].concat();
                let recorded = format!("component:tta_component_{operand}:increase5m");
                series.push(Series::new(&recorded, &counted, *values));
            }
            for (days, objective, left) in &self.budgets {
                let labels = [("job", job), ("objective", objective), ("slo", self.name.as_str())];
                let recorded = format!("slo:tta_slo_error_budget_remaining:ratio_rate{days}d");
                series.push(Series::new(&recorded, &labels, format!("{left}+0x40")));
            }
        }
        series
    }

    fn tests(&self, job: &str) -> Vec<ExprTest> {
        let labels = [("job", job), ("kind", "tool"), ("name", self.name.as_str()), ("maturity", "staging")];
        let mut tests = Vec::new();
        for (hours, [traffic, errors, promotable]) in &self.verdicts {
            let mut expected = vec![("traffic", *traffic), ("errors", *errors)];
            if !self.budgets.is_empty() {
                expected.push(("slo", if self.is_spent() { 0.0 } else { 1.0 }));
            }
            expected.push(("promotable", if self.is_spent() { 0.0 } else { *promotable }));
            for (what, value) in expected {
                let name = format!("component:tta_component_{what}:bool");
                tests.push(expects_at(&name, &labels, &format!("{hours}h"), Some(value)));
            }
        }
        tests
    }
}

fn components(periods: &[u32]) -> Vec<Component> {
    let (ready, not) = ([1.0; 3], [0.0; 3]);
    let (only_used, only_sound) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]);
    let twenty = ("calls", "primitive", "_ 8 12");
    let always = ("calls", "primitive", "_ 10x40");
    let failures = |numbers| ("failures", "primitive", numbers);
    let mut components = vec![
        Component::new(
            "twenty_and_one_fails",
            &[twenty, failures("_ 0.2 0.8")],
            &[(WEEK, ready), (LATER, not)],
        ),
        Component::new(
            "nineteen_and_one_fails",
            &[("calls", "primitive", "_ 9 10"), failures("_ 0.5 0.5")],
            &[(WEEK, not)],
        ),
        Component::new("twenty_and_none_fails", &[twenty], &[(WEEK, ready), (LATER, not)]),
        Component::new("few", &[("calls", "primitive", "_ 0.3 0.2")], &[(WEEK, only_sound)]),
        Component::new("of_two_levels", &[twenty, ("calls", "another", "_ 5 5")], &[(WEEK, only_sound)]),
        Component::new("never_called", &[], &[(WEEK, not)]),
        Component::new("well_always", &[always, failures("_ 0.4x40")], &[(MUCH_LATER, ready)]),
        Component::new("failing_always", &[always, failures("_ 0.6x40")], &[(MUCH_LATER, only_used)]),
    ];
    for days in periods {
        for (left, latency) in [("0.5", "0.4"), ("0", "0.4"), ("0.5", "-0.1")] {
            let name = format!("with_{left}_and_{latency}_of_{days}_days");
            components.push(Component {
                budgets: vec![(*days, "success", left), (*days, "latency", latency)],
                ..Component::new(&name, &[twenty], &[(WEEK, ready)])
            });
        }
    }
    components
}

pub(super) fn scenarios(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Vec<Scenario> {
    let is_recorded = |name: &str| loaded.0.iter().flat_map(RuleFile::rules).any(|rule| rule.name() == name);
    if !is_recorded("component:tta_component_traffic:bool") {
        return Vec::new();
    }
    let has_objectives = is_recorded("component:tta_component_slo:bool");
    let periods = if has_objectives { slo::periods(catalog) } else { Vec::new() };
    let components = components(&periods);
    let job = options.job.as_str();
    let mut scenarios = vec![Scenario {
        name: "a component is ready from twenty calls on, with one failure in twenty and some budget"
            .to_owned(),
        interval: "12h".to_owned(),
        input_series: components.iter().flat_map(|component| component.series(job)).collect(),
        alert_rule_test: Vec::new(),
        promql_expr_test: components.iter().flat_map(|component| component.tests(job)).collect(),
    }];
    scenarios.push(of_another_job("nothing is made of the verdicts of another job", &scenarios, |name| {
        !name.ends_with("_promotable:bool")
    }));
    scenarios
}
