//! Tests of what is recorded of workflows and primitives, and of the older names.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Site, SiteKind};
use crate::cli::Options;
use crate::promql::{number, quote, selector};
use crate::rules::{RuleFile, slo};

use super::series::Series;
use super::{ExprTest, Loaded, Sample, Scenario, TestFile, ratios, readiness};

/// Minutes.
const EVALUATION: u32 = 5;
const END: u32 = 10;

/// Of which nothing may be recorded.
pub(super) const ANOTHER_JOB: &str = "another";

pub(super) fn files(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Vec<TestFile> {
    let mut scenarios = Vec::new();
    for (kind, level) in [(SiteKind::Workflow, "workflow"), (SiteKind::Primitive, "primitive")] {
        if let Some(site) = catalog.of_kind(kind).next() {
            scenarios.extend(Cases { catalog, options, loaded, site, level }.scenarios());
        }
    }
    let files = ["recording", "compatibility"];
    let mut all =
        vec![loaded.test_file("recording", Vec::new(), &files, &format!("{EVALUATION}m"), scenarios)];
    if slo::is_recorded(catalog) {
        let windows = windows(catalog, options).into_iter().collect();
        all.push(loaded.test_file("windows", Vec::new(), &["slo"], "1h", windows));
        all.push(loaded.test_file(
            "sums",
            Vec::new(),
            &["slo"],
            "12h",
            vec![ratios::sums(catalog, options, loaded)],
        ));
        all.push(loaded.test_file(
            "ratios",
            Vec::new(),
            &["slo"],
            "1m",
            ratios::ratios(catalog, options, loaded),
        ));
    }
    let namesakes = namesakes(catalog, options, loaded).into_iter().collect();
    all.push(loaded.test_file(
        "components",
        Vec::new(),
        &["recording"],
        &format!("{EVALUATION}m"),
        namesakes,
    ));
    let readiness = readiness::scenarios(catalog, options, loaded);
    all.push(loaded.test_file("readiness", Vec::new(), &["recording"], "12h", readiness));
    let between = between_stages(catalog, options, loaded);
    all.push(loaded.test_file(
        "stages",
        Vec::new(),
        &["recording", "slo"],
        "5m",
        between.into_iter().collect(),
    ));
    all
}

/// Of events and calls, each between the last sample of five minutes and the first of the next.
fn between_stages(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Option<Scenario> {
    let job = options.job.as_str();
    // Of fourteen seconds each: the last sample before ten minutes, and the first after them.
    let one = "0+0x42 1+0x100";
    let mut input_series = Vec::new();
    let mut promql_expr_test = Vec::new();
    let mut expects = |staged: &str, labels: &[(&str, &str)], value: f64| {
        let recorded = selector(staged, labels);
        promql_expr_test.push(ExprTest {
            expr: format!("sum(round(sum_over_time({recorded}[1d])))"),
            eval_time: "30m".to_owned(),
            exp_samples: vec![Sample { labels: "{}".to_owned(), value }],
        });
    };
    let mut objectives = catalog.objectives().into_iter();
    let with_budget =
        objectives.find(|(_, _, objective)| slo::is_recorded(catalog) && slo::has_budget(objective));
    if let Some((site, _, objective)) = with_budget {
        let of_instances =
            [("good", "a:1", job), ("bad", "a:1", job), ("bad", "b:1", job), ("bad", "a:1", ANOTHER_JOB)];
        for (outcome, instance, job) in of_instances {
            let labels = [
                ("instance", instance),
                ("job", job),
                ("objective", objective.name.as_str()),
                ("outcome", outcome),
                ("slo", site.name.as_str()),
            ];
            input_series.push(Series::new("tta_slo_events_total", &labels, one));
        }
        expects(slo::STAGED_EVENTS, &[], 3.0);
        expects(slo::STAGED_ERRORS, &[], 2.0);
    }
    for (kind, level) in [(SiteKind::Workflow, "workflow"), (SiteKind::Primitive, "primitive")] {
        let recorded = |operand: &str| format!("component:tta_component_{operand}:increase5m");
        let name = recorded("failures");
        let is_recorded = loaded.0.iter().flat_map(RuleFile::rules).any(|rule| rule.name() == name);
        let counter = format!("tta_{level}_executions_total");
        let site = catalog.of_kind(kind).next().filter(|_| is_recorded && catalog.has(&counter));
        if let Some(site) = site {
            let cases = Cases { catalog, options, loaded, site, level };
            for (instance, status) in
                [("a:1", "error"), ("b:1", "error"), ("a:1", "success"), ("a:1", "cancelled")]
            {
                input_series.push(cases.calls(instance, status, one));
            }
            input_series.push(cases.calls_of(ANOTHER_JOB, "a:1", "error", one));
            expects(&recorded("calls"), &[("level", level)], 3.0);
            expects(&recorded("failures"), &[("level", level)], 2.0);
        }
    }
    (!promql_expr_test.is_empty()).then(|| Scenario {
        name: "what happens between two stages is in one of them".to_owned(),
        interval: "14s".to_owned(),
        input_series,
        alert_rule_test: Vec::new(),
        promql_expr_test,
    })
}

/// Of an hour with events, of which a tenth is bad: each window has them as long as it is.
fn windows(catalog: &Catalog, options: &Options) -> Option<Scenario> {
    let (site, _, objective) =
        catalog.objectives().into_iter().find(|(_, _, objective)| slo::has_budget(objective))?;
    let labels =
        [("job", options.job.as_str()), ("objective", objective.name.as_str()), ("slo", site.name.as_str())];
    let counted = |outcome: &str, values: &str| {
        let mut labels = labels.to_vec();
        labels.push(("outcome", outcome));
        Series::new("tta_slo_events_total", &labels, values)
    };
    let on = |instance: &str, job: &str, outcome: &str, values: &str| {
        let mut labels = labels.to_vec();
        labels[0].1 = job;
        labels.extend([("outcome", outcome), ("instance", instance)]);
        Series::new("tta_slo_events_total", &labels, values)
    };
    let mut promql_expr_test = Vec::new();
    let mut expects = |name: String, hours: u32, value: Option<f64>| {
        promql_expr_test.push(expects_at(&name, &labels, &format!("{hours}h"), value));
    };
    // Hours of the windows, and the events and bad events that are recorded of the hour: of the long ones, once in an
    // hour here, those of its last five minutes.
    for (window, hours, events) in
        [("1h", 1, 600.0), ("2h", 2, 600.0), ("6h", 6, 600.0), ("1d", 24, 52.5), ("3d", 72, 52.5)]
    {
        expects(format!("slo:tta_slo_events:increase{window}"), hours, Some(events));
        expects(format!("slo:tta_slo_errors:increase{window}"), hours, Some(events / 10.0));
        expects(format!("slo:tta_slo_errors_per_event:ratio_rate{window}"), hours, Some(0.1));
        expects(format!("slo:tta_slo_burn:ratio_rate{window}"), hours, Some(0.1 / (1.0 - objective.target)));
        // A sum has what was recorded at its very beginning.
        let gone = if hours > 6 { hours + 2 } else { hours + 1 };
        expects(format!("slo:tta_slo_events:increase{window}"), gone, Some(0.0));
        expects(format!("slo:tta_slo_errors:increase{window}"), gone, Some(0.0));
        expects(format!("slo:tta_slo_errors_per_event:ratio_rate{window}"), gone, None);
    }
    for (window, events) in [("30m", 300.0), ("5m", 50.0)] {
        expects(format!("slo:tta_slo_events:increase{window}"), 1, Some(events));
        expects(format!("slo:tta_slo_errors:increase{window}"), 1, Some(events / 10.0));
        expects(format!("slo:tta_slo_errors_per_event:ratio_rate{window}"), 1, Some(0.1));
        expects(format!("slo:tta_slo_errors_per_event:ratio_rate{window}"), 2, None);
    }
    Some(Scenario {
        name: "each window has what happened within it, and nothing else".to_owned(),
        interval: "1m".to_owned(),
        input_series: vec![
            counted("good", "0+9x60 540+0x4400"),
            on("a:1", &options.job, "bad", "0+0.5x60 30+0x4400"),
            on("b:1", &options.job, "bad", "0+0.5x60 30+0x4400"),
            on("a:1", ANOTHER_JOB, "good", "0+5x4460"),
            on("a:1", ANOTHER_JOB, "bad", "0+5x4460"),
        ],
        alert_rule_test: Vec::new(),
        promql_expr_test,
    })
}

/// What `scenarios` ask for, with nothing there but series of another job under those names that `is_read` says: there
/// may be nothing.
pub(super) fn of_another_job(name: &str, scenarios: &[Scenario], is_read: impl Fn(&str) -> bool) -> Scenario {
    let asked = |test: &ExprTest| {
        let (series, _) = test.expr.strip_prefix("round(")?.rsplit_once(", ")?;
        let (recorded, labels) = series.split_once('{')?;
        Some((
            recorded.to_owned(),
            format!("{recorded}{{job={}, {labels}", quote(ANOTHER_JOB)),
            test.eval_time.clone(),
        ))
    };
    let mut all: BTreeSet<_> = BTreeSet::new();
    let mut input_series = Vec::new();
    let mut promql_expr_test = Vec::new();
    for test in scenarios.iter().flat_map(|scenario| &scenario.promql_expr_test) {
        let Some((recorded, series, time)) = asked(test).filter(|asked| all.insert(asked.clone())) else {
            continue;
        };
        if is_read(&recorded) {
            input_series.push(Series { series, values: "0.8+0x400".to_owned() });
        } else {
            promql_expr_test.push(ExprTest {
                expr: test.expr.clone(),
                eval_time: time,
                exp_samples: Vec::new(),
            });
        }
    }
    let interval = scenarios.first().map(|scenario| scenario.interval.clone()).unwrap_or_default();
    Scenario { name: name.to_owned(), interval, input_series, alert_rule_test: Vec::new(), promql_expr_test }
}

/// That `name` has this value at a time, or none.
pub(super) fn expects_at(
    name: &str,
    labels: &[(&str, &str)],
    eval_time: &str,
    value: Option<f64>,
) -> ExprTest {
    // promtool compares every bit.
    let rounded = |value: f64| (value * 1e7 + 0.5).floor() / 1e7;
    // Of whatever job: there has to be nothing of another one.
    let asked: Vec<(&str, &str)> = labels.iter().copied().filter(|(name, _)| *name != "job").collect();
    let sample = |value: f64| Sample { labels: selector("", labels), value: rounded(value) };
    ExprTest {
        expr: format!("round({}, 0.0000001)", selector(name, &asked)),
        eval_time: eval_time.to_owned(),
        exp_samples: value.map(sample).into_iter().collect(),
    }
}

/// Of a workflow and a primitive of the same name and type, one is sound and the other fails: together they are not.
fn namesakes(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Option<Scenario> {
    let is_there = |family: &str| catalog.has(family);
    let workflow = catalog.of_kind(SiteKind::Workflow).next()?;
    if !["tta_workflow_executions_total", "tta_primitive_executions_total", "tta_component_info"]
        .into_iter()
        .all(is_there)
    {
        return None;
    }
    let mut input_series = Vec::new();
    let mut promql_expr_test = Vec::new();
    for (name, failing) in
        [("workflow_fails", "workflow"), ("primitive_fails", "primitive"), ("none_fails", "")]
    {
        let mut site = workflow.clone();
        name.clone_into(&mut site.name);
        for level in ["workflow", "primitive"] {
            let cases = Cases { catalog, options, loaded, site: &site, level };
            let (well, failed) = if level == failing { ("0+6x10", "0+4x10") } else { ("0+10x10", "0+0x10") };
            input_series.push(cases.calls("a:1", "success", well));
            input_series.push(cases.calls("a:1", "error", failed));
        }
        let cases = Cases { catalog, options, loaded, site: &site, level: "workflow" };
        input_series.push(cases.component());
        let sound = if failing.is_empty() { 1.0 } else { 0.0 };
        for (what, verdict) in [("traffic", 1.0), ("errors", sound), ("promotable", sound)] {
            promql_expr_test.extend(cases.expects_of_component(what, verdict));
        }
    }
    Some(Scenario {
        name: "a workflow and a primitive of the same name and type are as ready as the worse of them"
            .to_owned(),
        interval: "1m".to_owned(),
        input_series,
        alert_rule_test: Vec::new(),
        promql_expr_test,
    })
}

/// A primitive that a workflow calls.
const STEP: &str = "charge";

#[derive(Clone, Copy)]
struct Cases<'a> {
    catalog: &'a Catalog,
    options: &'a Options,
    loaded: &'a Loaded<'a>,
    site: &'a Site,
    level: &'a str,
}

impl Cases<'_> {
    fn scenarios(&self) -> Vec<Scenario> {
        let Cases { level, .. } = self;
        let executions = format!("tta_{level}_executions");
        let mut some_fail = Vec::new();
        let mut none_fails = Vec::new();
        if self.catalog.has(&format!("{executions}_total")) {
            some_fail.extend([
                // Thirty a minute, of which ten are cancelled.
                self.expects(&format!("{level}:{executions}:rate5m"), &[], Some(0.5)),
                self.expects(
                    &format!("{level}_status:{executions}:rate5m"),
                    &[("status", "error")],
                    Some(2.0 / 60.0),
                ),
                self.expects(
                    &format!("{level}:tta_{level}_errors_per_execution:ratio_rate5m"),
                    &[],
                    Some(0.1),
                ),
                self.expects(&format!("{level}:tta_{level}_throughput:increase1h"), &[], Some(150.0)),
            ]);
            let ratio = format!("{level}:tta_{level}_errors_per_execution:ratio_rate5m");
            none_fails.push(self.expects(&ratio, &[], Some(0.0)));
            if *level == "workflow" {
                some_fail.push(self.expects("tta:success_rate_5m", &[], Some(0.9)));
                some_fail.push(self.expects("tta:workflow_rate_5m", &[], Some(0.5)));
                none_fails.push(self.expects("tta:success_rate_5m", &[], Some(1.0)));
            }
            if self.catalog.has("tta_component_info") {
                for (what, verdict) in [("traffic", 1.0), ("errors", 0.0), ("promotable", 0.0)] {
                    some_fail.push(self.expects_of_component(what, verdict));
                    none_fails.push(self.expects_of_component(what, 1.0));
                }
            }
        }
        if let Some([from, to]) = self.bucket() {
            for (quantile, part) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
                let name = format!("{level}:tta_{level}_duration_seconds:{quantile}_5m");
                // Fifty, of which ten are in the bucket below.
                let within = |part: f64| from + (to - from) * (50.0 * part - 10.0) / 40.0;
                some_fail.push(self.expects(&name, &[], Some(within(part))));
                none_fails.push(self.expects(&name, &[], None));
            }
            if *level == "workflow" {
                let p95 = from + (to - from) * (47.5 - 10.0) / 40.0;
                some_fail.push(self.expects("tta:p95_latency_seconds", &[], Some(p95)));
                let step = "step:tta_workflow_step_duration_seconds:p95_5m";
                some_fail.push(self.expects(step, &[("primitive_name", STEP)], Some(p95)));
            }
        }
        let idle = if self.catalog.has(&format!("{executions}_total")) {
            vec![self.expects(&format!("{level}:tta_{level}_errors_per_execution:ratio_rate5m"), &[], None)]
        } else {
            Vec::new()
        };
        let mut calls = vec![
            // Nothing in the first five minutes, and less and less in those that follow: of no other window is the
            // rate the same.
            self.calls("a:1", "success", "0+0x5 16 24 32 36 40"),
            self.calls("b:1", "success", "0+0x5 20 30 40 45 50"),
            self.calls("a:1", "error", "0+0x5 2 3 4 4.5 5"),
            self.calls("b:1", "error", "0+0x5 2 3 4 4.5 5"),
            self.calls("a:1", "cancelled", "0+0x5 20 30 40 45 50"),
            self.calls_of(ANOTHER_JOB, "a:1", "success", "0+7x10"),
            self.calls_of(ANOTHER_JOB, "a:1", "error", "0+7x10"),
            self.component(),
        ];
        calls.extend(self.distribution());
        let well = vec![self.calls("a:1", "success", "0+8x10"), self.component()];
        let still = vec![self.calls("a:1", "success", "8+0x10"), self.calls("a:1", "error", "2+0x10")];
        let scenario =
            |name: &str, input_series: Vec<Series>, promql_expr_test: Vec<Option<ExprTest>>| Scenario {
                name: format!("{level}: {name}"),
                interval: "1m".to_owned(),
                input_series,
                alert_rule_test: Vec::new(),
                promql_expr_test: promql_expr_test.into_iter().flatten().collect(),
            };
        let mut scenarios = vec![
            scenario(
                "of two instances, both fail in about a tenth of their calls, and others are cancelled",
                calls,
                some_fail,
            ),
            scenario("where no error has been counted yet, the ratio is 0", well, none_fails),
            scenario("where nothing is called, there is no ratio", still, idle),
        ];
        // Half an hour with ten a minute, one with one and one with two.
        let hour = self.expects(&format!("{level}:tta_{level}_throughput:increase1h"), &[], Some(90.0));
        scenarios.push(scenario(
            "of an hour and a half, the last hour counts",
            vec![self.calls("a:1", "success", "0+10x30 301+1x29 332+2x29")],
            vec![hour.map(|test| ExprTest { eval_time: "90m".to_owned(), ..test })],
        ));
        let ratio = format!("{level}:tta_{level}_errors_per_execution:ratio_rate5m");
        scenarios.push(scenario(
            "nothing is made of the rates of another job",
            vec![self.status_rate_of(ANOTHER_JOB, "error"), self.status_rate_of(ANOTHER_JOB, "success")],
            vec![self.expects(&ratio, &[], None)],
        ));
        scenarios.retain(|scenario| !scenario.promql_expr_test.is_empty());
        scenarios
    }

    /// Durations of the last five minutes, of which the percentiles of no other window are.
    fn distribution(&self) -> Vec<Series> {
        let mut series = Vec::new();
        if let Some([from, to]) = self.bucket() {
            // In the last five minutes, 40 take longer than the lower bound, and in the last two of them 10 do not.
            let buckets = [
                (number(from), "0+0x10", "0+10x5 50+0x2 55 60"),
                (number(to), "0+0x5 8+8x4", "0+10x5 50+0x2 55 60"),
            ];
            let families: &[&str] = match self.level {
                "workflow" => &["duration_seconds", "step_duration_seconds"],
                _ => &["duration_seconds"],
            };
            for family in families {
                for (le, slow, quick) in buckets
                    .iter()
                    .map(|(le, slow, quick)| (le.as_str(), slow, quick))
                    .chain([("+Inf", &buckets[1].1, &buckets[1].2)])
                {
                    series.push(self.durations(family, &self.options.job, "a:1", le, slow));
                    series.push(self.durations(family, &self.options.job, "b:1", le, quick));
                    series.push(self.durations(family, ANOTHER_JOB, "b:1", le, quick));
                }
            }
        }
        series
    }

    /// What this level's series are told apart by.
    fn labels(&self) -> Vec<(String, String)> {
        let mut labels = vec![
            ("job".to_owned(), self.options.job.clone()),
            (format!("{}_name", self.level), self.site.name.clone()),
        ];
        if self.level == "primitive" {
            labels.push(("primitive_type".to_owned(), self.site.type_.clone()));
        }
        labels
    }

    fn series(&self, name: &str, more: &[(&str, &str)], values: &str) -> Series {
        let mut labels = self.labels();
        if self.level == "workflow" {
            labels.push(("workflow_type".to_owned(), self.site.type_.clone()));
        }
        let mut labels: Vec<(&str, &str)> =
            labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        labels.extend(more);
        Series::new(name, &labels, values)
    }

    fn calls(&self, instance: &str, status: &str, values: &str) -> Series {
        let name = format!("tta_{}_executions_total", self.level);
        self.series(&name, &[("instance", instance), ("status", status)], values)
    }

    fn calls_of(&self, job: &str, instance: &str, status: &str, values: &str) -> Series {
        let options = Options { job: job.to_owned(), ..self.options.clone() };
        Cases { options: &options, ..*self }.calls(instance, status, values)
    }

    fn status_rate_of(&self, job: &str, status: &str) -> Series {
        let name = format!("{level}_status:tta_{level}_executions:rate5m", level = self.level);
        let mut labels = self.labels();
        job.clone_into(&mut labels[0].1);
        let mut labels: Vec<(&str, &str)> =
            labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        labels.push(("status", status));
        Series::new(&name, &labels, "1+0x10")
    }

    fn durations(&self, family: &str, job: &str, instance: &str, le: &str, values: &str) -> Series {
        let name = format!("tta_{}_{family}_bucket", self.level);
        let options = Options { job: job.to_owned(), ..self.options.clone() };
        let labels = [("instance", instance), ("le", le), ("primitive_name", STEP)];
        let is_step = family.starts_with("step");
        Cases { options: &options, ..*self }.series(
            &name,
            if is_step { &labels } else { &labels[..2] },
            values,
        )
    }

    fn component(&self) -> Series {
        let labels = [
            ("job", self.options.job.as_str()),
            ("name", &self.site.name),
            ("kind", &self.site.type_),
            ("maturity", "staging"),
            ("version", "1"),
        ];
        Series::new("tta_component_info", &labels, "1+0x10")
    }

    /// One bucket's edges.
    fn bucket(&self) -> Option<[f64; 2]> {
        let family = self.catalog.family(&format!("tta_{}_duration_seconds", self.level))?;
        family.buckets.first_chunk().copied()
    }

    /// That `name` has this value at the end, or none. Nothing if no rule records it.
    fn expects(&self, name: &str, more: &[(&str, &str)], value: Option<f64>) -> Option<ExprTest> {
        let labels = self.labels();
        let mut labels: Vec<(&str, &str)> =
            labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        labels.extend(more);
        self.expects_of(name, &labels, value)
    }

    fn expects_of_component(&self, what: &str, verdict: f64) -> Option<ExprTest> {
        let labels = [
            ("job", self.options.job.as_str()),
            ("name", &self.site.name),
            ("kind", &self.site.type_),
            ("maturity", "staging"),
        ];
        self.expects_of(&format!("component:tta_component_{what}:bool"), &labels, Some(verdict))
    }

    fn expects_of(&self, name: &str, labels: &[(&str, &str)], value: Option<f64>) -> Option<ExprTest> {
        let mut recorded = self.loaded.0.iter().flat_map(RuleFile::rules);
        if !recorded.any(|rule| rule.name() == name) {
            return None;
        }
        Some(expects_at(name, labels, &format!("{END}m"), value))
    }
}
