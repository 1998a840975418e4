//! Tests of what is recorded and told of policies.

use crate::promql::number;
use crate::rules::policies::{
    FALLBACKS, FALLBACKS_RATIO, FALLEN_BACK, LEAST_CALLS, REFUSED, REFUSED_BY_BULKHEAD, REFUSED_RATIO,
    RETRIED, RETRIES, RETRIES_RATIO, STATE, TIMEOUTS, TIMEOUTS_RATIO, WAITS, WAITS_P95,
};
use crate::rules::{Rule, RuleFile};

use super::alerts::{Cases, test};
use super::recording::{ANOTHER_JOB, expects_at};
use super::series::{Series, constant, lately};
use super::{AlertTest, ExprTest, Fired, Scenario, TestFile};

const EXECUTIONS: &str = "tta_primitive_executions_total";

/// Steps of a series, of a minute each.
const LENGTH: u32 = 70;
/// The step in which everything is counted.
const COUNTED: u32 = 30;

pub(super) fn files(cases: &Cases<'_>) -> Vec<TestFile> {
    let file = |name: &str, alert: &str, tests: Vec<Scenario>| {
        cases.loaded.test_file(name, vec![alert.to_owned()], &["alerts"], "1m", tests)
    };
    let recorded = recorded(cases);
    vec![
        file("breaker_open", "TtaBreakerOpen", cases.breaker_open()),
        file("retry_storm", "TtaRetryStorm", cases.retry_storm()),
        file("fallback_rate", "TtaFallbackRate", cases.fallback_rate()),
        file("bulkhead_full", "TtaBulkheadFull", cases.bulkhead_full()),
        cases.loaded.test_file("policies", Vec::new(), &["recording"], "1m", recorded),
    ]
}

/// A counter that is at 0 until everything is counted at once, so that what is counted is what is seen of it.
fn once(count: f64) -> String {
    format!("0+0x{} {}", COUNTED - 1, constant(count, LENGTH - COUNTED))
}

/// The same in two steps, of which the first is `before` minutes earlier.
fn twice(first: f64, then: f64, before: u32) -> String {
    format!(
        "0+0x{} {} {}",
        COUNTED - before - 1,
        constant(first, before - 1),
        constant(first + then, LENGTH - COUNTED)
    )
}

fn of_primitive(family: &str, job: &str, primitive: &str, more: &[(&str, &str)], values: &str) -> Series {
    let mut labels = vec![("job", job), ("primitive_name", primitive)];
    if !more.iter().any(|(name, _)| *name == "instance") {
        labels.push(("instance", "a:1"));
    }
    labels.extend(more);
    Series::new(family, &labels, values)
}

/// An alert on the part of its calls for which a policy does something.
struct Share<'a> {
    alert: &'a str,
    family: &'a str,
    /// Labels of that what it does.
    labels: &'a [(&'a str, &'a str)],
    /// What it may be for each call.
    bound: f64,
    /// Of which calls that number is a multiple of the bound.
    round: f64,
    /// Minutes.
    window: u32,
}

impl Cases<'_> {
    fn breaker_open(&self) -> Vec<Scenario> {
        let alert = "TtaBreakerOpen";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        let states = |job: &str, primitive: &str, instance: &str, values: [&str; 3]| {
            let state = |(state, values)| {
                of_primitive(STATE, job, primitive, &[("instance", instance), ("state", state)], values)
            };
            ["closed", "half_open", "open"].into_iter().zip(values).map(state).collect::<Vec<_>>()
        };
        let fired = |primitive: &str, instance: &str, circuits: f64| {
            let labels = [("job", job), ("instance", instance), ("primitive_name", primitive)];
            Fired::of(rule, &labels, circuits)
        };
        let (none, one) = ("0+0x20", "1+0x20");
        let is_open = [
            states(job, "opens", "a:1", ["1 0+0x12 1+0x6", none, "0 1+0x12 0+0x6"]),
            // Whenever it is looked at it is either open or tried.
            states(
                job,
                "is_tried_in_vain",
                "a:1",
                [none, "0 1 0 1 0 1 0 1 0 1 0 1+0x8", "1 0 1 0 1 0 1 0 1 0 1 0+0x8"],
            ),
            states(job, "has_keys", "a:1", ["7+0x20", none, "2+0x20"]),
            states(job, "closed", "a:1", [one, none, none]),
            states(job, "opens", "b:1", [one, none, none]),
            states(&others, "closed", "a:1", [none, none, one]),
            states(&others, "opens", "b:1", [none, none, one]),
        ];
        let closes = [
            states(job, "closes_in_time", "a:1", ["1 0+0x4 1 0+0x4 1+0x9", none, "0 1+0x4 0 1+0x4 0+0x9"]),
            states(job, "restarts", "a:1", ["0+0x4 1 0+0x4 1+0x9", none, "1+0x4 0 1+0x4 0+0x9"]),
            // Whose samples end is not known any more.
            states(job, "is_gone", "a:1", ["0+0x3 stale", "0+0x3 stale", "1+0x3 stale"]),
        ];
        let both = || vec![fired("has_keys", "a:1", 2.0), fired("is_tried_in_vain", "a:1", 1.0)];
        let all = || both().into_iter().chain([fired("opens", "a:1", 1.0)]).collect::<Vec<_>>();
        vec![
            test(
                "fires where a circuit has not been closed for five minutes, tried in vain or not, with one of many keys, and \
                 ends when it is closed; not of another function, instance or job",
                is_open.into_iter().flatten().collect(),
                vec![
                    AlertTest::silent(4, alert),
                    AlertTest::fires(5, alert, both()),
                    AlertTest::fires(6, alert, all()),
                    AlertTest::fires(13, alert, all()),
                    AlertTest::fires(14, alert, both()),
                ],
            ),
            test(
                "is silent where it closes before five minutes are over, where the program restarts and where it is gone",
                closes.into_iter().flatten().collect(),
                (4..16).map(|minute| AlertTest::silent(minute, alert)).collect(),
            ),
        ]
    }

    fn retry_storm(&self) -> Vec<Scenario> {
        self.share(&Share {
            alert: "TtaRetryStorm",
            family: RETRIES,
            labels: &[],
            bound: RETRIED,
            round: 50.0,
            window: 10,
        })
    }

    fn fallback_rate(&self) -> Vec<Scenario> {
        let alert = "TtaFallbackRate";
        let mut scenarios = self.share(&Share {
            alert,
            family: FALLBACKS,
            labels: &[("member", "first")],
            bound: FALLEN_BACK,
            round: 50.0,
            window: 15,
        });
        let Some(rule) = self.rule(alert, "", "") else {
            return scenarios;
        };
        let job = self.job();
        // Of a hundred calls, eight and twelve need one, and of each all members are asked in most.
        let series =
            [("few", 8.0, 7.0), ("many", 12.0, 10.0)].into_iter().flat_map(|(primitive, first, second)| {
                let asked = |member: &str, instance: &str, count: f64| {
                    let labels = [("member", member), ("instance", instance)];
                    of_primitive(FALLBACKS, job, primitive, &labels, &once(count))
                };
                let calls = |instance: &str| {
                    let labels = [("status", "success"), ("instance", instance)];
                    of_primitive(EXECUTIONS, job, primitive, &labels, &once(50.0))
                };
                [
                    calls("a:1"),
                    calls("b:1"),
                    asked("first", "a:1", first / 2.0),
                    asked("first", "b:1", first / 2.0),
                    asked("second", "a:1", second),
                ]
            });
        let fired = Fired::of(rule, &[("job", job), ("primitive_name", "many")], 0.12);
        scenarios.push(test(
            "counts a call once, however many members it asks, and those of all instances together",
            series.collect(),
            vec![AlertTest::fires(COUNTED + 6, alert, vec![fired])],
        ));
        scenarios
    }

    fn bulkhead_full(&self) -> Vec<Scenario> {
        self.share(&Share {
            alert: "TtaBulkheadFull",
            family: REFUSED_BY_BULKHEAD,
            labels: &[("reason", "wait")],
            bound: REFUSED,
            round: 100.0,
            window: 10,
        })
    }

    /// Around its bound, its least number of calls and its window.
    fn share(&self, share: &Share<'_>) -> Vec<Scenario> {
        let alert = share.alert;
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        let least = f64::from(LEAST_CALLS);
        let calls = |job: &str, primitive: &str, status: &str, values: &str| {
            of_primitive(EXECUTIONS, job, primitive, &[("status", status)], values)
        };
        let done = |job: &str, primitive: &str, values: &str| {
            of_primitive(share.family, job, primitive, share.labels, values)
        };
        let mut series = Vec::new();
        let mut fired = Vec::new();
        // A function each: its calls, and what the policy did for each of them.
        let cases = [
            ("more", job, share.round * 20.0, share.bound * 1.05, true),
            ("as_much", job, share.round, share.bound, false),
            ("less", job, share.round * 20.0, share.bound * 0.97, false),
            ("always", job, least, share.bound * 4.0, true),
            ("few_calls", job, least - 1.0, share.bound * 4.0, false),
            ("well", job, share.round * 20.0, 0.0, false),
            ("as_much", &others, share.round, share.bound * 4.0, false),
            ("few_calls", &others, least, 0.0, false),
        ];
        for (primitive, of_job, count, each, fires) in cases {
            let done_of_all = (count * each).round();
            series.extend([
                calls(of_job, primitive, "success", &once(count - 10.0)),
                calls(of_job, primitive, "error", &once(10.0)),
                // Of them nothing is known, and nobody waits.
                calls(of_job, primitive, "cancelled", &once(count * 3.0)),
                done(of_job, primitive, &once(done_of_all)),
            ]);
            if fires {
                let labels = [("job", job), ("primitive_name", primitive)];
                fired.push(Fired::of(rule, &labels, done_of_all / count));
            }
        }
        let mut at_first = Vec::new();
        // Some minutes earlier than the rest: within the window, or before it.
        let lately = share.window / 2 - 2;
        let before = share.window + 4;
        let both = [
            ("calls_before", [twice(least * 20.0, least, before), once(least * share.bound * 4.0)], true),
            ("done_before", [once(least), twice(least * share.bound * 4.0, 0.0, before)], false),
            ("calls_lately", [twice(least * 20.0, least, lately), once(least * share.bound * 4.0)], false),
            ("done_lately", [once(least), twice(least * share.bound * 4.0, 0.0, lately)], true),
            // After a restart it is counted from 0.
            (
                "restarted",
                [
                    format!("900+0x{} {}", COUNTED - 1, constant(least, LENGTH - COUNTED)),
                    format!(
                        "900+0x{} {}",
                        COUNTED - 1,
                        constant(least * share.bound * 4.0, LENGTH - COUNTED)
                    ),
                ],
                true,
            ),
            (
                "well_since_its_restart",
                [
                    format!("900+0x{} {}", COUNTED - 1, constant(least, LENGTH - COUNTED)),
                    format!("900+0x{} 0+0x{}", COUNTED - 1, LENGTH - COUNTED),
                ],
                false,
            ),
        ];
        for (primitive, [of_calls, of_policy], fires) in both {
            series.extend([calls(job, primitive, "success", &of_calls), done(job, primitive, &of_policy)]);
            if fires {
                let labels = [("job", job), ("primitive_name", primitive)];
                let of_case = Fired::of(rule, &labels, share.bound * 4.0);
                if primitive == "done_lately" {
                    // The first that is too long ago.
                    at_first.push(of_case);
                } else {
                    fired.push(of_case);
                }
            }
        }
        series.extend([
            calls(job, "without_the_policy", "success", &once(least)),
            done(job, "without_calls", &once(least)),
        ]);
        let last = COUNTED + share.window - 1;
        vec![test(
            "fires where it is more than the bound, of enough calls and of those in the window only; not where it is as much, \
             of few calls, of another function or another job, or where a series is missing",
            series,
            vec![
                AlertTest::silent(COUNTED - 1, alert),
                AlertTest::silent(COUNTED + 4, alert),
                AlertTest::fires(COUNTED + 5, alert, fired.iter().cloned().chain(at_first).collect()),
                AlertTest::fires(last, alert, fired),
                AlertTest::silent(last + 3, alert),
            ],
        )]
    }
}

/// A function with all policies.
const PRIMITIVE: &str = "charge";

/// Labels of a counter beside job and function, and how many are counted.
type Counted = (&'static str, &'static [(&'static str, &'static str)], f64);

/// Of two instances: a hundred calls that ended and others that did not, and what policies had to do with them.
const COUNTED_LATELY: [Counted; 14] = [
    (EXECUTIONS, &[("instance", "a:1"), ("status", "success")], 60.0),
    (EXECUTIONS, &[("instance", "a:1"), ("status", "error")], 10.0),
    (EXECUTIONS, &[("instance", "b:1"), ("status", "error")], 30.0),
    (EXECUTIONS, &[("instance", "b:1"), ("status", "cancelled")], 40.0),
    (RETRIES, &[("instance", "a:1")], 25.0),
    (RETRIES, &[("instance", "b:1")], 5.0),
    (TIMEOUTS, &[("instance", "a:1"), ("phase", "deadline")], 4.0),
    (TIMEOUTS, &[("instance", "b:1"), ("phase", "deadline")], 4.0),
    (TIMEOUTS, &[("instance", "a:1"), ("phase", "grace")], 3.0),
    (FALLBACKS, &[("instance", "a:1"), ("member", "first")], 5.0),
    (FALLBACKS, &[("instance", "b:1"), ("member", "first")], 5.0),
    (FALLBACKS, &[("instance", "a:1"), ("member", "second")], 7.0),
    (REFUSED_BY_BULKHEAD, &[("instance", "a:1"), ("reason", "full")], 10.0),
    (REFUSED_BY_BULKHEAD, &[("instance", "b:1"), ("reason", "wait")], 10.0),
];

/// From counters to what is recorded for each call.
fn recorded(cases: &Cases<'_>) -> Vec<Scenario> {
    let job = cases.job();
    let expects = |values: &[(&str, Option<f64>)]| -> Vec<ExprTest> {
        let labels = [("job", job), ("primitive_name", PRIMITIVE)];
        let recorded: Vec<&str> = cases.loaded.0.iter().flat_map(RuleFile::rules).map(Rule::name).collect();
        let there = values.iter().filter(|(name, _)| recorded.contains(name));
        there.map(|(name, value)| expects_at(name, &labels, "10m", *value)).collect()
    };
    let of_all = |value: Option<f64>| {
        expects(&[RETRIES_RATIO, TIMEOUTS_RATIO, FALLBACKS_RATIO, REFUSED_RATIO].map(|name| (name, value)))
    };
    let counted = || COUNTED_LATELY.iter().filter(|(family, ..)| cases.catalog.has(family));
    let series = |job: &str, values: &dyn Fn(&str, f64) -> String| -> Vec<Series> {
        let of = |(family, more, count): &Counted| {
            of_primitive(family, job, PRIMITIVE, more, &values(family, *count))
        };
        counted().map(of).collect()
    };
    let mut some = series(job, &|_, count| lately(count));
    some.extend(series(ANOTHER_JOB, &|_, count| lately(count)));
    // What another job has is not recorded, and would not be read.
    let rates = "primitive_status:tta_primitive_executions:rate5m";
    some.push(of_primitive(rates, ANOTHER_JOB, PRIMITIVE, &[("status", "success")], "1+0x10"));
    let (waits, waited) = waits(cases);
    some.extend(waits);
    let nothing_of_them = |family: &str, count: f64| match family {
        EXECUTIONS => lately(count),
        _ => "0+0x10".to_owned(),
    };
    let mut calls_only = series(job, &|_, count| lately(count));
    calls_only.retain(|series| series.series.starts_with(EXECUTIONS));
    let mut scenarios = Vec::new();
    let mut scenario = |name: &str, input_series: Vec<Series>, promql_expr_test: Vec<ExprTest>| {
        scenarios.push(Scenario {
            name: name.to_owned(),
            interval: "1m".to_owned(),
            input_series,
            alert_rule_test: Vec::new(),
            promql_expr_test,
        });
    };
    scenario(
        "of two instances, policies have to do with some of a hundred calls, and others are cancelled",
        some,
        expects(&[
            (RETRIES_RATIO, Some(0.3)),
            (TIMEOUTS_RATIO, Some(0.08)),
            (FALLBACKS_RATIO, Some(0.1)),
            (REFUSED_RATIO, Some(0.2)),
            (WAITS_P95, waited),
        ]),
    );
    scenario(
        "where nothing is repeated, late, refused or served by another function, all are 0",
        series(job, &nothing_of_them),
        of_all(Some(0.0)),
    );
    scenario(
        "where nothing is called, there is no ratio",
        series(job, &|_, count| constant(count, 10)),
        of_all(None),
    );
    scenario("without the policies there is nothing of them", calls_only, of_all(None));
    scenarios.retain(|scenario| !scenario.promql_expr_test.is_empty());
    scenarios
}

/// Fifty waits of two instances, and what 95 % of them are within.
fn waits(cases: &Cases<'_>) -> (Vec<Series>, Option<f64>) {
    let buckets = cases.catalog.family(WAITS).and_then(|family| family.buckets.first_chunk::<2>().copied());
    let Some([from, to]) = buckets else {
        return (Vec::new(), None);
    };
    let bucket = format!("{WAITS}_bucket");
    // In the last five minutes 40 wait for longer than the lower bound, and in the last two of them 10 do not.
    let (slow, quick) = ("0+0x5 8+8x4", "0+10x5 50+0x2 55 60");
    let mut series = Vec::new();
    for (le, slow) in [(number(from), "0+0x10"), (number(to), slow), ("+Inf".to_owned(), slow)] {
        for (job, instance, values) in
            [(cases.job(), "a:1", slow), (cases.job(), "b:1", quick), (ANOTHER_JOB, "b:1", quick)]
        {
            series.push(of_primitive(
                &bucket,
                job,
                PRIMITIVE,
                &[("instance", instance), ("le", &le)],
                values,
            ));
        }
    }
    (series, Some(from + (to - from) * (47.5 - 10.0) / 40.0))
}
