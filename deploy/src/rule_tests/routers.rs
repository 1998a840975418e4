//! Tests of what is recorded and told of routers.

use crate::promql::number;
use crate::rules::routers::{
    DECISION, DECISION_P95, ERRORS, ERRORS_RATIO, EXECUTION, EXECUTION_P95, FAILED, LEAST_CALLS,
};

use super::alerts::{Cases, test};
use super::recording::{ANOTHER_JOB, expects_at};
use super::series::{Series, constant, lately};
use super::{AlertTest, ExprTest, Fired, Scenario, TestFile};

const ROUTER: &str = "pick";

/// Steps of a series, of a minute each, and the one in which everything is counted.
const LENGTH: u32 = 50;
const COUNTED: u32 = 20;

pub(super) fn files(cases: &Cases<'_>) -> Vec<TestFile> {
    let alert = "TtaRouterErrors";
    let tests = cases.router_errors(alert);
    vec![
        cases.loaded.test_file("router_errors", vec![alert.to_owned()], &["alerts"], "1m", tests),
        cases.loaded.test_file("routers", Vec::new(), &["recording"], "1m", cases.recorded_of_routers()),
    ]
}

/// A counter that is at 0 until everything is counted at once.
fn once(count: f64) -> String {
    format!("0+0x{} {}", COUNTED - 1, constant(count, LENGTH - COUNTED))
}

/// The same, so many minutes before.
fn before(minutes: u32, count: f64) -> String {
    format!("0+0x{} {}", COUNTED - minutes - 1, constant(count, LENGTH - COUNTED + minutes))
}

/// What one instance of a router has counted.
fn of_router(family: &str, job: &str, router: &str, more: &[(&str, &str)], values: String) -> Series {
    let mut labels = vec![("job", job), ("router_name", router)];
    labels.extend(more);
    Series::new(family, &labels, values)
}

impl Cases<'_> {
    fn router_errors(&self, alert: &str) -> Vec<Scenario> {
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        let least = f64::from(LEAST_CALLS);
        let count = format!("{DECISION}_count");
        let counted = |job: &str, router: &str, instance: &str, calls: String, errors: String| {
            let labels = [("instance", instance)];
            [of_router(&count, job, router, &labels, calls), of_router(ERRORS, job, router, &labels, errors)]
        };
        let at_once = |job: &str, router: &str, instance: &str, calls: f64, errors: f64| {
            counted(job, router, instance, once(calls), once(errors))
        };
        let series = [
            // Of two instances, one of which is well.
            at_once(job, "more", "a:1", 100.0, 22.0),
            at_once(job, "more", "b:1", 300.0, 0.0),
            at_once(job, "as_much", "a:1", 400.0, 400.0 * FAILED),
            at_once(job, "always", "a:1", least, least),
            at_once(job, "few_calls", "a:1", least - 1.0, least - 1.0),
            at_once(job, "well", "a:1", 1_000.0, 0.0),
            at_once(&others, "as_much", "a:1", 400.0, 400.0),
            at_once(&others, "few_calls", "a:1", least, 0.0),
            counted(job, "long_ago", "a:1", once(least), before(14, least)),
            counted(job, "calls_long_ago", "a:1", before(14, least * 20.0), once(least * 4.0)),
            // Three minutes before, so that it leaves the window before the rest.
            counted(job, "lately", "a:1", once(least * 20.0), before(3, least * 2.0)),
        ];
        let mut series: Vec<Series> = series.into_iter().flatten().collect();
        series.push(of_router(ERRORS, job, "no_calls", &[("instance", "a:1")], once(least)));
        let fired =
            |router: &str, value: f64| Fired::of(rule, &[("job", job), ("router_name", router)], value);
        let lasting = || vec![fired("always", 1.0), fired("more", 22.0 / 400.0)];
        let with_lately = || lasting().into_iter().chain([fired("lately", 0.1)]).collect::<Vec<_>>();
        vec![test(
            "fires where more fail than the bound, of enough calls and in the window only, all instances together; not where \
             as many do, of few calls, of another router or job, or where a series is missing",
            series,
            vec![
                AlertTest::silent(COUNTED - 1, alert),
                AlertTest::silent(COUNTED + 4, alert),
                AlertTest::fires(COUNTED + 5, alert, with_lately()),
                AlertTest::fires(COUNTED + 9, alert, lasting()),
                AlertTest::silent(COUNTED + 12, alert),
            ],
        )]
    }

    fn recorded_of_routers(&self) -> Vec<Scenario> {
        let job = self.job();
        let has = |family: &str| self.catalog.has(family);
        let scenario = |name: &str, input_series, promql_expr_test| Scenario {
            name: name.to_owned(),
            interval: "1m".to_owned(),
            input_series,
            alert_rule_test: Vec::new(),
            promql_expr_test,
        };
        let mut scenarios = Vec::new();
        if has(ERRORS) && has(DECISION) {
            let count = format!("{DECISION}_count");
            let counted = |family: &str, job: &str, instance: &str, values: String| {
                of_router(family, job, ROUTER, &[("instance", instance)], values)
            };
            let expects =
                |value| expects_at(ERRORS_RATIO, &[("job", job), ("router_name", ROUTER)], "10m", value);
            let all = |of: &dyn Fn(f64) -> String| {
                vec![
                    counted(&count, job, "a:1", of(60.0)),
                    counted(&count, job, "b:1", of(40.0)),
                    counted(&count, ANOTHER_JOB, "a:1", of(100.0)),
                    counted(ERRORS, job, "a:1", of(5.0)),
                    counted(ERRORS, job, "b:1", of(3.0)),
                    counted(ERRORS, ANOTHER_JOB, "a:1", of(50.0)),
                ]
            };
            let some = scenario(
                "of two instances, eight of a hundred calls fail",
                all(&lately),
                vec![expects(Some(0.08))],
            );
            let none = "where nothing is decided, there is no ratio";
            let none = scenario(none, all(&|count| constant(count, 10)), vec![expects(None)]);
            scenarios.extend([some, none]);
        }
        scenarios.extend(self.within(DECISION, DECISION_P95, &[]).map(|(series, expected)| {
            scenario("what 95 % of the decisions of two instances are within", series, vec![expected])
        }));
        let route = [("route_selected", "small")];
        scenarios.extend(self.within(EXECUTION, EXECUTION_P95, &route).map(|(series, expected)| {
            scenario("what 95 % of the calls on a route are within, by two instances", series, vec![expected])
        }));
        scenarios
    }

    /// Times of two instances, and what 95 % of them are within.
    fn within(&self, family: &str, recorded: &str, more: &[(&str, &str)]) -> Option<(Vec<Series>, ExprTest)> {
        let [from, to] = *self.catalog.family(family)?.buckets.first_chunk::<2>()?;
        let job = self.job();
        // In the last five minutes 40 take longer than the lower bound, and in the last two of them 10 do not.
        let (none, slow, quick) = ("0+0x10", "0+0x5 8+8x4", "0+10x5 50+0x2 55 60");
        let mut cases = vec![
            (job, "a:1", more, [none, slow, slow]),
            (job, "b:1", more, [quick; 3]),
            (ANOTHER_JOB, "a:1", more, [quick; 3]),
        ];
        let other = [("route_selected", "large")];
        if !more.is_empty() {
            cases.push((job, "a:1", &other, [quick; 3]));
        }
        let bounds = [number(from), number(to), "+Inf".to_owned()];
        let of = |(job, instance, more, counts): (&str, &str, &[(&str, &str)], [&str; 3])| {
            let of_bucket = |(le, values): (&String, &str)| {
                let mut labels = vec![("instance", instance), ("le", le.as_str())];
                labels.extend(more);
                of_router(&format!("{family}_bucket"), job, ROUTER, &labels, values.to_owned())
            };
            bounds.iter().zip(counts).map(of_bucket).collect::<Vec<_>>()
        };
        let series = cases.into_iter().flat_map(of).collect();
        let mut labels = vec![("job", job), ("router_name", ROUTER)];
        labels.extend(more);
        let expected = from + (to - from) * (47.5 - 10.0) / 40.0;
        Some((series, expects_at(recorded, &labels, "10m", Some(expected))))
    }
}
