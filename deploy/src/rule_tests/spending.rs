//! Tests of what is told of a month's spending.

use crate::promql::number;
use crate::rules::cost::{COST, SPENDING, Spending};

use super::alerts::Cases;
use super::cost::{MODEL, of_model};
use super::series::{Series, constant};
use super::{AlertTest, Fired, Scenario, TestFile};

/// How long an alert on spending is pending, in minutes.
const PENDING: u32 = 5;

/// Dollars that are spent at once, in a step.
struct Spent {
    at: u32,
    dollars: f64,
}

pub(super) fn files(cases: &Cases<'_>) -> Vec<TestFile> {
    let file = |spending: &Spending| {
        let (name, evaluation) = (format!("monthly_spend_{}", spending.long), format!("{}m", step(spending)));
        let alerts = vec!["TtaMonthlySpendBurn".to_owned()];
        cases.loaded.test_file(&name, alerts, &["alerts"], &evaluation, cases.monthly_spend(spending))
    };
    SPENDING.iter().map(file).collect()
}

impl Cases<'_> {
    fn monthly_spend(&self, spending: &Spending) -> Vec<Scenario> {
        let Some(budget) = self.options.monthly_budget else {
            return Vec::new();
        };
        if self.loaded.alerts("TtaMonthlySpendBurn").is_empty() {
            return Vec::new();
        }
        let step = step(spending);
        let (long, short) = (minutes(spending.long) / step, minutes(spending.short) / step);
        let pending = PENDING / step;
        let (begin, of_long) = (2 * long, budget * spending.part);
        let of_short = of_long / spending.shorts;
        // So late that what came at the beginning is only just in the long window.
        let late = begin + long - pending - 3;
        let test = |name: &str, spent: &[(u32, f64)], at: &[u32]| {
            let spent: Vec<Spent> = spent.iter().map(|&(at, dollars)| Spent { at, dollars }).collect();
            self.spends(name, step, &spent, at)
        };
        vec![
            test(
                "fires while little more than allowed is spent within both windows",
                &[(begin, of_long * 1.03)],
                &[begin + pending - 1, begin + pending, begin + short - 1, begin + short, begin + short + 1],
            ),
            test(
                "is silent where just as much is spent as allowed within the long one",
                &[(begin, of_long)],
                &[begin + pending, begin + short - 1],
            ),
            test(
                "fires while more is spent within the short one, and too much was within the long one",
                &[(begin, of_long * 1.5), (late, of_short * 1.03)],
                &[late, late + pending - 1, late + pending, begin + long - 1, begin + long + 1],
            ),
            test(
                "is silent where just as much is spent as allowed within the short one",
                &[(begin, of_long * 1.5), (late, of_short)],
                &[late + pending, begin + long - 1],
            ),
        ]
    }

    /// What is told by every rule of it while so much is spent, each by an instance of its own.
    fn spends(&self, name: &str, step: u32, spent: &[Spent], times: &[u32]) -> Scenario {
        let alert = "TtaMonthlySpendBurn";
        let (job, others) = (self.job(), self.of_others());
        let budget = self.options.monthly_budget.unwrap_or_default();
        let length = times.iter().max().copied().unwrap_or_default() + 2;
        let series = |(instance, Spent { at, dollars }): (usize, &Spent)| {
            let values = format!("0+0x{} {}", at - 1, constant(*dollars, length - at));
            let instance = format!("{instance}:1");
            [(job, "useful"), (&others, "wasted")].map(|(job, of)| {
                of_model(COST, job, MODEL, &instance, &[("disposition", of)], values.clone())
            })
        };
        let mut input_series: Vec<Series> = spent.iter().enumerate().flat_map(series).collect();
        // Another job may spend what it wants.
        let values = format!("0+{}x{length}", number(budget));
        input_series.push(of_model(COST, &others, "dear", "a:1", &[("disposition", "useful")], values));
        let told = |at: u32| {
            let fired = |spending: &Spending| {
                let (long, short) = (minutes(spending.long) / step, minutes(spending.short) / step);
                let of_long = budget * spending.part;
                // As it is written in the rule.
                let more = |sum: f64, bound: f64| number(sum) != number(bound) && sum > bound;
                let holds = |at: u32| {
                    more(within(spent, long, at), of_long)
                        && more(within(spent, short, at), of_long / spending.shorts)
                };
                let rule = self.rule(alert, "window", spending.long)?;
                let pending = PENDING.div_ceil(step);
                let is_told = (at.saturating_sub(pending)..=at).all(holds);
                is_told.then(|| Fired::of(rule, &[("job", job)], within(spent, long, at)))
            };
            AlertTest::fires(at * step, alert, SPENDING.iter().filter_map(fired).collect())
        };
        Scenario {
            name: name.to_owned(),
            interval: format!("{step}m"),
            input_series,
            alert_rule_test: times.iter().copied().map(told).collect(),
            promql_expr_test: Vec::new(),
        }
    }
}

/// What is spent within the last `steps`.
fn within(spent: &[Spent], steps: u32, at: u32) -> f64 {
    let is_within = |spent: &&Spent| spent.at <= at && at < spent.at + steps;
    spent.iter().filter(is_within).map(|spent| spent.dollars).sum()
}

/// Between two samples, in minutes: of a longer window, they are farther apart.
fn step(spending: &Spending) -> u32 {
    if spending.long == "1h" { 1 } else { PENDING }
}

/// `6h` and `10m`, in minutes.
fn minutes(window: &str) -> u32 {
    let (count, unit) = window.split_at(window.len() - 1);
    count.parse::<u32>().unwrap_or(1) * if unit == "h" { 60 } else { 1 }
}
