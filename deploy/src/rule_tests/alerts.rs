//! Tests of the alerts that do not look at a pair of windows.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::rules::alerts::{ALWAYS_THERE, QUEUE_FULL, low_volumes};
use crate::rules::anomaly::{self, HOURS_KNOWN, LEAST_RATE};
use crate::rules::burn::LEAST_FAILURES;
use crate::rules::{Rule, slo};

use super::series::{Counter, Series, constant};
use super::{AlertTest, Fired, Loaded, Test, TestFile};

pub(super) fn files(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Vec<TestFile> {
    let cases = Cases { catalog, options, loaded };
    let file = |name: &str, alert: &str, evaluation: &str, tests: Vec<Test>| {
        loaded.test_file(name, vec![alert.to_owned()], &["alerts"], evaluation, tests)
    };
    let mut files = vec![
        file("target_down", "TtaTargetDown", "1m", cases.target_down()),
        file("metric_absent", "TtaMetricAbsent", "1m", cases.metric_absent()),
        file("telemetry_loss", "TtaTelemetryLoss", "1m", cases.telemetry_loss()),
        file("queue_full", "TtaTelemetryQueueFull", "1m", cases.queue_full()),
        file("label_overflow", "TtaLabelOverflow", "1m", cases.label_overflow()),
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

fn test(name: &str, input_series: Vec<Series>, alert_rule_test: Vec<AlertTest>) -> Test {
    Test { name: name.to_owned(), interval: "1m".to_owned(), input_series, alert_rule_test }
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

    fn up(&self, job: &str, instance: &str, values: &str) -> Series {
        Series::new("up", &[("instance", instance), ("job", job)], values)
    }

    fn target_down(&self) -> Vec<Test> {
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
                vec![self.up(job, "a:1", "1+0x9"), self.up(job, "b:1", "0+0x9")],
                vec![AlertTest::silent(4, alert), AlertTest::fires(5, alert, vec![down])],
            ),
            test(
                "fires where no target has the job",
                vec![self.up(&others, "a:1", "1+0x9")],
                vec![AlertTest::silent(4, alert), AlertTest::fires(5, alert, vec![gone])],
            ),
            test(
                "is silent while only another job is down",
                vec![self.up(job, "a:1", "1+0x9"), self.up(&others, "a:1", "0+0x9")],
                vec![AlertTest::silent(5, alert), AlertTest::silent(9, alert)],
            ),
            test(
                "is silent after a restart",
                vec![self.up(job, "a:1", "1 0+0x3 1+0x9")],
                vec![AlertTest::silent(4, alert), AlertTest::silent(6, alert), AlertTest::silent(9, alert)],
            ),
        ]
    }

    fn metric_absent(&self) -> Vec<Test> {
        let alert = "TtaMetricAbsent";
        let job = self.job();
        let others = self.of_others();
        let families: Vec<&str> =
            ALWAYS_THERE.into_iter().filter(|family| self.catalog.has(family)).collect();
        let series = |job: &str, family: &str, instance: &str| {
            Series::new(family, &[("instance", instance), ("job", job)], "0+0x15")
        };
        let mut tests = Vec::new();
        let mut all = vec![self.up(job, "a:1", "1+0x15")];
        all.extend(families.iter().map(|family| series(job, family, "a:1")));
        for family in &families {
            let Some(rule) = self.rule(alert, "family", family) else {
                continue;
            };
            let mut missing = all.clone();
            missing.push(self.up(job, "b:1", "1+0x15"));
            let of_second = families.iter().filter(|other| other != &family);
            missing.extend(of_second.map(|other| series(job, other, "b:1")));
            // What another job has does not count.
            missing.push(series(&others, family, "b:1"));
            let fired = Fired::of(rule, &[("instance", "b:1"), ("job", job)], 1.0);
            tests.push(test(
                &format!("fires for the instance without {family}"),
                missing,
                vec![AlertTest::silent(9, alert), AlertTest::fires(10, alert, vec![fired])],
            ));
        }
        if tests.is_empty() {
            return tests;
        }
        let mut with_others = all.clone();
        with_others.push(self.up(&others, "b:1", "1+0x15"));
        tests.push(test("is silent for another job", with_others, vec![AlertTest::silent(12, alert)]));
        tests.push(test(
            "is silent while the target is down",
            vec![self.up(job, "a:1", "0+0x15")],
            vec![AlertTest::silent(12, alert)],
        ));
        tests.push(test("is silent where all is there", all, vec![AlertTest::silent(12, alert)]));
        tests
    }

    /// Tests of an alert that fires when a counter grows.
    fn growth(&self, growth: &Growth<'_>) -> Vec<Test> {
        let &Growth { rule, family, labels, matched, window, well, by } = growth;
        let alert = rule.alert.as_deref().unwrap_or_default();
        let others = self.of_others();
        let series = |job: &str, instance: &str, values: &str| {
            let mut all = vec![("job", job), ("instance", instance)];
            all.extend(labels);
            all.extend(matched);
            Series::new(family, &all, values)
        };
        let kept = |value: f64| {
            let all = [("job", self.job()), ("instance", "a:1")];
            let kept: Vec<_> =
                all.iter().chain(labels).filter(|(name, _)| by.contains(name)).copied().collect();
            Fired::of(rule, &kept, value)
        };
        let job = self.job();
        // Long enough that what was there from the beginning is old.
        let old = window + 5;
        let mut tests = vec![
            test(
                &format!("fires on one more, of {family}"),
                // At the second minute; what is born at 0 is never above it.
                vec![series(job, "a:1", &format!("0 0 1+0x{window}"))],
                vec![
                    AlertTest::silent(2, alert),
                    AlertTest::fires(3, alert, vec![kept(1.0)]),
                    AlertTest::silent(window + 3, alert),
                ],
            ),
            test(
                &format!("fires on a series born above zero, of {family}"),
                vec![
                    series(job, "a:1", &format!("_x{old} 1+0x{}", window + 9)),
                    series(job, "b:1", &format!("0+0x{}", old + window + 9)),
                ],
                vec![
                    AlertTest::silent(old, alert),
                    AlertTest::fires(old + 1, alert, vec![kept(1.0)]),
                    AlertTest::silent(old + window, alert),
                ],
            ),
            test(
                &format!("is silent where nothing is added and after a restart, of {family}"),
                vec![
                    series(job, "a:1", &format!("7+0x{} 0+0x9", old)),
                    series(job, "b:1", &format!("0+0x{}", old + 9)),
                ],
                vec![AlertTest::silent(window + 2, alert), AlertTest::silent(old + 6, alert)],
            ),
            test(
                &format!("is silent for another job, of {family}"),
                vec![series(&others, "a:1", "0+1x9"), series(&others, "b:1", "_x3 5+0x9")],
                vec![AlertTest::silent(6, alert)],
            ),
            // Or what is there since long would be new.
            test(
                &format!("is silent where another job had nothing before, of {family}"),
                vec![series(job, "a:1", &format!("7+0x{}", old + 9)), series(&others, "a:1", "0+0x3")],
                vec![AlertTest::silent(old + 6, alert)],
            ),
        ];
        if let Some((name, _)) = matched.first() {
            let mut well = vec![("job", job), ("instance", "a:1"), (*name, well)];
            well.extend(labels);
            tests.push(test(
                &format!("is silent on what went well, of {family}"),
                vec![Series::new(family, &well, "0+5x9")],
                vec![AlertTest::silent(6, alert)],
            ));
        }
        tests
    }

    fn telemetry_loss(&self) -> Vec<Test> {
        let mut tests = Vec::new();
        let losses: [(&str, &str, &[(&str, &str)], [(&str, &str); 1], &str); 3] = [
            (
                "spans",
                "tta_telemetry_spans_total",
                &[("reason", "queue_full")],
                [("outcome", "dropped")],
                "exported",
            ),
            (
                "exports",
                "tta_telemetry_export_duration_seconds_count",
                &[("exporter", "otlp")],
                [("status", "error")],
                "success",
            ),
            ("log lines", "tta_log_lines_total", &[], [("outcome", "dropped")], "written"),
        ];
        for (signal, family, labels, matched, well) in losses {
            let Some(rule) = self.rule("TtaTelemetryLoss", "signal", signal) else {
                continue;
            };
            let by = ["job", "instance", "reason", "exporter"];
            tests.extend(self.growth(&Growth {
                rule,
                family,
                labels,
                matched: &matched,
                well,
                by: &by,
                window: 15,
            }));
        }
        tests
    }

    fn label_overflow(&self) -> Vec<Test> {
        let Some(rule) = self.rule("TtaLabelOverflow", "", "") else {
            return Vec::new();
        };
        let labels = [("family", "tta_primitive_executions_total"), ("label", "model")];
        self.growth(&Growth {
            rule,
            family: "tta_label_overflow_total",
            labels: &labels,
            matched: &[],
            well: "",
            by: &["job", "family", "label"],
            window: 60,
        })
    }

    fn queue_full(&self) -> Vec<Test> {
        let alert = "TtaTelemetryQueueFull";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let others = self.of_others();
        let queue = |length: (&str, f64), capacity: (&str, f64)| {
            let series = |name: &str, (job, value): (&str, f64)| {
                let labels = [("exporter", "otlp"), ("instance", "a:1"), ("job", job)];
                Series::new(name, &labels, constant(value, 9))
            };
            vec![
                series("tta_telemetry_queue_length", length),
                series("tta_telemetry_queue_capacity", capacity),
            ]
        };
        let job = self.job();
        let full =
            |value: f64| Fired::of(rule, &[("exporter", "otlp"), ("instance", "a:1"), ("job", job)], value);
        vec![
            test(
                "fires when the queue is as good as full",
                queue((job, QUEUE_FULL * 1000.0), (job, 1000.0)),
                vec![AlertTest::silent(4, alert), AlertTest::fires(5, alert, vec![full(QUEUE_FULL)])],
            ),
            test(
                "fires for a queue of one",
                queue((job, 1.0), (job, 1.0)),
                vec![AlertTest::fires(5, alert, vec![full(1.0)])],
            ),
            test(
                "is silent just below",
                queue((job, QUEUE_FULL * 1000.0 - 1.0), (job, 1000.0)),
                vec![AlertTest::silent(8, alert)],
            ),
            test(
                "is silent where there is no queue",
                queue((job, 1.0), (job, 0.0)),
                vec![AlertTest::silent(8, alert)],
            ),
            test(
                "is silent for another job",
                queue((&others, 1000.0), (&others, 1000.0)),
                vec![AlertTest::silent(8, alert)],
            ),
        ]
    }

    fn low_volume(&self) -> Vec<Test> {
        let alert = "TtaSloLowVolume";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let others = self.of_others();
        let classes = low_volumes(self.catalog);
        let recorded = |errors: (&str, u32), events_job: &str, more: u32| {
            let mut series = Vec::new();
            for ((objective, few), slos) in &classes {
                let of_job = |operand: &str, job: &str, value: u32| {
                    let labels = [("job", job), ("objective", *objective), ("slo", slos[0])];
                    Series::new(
                        &format!("slo:tta_slo_{operand}:increase6h"),
                        &labels,
                        constant(f64::from(value), 9),
                    )
                };
                series.push(of_job("errors", errors.0, errors.1));
                series.push(of_job("events", events_job, few - 1 + more));
            }
            series
        };
        let job = self.job();
        let fired = classes
            .iter()
            .map(|((objective, _), slos)| {
                let labels = [("job", job), ("objective", *objective), ("slo", slos[0])];
                Fired::of(rule, &labels, f64::from(LEAST_FAILURES))
            })
            .collect();
        let quiet = || vec![AlertTest::silent(8, alert)];
        vec![
            test(
                "fires on three bad events among few",
                recorded((job, LEAST_FAILURES), job, 0),
                vec![AlertTest::silent(4, alert), AlertTest::fires(5, alert, fired)],
            ),
            test("is silent where more are made", recorded((job, LEAST_FAILURES), job, 1), quiet()),
            test("is silent with two bad events", recorded((job, LEAST_FAILURES - 1), job, 0), quiet()),
            test("is silent for another job", recorded((&others, LEAST_FAILURES), &others, 0), quiet()),
            test(
                "is silent where another job has the events",
                recorded((job, LEAST_FAILURES), &others, 0),
                quiet(),
            ),
            test(
                "is silent where another job has the bad events",
                recorded((&others, LEAST_FAILURES), job, 0),
                quiet(),
            ),
        ]
    }

    /// From the counters: one call in fifty minutes, each of them bad.
    fn seldom_called(&self) -> Vec<Test> {
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

    fn budget_exhausted(&self) -> Vec<Test> {
        let alert = "TtaErrorBudgetExhausted";
        let others = self.of_others();
        let job = self.job();
        let mut tests = Vec::new();
        for days in slo::periods(self.catalog) {
            let period = format!("{days}d");
            let Some(rule) = self.rule(alert, "period", &period) else {
                continue;
            };
            let left = |job: &str, slo: &str, values: &str| {
                let labels = [("job", job), ("objective", "success"), ("slo", slo)];
                Series::new(&format!("slo:tta_slo_error_budget_remaining:ratio_rate{days}d"), &labels, values)
            };
            let fired = |slo: &str, value: f64| {
                Fired::of(rule, &[("job", job), ("objective", "success"), ("slo", slo)], value)
            };
            tests.push(test(
                &format!("fires when the budget of {days} days is spent, beside one that is not"),
                vec![
                    left(job, "over", "-0.5+0x20"),
                    left(job, "spent", "0+0x20"),
                    left(job, "well", "0.01+0x20"),
                    left(&others, "over", "-0.5+0x20"),
                ],
                vec![
                    AlertTest::silent(14, alert),
                    AlertTest::fires(15, alert, vec![fired("over", -0.5), fired("spent", 0.0)]),
                ],
            ));
        }
        if !tests.is_empty() {
            tests.push(test(
                "is silent where nothing is recorded",
                vec![self.up(job, "a:1", "1+0x20")],
                vec![AlertTest::silent(18, alert)],
            ));
        }
        tests
    }

    /// From the counters: twice as many bad events as are allowed.
    fn spent(&self) -> Vec<Test> {
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
                    ("objective", objective.objective.as_str()),
                    ("outcome", outcome),
                    ("slo", site.name.as_str()),
                ];
                let restarted = Counter::new().grow(each, 12).restart().grow(each, 30);
                Series::new("tta_slo_events_total", &labels, restarted.values())
            };
            series.push(counted("bad", ratio * 100.0));
            series.push(counted("good", (1.0 - ratio) * 100.0));
            let labels =
                [("job", job), ("objective", objective.objective.as_str()), ("slo", site.name.as_str())];
            fired.push(Fired::of(rule, &labels, 1.0 - ratio / budget));
        }
        vec![test(
            "fires when the budget is spent, although the program is restarted",
            series,
            vec![AlertTest::silent(15, alert), AlertTest::fires(25, alert, fired)],
        )]
    }

    fn anomaly(&self) -> Vec<Test> {
        let alert = "TtaAnomaly";
        let names = anomaly::chosen(self.catalog, self.options);
        let (Some(rule), Some(name)) = (self.rule(alert, "", ""), names.first()) else {
            return Vec::new();
        };
        let job = self.job();
        let others = self.of_others();
        let series = |job: &str, signal: &str, operation: &str, value: f64| {
            let labels = [("job", job), ("signal", signal), ("workflow_name", *name)];
            Series::new(&format!("anomaly:tta_workflow:{operation}"), &labels, constant(value, 12))
        };
        // A band from 1 to 3.
        let band = |signal: &str, value: f64, hours: u32, average: f64| {
            vec![
                series(job, signal, "value", value),
                series(job, signal, "lower_band", 1.0),
                series(job, signal, "upper_band", 3.0),
                series(job, signal, "hours_known", f64::from(hours)),
                series(job, signal, "avg26h", average),
            ]
        };
        let fires = |signal: &str, value: f64| {
            let labels = [("job", job), ("signal", signal), ("workflow_name", *name)];
            vec![
                AlertTest::silent(4, alert),
                AlertTest::fires(5, alert, vec![Fired::of(rule, &labels, value)]),
            ]
        };
        let quiet = || vec![AlertTest::silent(8, alert)];
        let mut tests = vec![
            test("fires above the band", band("rate", 3.5, HOURS_KNOWN, 2.0), fires("rate", 3.5)),
            test("fires below the band", band("rate", 0.5, HOURS_KNOWN, 2.0), fires("rate", 0.5)),
            test(
                "fires on a latency",
                band("latency", 3.5, HOURS_KNOWN, LEAST_RATE / 2.0),
                fires("latency", 3.5),
            ),
            test("fires at the lowest rate", band("rate", 3.5, HOURS_KNOWN, LEAST_RATE), fires("rate", 3.5)),
            test("is silent at the upper edge", band("rate", 3.0, HOURS_KNOWN, 2.0), quiet()),
            test("is silent at the lower edge", band("rate", 1.0, HOURS_KNOWN, 2.0), quiet()),
            test("is silent within the band", band("latency", 2.0, HOURS_KNOWN, 2.0), quiet()),
            test(
                "is silent while less than a day is known",
                band("rate", 3.5, HOURS_KNOWN - 1, 2.0),
                quiet(),
            ),
            test(
                "is silent for what is seldom called",
                band("rate", 3.5, HOURS_KNOWN, LEAST_RATE * 0.95),
                quiet(),
            ),
        ];
        for gone in ["value", "lower_band", "upper_band", "hours_known"] {
            for value in [3.5, 0.5] {
                let mut mixed = band("rate", value, HOURS_KNOWN, 2.0);
                for series in &mut mixed {
                    if series.series.contains(&format!(":{gone}{{")) {
                        *series = self::rename(series, job, &others);
                    }
                }
                let is_needed = !(gone == "lower_band" && value > 3.0 || gone == "upper_band" && value < 1.0);
                if is_needed {
                    tests.push(test(
                        &format!("is silent at {value} where another job has {gone}"),
                        mixed,
                        quiet(),
                    ));
                }
            }
        }
        tests
    }

    /// From what is recorded of a workflow: a day and a half as ever, and then more.
    fn bands(&self) -> Vec<Test> {
        let alert = "TtaAnomaly";
        let names = anomaly::chosen(self.catalog, self.options);
        let (Some(rule), Some(name)) = (self.rule(alert, "", ""), names.first()) else {
            return Vec::new();
        };
        let job = self.job();
        let mut tests = Vec::new();
        for (signal, family, series) in anomaly::SIGNALS {
            if !self.catalog.has(family) {
                continue;
            }
            let recorded =
                |values: &str| vec![Series::new(series, &[("job", job), ("workflow_name", *name)], values)];
            let of_half_hours = |name: &str, values: &str, alert_rule_test| Test {
                name: name.to_owned(),
                interval: "30m".to_owned(),
                input_series: recorded(values),
                alert_rule_test,
            };
            let labels = [("job", job), ("signal", signal), ("workflow_name", *name)];
            let fired = |value: f64| vec![Fired::of(rule, &labels, value)];
            tests.push(of_half_hours(
                &format!("fires when the {signal} doubles after thirty hours"),
                "10+0x59 20+0x5",
                vec![AlertTest::silent(29 * 60, alert), AlertTest::fires(31 * 60, alert, fired(20.0))],
            ));
            tests.push(of_half_hours(
                &format!("fires when the {signal} falls to a third"),
                "10+0x59 3+0x5",
                vec![AlertTest::fires(31 * 60, alert, fired(3.0))],
            ));
            tests.push(of_half_hours(
                &format!("is silent when the {signal} rises by a third"),
                "10+0x59 13+0x5",
                vec![AlertTest::silent(31 * 60, alert)],
            ));
            tests.push(of_half_hours(
                &format!("is silent when the {signal} doubles after ten hours"),
                "10+0x19 20+0x5",
                vec![AlertTest::silent(11 * 60, alert)],
            ));
            tests.push(of_half_hours(
                &format!("is silent when the {signal} doubles as it did yesterday at this time"),
                "10+0x11 20+0x1 10+0x45 20+0x3",
                vec![AlertTest::silent(30 * 60 + 30, alert)],
            ));
        }
        tests
    }
}

/// A counter that an alert watches.
#[derive(Clone, Copy)]
struct Growth<'a> {
    rule: &'a Rule,
    family: &'a str,
    labels: &'a [(&'a str, &'a str)],
    /// Those labels that the alert asks for.
    matched: &'a [(&'a str, &'a str)],
    /// The value of the first of them that is no loss.
    well: &'a str,
    /// Which labels the alert keeps.
    by: &'a [&'a str],
    /// Minutes.
    window: u32,
}

/// The same series of another job.
fn rename(series: &Series, job: &str, others: &str) -> Series {
    let ours = format!("job={}", crate::promql::quote(job));
    let theirs = format!("job={}", crate::promql::quote(others));
    Series { series: series.series.replace(&ours, &theirs), values: series.values.clone() }
}
