//! Tests of what is recorded and told of caches.

use crate::promql::number;
use crate::rules::caches::{DURATION, HEALTH, NOT_SERVED, OPERATION_P95, OPERATIONS, SERVED, SERVED_RATIO};

use super::alerts::{Cases, test};
use super::recording::{ANOTHER_JOB, expects_at};
use super::series::{Series, constant, lately};
use super::{AlertTest, Fired, Scenario, TestFile};

/// A function with a cache.
const PRIMITIVE: &str = "embed";

pub(super) fn files(cases: &Cases<'_>) -> Vec<TestFile> {
    let alert = "TtaCacheBackendDown";
    vec![
        cases.loaded.test_file(
            "cache_backend_down",
            vec![alert.to_owned()],
            &["alerts"],
            "1m",
            cases.cache_backend_down(alert),
        ),
        cases.loaded.test_file("caches", Vec::new(), &["recording"], "1m", cases.recorded_of_caches()),
    ]
}

fn operations(job: &str, instance: &str, backend: &str, values: &dyn Fn(&str) -> String) -> Vec<Series> {
    let all = SERVED.into_iter().chain([NOT_SERVED, "eviction", "error"]);
    let of = |operation| {
        let labels = [
            ("job", job),
            ("instance", instance),
            ("primitive_name", PRIMITIVE),
            ("backend", backend),
            ("operation", operation),
        ];
        Series::new(OPERATIONS, &labels, values(operation))
    };
    all.map(of).collect()
}

impl Cases<'_> {
    fn cache_backend_down(&self, alert: &str) -> Vec<Scenario> {
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        let health = |job: &str, instance: &str, values: &str| {
            Series::new(HEALTH, &[("job", job), ("instance", instance), ("backend", "redis")], values)
        };
        let fired = |instance: &str| {
            Fired::of(rule, &[("job", job), ("instance", instance), ("backend", "redis")], 0.0)
        };
        vec![test(
            "fires for the instance that has lost it for two minutes, beside one that has it, one that has it back in time, \
             one that is gone and one of another job; ends when it is back",
            vec![
                health(job, "loses_it:1", "1 0+0x5 1+0x9"),
                health(job, "has_it:1", "1+0x15"),
                health(job, "has_it_back:1", "1 0 0 1 0 0 1+0x9"),
                health(job, "is_gone:1", "1 0 0 stale"),
                health(&others, "has_it:1", "0+0x15"),
            ],
            vec![
                AlertTest::silent(2, alert),
                AlertTest::fires(3, alert, vec![fired("loses_it:1")]),
                AlertTest::fires(6, alert, vec![fired("loses_it:1")]),
                AlertTest::silent(7, alert),
            ],
        )]
    }

    fn recorded_of_caches(&self) -> Vec<Scenario> {
        let job = self.job();
        let has = |family: &str| self.catalog.has(family);
        let expects = |backend: &str, value: Option<f64>| {
            let labels = [("job", job), ("primitive_name", PRIMITIVE), ("backend", backend)];
            expects_at(SERVED_RATIO, &labels, "10m", value)
        };
        let scenario = |name: &str, input_series, promql_expr_test| Scenario {
            name: name.to_owned(),
            interval: "1m".to_owned(),
            input_series,
            alert_rule_test: Vec::new(),
            promql_expr_test,
        };
        let mut scenarios = Vec::new();
        if has(OPERATIONS) {
            // Seventy of a hundred look-ups, by two instances; and whatever else there is.
            let of_a = |operation: &str| match operation {
                "hit" => lately(30.0),
                "stale" => lately(8.0),
                "miss" => lately(20.0),
                "eviction" => lately(500.0),
                _ => lately(0.0),
            };
            let of_b = |operation: &str| match operation {
                "hit" => lately(12.0),
                "coalesced" => lately(15.0),
                "negative" => lately(5.0),
                "miss" => lately(10.0),
                "error" => lately(300.0),
                _ => lately(0.0),
            };
            let mut some = operations(job, "a:1", "memory", &of_a);
            some.extend(operations(job, "b:1", "memory", &of_b));
            some.extend(operations(job, "a:1", "redis", &|operation| {
                lately(if operation == "miss" { 10.0 } else { 0.0 })
            }));
            some.extend(operations(ANOTHER_JOB, "a:1", "memory", &|_| lately(100.0)));
            scenarios.push(scenario(
                "of two instances, seventy of a hundred look-ups are served, and in another backend none",
                some,
                vec![expects("memory", Some(0.7)), expects("redis", Some(0.0))],
            ));
            scenarios.push(scenario(
                "where nothing is looked up, there is no ratio",
                operations(job, "a:1", "memory", &|_| constant(10.0, 10)),
                vec![expects("memory", None)],
            ));
        }
        let buckets =
            self.catalog.family(DURATION).and_then(|family| family.buckets.first_chunk::<2>().copied());
        if let Some([from, to]) = buckets {
            // Reads: in the last five minutes 40 take longer than the lower bound, and in the last two of them 10 do not.
            let (none, slow, quick) = ("0+0x10", "0+0x5 8+8x4", "0+10x5 50+0x2 55 60");
            let all = lately(100.0);
            let cases = [
                (job, "a:1", "get", [none, slow, slow]),
                (job, "b:1", "get", [quick; 3]),
                (job, "a:1", "set", [all.as_str(); 3]),
                (ANOTHER_JOB, "a:1", "get", [quick; 3]),
            ];
            let bounds = [number(from), number(to), "+Inf".to_owned()];
            let of = |(job, instance, operation, counts): (&str, &str, &str, [&str; 3])| {
                let of_bucket = |(le, values): (&String, &str)| {
                    let labels = [
                        ("job", job),
                        ("instance", instance),
                        ("primitive_name", PRIMITIVE),
                        ("backend", "redis"),
                        ("operation", operation),
                        ("le", le),
                    ];
                    Series::new(&format!("{DURATION}_bucket"), &labels, values)
                };
                bounds.iter().zip(counts).map(of_bucket).collect::<Vec<_>>()
            };
            let series = cases.into_iter().flat_map(of).collect();
            let expects = |operation: &str, value: f64| {
                let labels = [
                    ("job", job),
                    ("primitive_name", PRIMITIVE),
                    ("backend", "redis"),
                    ("operation", operation),
                ];
                expects_at(OPERATION_P95, &labels, "10m", Some(value))
            };
            scenarios.push(scenario(
                "what 95 % of the reads and of the writes of two instances are within",
                series,
                vec![expects("get", from + (to - from) * (47.5 - 10.0) / 40.0), expects("set", from * 0.95)],
            ));
        }
        scenarios
    }
}
