//! Tests of the alerts on burning error budgets: for each pair of windows one file from what is recorded, where every
//! number can be just so, and one from the counters.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::number;
use crate::rules::alerts::{Burn, of_pair};
use crate::rules::burn::{LEAST_FAILURES, PAIRS, Pair};

use super::series::{Counter, Series, begin, phases};
use super::{AlertTest, Fired, Loaded, Scenario, TestFile};

/// Objectives of a kind and a period that are tested by name; the rest are in the same selector.
const TESTED_BY_NAME: usize = 8;

/// A burn so far above the factor, or below it, where it is recorded.
const OVER: f64 = 1.08;
const UNDER: f64 = 0.95;

/// The same where it comes of events, of which few are counted.
const COUNTED_OVER: f64 = 1.25;
const COUNTED_UNDER: f64 = 0.8;

pub(super) fn files(catalog: &Catalog, options: &Options, loaded: &Loaded<'_>) -> Vec<TestFile> {
    let mut files = Vec::new();
    for pair in &PAIRS {
        let burns = of_pair(catalog, pair);
        let mut alerts: Vec<String> = burns.iter().map(|burn| burn.alert(pair)).collect();
        alerts.dedup();
        if loaded.0.iter().any(|file| file.name() == "slo") && !burns.is_empty() {
            let cases = Cases { catalog, options, loaded, pair, burns, alerts: alerts.clone() };
            let long = pair.long;
            let minutes = cases.step();
            files.push(loaded.test_file(
                &format!("burn_{long}"),
                alerts.clone(),
                &["alerts"],
                &format!("{minutes}m"),
                cases.of_recorded(),
            ));
            let minutes = cases.evaluation();
            files.push(loaded.test_file(
                &format!("objective_{long}"),
                alerts,
                &["slo", "alerts"],
                &format!("{minutes}m"),
                cases.of_counters(),
            ));
        }
    }
    files
}

struct Cases<'a> {
    catalog: &'a Catalog,
    options: &'a Options,
    loaded: &'a Loaded<'a>,
    pair: &'a Pair,
    burns: Vec<Burn<'a>>,
    alerts: Vec<String>,
}

/// What is recorded of an objective for as long as an alert needs.
struct Case<'a> {
    what: &'a str,
    long: &'a dyn Fn(&Burn<'_>) -> f64,
    short: &'a dyn Fn(&Burn<'_>) -> f64,
    errors: &'a dyn Fn(&Burn<'_>) -> f64,
    /// Which of the three only another job has.
    of_others: Option<usize>,
}

impl Cases<'_> {
    /// Minutes between evaluations of what is recorded: `for` is two or three of them.
    fn step(&self) -> u32 {
        (self.pair.for_minutes / 3).max(1)
    }

    fn job(&self) -> &str {
        &self.options.job
    }

    /// Tests of each alert's silence at a time.
    fn silent(&self, minutes: u32) -> Vec<AlertTest> {
        self.alerts.iter().map(|alert| AlertTest::silent(minutes, alert)).collect()
    }

    /// Tests of each alert at a time, for the first `names` objectives of each kind and period.
    fn fires(&self, minutes: u32, names: usize, value: impl Fn(&Burn<'_>) -> f64) -> Vec<AlertTest> {
        let of_alert = |alert: &String| {
            let mut fired = Vec::new();
            for burn in self.burns.iter().filter(|burn| burn.alert(self.pair) == *alert) {
                let period = format!("{}d", burn.days);
                let rules = self.loaded.alerts(alert);
                let Some(rule) = rules.into_iter().find(|rule| rule.labels.get("period") == Some(&period))
                else {
                    continue;
                };
                for slo in burn.slos.iter().take(names) {
                    let labels = [("job", self.job()), ("objective", burn.objective), ("slo", slo)];
                    fired.push(Fired::of(rule, &labels, value(burn)));
                }
            }
            AlertTest::fires(minutes, alert, fired)
        };
        self.alerts.iter().map(of_alert).collect()
    }

    /// One case after the other, with nothing recorded in between.
    fn of_recorded(&self) -> Vec<Scenario> {
        let over = |burn: &Burn<'_>| rounded(burn.factor * OVER);
        let under = |burn: &Burn<'_>| rounded(burn.factor * UNDER);
        let least = f64::from(LEAST_FAILURES);
        let same = |value: f64| move |_: &Burn<'_>| value;
        let factor = |burn: &Burn<'_>| burn.factor;
        let cases: [Case<'_>; 9] = [
            Case { what: "over", long: &over, short: &over, errors: &same(least), of_others: None },
            Case {
                what: "under in the long window",
                long: &under,
                short: &over,
                errors: &same(least),
                of_others: None,
            },
            Case {
                what: "under in the short one",
                long: &over,
                short: &under,
                errors: &same(least),
                of_others: None,
            },
            Case {
                what: "at the factor in the long one",
                long: &factor,
                short: &over,
                errors: &same(least),
                of_others: None,
            },
            Case {
                what: "at the factor in the short one",
                long: &over,
                short: &factor,
                errors: &same(least),
                of_others: None,
            },
            Case {
                what: "two bad events",
                long: &over,
                short: &over,
                errors: &same(least - 1.0),
                of_others: None,
            },
            Case {
                what: "another job's long window",
                long: &over,
                short: &over,
                errors: &same(least),
                of_others: Some(0),
            },
            Case {
                what: "another job's short window",
                long: &over,
                short: &over,
                errors: &same(least),
                of_others: Some(1),
            },
            Case {
                what: "another job's bad events",
                long: &over,
                short: &over,
                errors: &same(least),
                of_others: Some(2),
            },
        ];
        let step = self.step();
        // As many evaluations as `for` takes, and the one at its end.
        let in_time = self.pair.for_minutes / step;
        let length = in_time + 1;
        let series = self.of_cases(&cases, length);
        let mut tests = Vec::new();
        for (at, case) in (0..).zip(&cases) {
            let begin = begin(at, length);
            if at == 0 {
                tests.extend(self.silent((begin + in_time - 1) * step));
                tests.extend(self.fires((begin + in_time) * step, TESTED_BY_NAME, case.long));
            } else {
                tests.extend(self.silent((begin + in_time) * step));
            }
        }
        let phases: Vec<&str> = cases.iter().map(|case| case.what).collect();
        let several = Scenario {
            name: format!(
                "fires in the first of these cases, with nothing in between: {}",
                phases.join(", ")
            ),
            interval: format!("{step}m"),
            input_series: series,
            alert_rule_test: tests,
            promql_expr_test: Vec::new(),
        };
        vec![several]
    }

    /// What is recorded of each case in turn, of our job and of another.
    fn of_cases(&self, cases: &[Case<'_>], length: u32) -> Vec<Series> {
        let others = format!("{}-of-others", self.job());
        let mut series = Vec::new();
        for burn in &self.burns {
            let labels = |job, slo| [("job", job), ("objective", burn.objective), ("slo", slo)];
            for (at, name) in self.names().iter().enumerate() {
                let value = |case: &Case<'_>| [case.long, case.short, case.errors][at](burn);
                let ours: Vec<Option<f64>> = cases
                    .iter()
                    .map(|case| Some(value(case)).filter(|_| case.of_others != Some(at)))
                    .collect();
                for slo in burn.slos.iter().take(TESTED_BY_NAME) {
                    series.push(Series::new(name, &labels(self.job(), slo), phases(&ours, length)));
                }
                let theirs: Vec<Option<f64>> = cases.iter().map(|case| Some(value(case))).collect();
                series.push(Series::new(name, &labels(&others, burn.slos[0]), phases(&theirs, length)));
            }
        }
        series
    }

    /// The series that an alert reads.
    fn names(&self) -> [String; 3] {
        let Pair { long, short, .. } = self.pair;
        [
            format!("slo:tta_slo_burn:ratio_rate{long}"),
            format!("slo:tta_slo_burn:ratio_rate{short}"),
            format!("slo:tta_slo_errors:increase{long}"),
        ]
    }

    /// Minutes between evaluations of what is counted. The long windows are sums of what is recorded every five, of which
    /// these see every third or sixth: ratios are the same, and there are as many bad events as are recorded.
    fn evaluation(&self) -> u32 {
        match self.pair.long {
            "1h" => 1,
            "6h" => 5,
            "1d" => 15,
            _ => 30,
        }
    }

    /// Minutes of the short window.
    fn short_minutes(&self) -> u32 {
        self.pair.long_hours * 5
    }

    fn of_counters(&self) -> Vec<Scenario> {
        let step = self.evaluation();
        let minutes = |steps: u32| steps * step;
        let for_steps = self.pair.for_minutes / step;
        // With 0.62 bad events recorded in a step, the fifth is the first with three.
        let each = 0.62 / f64::from(step.min(5));
        let first = 5;
        let end = first + for_steps;
        let test = |name: &str, input_series: Vec<Series>, alert_rule_test: Vec<AlertTest>| Scenario {
            name: name.to_owned(),
            interval: "1m".to_owned(),
            input_series,
            alert_rule_test,
            promql_expr_test: Vec::new(),
        };
        let of_each = |counted: &dyn Fn(&Burn<'_>) -> (Counter, Counter)| {
            let mut series = Vec::new();
            for burn in &self.burns {
                let (good, bad) = counted(burn);
                series.extend(self.counted(burn.objective, burn.slos[0], good, Some(bad)));
            }
            series
        };
        // Good events beside a bad one.
        let good = |ratio: f64| 1.0 / ratio - 1.0;

        let mut burning = of_each(&|burn| {
            let restarted =
                |each: f64| Counter::new().grow(each, minutes(end)).restart().grow(each, minutes(3));
            (restarted(each * good(self.bad_ratio(burn))), restarted(each))
        });
        let representatives: Vec<(&str, &str)> =
            self.burns.iter().map(|burn| (burn.objective, burn.slos[0])).collect();
        for (site, _, objective) in self.catalog.objectives() {
            let name = (objective.name.as_str(), site.name.as_str());
            if !representatives.contains(&name) {
                let thousand = Counter::new().grow(1000.0, minutes(end));
                burning.extend(self.counted(name.0, name.1, thousand, None));
                break;
            }
        }
        let mut in_time = self.silent(minutes(end - 1));
        in_time.extend(self.fires(minutes(end), 1, |burn| self.burn_of(burn)));
        in_time.extend(self.fires(minutes(end + 2), 1, |burn| self.burn_of(burn)));
        let mut tests = vec![test(
            "fires after three bad events, also when the program is then restarted, beside one that is called often and is \
             well",
            burning,
            in_time,
        )];

        let few = of_each(&|burn| {
            // Two in all; at first the series of bad ones is not there.
            let (before, after) = (minutes(end / 2), minutes(end - end / 2));
            let each = 2.0 / f64::from((end - end / 2) * step.min(5));
            let each_good = each * good(self.bad_ratio(burn));
            let mut bad = Counter::absent(before);
            bad = bad.grow(each, after);
            (Counter::new().grow(0.0, before).grow(each_good, after), bad)
        });
        let mut throughout = self.silent(minutes(end / 2));
        throughout.extend(self.silent(minutes(end)));
        tests.push(test("is silent without bad events, and with two", few, throughout));

        // What counts within the short window has then gone; and the program is restarted in it.
        let recovered = end + self.short_minutes() / step + 1;
        let over = of_each(&|burn| {
            let then = |each: f64, later: f64| {
                let quiet = minutes(recovered - end);
                let half = quiet / 2;
                Counter::new().grow(each, minutes(end)).grow(later, half).restart().grow(later, quiet - half)
            };
            let each_later = good(COUNTED_UNDER * burn.factor * self.budget(burn)) * each;
            (then(each * good(self.bad_ratio(burn)), each_later), then(each, each))
        });
        let mut ends = self.fires(minutes(end), 1, |burn| self.burn_of(burn));
        ends.extend(self.silent(minutes(recovered)));
        tests.push(test(
            "ends once the short window is within the budget, also when the program is restarted",
            over,
            ends,
        ));
        tests
    }

    fn counted(&self, objective: &str, slo: &str, good: Counter, bad: Option<Counter>) -> Vec<Series> {
        let counters = [Some(good), bad].into_iter().zip(["good", "bad"]);
        counters
            .filter_map(|(counter, outcome)| {
                let labels = [
                    ("instance", "a"),
                    ("job", self.job()),
                    ("objective", objective),
                    ("outcome", outcome),
                    ("slo", slo),
                ];
                Some(Series::new("tta_slo_events_total", &labels, counter?.values()))
            })
            .collect()
    }

    /// The ratio of events of the first of them that may be bad.
    fn budget(&self, burn: &Burn<'_>) -> f64 {
        let mut slos = self
            .catalog
            .sites
            .iter()
            .filter(|site| site.name == burn.slos[0])
            .filter_map(|site| site.slo.as_ref());
        let found = slos.find_map(|slo| slo.objectives.iter().find(|other| other.name == burn.objective));
        found.map_or(1.0, |objective| rounded(1.0 - objective.target))
    }

    /// A ratio of bad events above what the factor allows, and below 1.
    fn bad_ratio(&self, burn: &Burn<'_>) -> f64 {
        let told = burn.factor * self.budget(burn);
        // Not so that the alert's text, with one digit, could be rounded to either side.
        let is_clear = |over: &f64| {
            let tenths = burn.factor * over * 10.0;
            (tenths.fract() - 0.5).abs() > 0.05
        };
        let highest = f64::midpoint(1.0, told);
        let over = [COUNTED_OVER, 1.27, 1.3, 1.33, 1.21].into_iter().find(is_clear).unwrap_or(COUNTED_OVER);
        let ratio = told * over;
        if ratio < highest {
            return ratio;
        }
        let clear = [1.0, 0.99, 0.98, 0.97].into_iter().find(|part| {
            let tenths = highest * part / self.budget(burn) * 10.0;
            (tenths.fract() - 0.5).abs() > 0.05
        });
        highest * clear.unwrap_or(1.0)
    }

    fn burn_of(&self, burn: &Burn<'_>) -> f64 {
        self.bad_ratio(burn) / self.budget(burn)
    }
}

/// As it is written in the file.
fn rounded(value: f64) -> f64 {
    number(value).parse().unwrap_or(value)
}
