//! Tests of what is told of budgets.

use crate::rules::budgets::REJECTIONS;

use super::alerts::{Cases, Growth};
use super::{Scenario, TestFile};

const ALERT: &str = "TtaCostBudgetExhausted";

pub(super) fn files(cases: &Cases<'_>) -> Vec<TestFile> {
    vec![cases.loaded.test_file(
        "cost_budget_exhausted",
        vec![ALERT.to_owned()],
        &["alerts"],
        "5m",
        cases.exhausted(),
    )]
}

impl Cases<'_> {
    fn exhausted(&self) -> Vec<Scenario> {
        let Some(rule) = self.rule(ALERT, "", "") else {
            return Vec::new();
        };
        let labels = &[("budget", "process"), ("reason", "dollars")];
        let by = &["job", "budget", "reason"];
        let counter = Growth { rule, family: REJECTIONS, labels, matched: None, by };
        self.growth(ALERT, &[counter], 60)
    }
}
