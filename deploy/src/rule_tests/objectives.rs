//! Tests of the alerts on objectives that do not look at a pair of windows.

use crate::rules::alerts::low_volumes;
use crate::rules::burn::LEAST_FAILURES;
use crate::rules::slo;

use super::alerts::{Cases, test, up};
use super::series::{Counter, Series, begin, phases};
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
            let left = |job: &str, slo: &str, values: &str| {
                let labels = [("job", job), ("objective", "success"), ("slo", slo)];
                Series::new(&format!("slo:tta_slo_error_budget_remaining:ratio_rate{days}d"), &labels, values)
            };
            series.extend([
                left(job, "over", "-0.5+0x20"),
                left(job, "spent", "0+0x20"),
                left(job, "well", "0.01+0x20"),
                left(&others, "over", "-0.5+0x20"),
            ]);
            for (slo, value) in [("over", -0.5), ("spent", 0.0)] {
                fired.push(Fired::of(rule, &[("job", job), ("objective", "success"), ("slo", slo)], value));
            }
        }
        vec![
            test(
                "fires when the budget is spent, beside one that is not and one of another job",
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

    /// From the counters: twice as many bad events as are allowed.
    pub(super) fn spent(&self) -> Vec<Scenario> {
        let alert = "TtaErrorBudgetExhausted";
        let job = self.job();
        let mut series = Vec::new();
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
            series.push(counted("bad", ratio * 100.0));
            series.push(counted("good", (1.0 - ratio) * 100.0));
            let labels = [("job", job), ("objective", objective.name.as_str()), ("slo", site.name.as_str())];
            fired.push(Fired::of(rule, &labels, 1.0 - ratio / budget));
        }
        vec![test(
            "fires when the budget is spent, although the program is restarted",
            series,
            vec![AlertTest::silent(15, alert), AlertTest::fires(25, alert, fired)],
        )]
    }
}
