//! Tests of the alert on what is unusual.

use crate::rules::anomaly::{self, HOURS_KNOWN, LEAST_RATE};

use super::alerts::{Cases, test};
use super::series::{Series, begin, phases};
use super::{AlertTest, Fired, Scenario};

impl Cases<'_> {
    pub(super) fn anomaly(&self) -> Vec<Scenario> {
        let alert = "TtaAnomaly";
        let names = anomaly::chosen(self.catalog, self.options);
        let (Some(rule), Some(name)) = (self.rule(alert, "", ""), names.first()) else {
            return Vec::new();
        };
        let job = self.job();
        let others = self.of_others();
        // Value, hours known, average, what only another job has; the band is from 1 to 3.
        let full = f64::from(HOURS_KNOWN);
        let mut cases = vec![
            (3.5, full, 2.0, ""),
            (0.5, full, 2.0, ""),
            (3.5, full, LEAST_RATE, ""),
            // From here on silent.
            (3.0, full, 2.0, ""),
            (1.0, full, 2.0, ""),
            (3.5, full - 1.0, 2.0, ""),
            (3.5, full, LEAST_RATE * 0.95, ""),
        ];
        for gone in ["value", "hours_known", "upper_band"] {
            cases.push((3.5, full, 2.0, gone));
        }
        for gone in ["value", "hours_known", "lower_band"] {
            cases.push((0.5, full, 2.0, gone));
        }
        let firing = 3;
        // The case of a rate that is too low.
        let seldom = 6;
        let length = 6;
        let mut series = Vec::new();
        for operation in ["value", "lower_band", "upper_band", "hours_known", "avg26h"] {
            let value = |&(value, hours, average, _): &(f64, f64, f64, &str)| match operation {
                "value" => value,
                "lower_band" => 1.0,
                "upper_band" => 3.0,
                "hours_known" => hours,
                _ => average,
            };
            let ours: Vec<Option<f64>> =
                cases.iter().map(|case| Some(value(case)).filter(|_| case.3 != operation)).collect();
            // What another job has is neither missed nor minded.
            let theirs: Vec<Option<f64>> = cases.iter().map(|case| Some(value(case))).collect();
            for (job, values) in [(job, ours), (others.as_str(), theirs)] {
                let labels = [("job", job), ("signal", "rate"), ("workflow_name", *name)];
                let name = format!("anomaly:tta_workflow:{operation}");
                series.push(Series::new(&name, &labels, phases(&values, length)));
            }
            // Of latencies, it is the rate that says whether the workflow is called too seldom; their own average does not.
            let value = if operation == "avg26h" { 0.01 } else { value(&cases[0]) };
            let labels = [("job", job), ("signal", "latency"), ("workflow_name", *name)];
            let of_latency: Vec<Option<f64>> =
                (0..cases.len()).map(|at| Some(value).filter(|_| at == 0 || at == seldom)).collect();
            let values = phases(&of_latency, length);
            series.push(Series::new(&format!("anomaly:tta_workflow:{operation}"), &labels, values));
        }
        let fired = |signal: &str, value: f64| {
            Fired::of(rule, &[("job", job), ("signal", signal), ("workflow_name", *name)], value)
        };
        let mut tests = Vec::new();
        for (at, case) in (0..).zip(&cases) {
            let begin = begin(at, length);
            if at < firing {
                let mut all = vec![fired("rate", case.0)];
                if at == 0 {
                    all.push(fired("latency", case.0));
                }
                tests.push(AlertTest::silent(begin + 4, alert));
                tests.push(AlertTest::fires(begin + 5, alert, all));
            } else {
                tests.push(AlertTest::silent(begin + 5, alert));
            }
        }
        vec![test(
            "fires above the band, below it and at the lowest rate; is silent at its edges, while less than a day is known, \
             on what is seldom called, and where another job has one of the series",
            series,
            tests,
        )]
    }

    /// From what is recorded of a workflow: a day and a half as ever, and then more.
    pub(super) fn bands(&self) -> Vec<Scenario> {
        let alert = "TtaAnomaly";
        let names = anomaly::chosen(self.catalog, self.options);
        let (Some(rule), Some(name)) = (self.rule(alert, "", ""), names.first()) else {
            return Vec::new();
        };
        let job = self.job();
        let recorded = |signal: usize, values: &str| {
            let (_, family, series) = anomaly::SIGNALS[signal];
            let labels = [("job", job), ("workflow_name", *name)];
            self.catalog.has(family).then(|| Series::new(series, &labels, values))
        };
        let fired = |signal: usize, value: f64| {
            let (signal, family, _) = anomaly::SIGNALS[signal];
            let labels = [("job", job), ("signal", signal), ("workflow_name", *name)];
            self.catalog.has(family).then(|| Fired::of(rule, &labels, value))
        };
        // Of the rate and of the latency, half an hour in each sample.
        let usual = "10+0x59 {} 10+0x3 {} 10+0x3 13+0x1";
        let usually = |first: &str, second: &str| usual.replacen("{}", first, 1).replacen("{}", second, 1);
        let series = |values: [&str; 2]| {
            values
                .iter()
                .enumerate()
                .filter_map(|(signal, values)| recorded(signal, values))
                .collect::<Vec<_>>()
        };
        let at = |half_hours: u32, outside: Option<[f64; 2]>| {
            let outside = outside.map_or(Vec::new(), |values| {
                values.iter().enumerate().filter_map(|(signal, &value)| fired(signal, value)).collect()
            });
            AlertTest::fires(half_hours * 30, alert, outside)
        };
        let of_half_hours =
            |name: &str, input_series: Vec<Series>, alert_rule_test: Vec<AlertTest>| Scenario {
                name: name.to_owned(),
                interval: "30m".to_owned(),
                input_series,
                alert_rule_test,
                promql_expr_test: Vec::new(),
            };
        vec![
            of_half_hours(
                "fires on what doubles or falls to a third after thirty hours, and not on what rises by a third",
                series([&usually("20+0x1", "3+0x1"), &usually("3+0x1", "20+0x1")]),
                vec![
                    at(59, None),
                    at(61, Some([20.0, 3.0])),
                    at(65, None),
                    at(67, Some([3.0, 20.0])),
                    at(71, None),
                    at(73, None),
                ],
            ),
            of_half_hours(
                "is silent on what doubles as it did yesterday, and while less than a day is known",
                series(["10+0x12 20+0x3 10+0x42 20+0x3", "_x40 10+0x19 20+0x3"]),
                vec![at(61, None), at(62, None)],
            ),
        ]
    }
}
