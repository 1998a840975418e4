//! Tests of what is recorded and told of models and money.

use crate::promql::number;
use crate::rules::RuleFile;
use crate::rules::cost::{
    CACHED, COST, ERRORS_RATIO, EXECUTIONS, FIRST_TOKEN, FIRST_TOKENS, HEALTH, LATENCIES, LATENCY,
    LEAST_WASTED, MODEL_HOUR, PER_CALL, REQUESTS, TOKENS, UNPRICED, WASTED, WASTED_SHARE, WORKFLOW_COST,
    WORKFLOW_HOUR, WORKFLOW_WASTED,
};

use super::alerts::{Cases, Growth, test};
use super::recording::{ANOTHER_JOB, expects_at};
use super::series::{Series, constant, lately};
use super::{AlertTest, ExprTest, Fired, Scenario, TestFile};

const PROVIDER: &str = "openai";
pub(super) const MODEL: &str = "gpt-4o";
const WORKFLOW: &str = "answer";

pub(super) fn files(cases: &Cases<'_>) -> Vec<TestFile> {
    let file = |name: &str, alert: &str, evaluation: &str, tests: Vec<Scenario>| {
        cases.loaded.test_file(name, vec![alert.to_owned()], &["alerts"], evaluation, tests)
    };
    let mut files = vec![
        file("llm_down", "TtaLlmDown", "1m", cases.llm_down()),
        file("llm_unpriced_calls", "TtaLlmUnpricedCalls", "5m", cases.unpriced()),
        file("cost_wasted", "TtaCostWasted", "1m", cases.wasted()),
    ];
    files.extend(super::spending::files(cases));
    let recorded = |name: &str, evaluation: &str, tests: Vec<Scenario>| {
        cases.loaded.test_file(name, Vec::new(), &["recording", "compatibility"], evaluation, tests)
    };
    files.push(recorded("cost", "1h", cases.recorded_over_hours()));
    files.push(recorded("models", "5m", cases.recorded_over_minutes()));
    files.push(super::savings::file(cases));
    files
}

/// Of a model, in one instance.
pub(super) fn of_model(
    family: &str,
    job: &str,
    model: &str,
    instance: &str,
    more: &[(&str, &str)],
    values: String,
) -> Series {
    let mut labels = vec![("job", job), ("instance", instance), ("provider", PROVIDER), ("model", model)];
    labels.extend(more);
    Series::new(family, &labels, values)
}

/// Of a workflow, in one instance.
fn of_workflow(family: &str, job: &str, instance: &str, more: &[(&str, &str)], values: String) -> Series {
    let mut labels = vec![("job", job), ("instance", instance), ("workflow_name", WORKFLOW)];
    labels.extend(more);
    Series::new(family, &labels, values)
}

/// When everything is counted that an alert tells of, and when what it does not, in minutes; and how long there are
/// samples.
const COUNTED: u32 = 80;
const BEFORE: u32 = 15;
const LENGTH: u32 = 150;

/// A counter that is at 0, grows long before, and again.
fn twice(before: f64, then: f64) -> String {
    format!(
        "0+0x{} {} {}",
        BEFORE - 1,
        constant(before, COUNTED - BEFORE - 1),
        constant(before + then, LENGTH - COUNTED)
    )
}

/// A counter over two hours: of the last hour it has other than of the last half of it, and than of both.
pub(super) fn of_hours([first, second, last]: [f64; 3]) -> String {
    format!(
        "0+0x39 {} {} {}",
        constant(first, 39),
        constant(first + second, 29),
        constant(first + second + last, 10)
    )
}

impl Cases<'_> {
    fn llm_down(&self) -> Vec<Scenario> {
        let alert = "TtaLlmDown";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        let health = |job: &str, model: &str, instance: &str, values: &str| {
            of_model(HEALTH, job, model, instance, &[], values.to_owned())
        };
        let fired = || {
            let labels = [("job", job), ("instance", "a:1"), ("provider", PROVIDER), ("model", "is_down")];
            vec![Fired::of(rule, &labels, 0.0)]
        };
        vec![test(
            "fires for the instance of which a model has been down for five minutes, beside one of which it is up, a model that \
             is up again in time, one that is gone and one of another job; ends when it is up",
            vec![
                health(job, "is_down", "a:1", "1 0+0x8 1+0x9"),
                health(job, "is_down", "b:1", "1+0x19"),
                health(job, "is_up_again", "a:1", "1 0+0x3 1 0+0x3 1+0x9"),
                health(job, "is_gone", "a:1", "1 0+0x3 stale"),
                health(&others, "is_up", "a:1", "0+0x19"),
            ],
            vec![
                AlertTest::silent(5, alert),
                AlertTest::fires(6, alert, fired()),
                AlertTest::fires(9, alert, fired()),
                AlertTest::silent(10, alert),
            ],
        )]
    }

    fn unpriced(&self) -> Vec<Scenario> {
        let alert = "TtaLlmUnpricedCalls";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let labels = &[("provider", PROVIDER), ("model", MODEL)];
        let by = &["job", "provider", "model", "reason"];
        let counter = |missing| {
            let matched = Some(("reason", missing, "answer"));
            Growth { rule, family: UNPRICED, labels, matched, by }
        };
        self.growth(alert, &["price", "usage"].map(counter), 60)
    }

    fn wasted(&self) -> Vec<Scenario> {
        let alert = "TtaCostWasted";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        let cost = |job: &str, model: &str, instance: &str, before: [f64; 2], then: [f64; 2]| {
            let of = |disposition, at: usize| {
                let values = twice(before[at], then[at]);
                of_model(COST, job, model, instance, &[("disposition", disposition)], values)
            };
            [of("useful", 0), of("wasted", 1)]
        };
        let none = [0.0, 0.0];
        let hundred = |wasted: f64| [100.0 - wasted, wasted];
        let bound = WASTED_SHARE * 100.0;
        let series = [
            // Of two instances, one of which wastes nothing.
            cost(job, "more", "a:1", none, [70.0, 0.0]),
            cost(job, "more", "b:1", none, [0.0, 30.0]),
            cost(job, "little_more", "a:1", none, hundred(bound + 1.0)),
            cost(job, "as_much", "a:1", none, hundred(bound)),
            cost(job, "well", "a:1", none, [1_000.0, 0.0]),
            cost(job, "no_matter", "a:1", none, [0.1, LEAST_WASTED * 0.9]),
            cost(job, "just_matters", "a:1", none, [LEAST_WASTED, LEAST_WASTED]),
            cost(&others, "elsewhere", "a:1", none, [0.0, 100.0]),
            cost(job, "wasted_before", "a:1", [900.0, 100.0], [98.0, 2.0]),
            cost(job, "useful_before", "a:1", [1_000.0, 0.0], [50.0, 50.0]),
            cost(job, "mattered_before", "a:1", [100.0, 10.0], [0.1, LEAST_WASTED * 0.9]),
        ];
        let fired = |model: &str, share: f64| {
            Fired::of(rule, &[("job", job), ("provider", PROVIDER), ("model", model)], share)
        };
        let all = || {
            vec![
                fired("more", 0.3),
                fired("little_more", (bound + 1.0) / 100.0),
                fired("just_matters", 0.5),
                fired("useful_before", 0.5),
            ]
        };
        vec![test(
            "fires for models of which more than the bound is wasted within the hour, all instances together, and so much that it \
             matters; not where as much is, of another job, or for what was before",
            series.into_iter().flatten().collect(),
            vec![
                AlertTest::silent(COUNTED + 9, alert),
                AlertTest::fires(COUNTED + 10, alert, all()),
                AlertTest::fires(COUNTED + 53, alert, all()),
                AlertTest::silent(COUNTED + 61, alert),
            ],
        )]
    }

    fn recorded_over_hours(&self) -> Vec<Scenario> {
        let mut scenarios = Vec::new();
        if self.catalog.has(COST) {
            scenarios.extend(self.cost_of_models());
        }
        if self.catalog.has(WORKFLOW_COST) {
            scenarios.extend(self.cost_of_workflows());
        }
        scenarios
    }

    fn recorded_over_minutes(&self) -> Vec<Scenario> {
        let mut scenarios = Vec::new();
        if self.catalog.has(WORKFLOW_COST) && self.catalog.has(EXECUTIONS) {
            scenarios.extend(self.cost_of_calls());
        }
        if self.catalog.has(TOKENS) {
            scenarios.extend(self.cached());
        }
        if self.catalog.has(REQUESTS) {
            scenarios.extend(self.failed_requests());
        }
        scenarios.extend(self.percentiles(
            "what half and 95 % of the attempts of two instances are within",
            LATENCY,
            LATENCIES,
        ));
        scenarios.extend(self.percentiles(
            "within what half and 95 % of the answers of two instances begin",
            FIRST_TOKEN,
            FIRST_TOKENS,
        ));
        scenarios
    }

    fn cost_of_models(&self) -> [Scenario; 2] {
        let job = self.job();
        let cost = |job: &str, instance: &str, of: &str, spent: [f64; 3]| {
            of_model(COST, job, MODEL, instance, &[("disposition", of)], of_hours(spent))
        };
        let hour = |of: &str, value| {
            let labels = [("job", job), ("provider", PROVIDER), ("model", MODEL), ("disposition", of)];
            expects_at(MODEL_HOUR, &labels, "120m", value)
        };
        let share = |value| expects_at(WASTED, &[("job", job)], "120m", value);
        let mut expected = vec![hour("useful", Some(0.6)), hour("wasted", Some(0.2)), share(Some(0.25))];
        // Under the older names, where they are recorded.
        let of_instance = [
            ("job", job),
            ("instance", "b:1"),
            ("provider", PROVIDER),
            ("model", MODEL),
            ("disposition", "wasted"),
        ];
        for (older, labels, value) in [
            ("tta:cost_per_hour_dollars", &of_instance[..1], 0.8),
            ("tta_llm_cost_dollars", &of_instance, 0.25),
            ("llm_cost_usd_total", &of_instance, 0.25),
        ] {
            if self.loaded.0.iter().flat_map(RuleFile::rules).any(|rule| rule.name() == older) {
                expected.push(expects_at(older, labels, "120m", Some(value)));
            }
        }
        [
            scenario(
                "of what two instances have spent on a model in the last hour, a quarter is wasted",
                vec![
                    cost(job, "a:1", "useful", [0.05, 0.1, 0.15]),
                    cost(job, "b:1", "useful", [0.1, 0.15, 0.2]),
                    cost(job, "a:1", "wasted", [0.4, 0.05, 0.1]),
                    cost(job, "b:1", "wasted", [0.2, 0.04, 0.01]),
                    cost(ANOTHER_JOB, "a:1", "useful", [1.0; 3]),
                    cost(ANOTHER_JOB, "a:1", "wasted", [1.0; 3]),
                ],
                expected,
            ),
            scenario(
                "where nothing is spent, no part of it is wasted",
                vec![
                    cost(job, "a:1", "useful", [1.0, 0.0, 0.0]),
                    cost(job, "a:1", "wasted", [1.0, 0.0, 0.0]),
                ],
                vec![hour("useful", Some(0.0)), share(None)],
            ),
        ]
    }

    fn cost_of_workflows(&self) -> [Scenario; 2] {
        let job = self.job();
        let cost = |job: &str, instance: &str, root: &str, of: &str, values: String| {
            of_workflow(WORKFLOW_COST, job, instance, &[("root", root), ("disposition", of)], values)
        };
        let over_hours = |job: &str, instance: &str, root: &str, of: &str, spent: [f64; 3]| {
            cost(job, instance, root, of, of_hours(spent))
        };
        let labels = [("job", job), ("workflow_name", WORKFLOW)];
        let hour = |of: &str, value: f64| {
            let labels = [labels[0], labels[1], ("disposition", of)];
            expects_at(WORKFLOW_HOUR, &labels, "120m", Some(value))
        };
        let share = |value| expects_at(WORKFLOW_WASTED, &labels, "120m", value);
        [
            scenario(
                "of what two instances have spent in a workflow in the last hour, a quarter is wasted; in sums is what no other \
                 workflow is around",
                vec![
                    over_hours(job, "a:1", "true", "useful", [0.05, 0.1, 0.1]),
                    over_hours(job, "b:1", "true", "useful", [0.1, 0.1, 0.05]),
                    over_hours(job, "a:1", "false", "useful", [0.1, 0.15, 0.1]),
                    over_hours(job, "a:1", "true", "wasted", [0.4, 0.03, 0.05]),
                    over_hours(job, "b:1", "true", "wasted", [0.2, 0.02, 0.01]),
                    over_hours(job, "a:1", "false", "wasted", [0.2, 0.04, 0.05]),
                    over_hours(ANOTHER_JOB, "a:1", "true", "useful", [1.0; 3]),
                    over_hours(ANOTHER_JOB, "a:1", "true", "wasted", [1.0; 3]),
                ],
                vec![hour("useful", 0.35), hour("wasted", 0.11), share(Some(0.25))],
            ),
            scenario(
                "where nothing is spent in a workflow, no part of it is wasted",
                vec![
                    over_hours(job, "a:1", "true", "useful", [1.0, 0.0, 0.0]),
                    over_hours(job, "a:1", "true", "wasted", [1.0, 0.0, 0.0]),
                ],
                vec![hour("useful", 0.0), share(None)],
            ),
        ]
    }

    fn cost_of_calls(&self) -> [Scenario; 2] {
        let job = self.job();
        let cost = |job: &str, instance: &str, root: &str, of: &str, values: String| {
            of_workflow(WORKFLOW_COST, job, instance, &[("root", root), ("disposition", of)], values)
        };
        let labels = [("job", job), ("workflow_name", WORKFLOW)];
        let calls = |job: &str, instance: &str, status: &str, values: String| {
            of_workflow(EXECUTIONS, job, instance, &[("status", status)], values)
        };
        let per_call = |value| expects_at(PER_CALL, &labels, "10m", value);
        [
            scenario(
                "two dollars in four calls are half a dollar for each",
                vec![
                    cost(job, "a:1", "true", "useful", lately(1.0)),
                    cost(job, "b:1", "false", "useful", lately(0.6)),
                    cost(job, "a:1", "true", "wasted", "0+0x8 0.4+0x2".to_owned()),
                    cost(ANOTHER_JOB, "a:1", "true", "useful", lately(3.0)),
                    calls(job, "a:1", "success", lately(2.0)),
                    calls(job, "b:1", "error", "0+0x7 1.5+0x3".to_owned()),
                    calls(job, "b:1", "cancelled", lately(0.5)),
                    calls(ANOTHER_JOB, "a:1", "success", lately(5.0)),
                ],
                vec![per_call(Some(0.5))],
            ),
            scenario(
                "where nothing is called, a call costs nothing that is known",
                vec![
                    cost(job, "a:1", "true", "useful", constant(1.0, 10)),
                    calls(job, "a:1", "success", constant(2.0, 10)),
                ],
                vec![per_call(None)],
            ),
        ]
    }

    fn cached(&self) -> [Scenario; 2] {
        let job = self.job();
        let tokens = |job: &str, instance: &str, of: &str, values: String| {
            of_model(TOKENS, job, MODEL, instance, &[("type", of)], values)
        };
        let labels = [("job", job), ("provider", PROVIDER), ("model", MODEL)];
        let cached = |value| expects_at(CACHED, &labels, "10m", value);
        [
            scenario(
                "of the prompts of two instances, a quarter was cached",
                vec![
                    tokens(job, "a:1", "prompt", lately(120.0)),
                    tokens(job, "b:1", "prompt", "0+0x8 80+0x2".to_owned()),
                    tokens(job, "a:1", "cache_read", lately(20.0)),
                    tokens(job, "b:1", "cache_read", lately(30.0)),
                    tokens(job, "a:1", "completion", lately(70.0)),
                    tokens(ANOTHER_JOB, "a:1", "prompt", lately(10.0)),
                    tokens(ANOTHER_JOB, "a:1", "cache_read", lately(10.0)),
                ],
                vec![cached(Some(0.25))],
            ),
            scenario(
                "where nothing is asked, nothing is known of prompts",
                vec![
                    tokens(job, "a:1", "prompt", constant(9.0, 10)),
                    tokens(job, "a:1", "cache_read", constant(9.0, 10)),
                ],
                vec![cached(None)],
            ),
        ]
    }

    fn failed_requests(&self) -> [Scenario; 2] {
        let job = self.job();
        let requests = |job: &str, instance: &str, status: &str, values: String| {
            of_model(REQUESTS, job, MODEL, instance, &[("status", status)], values)
        };
        let labels = [("job", job), ("provider", PROVIDER), ("model", MODEL)];
        let ratio = |value| expects_at(ERRORS_RATIO, &labels, "10m", value);
        [
            scenario(
                "of the requests of two instances that succeeded or failed, a tenth failed",
                vec![
                    requests(job, "a:1", "success", lately(60.0)),
                    requests(job, "b:1", "success", "0+0x8 30+0x2".to_owned()),
                    requests(job, "a:1", "error", lately(6.0)),
                    requests(job, "b:1", "error", lately(4.0)),
                    requests(job, "a:1", "cancelled", lately(50.0)),
                    requests(ANOTHER_JOB, "a:1", "success", lately(10.0)),
                    requests(ANOTHER_JOB, "a:1", "error", lately(10.0)),
                ],
                vec![ratio(Some(0.1))],
            ),
            scenario(
                "where nothing is asked, no part of it failed",
                vec![
                    requests(job, "a:1", "success", constant(9.0, 10)),
                    requests(job, "a:1", "error", constant(1.0, 10)),
                ],
                vec![ratio(None)],
            ),
        ]
    }

    fn percentiles(&self, name: &str, family: &str, recorded: [(&str, f64); 2]) -> Option<Scenario> {
        let [from, to] = *self.catalog.family(family)?.buckets.first_chunk::<2>()?;
        let job = self.job();
        // In the last five minutes 40 take longer than the lower bound, and in the last two of them 10 do not.
        let (none, slow, quick) = ("0+0x10", "0+0x5 8+8x4", "0+10x5 50+0x2 55 60");
        let bounds = [number(from), number(to), "+Inf".to_owned()];
        let of = |(job, instance, counts): (&str, &str, [&str; 3])| {
            let of_bucket = |(le, values): (&String, &str)| {
                let family = format!("{family}_bucket");
                of_model(&family, job, MODEL, instance, &[("le", le)], values.to_owned())
            };
            bounds.iter().zip(counts).map(of_bucket).collect::<Vec<_>>()
        };
        let series =
            [(job, "a:1", [none, slow, slow]), (job, "b:1", [quick; 3]), (ANOTHER_JOB, "a:1", [quick; 3])];
        let labels = [("job", job), ("provider", PROVIDER), ("model", MODEL)];
        let expects = |(name, quantile): (&str, f64)| {
            let value = from + (to - from) * (50.0 * quantile - 10.0) / 40.0;
            expects_at(name, &labels, "10m", Some(value))
        };
        Some(scenario(name, series.into_iter().flat_map(of).collect(), recorded.map(expects).into()))
    }
}

pub(super) fn scenario(name: &str, input_series: Vec<Series>, promql_expr_test: Vec<ExprTest>) -> Scenario {
    Scenario {
        name: name.to_owned(),
        interval: "1m".to_owned(),
        input_series,
        alert_rule_test: Vec::new(),
        promql_expr_test,
    }
}
