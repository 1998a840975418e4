//! Tests of the alerts on targets, metrics and telemetry.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::rules::alerts::{ALWAYS_THERE, CANCELLED, LEAST_CANCELLED, QUEUE_FULL};
use crate::rules::anomaly::{self};
use crate::rules::{Rule, slo};

use super::series::{Series, constant};
use super::{AlertTest, Fired, Loaded, Scenario, TestFile, budgets, caches, cost, policies, routers, sagas};

pub(super) fn files(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Vec<TestFile> {
    let cases = Cases { catalog, options, loaded };
    let file = |name: &str, alert: &str, evaluation: &str, tests: Vec<Scenario>| {
        loaded.test_file(name, vec![alert.to_owned()], &["alerts"], evaluation, tests)
    };
    let mut files = vec![
        file("target_down", "TtaTargetDown", "1m", cases.target_down()),
        file("metric_absent", "TtaMetricAbsent", "1m", cases.metric_absent()),
        file("cancelled", "TtaCancelled", "1m", cases.cancelled()),
        file("telemetry_loss", "TtaTelemetryLoss", "5m", cases.telemetry_loss()),
        file("queue_full", "TtaTelemetryQueueFull", "1m", cases.queue_full()),
        file("label_overflow", "TtaLabelOverflow", "5m", cases.label_overflow()),
    ];
    files.extend(policies::files(&cases));
    files.extend(caches::files(&cases));
    files.extend(routers::files(&cases));
    files.extend(sagas::files(&cases));
    files.extend(cost::files(&cases));
    files.extend(budgets::files(&cases));
    if slo::is_recorded(catalog) {
        files.push(file("low_volume", "TtaSloLowVolume", "1m", cases.low_volume()));
        files.push(file("budget_exhausted", "TtaErrorBudgetExhausted", "1m", cases.budget_exhausted()));
        files.push(file("budget_known", "TtaErrorBudgetExhausted", "15m", cases.known_for_a_day()));
        let counted = |name: &str, alert: &str, evaluation: &str, tests| {
            loaded.test_file(name, vec![alert.to_owned()], &["slo", "alerts"], evaluation, tests)
        };
        files.push(counted("objective_low_volume", "TtaSloLowVolume", "10m", cases.seldom_called()));
        files.push(counted("objective_budget", "TtaErrorBudgetExhausted", "5m", cases.spent()));
    }
    if !anomaly::chosen(catalog, options).is_empty() {
        files.push(file("anomaly", "TtaAnomaly", "1m", cases.anomaly()));
        let alerts = vec!["TtaAnomaly".to_owned()];
        files.push(loaded.test_file("anomaly_bands", alerts, &["anomaly", "alerts"], "30m", cases.bands()));
    }
    files
}

/// What cases are made of.
pub(super) struct Cases<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) options: &'a Options,
    pub(super) loaded: &'a Loaded<'a>,
}

pub(super) fn up(job: &str, instance: &str, values: &str) -> Series {
    Series::new("up", &[("instance", instance), ("job", job)], values)
}

pub(super) fn test(name: &str, input_series: Vec<Series>, alert_rule_test: Vec<AlertTest>) -> Scenario {
    Scenario {
        name: name.to_owned(),
        interval: "1m".to_owned(),
        input_series,
        alert_rule_test,
        promql_expr_test: Vec::new(),
    }
}

impl<'a> Cases<'a> {
    pub(super) fn job(&self) -> &str {
        &self.options.job
    }

    pub(super) fn of_others(&self) -> String {
        format!("{}-of-others", self.options.job)
    }

    pub(super) fn rule(&self, alert: &str, label: &str, value: &str) -> Option<&'a Rule> {
        let mut rules = self.loaded.alerts(alert).into_iter();
        rules.find(|rule| label.is_empty() || rule.labels.get(label).is_some_and(|found| found == value))
    }

    fn target_down(&self) -> Vec<Scenario> {
        let alert = "TtaTargetDown";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        if self.options.pushed {
            return self.nothing_sent(rule);
        }
        let down = Fired::of(rule, &[("instance", "b:1"), ("job", job)], 0.0);
        let gone = Fired::of(rule, &[("job", job)], 1.0);
        vec![
            test(
                "fires for the instance that is down, beside one that is up, one that restarts and one of another job",
                vec![
                    up(job, "a:1", "1+0x9"),
                    up(job, "b:1", "0+0x9"),
                    up(job, "c:1", "1 0+0x3 1+0x9"),
                    up(&others, "a:1", "0+0x9"),
                ],
                vec![
                    AlertTest::silent(4, alert),
                    AlertTest::fires(5, alert, vec![down.clone()]),
                    AlertTest::fires(9, alert, vec![down]),
                ],
            ),
            test(
                "fires where no target has the job",
                vec![up(&others, "a:1", "1+0x9")],
                vec![AlertTest::silent(4, alert), AlertTest::fires(5, alert, vec![gone])],
            ),
        ]
    }

    fn nothing_sent(&self, rule: &Rule) -> Vec<Scenario> {
        let alert = "TtaTargetDown";
        let (job, others) = (self.job(), self.of_others());
        let sent = |job: &str, instance: &str, values: &str| {
            Series::new("tta_build_info", &[("instance", instance), ("job", job), ("version", "1")], values)
        };
        vec![
            test(
                "is silent while one instance sends, without an `up` of the job",
                vec![sent(job, "a:1", "1+0x20"), sent(job, "b:1", "1 stale"), up("otlp", "c:1", "1+0x20")],
                vec![AlertTest::silent(5, alert), AlertTest::silent(18, alert)],
            ),
            test(
                "fires when no instance has sent for five minutes, whatever another job sends",
                vec![
                    sent(job, "a:1", "1+0x4 stale"),
                    sent(&others, "a:1", "1+0x20"),
                    up("otlp", "c:1", "1+0x20"),
                ],
                vec![
                    AlertTest::silent(4, alert),
                    AlertTest::silent(9, alert),
                    AlertTest::fires(10, alert, vec![Fired::of(rule, &[("job", job)], 1.0)]),
                ],
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
        let there = |job: &str, instance: &str| {
            let is_known = !self.options.pushed;
            is_known.then(|| up(job, instance, "1+0x15"))
        };
        // One instance has all of them, and for each there is one that has all but this.
        let mut input: Vec<Series> = there(job, "a:1").into_iter().chain(there(&others, "d:1")).collect();
        if self.options.pushed {
            input.push(series(&others, "tta_build_info", "d:1"));
        }
        input.extend(families.iter().map(|family| series(job, family, "a:1")));
        let mut fired = Vec::new();
        for (number, family) in families.iter().enumerate() {
            let Some(rule) = self.rule(alert, "family", family) else {
                continue;
            };
            let instance = format!("without:{number}");
            input.extend(there(job, &instance));
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

    fn cancelled(&self) -> Vec<Scenario> {
        let alert = "TtaCancelled";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let others = self.of_others();
        let job = self.job();
        let calls = |job: &str, workflow: &str, status: &str, values: &str| {
            let labels = [("instance", "a:1"), ("job", job), ("status", status), ("workflow_name", workflow)];
            Series::new("tta_workflow_executions_total", &labels, values)
        };
        let length = 60;
        // All at once, so that what is counted is what is seen of it.
        let once = |count: f64| format!("0+0x20 {}", constant(count, length - 21));
        let twice = |first: f64, count: f64| {
            format!("0 {} {}", constant(first, 19), constant(first + count, length - 21))
        };
        let most = f64::from(LEAST_CANCELLED);
        let beside = |ratio: f64| (most / ratio - most).round();
        let mut series = Vec::new();
        // A workflow each: cancelled calls, and those that are not.
        let cases = [
            ("most", job, most, beside(CANCELLED * 1.05)),
            ("all", job, most, 0.0),
            ("few", job, most - 1.0, 0.0),
            ("half", job, most, beside(CANCELLED)),
            ("most_end_well", job, most, beside(CANCELLED * 0.8)),
            ("never_called", job, 0.0, 0.0),
            ("most", &others, most, 0.0),
            ("half", &others, most, 0.0),
        ];
        for (workflow, job, cancelled, ended) in cases {
            series.push(calls(job, workflow, "cancelled", &once(cancelled)));
            series.push(calls(job, workflow, "success", &once(ended)));
            series.push(calls(job, workflow, "error", "0+0x60"));
        }
        // The same of what happened before the last quarter of an hour.
        for (workflow, cancelled, ended) in [
            ("ended_before", [0.0, most], [most * 10.0, 0.0]),
            ("cancelled_before", [most, most], [0.0, beside(CANCELLED)]),
            ("few_before", [most, most - 1.0], [0.0, 0.0]),
        ] {
            series.push(calls(job, workflow, "cancelled", &twice(cancelled[0], cancelled[1])));
            series.push(calls(job, workflow, "success", &twice(ended[0], ended[1])));
        }
        let fired = |workflow: &str, ended: f64| {
            let labels = [("job", job), ("workflow_name", workflow)];
            Fired::of(rule, &labels, most / (most + ended))
        };
        let both =
            vec![fired("most", beside(CANCELLED * 1.05)), fired("all", 0.0), fired("ended_before", 0.0)];
        vec![test(
            "fires where more than half of the calls are cancelled, not where half or few are, and ends when they are old",
            series,
            vec![
                AlertTest::silent(20, alert),
                AlertTest::silent(25, alert),
                AlertTest::fires(26, alert, both.clone()),
                AlertTest::fires(34, alert, both),
                AlertTest::silent(37, alert),
            ],
        )]
    }

    /// Tests of an alert that fires when one of these counters grows.
    pub(super) fn growth(&self, alert: &str, counters: &[Growth<'_>], window: u32) -> Vec<Scenario> {
        if counters.is_empty() {
            return Vec::new();
        }
        let others = self.of_others();
        let job = self.job();
        // Five minutes: after the first of them, an alert has been pending for as long as it has to.
        let window = window / 5;
        // Steps after which what was there from the beginning is old.
        let old = window + 1;
        // It is away for five hours, comes back, and then is away for eight.
        let back = old + 61;
        let away = back + window + 3;
        let anew = away + 96;
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
            test(
                "is silent on what comes back as it was after five hours, and after eight counts it as new",
                &|counter| {
                    let values =
                        format!("1+0x{old} stale _x59 1+0x{} stale _x95 1+0x{}", window + 2, window + 4);
                    vec![counter.series(job, "a:1", &values)]
                },
                vec![
                    (back + 1, false),
                    (back + window - 1, false),
                    (back + window + 1, false),
                    (anew, false),
                    (anew + 1, true),
                    (anew + window - 1, true),
                    (anew + window + 1, false),
                ],
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
}

/// A counter that an alert watches.
pub(super) struct Growth<'a> {
    pub(super) rule: &'a Rule,
    pub(super) family: &'a str,
    pub(super) labels: &'a [(&'a str, &'a str)],
    /// The label by which the alert knows a loss, its value, and one that is no loss.
    pub(super) matched: Option<(&'a str, &'a str, &'a str)>,
    /// Which labels the alert keeps.
    pub(super) by: &'a [&'a str],
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
        let all = [("job", job), ("instance", "a:1")].into_iter().chain(self.labels.iter().copied());
        let all = all.chain(self.matched.map(|(label, loss, _)| (label, loss)));
        let kept: Vec<_> = all.filter(|(name, _)| self.by.contains(name)).collect();
        Fired::of(self.rule, &kept, 1.0)
    }
}
