//! Tests of the alerts that do not look at a pair of windows.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::rules::alerts::{ALWAYS_THERE, QUEUE_FULL, low_volumes};
use crate::rules::anomaly::{self, HOURS_KNOWN, LEAST_RATE};
use crate::rules::burn::LEAST_FAILURES;
use crate::rules::{Rule, slo};

use super::series::{Counter, Series, begin, constant, phases};
use super::{AlertTest, Fired, Loaded, Scenario, TestFile};

pub(super) fn files(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Vec<TestFile> {
    let cases = Cases { catalog, options, loaded };
    let file = |name: &str, alert: &str, evaluation: &str, tests: Vec<Scenario>| {
        loaded.test_file(name, vec![alert.to_owned()], &["alerts"], evaluation, tests)
    };
    let mut files = vec![
        file("target_down", "TtaTargetDown", "1m", cases.target_down()),
        file("metric_absent", "TtaMetricAbsent", "1m", cases.metric_absent()),
        file("telemetry_loss", "TtaTelemetryLoss", "5m", cases.telemetry_loss()),
        file("queue_full", "TtaTelemetryQueueFull", "1m", cases.queue_full()),
        file("label_overflow", "TtaLabelOverflow", "5m", cases.label_overflow()),
    ];
    if slo::is_recorded(catalog) {
        files.push(file("low_volume", "TtaSloLowVolume", "1m", cases.low_volume()));
        files.push(file("budget_exhausted", "TtaErrorBudgetExhausted", "1m", cases.budget_exhausted()));
        let counted = |name: &str, alert: &str, tests| {
            loaded.test_file(name, vec![alert.to_owned()], &["slo", "alerts"], "5m", tests)
        };
        files.push(counted("objective_low_volume", "TtaSloLowVolume", cases.seldom_called()));
        files.push(counted("objective_budget", "TtaErrorBudgetExhausted", cases.spent()));
    }
    if !anomaly::chosen(catalog, options).is_empty() {
        files.push(file("anomaly", "TtaAnomaly", "1m", cases.anomaly()));
        let alerts = vec!["TtaAnomaly".to_owned()];
        files.push(loaded.test_file("anomaly_bands", alerts, &["anomaly", "alerts"], "30m", cases.bands()));
    }
    files
}

struct Cases<'a> {
    catalog: &'a Catalog,
    options: &'a Options,
    loaded: &'a Loaded<'a>,
}

fn up(job: &str, instance: &str, values: &str) -> Series {
    Series::new("up", &[("instance", instance), ("job", job)], values)
}

fn test(name: &str, input_series: Vec<Series>, alert_rule_test: Vec<AlertTest>) -> Scenario {
    Scenario {
        name: name.to_owned(),
        interval: "1m".to_owned(),
        input_series,
        alert_rule_test,
        promql_expr_test: Vec::new(),
    }
}

impl<'a> Cases<'a> {
    fn job(&self) -> &str {
        &self.options.job
    }

    fn of_others(&self) -> String {
        format!("{}-of-others", self.options.job)
    }

    fn rule(&self, alert: &str, label: &str, value: &str) -> Option<&'a Rule> {
        let mut rules = self.loaded.alerts(alert).into_iter();
        rules.find(|rule| label.is_empty() || rule.labels.get(label).is_some_and(|found| found == value))
    }

    fn target_down(&self) -> Vec<Scenario> {
        let alert = "TtaTargetDown";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        let down = Fired::of(rule, &[("instance", "b:1"), ("job", job)], 0.0);
        let gone = Fired::of(rule, &[("job", job)], 1.0);
        vec![
            test(
                "fires for the instance that is down, beside one that is up",
                vec![up(job, "a:1", "1+0x9"), up(job, "b:1", "0+0x9")],
                vec![AlertTest::silent(4, alert), AlertTest::fires(5, alert, vec![down])],
            ),
            test(
                "fires where no target has the job",
                vec![up(&others, "a:1", "1+0x9")],
                vec![AlertTest::silent(4, alert), AlertTest::fires(5, alert, vec![gone])],
            ),
            test(
                "is silent while only another job is down",
                vec![up(job, "a:1", "1+0x9"), up(&others, "a:1", "0+0x9")],
                vec![AlertTest::silent(5, alert), AlertTest::silent(9, alert)],
            ),
            test(
                "is silent after a restart",
                vec![up(job, "a:1", "1 0+0x3 1+0x9")],
                vec![AlertTest::silent(4, alert), AlertTest::silent(6, alert), AlertTest::silent(9, alert)],
            ),
        ]
    }

    fn metric_absent(&self) -> Vec<Scenario> {
        let alert = "TtaMetricAbsent";
        let job = self.job();
        let others = self.of_others();
        let families: Vec<&str> =
            ALWAYS_THERE.into_iter().filter(|family| self.catalog.has(family)).collect();
        let series = |job: &str, family: &str, instance: &str| {
            Series::new(family, &[("instance", instance), ("job", job)], "0+0x15")
        };
        // One instance has all of them, and for each there is one that has all but this.
        let mut input = vec![up(job, "a:1", "1+0x15"), up(&others, "d:1", "1+0x15")];
        input.extend(families.iter().map(|family| series(job, family, "a:1")));
        let mut fired = Vec::new();
        for (number, family) in families.iter().enumerate() {
            let Some(rule) = self.rule(alert, "family", family) else {
                continue;
            };
            let instance = format!("without:{number}");
            input.push(up(job, &instance, "1+0x15"));
            let there = families.iter().filter(|other| other != &family);
            input.extend(there.map(|other| series(job, other, &instance)));
            // What another job has does not count.
            input.push(series(&others, family, &instance));
            fired.push(Fired::of(rule, &[("instance", &instance), ("job", job)], 1.0));
        }
        if fired.is_empty() {
            return Vec::new();
        }
        vec![
            test(
                "fires for each family with the instance that lacks it, and not for another job",
                input,
                vec![AlertTest::silent(9, alert), AlertTest::fires(10, alert, fired)],
            ),
            test(
                "is silent while the target is down",
                vec![up(job, "a:1", "0+0x15")],
                vec![AlertTest::silent(12, alert)],
            ),
        ]
    }

    /// Tests of an alert that fires when one of these counters grows.
    fn growth(&self, alert: &str, counters: &[Growth<'_>], window: u32) -> Vec<Scenario> {
        if counters.is_empty() {
            return Vec::new();
        }
        let others = self.of_others();
        let job = self.job();
        // Five minutes: after the first of them, an alert has been pending for as long as it has to.
        let window = window / 5;
        // Steps after which what was there from the beginning is old.
        let old = window + 1;
        let test = |name: &str, values: &dyn Fn(&Growth<'_>) -> Vec<Series>, times: Vec<(u32, bool)>| {
            let fired: Vec<Fired> = counters.iter().map(|counter| counter.fired(job)).collect();
            let at = |(step, fires): (u32, bool)| {
                AlertTest::fires(step * 5, alert, if fires { fired.clone() } else { Vec::new() })
            };
            Scenario {
                name: name.to_owned(),
                interval: "5m".to_owned(),
                input_series: counters.iter().flat_map(values).collect(),
                alert_rule_test: times.into_iter().map(at).collect(),
                promql_expr_test: Vec::new(),
            }
        };
        vec![
            test(
                "fires on one more, and no longer than that is new",
                &|counter| vec![counter.series(job, "a:1", &format!("0+0x{} 1+0x{}", old - 1, window + 4))],
                vec![
                    (2, false),
                    (old, false),
                    (old + 1, true),
                    (old + window - 1, true),
                    (old + window + 1, false),
                ],
            ),
            test(
                "fires on a series born above zero, beside one that does not grow",
                &|counter| {
                    vec![
                        counter.series(job, "a:1", &format!("_x{old} 1+0x{}", window + 4)),
                        counter.series(job, "b:1", &format!("0+0x{}", old + window + 4)),
                    ]
                },
                vec![(old, false), (old + 1, true), (old + window - 1, true), (old + window + 1, false)],
            ),
            test(
                "is silent where nothing is added, after a restart, and whatever another job has",
                &|counter| {
                    let mut series = vec![
                        counter.series(job, "a:1", &format!("7+0x{} 0+0x4", old + 2)),
                        counter.series(job, "b:1", &format!("0+0x{}", old + 7)),
                        counter.series(&others, "a:1", &format!("0+1x{}", old + 7)),
                        counter.series(&others, "b:1", &format!("_x{old} 5+0x7")),
                        // Or what is there since long would be new.
                        counter.series(&others, "c:1", "0+0x2"),
                    ];
                    if let Some((label, _, well)) = counter.matched {
                        let mut labels = vec![("job", job), ("instance", "a:1"), (label, well)];
                        labels.extend(counter.labels);
                        series.push(Series::new(counter.family, &labels, format!("0+5x{}", old + 7)));
                    }
                    series
                },
                vec![(old + 2, false), (old + 4, false), (old + 6, false)],
            ),
        ]
    }

    fn telemetry_loss(&self) -> Vec<Scenario> {
        let dropped = |well| Some(("outcome", "dropped", well));
        let by: &[&str] = &["job", "instance", "reason", "exporter"];
        let losses = [
            ("spans", "tta_telemetry_spans_total", dropped("exported"), &[("reason", "queue_full")] as &[_]),
            (
                "exports",
                "tta_telemetry_export_duration_seconds_count",
                Some(("status", "error", "success")),
                &[("exporter", "otlp")],
            ),
            ("log lines", "tta_log_lines_total", dropped("written"), &[]),
        ];
        let counters: Vec<Growth<'_>> = losses
            .into_iter()
            .filter_map(|(signal, family, matched, labels)| {
                let rule = self.rule("TtaTelemetryLoss", "signal", signal)?;
                Some(Growth { rule, family, labels, matched, by })
            })
            .collect();
        self.growth("TtaTelemetryLoss", &counters, 15)
    }

    fn label_overflow(&self) -> Vec<Scenario> {
        let alert = "TtaLabelOverflow";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let labels = &[("family", "tta_primitive_executions_total"), ("label", "model")];
        let by = &["job", "family", "label"];
        let counter = Growth { rule, family: "tta_label_overflow_total", labels, matched: None, by };
        self.growth(alert, &[counter], 60)
    }

    fn queue_full(&self) -> Vec<Scenario> {
        let alert = "TtaTelemetryQueueFull";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let others = self.of_others();
        let job = self.job();
        let full = QUEUE_FULL * 1000.0;
        // As an exporter each: how long its queue is, and how long it can be.
        let queues = [
            ("full", job, full, job, 1000.0),
            ("of_one", job, 1.0, job, 1.0),
            ("not_full", job, full - 1.0, job, 1000.0),
            ("none", job, 1.0, job, 0.0),
            ("of_another_job", &others, 1000.0, &others, 1000.0),
            ("length_of_another_job", &others, 1000.0, job, 1000.0),
            ("capacity_of_another_job", job, 1000.0, &others, 1000.0),
        ];
        let mut series = Vec::new();
        for (exporter, of_length, length, of_capacity, capacity) in queues {
            let of = |name: &str, job: &str, value: f64| {
                let labels = [("exporter", exporter), ("instance", "a:1"), ("job", job)];
                Series::new(name, &labels, constant(value, 9))
            };
            series.push(of("tta_telemetry_queue_length", of_length, length));
            series.push(of("tta_telemetry_queue_capacity", of_capacity, capacity));
        }
        let fired = |exporter: &str, value: f64| {
            Fired::of(rule, &[("exporter", exporter), ("instance", "a:1"), ("job", job)], value)
        };
        vec![test(
            "fires for queues that are as good as full, and not for those beside them",
            series,
            vec![
                AlertTest::silent(4, alert),
                AlertTest::fires(5, alert, vec![fired("full", QUEUE_FULL), fired("of_one", 1.0)]),
            ],
        )]
    }

    fn low_volume(&self) -> Vec<Scenario> {
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
    fn seldom_called(&self) -> Vec<Scenario> {
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
            vec![AlertTest::silent(145, alert), AlertTest::fires(155, alert, fired)],
        )]
    }

    fn budget_exhausted(&self) -> Vec<Scenario> {
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
    fn spent(&self) -> Vec<Scenario> {
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

    fn anomaly(&self) -> Vec<Scenario> {
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
            // Not so seldom that a rate had no band: of latencies that is not asked.
            let value = if operation == "avg26h" { 0.01 } else { value(&cases[0]) };
            let labels = [("job", job), ("signal", "latency"), ("workflow_name", *name)];
            let values = phases(&[Some(value), None], length);
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
    fn bands(&self) -> Vec<Scenario> {
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

/// A counter that an alert watches.
struct Growth<'a> {
    rule: &'a Rule,
    family: &'a str,
    labels: &'a [(&'a str, &'a str)],
    /// The label by which the alert knows a loss, its value, and one that is no loss.
    matched: Option<(&'a str, &'a str, &'a str)>,
    /// Which labels the alert keeps.
    by: &'a [&'a str],
}

impl Growth<'_> {
    fn series(&self, job: &str, instance: &str, values: &str) -> Series {
        let mut labels = vec![("job", job), ("instance", instance)];
        labels.extend(self.labels);
        labels.extend(self.matched.map(|(label, loss, _)| (label, loss)));
        Series::new(self.family, &labels, values)
    }

    /// What is said of one more in the instance `a:1`.
    fn fired(&self, job: &str) -> Fired {
        let all = [("job", job), ("instance", "a:1")];
        let kept: Vec<_> =
            all.iter().chain(self.labels).filter(|(name, _)| self.by.contains(name)).copied().collect();
        Fired::of(self.rule, &kept, 1.0)
    }
}
