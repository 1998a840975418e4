//! Tests of what is recorded of objectives, window by window: sums, ratios, burns and what is left of budgets.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Objective, Site, Slo};
use crate::cli::Options;
use crate::promql::number;
use crate::rules::{RuleFile, slo};

use super::recording::{ANOTHER_JOB, expects_at, of_another_job};
use super::series::Series;
use super::{Loaded, Scenario};

/// Series of what is recorded of one objective, by this job and by another.
fn recorded_of(
    job: &str,
    name: &str,
    (slo, objective): (&str, &str),
    values: &str,
    of_another: &str,
) -> [Series; 2] {
    [(job, values), (ANOTHER_JOB, of_another)].map(|(job, values)| {
        Series::new(name, &[("job", job), ("objective", objective), ("slo", slo)], values)
    })
}

/// Two stages with events: the sums have them for as long as they are, and for no longer.
pub(super) fn sums(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Scenario {
    let mut input_series = Vec::new();
    let mut promql_expr_test = Vec::new();
    for (site, slo, objective) in one_of_each_budget(catalog) {
        let of = (site.name.as_str(), objective.name.as_str());
        for (staged, values) in [(slo::STAGED_EVENTS, "_ 10 10 _x200"), (slo::STAGED_ERRORS, "_ 3 3 _x200")] {
            input_series.extend(recorded_of(&options.job, staged, of, values, values));
        }
        let labels = [("job", options.job.as_str()), ("objective", of.1), ("slo", of.0)];
        for days in [1, 3, slo.window_days] {
            for (operand, sum) in [("events", 20.0), ("errors", 6.0)] {
                let name = format!("slo:tta_slo_{operand}:increase{days}d");
                let is_recorded = loaded.0.iter().flat_map(RuleFile::rules).any(|rule| rule.name() == name);
                if is_recorded {
                    let hours = days * 24;
                    promql_expr_test.push(expects_at(&name, &labels, &format!("{hours}h"), Some(sum)));
                    promql_expr_test.push(expects_at(&name, &labels, &format!("{}h", hours + 36), None));
                }
            }
        }
    }
    Scenario {
        name: "sums have what was recorded within them, and nothing else".to_owned(),
        interval: "12h".to_owned(),
        input_series,
        alert_rule_test: Vec::new(),
        promql_expr_test,
    }
}

/// From the numbers of events to ratios, burns and what is left of budgets, over each window.
pub(super) fn ratios(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Vec<Scenario> {
    let is_recorded = |name: &str| loaded.0.iter().flat_map(RuleFile::rules).any(|rule| rule.name() == name);
    // Fewer than one: that there is anything is what counts. The errors, if there is a series of them.
    let cases = [
        ("where a quarter is bad, that is divided by the budget", "0.8+0x10", Some("0.2+0x10"), Some(0.25)),
        ("where no bad event has been counted yet, the ratio is 0", "0.8+0x10", None, Some(0.0)),
        ("where there is no event, there is no ratio", "0+0x10", Some("0+0x10"), None),
    ];
    let scenario = |(name, events, errors, ratio): (&str, &str, Option<&str>, Option<f64>)| {
        let mut input_series = Vec::new();
        let mut promql_expr_test = Vec::new();
        for (site, slo, objective) in one_of_each_budget(catalog) {
            let of = (site.name.as_str(), objective.name.as_str());
            let labels = [("job", options.job.as_str()), ("objective", of.1), ("slo", of.0)];
            let period = format!("{}d", slo.window_days);
            let mut windows: Vec<&str> = vec!["5m", "30m", "1h", "2h", "6h", "1d", "3d", &period];
            windows.dedup();
            for window in windows {
                let of_window = |operand: &str| format!("slo:tta_slo_{operand}:increase{window}");
                let another = "0.8+0x10";
                input_series.extend(recorded_of(&options.job, &of_window("events"), of, events, another));
                if let Some(errors) = errors {
                    input_series.extend(recorded_of(&options.job, &of_window("errors"), of, errors, another));
                }
                let budget = budget(objective);
                for (name, value) in [
                    (format!("slo:tta_slo_errors_per_event:ratio_rate{window}"), ratio),
                    (format!("slo:tta_slo_burn:ratio_rate{window}"), ratio.map(|ratio| ratio / budget)),
                ] {
                    if is_recorded(&name) {
                        promql_expr_test.push(expects_at(&name, &labels, "5m", value));
                    }
                }
            }
            let left = ratio.map(|ratio| 1.0 - ratio / budget(objective));
            let name = format!("slo:tta_slo_error_budget_remaining:ratio_rate{period}");
            promql_expr_test.push(expects_at(&name, &labels, "5m", left));
        }
        Scenario {
            name: name.to_owned(),
            interval: "1m".to_owned(),
            input_series,
            alert_rule_test: Vec::new(),
            promql_expr_test,
        }
    };
    let mut scenarios: Vec<Scenario> = cases.into_iter().map(scenario).collect();
    scenarios.push(of_another_job("nothing is made of the ratios of another job", &scenarios, |name| {
        name.contains(":tta_slo_errors_per_event:")
    }));
    scenarios
}

/// The ratio of events that may be bad, as exact as rules have it.
fn budget(objective: &Objective) -> f64 {
    ((1.0 - objective.target) * 1e9).round() / 1e9
}

/// Of all objectives of a kind, a period and a budget, the first: rules name the rest beside it.
fn one_of_each_budget(catalog: &Catalog) -> Vec<(&Site, &Slo, &Objective)> {
    let mut seen = BTreeSet::new();
    let mut objectives = catalog.objectives();
    objectives.retain(|(_, slo, objective)| {
        let budget = number(1.0 - objective.target);
        slo::has_budget(objective) && seen.insert((objective.name.as_str(), slo.window_days, budget))
    });
    objectives
}
