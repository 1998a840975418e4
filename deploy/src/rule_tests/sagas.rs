//! Tests of what is recorded and told of sagas.

use crate::rules::sagas::{COMPENSATIONS, FAILED_RATIO};

use super::alerts::{Cases, test};
use super::recording::{ANOTHER_JOB, expects_at};
use super::series::Series;
use super::{AlertTest, Fired, Scenario, TestFile};

pub(super) fn files(cases: &Cases<'_>) -> Vec<TestFile> {
    let alert = "TtaCompensationFailed";
    vec![
        cases.loaded.test_file(
            "compensation_failed",
            vec![alert.to_owned()],
            &["alerts"],
            "1m",
            cases.compensation_failed(),
        ),
        cases.loaded.test_file("sagas", Vec::new(), &["recording"], "1m", recorded(cases)),
    ]
}

/// Of one step of one saga.
fn of_step(job: &str, workflow: &str, status: &str, instance: &str, values: &str) -> Series {
    let labels = [
        ("instance", instance),
        ("job", job),
        ("primitive_name", "reserve"),
        ("status", status),
        ("workflow_name", workflow),
    ];
    Series::new(COMPENSATIONS, &labels, values)
}

impl Cases<'_> {
    fn compensation_failed(&self) -> Vec<Scenario> {
        let alert = "TtaCompensationFailed";
        let Some(rule) = self.rule(alert, "", "") else {
            return Vec::new();
        };
        let (job, others) = (self.job(), self.of_others());
        let fired = |workflow: &str, steps: f64| {
            let labels = [("job", job), ("primitive_name", "reserve"), ("workflow_name", workflow)];
            Fired::of(rule, &labels, steps)
        };
        let grows = [
            // In the 30th minute one of each, and in two instances.
            of_step(job, "fails", "error", "a:1", "0+0x29 1+0x30"),
            of_step(job, "fails", "error", "b:1", "0+0x29 1+0x30"),
            of_step(job, "was_not_run", "cancelled", "a:1", "0+0x29 1+0x30"),
            of_step(job, "is_undone", "success", "a:1", "0+0x29 9+0x30"),
            of_step(job, "failed_long_ago", "error", "a:1", "7+0x60"),
            of_step(&others, "fails_elsewhere", "error", "a:1", "0+0x29 1+0x30"),
        ];
        let is_born = [
            // Its series opened between two scrapes, and it had failed by the second.
            of_step(job, "fails_at_once", "error", "a:1", "_x30 1+0x30"),
            of_step(job, "works", "error", "a:1", "_x30 0+0x30"),
        ];
        let both = || vec![fired("fails", 2.0), fired("was_not_run", 1.0)];
        let at_once = || vec![fired("fails_at_once", 1.0)];
        // From the 251st minute on one is there again, and from the 491st the other.
        let away = [
            of_step(job, "was_away", "error", "a:1", "3+0x9 stale _x240 3+0x60"),
            of_step(job, "is_another", "error", "a:1", "3+0x9 stale _x480 3+0x60"),
        ];
        vec![
            test(
                "fires when a step is not undone, whether that failed or was not run, for a quarter of an hour",
                grows.into_iter().collect(),
                vec![
                    AlertTest::silent(31, alert),
                    AlertTest::fires(32, alert, both()),
                    AlertTest::fires(43, alert, both()),
                    AlertTest::silent(46, alert),
                ],
            ),
            test(
                "fires where the first that is seen of a step is that it was not undone",
                is_born.into_iter().collect(),
                vec![
                    AlertTest::silent(31, alert),
                    AlertTest::fires(32, alert, at_once()),
                    AlertTest::fires(43, alert, at_once()),
                    AlertTest::silent(46, alert),
                ],
            ),
            test(
                "is silent of an instance that is there again after four hours; after eight it is a new one",
                away.into_iter().collect(),
                vec![
                    AlertTest::silent(253, alert),
                    AlertTest::silent(265, alert),
                    AlertTest::fires(493, alert, vec![fired("is_another", 3.0)]),
                ],
            ),
        ]
    }
}

fn recorded(cases: &Cases<'_>) -> Vec<Scenario> {
    if !cases.catalog.has(COMPENSATIONS) {
        return Vec::new();
    }
    let job = cases.job();
    let expects = |workflow: &str, value: Option<f64>| {
        expects_at(FAILED_RATIO, &[("job", job), ("workflow_name", workflow)], "10m", value)
    };
    let scenario = Scenario {
        name: "of the steps that were to be undone, the part that was not".to_owned(),
        interval: "1m".to_owned(),
        input_series: vec![
            of_step(job, "some", "success", "a:1", "0+0x6 24+0x3"),
            of_step(job, "some", "error", "a:1", "0+0x8 4+0x1"),
            of_step(job, "some", "cancelled", "b:1", "0+0x8 4+0x1"),
            of_step(job, "all_undone", "success", "a:1", "0+3x10"),
            of_step(job, "all_undone", "error", "a:1", "0+0x10"),
            of_step(job, "idle", "success", "a:1", "5+0x10"),
            of_step(job, "idle", "error", "a:1", "5+0x10"),
            of_step(ANOTHER_JOB, "some", "error", "a:1", "0+1x10"),
        ],
        alert_rule_test: Vec::new(),
        promql_expr_test: vec![
            expects("some", Some(0.25)),
            expects("all_undone", Some(0.0)),
            expects("idle", None),
        ],
    };
    vec![scenario]
}
