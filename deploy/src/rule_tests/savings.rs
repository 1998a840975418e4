//! Tests of what is recorded of money that was not spent.

use crate::rules::RuleFile;
use crate::rules::cost::COST;
use crate::rules::savings::{BY_CACHES, BY_ROUTERS, CACHE_HOUR, EXTRA_COST, RATIO, ROUTER_HOUR};

use super::alerts::Cases;
use super::cost::{of_hours, scenario};
use super::recording::{ANOTHER_JOB, expects_at};
use super::series::Series;
use super::{ExprTest, Scenario, TestFile};

pub(super) fn file(cases: &Cases<'_>) -> TestFile {
    cases.loaded.test_file("savings", Vec::new(), &["recording", "compatibility"], "1h", cases.saved())
}

impl Cases<'_> {
    fn saved(&self) -> Vec<Scenario> {
        if ![BY_CACHES, BY_ROUTERS, EXTRA_COST, COST].into_iter().all(|family| self.catalog.has(family)) {
            return Vec::new();
        }
        let job = self.job();
        let of = |family: &'static str, own: [(&'static str, &'static str); 2]| {
            move |job: &str, instance: &str, dollars: [f64; 3]| {
                let labels = [("job", job), ("instance", instance), own[0], own[1]];
                let labels = &labels[..if own[1].0.is_empty() { 3 } else { 4 }];
                Series::new(family, labels, of_hours(dollars))
            }
        };
        let route = [("router_name", "pick"), ("route_selected", "small")];
        let cached = of(BY_CACHES, [("primitive_name", "look_up"), ("", "")]);
        let routed = of(BY_ROUTERS, route);
        let extra = of(EXTRA_COST, route);
        let spent = of(COST, [("provider", "openai"), ("model", "gpt-4o")]);
        let expects = |name: &str, labels: &[(&str, &str)], value| {
            let labels: Vec<_> = [("job", job)].into_iter().chain(labels.iter().copied()).collect();
            expects_at(name, &labels, "120m", value)
        };
        let of_cache = [("primitive_name", "look_up")];
        let mut expected = vec![
            expects(CACHE_HOUR, &of_cache, Some(0.5)),
            expects(ROUTER_HOUR, &route, Some(0.3)),
            // Of $2 that would have been.
            expects(RATIO, &[], Some(0.4)),
        ];
        expected.extend(self.older_names());
        vec![
            scenario(
                "of what would have been spent in the last hour, caches and routers have saved two fifths; what a route has cost \
                 more is no saving",
                vec![
                    cached(job, "a:1", [0.4, 0.1, 0.15]),
                    cached(job, "b:1", [0.3, 0.2, 0.05]),
                    routed(job, "a:1", [0.2, 0.05, 0.1]),
                    routed(job, "b:1", [0.1, 0.05, 0.1]),
                    extra(job, "a:1", [0.3, 0.1, 0.15]),
                    extra(job, "b:1", [0.1, 0.1, 0.05]),
                    spent(job, "a:1", [0.2, 0.3, 0.4]),
                    spent(job, "b:1", [0.1, 0.3, 0.2]),
                    cached(ANOTHER_JOB, "a:1", [1.0; 3]),
                    routed(ANOTHER_JOB, "a:1", [1.0; 3]),
                    extra(ANOTHER_JOB, "a:1", [1.0; 3]),
                    spent(ANOTHER_JOB, "a:1", [1.0; 3]),
                ],
                expected,
            ),
            scenario(
                "where nothing is saved or spent, no part of it is",
                vec![cached(job, "a:1", [1.0, 0.0, 0.0]), spent(job, "a:1", [1.0, 0.0, 0.0])],
                vec![expects(CACHE_HOUR, &of_cache, Some(0.0)), expects(RATIO, &[], None)],
            ),
            scenario(
                "what caches save is a part without any router",
                vec![cached(job, "a:1", [0.0, 0.1, 0.1]), spent(job, "a:1", [0.0, 0.3, 0.3])],
                vec![expects(RATIO, &[], Some(0.25))],
            ),
        ]
    }

    /// Where they are recorded.
    fn older_names(&self) -> Vec<ExprTest> {
        let (job, at) = (self.job(), "120m");
        let of_cache = [("job", job), ("instance", "b:1"), ("primitive_name", "look_up")];
        let of_router =
            [("job", job), ("instance", "b:1"), ("router_name", "pick"), ("route_selected", "small")];
        let is_recorded =
            |name: &str| self.loaded.0.iter().flat_map(RuleFile::rules).any(|rule| rule.name() == name);
        [
            ("tta_cache_savings_dollars", &of_cache[..], 0.55),
            ("cache_cost_savings_usd", &of_cache[..], 0.55),
            ("router_cost_savings_usd", &of_router[..], 0.25),
        ]
        .into_iter()
        .filter(|(name, _, _)| is_recorded(name))
        .map(|(name, labels, value)| expects_at(name, labels, at, Some(value)))
        .collect()
    }
}
