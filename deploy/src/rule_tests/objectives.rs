//! Tests of the alerts on objectives that do not look at a pair of windows.

use crate::rules::alerts::low_volumes;
use crate::rules::burn::LEAST_FAILURES;
use crate::rules::slo;

use super::alerts::{Cases, test, up};
use super::series::{Counter, Series, begin, constant, phases};
use super::{AlertTest, Fired, Scenario};

impl Cases<'_> {
    pub(super) fn low_volume(&self) -> Vec<Scenario> {
        let alert = "TtaSloLowVolume";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let others = self.of_others();
        let job = self.job();
        // Bad events, and by how many more than few events there are; and which of them only another job has.
        let cases: [(u32, u32, Option<&str>); 6] = [
            (LEAST_FAILURES, 0, None),
            (LEAST_FAILURES, 1, None),
            (LEAST_FAILURES - 1, 0, None),
            (LEAST_FAILURES, 0, Some("both")),
            (LEAST_FAILURES, 0, Some("errors")),
            (LEAST_FAILURES, 0, Some("events")),
        ];
        let length = 6;
        let mut series = Vec::new();
        let mut fired = Vec::new();
        for ((objective, few), slos) in low_volumes(self.catalog) {
            for operand in ["errors", "events"] {
                let value = |&(errors, more, _): &(u32, u32, Option<&str>)| {
                    f64::from(if operand == "errors" { errors } else { few - 1 + more })
                };
                let is_ours = |case: &(u32, u32, Option<&str>)| !matches!(case.2, Some(gone) if gone == operand || gone == "both");
                let ours: Vec<Option<f64>> =
                    cases.iter().map(|case| Some(value(case)).filter(|_| is_ours(case))).collect();
                let theirs: Vec<Option<f64>> =
                    cases.iter().map(|case| Some(value(case)).filter(|_| case.2.is_some())).collect();
                for (job, values) in [(job, ours), (others.as_str(), theirs)] {
                    let labels = [("job", job), ("objective", objective), ("slo", slos[0])];
                    let name = format!("slo:tta_slo_{operand}:increase6h");
                    series.push(Series::new(&name, &labels, phases(&values, length)));
                }
            }
            let labels = [("job", job), ("objective", objective), ("slo", slos[0])];
            fired.push(Fired::of(rule, &labels, f64::from(LEAST_FAILURES)));
        }
        let mut tests = vec![
            AlertTest::silent(0, alert),
            AlertTest::silent(begin(0, length) + 4, alert),
            AlertTest::fires(begin(0, length) + 5, alert, fired),
        ];
        tests.extend((1..6).map(|case| AlertTest::silent(begin(case, length) + 5, alert)));
        vec![test(
            "fires on three bad events among few, and not: among more, on two, on another job's, with another job's bad \
             events, with its events",
            series,
            tests,
        )]
    }

    /// From the counters: one call in fifty minutes, each of them bad.
    pub(super) fn seldom_called(&self) -> Vec<Scenario> {
        let alert = "TtaSloLowVolume";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let job = self.job();
        let mut series = Vec::new();
        let mut fired = Vec::new();
        for ((objective, few), slos) in low_volumes(self.catalog) {
            if few <= LEAST_FAILURES {
                continue;
            }
            let labels = [
                ("instance", "a:1"),
                ("job", job),
                ("objective", objective),
                ("outcome", "bad"),
                ("slo", slos[0]),
            ];
            series.push(Series::new("tta_slo_events_total", &labels, "0+0x49 1+0x49 2+0x49 3+0x30"));
            let labels = [("job", job), ("objective", objective), ("slo", slos[0])];
            fired.push(Fired::of(rule, &labels, f64::from(LEAST_FAILURES)));
        }
        vec![test(
            "fires after three failures of what is called once in fifty minutes",
            series,
            vec![AlertTest::silent(150, alert), AlertTest::fires(160, alert, fired)],
        )]
    }

    pub(super) fn budget_exhausted(&self) -> Vec<Scenario> {
        let alert = "TtaErrorBudgetExhausted";
        let others = self.of_others();
        let job = self.job();
        let mut series = Vec::new();
        let mut fired = Vec::new();
        for days in slo::periods(self.catalog) {
            let Some(rule) = self.rule(alert, "period", &format!("{days}d")) else {
                continue;
            };
            let least = f64::from(LEAST_FAILURES);
            // The job that has what is left, that which has the bad events, and how many.
            let cases = [
                ("over", job, -0.5, job, least),
                ("spent", job, 0.0, job, least),
                ("well", job, 0.01, job, least),
                ("two", job, -0.5, job, least - 1.0),
                ("over", &others, -0.5, &others, least),
                ("left_of_others", &others, -0.5, job, least),
                ("errors_of_others", job, -0.5, &others, least),
            ];
            for (slo, of_left, left, of_errors, errors) in cases {
                series.push(recorded(&left_over(days), of_left, slo, &constant(left, 20)));
                series.push(recorded(&bad_over(days), of_errors, slo, &constant(errors, 20)));
            }
            for (slo, value) in [("over", -0.5), ("spent", 0.0)] {
                fired.push(Fired::of(rule, &[("job", job), ("objective", "success"), ("slo", slo)], value));
            }
        }
        vec![
            test(
                "fires when the budget is spent by three bad events, beside one that is not, by two, and of another job",
                series,
                vec![AlertTest::silent(14, alert), AlertTest::fires(15, alert, fired)],
            ),
            test(
                "is silent where nothing is recorded",
                vec![up(job, "a:1", "1+0x20")],
                vec![AlertTest::silent(18, alert)],
            ),
        ]
    }

    /// Of fewer than three bad events, in quarters of an hour.
    pub(super) fn known_for_a_day(&self) -> Vec<Scenario> {
        let alert = "TtaErrorBudgetExhausted";
        let others = self.of_others();
        let job = self.job();
        let day = 96;
        let end = 2 * day + 20;
        let mut series = vec![
            recorded(slo::STAGED_EVENTS, job, "known", &constant(1.0, end)),
            recorded(slo::STAGED_EVENTS, job, "was_known", &constant(1.0, 10)),
            recorded(slo::STAGED_EVENTS, &others, "of_others", &constant(1.0, end)),
        ];
        let (mut known, mut both) = (Vec::new(), Vec::new());
        for days in slo::periods(self.catalog) {
            let Some(rule) = self.rule(alert, "period", &format!("{days}d")) else {
                continue;
            };
            for slo in ["known", "was_known", "of_others"] {
                series.push(recorded(&left_over(days), job, slo, &constant(-0.5, end)));
                series.push(recorded(&bad_over(days), job, slo, &constant(1.0, end)));
            }
            let fired = |slo| Fired::of(rule, &[("job", job), ("objective", "success"), ("slo", slo)], -0.5);
            known.push(fired("known"));
            both.extend([fired("known"), fired("was_known")]);
        }
        let at = |step: u32, fired: &[Fired]| AlertTest::fires(step * 15, alert, fired.to_vec());
        let tests = vec![
            at(day / 2 + 4, &[]),
            at(day, &[]),
            at(day + 1, &both),
            // What was last known more than a day before the day before is not.
            at(2 * day + 8, &both),
            at(2 * day + 14, &known),
        ];
        vec![Scenario {
            name: "fires after one bad event once the objective was known a day ago".to_owned(),
            interval: "15m".to_owned(),
            input_series: series,
            alert_rule_test: tests,
            promql_expr_test: Vec::new(),
        }]
    }

    /// From the counters: twice as many bad events as are allowed.
    pub(super) fn spent(&self) -> Vec<Scenario> {
        let alert = "TtaErrorBudgetExhausted";
        let job = self.job();
        let mut series = Vec::new();
        let mut fresh = Vec::new();
        let mut fired = Vec::new();
        for (site, slo, objective) in self.catalog.objectives() {
            let budget = 1.0 - objective.target;
            let period = format!("{}d", slo.window_days);
            let Some(rule) = self.rule(alert, "period", &period) else {
                continue;
            };
            if fired.len() == 8 || !slo::has_budget(objective) {
                continue;
            }
            // All of them at most.
            let ratio = (2.0 * budget).min(1.0);
            let counted = |outcome: &str, each: f64| {
                let labels = [
                    ("instance", "a:1"),
                    ("job", job),
                    ("objective", objective.name.as_str()),
                    ("outcome", outcome),
                    ("slo", site.name.as_str()),
                ];
                let restarted = Counter::new().grow(each, 12).restart().grow(each, 30);
                Series::new("tta_slo_events_total", &labels, restarted.values())
            };
            series.push(counted("bad", 10.0));
            series.push(counted("good", (1.0 - ratio) / ratio * 10.0));
            let began = |outcome: &str, values: &str| {
                let labels = [
                    ("instance", "a:1"),
                    ("job", job),
                    ("objective", objective.name.as_str()),
                    ("outcome", outcome),
                    ("slo", site.name.as_str()),
                ];
                Series::new("tta_slo_events_total", &labels, values)
            };
            fresh.push(began("bad", "0+0x3 1+0x56"));
            fresh.push(began("good", "0+1x9 9+0x50"));
            let labels = [("job", job), ("objective", objective.name.as_str()), ("slo", site.name.as_str())];
            fired.push(Fired::of(rule, &labels, 1.0 - ratio / budget));
        }
        vec![
            test(
                "fires when the budget is spent, although the program is restarted",
                series,
                vec![AlertTest::silent(15, alert), AlertTest::fires(25, alert, fired)],
            ),
            test(
                "is silent when one of the first ten calls after a deployment fails",
                fresh,
                vec![AlertTest::silent(25, alert), AlertTest::silent(55, alert)],
            ),
        ]
    }
}

fn left_over(days: u32) -> String {
    format!("slo:tta_slo_error_budget_remaining:ratio_rate{days}d")
}

fn bad_over(days: u32) -> String {
    format!("slo:tta_slo_errors:increase{days}d")
}

fn recorded(name: &str, job: &str, slo: &str, values: &str) -> Series {
    Series::new(name, &[("job", job), ("objective", "success"), ("slo", slo)], values)
}
