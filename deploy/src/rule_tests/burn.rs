//! Tests of the alerts on burning error budgets: for each pair of windows one file from what is recorded, where every
//! number can be just so, and one from the counters.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::number;
use crate::rules::alerts::{Burn, of_pair};
use crate::rules::burn::{LEAST_FAILURES, PAIRS, Pair};

use super::series::{Counter, Series, constant};
use super::{AlertTest, Fired, Loaded, Test, TestFile};

/// Objectives of a kind and a period that are tested by name; the rest are in the same selector.
const TESTED_BY_NAME: usize = 8;

/// A burn so far above the factor, or below it.
const OVER: f64 = 1.25;
const UNDER: f64 = 0.8;

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

/// What is recorded of one objective.
#[derive(Clone, Copy)]
struct Recorded {
    long: f64,
    short: f64,
    errors: u32,
}

impl<'a> Cases<'a> {
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

    fn of_recorded(&self) -> Vec<Test> {
        let step = self.step();
        let for_minutes = self.pair.for_minutes;
        // One evaluation more than would be enough.
        let end = for_minutes + step;
        let over = |burn: &Burn<'_>| rounded(burn.factor * OVER);
        let under = |burn: &Burn<'_>| rounded(burn.factor * UNDER);
        let test = |name: &str, input_series: Vec<Series>, alert_rule_test: Vec<AlertTest>| Test {
            name: name.to_owned(),
            interval: format!("{step}m"),
            input_series,
            alert_rule_test,
        };
        let first = |recorded: &dyn Fn(&Burn<'_>) -> Recorded| {
            let of_burn = |burn: &Burn<'_>| self.recorded(self.job(), burn, burn.slos[0], recorded(burn));
            self.burns.iter().flat_map(of_burn).collect::<Vec<_>>()
        };
        let quiet = |name: &str, recorded: &dyn Fn(&Burn<'_>) -> Recorded| {
            test(name, first(recorded), self.silent(end))
        };
        let least = LEAST_FAILURES;

        let mut named = Vec::new();
        for burn in &self.burns {
            for slo in burn.slos.iter().take(TESTED_BY_NAME) {
                let recorded = Recorded { long: over(burn), short: over(burn), errors: least };
                named.extend(self.recorded(self.job(), burn, slo, recorded));
            }
        }
        let mut in_time = self.silent(for_minutes - step);
        in_time.extend(self.fires(for_minutes, TESTED_BY_NAME, over));
        let mut tests =
            vec![test("fires, for each of them, once both windows are over for long enough", named, in_time)];
        tests.push(quiet("is silent while the long window is not over", &|burn| Recorded {
            long: under(burn),
            short: over(burn),
            errors: least,
        }));
        tests.push(quiet("is silent once the short window is not over", &|burn| Recorded {
            long: over(burn),
            short: under(burn),
            errors: least,
        }));
        tests.push(quiet("is silent at the very factor, over the long window", &|burn| Recorded {
            long: burn.factor,
            short: over(burn),
            errors: least,
        }));
        tests.push(quiet("is silent at the very factor, over the short window", &|burn| Recorded {
            long: over(burn),
            short: burn.factor,
            errors: least,
        }));
        tests.push(quiet("is silent with too few bad events", &|burn| Recorded {
            long: over(burn),
            short: over(burn),
            errors: least - 1,
        }));
        let mut mixed = Vec::new();
        for burn in &self.burns {
            let recorded = Recorded { long: over(burn), short: over(burn), errors: least };
            mixed.extend(self.recorded(self.job(), burn, burn.slos[0], recorded));
            for healthy in burn.slos.iter().skip(1).take(TESTED_BY_NAME) {
                mixed.extend(self.recorded(
                    self.job(),
                    burn,
                    healthy,
                    Recorded { long: 0.0, short: 0.0, errors: 0 },
                ));
            }
        }
        tests.push(test(
            "fires for the one that burns, and not for those beside it",
            mixed,
            self.fires(end, 1, over),
        ));
        let others = |only: Option<usize>| {
            let job = format!("{}-of-others", self.job());
            let mut series = Vec::new();
            for burn in &self.burns {
                let recorded = Recorded { long: over(burn), short: over(burn), errors: least };
                let ours = self.recorded(self.job(), burn, burn.slos[0], recorded);
                let theirs = self.recorded(&job, burn, burn.slos[0], recorded);
                series.extend(theirs);
                // Of ours, all but one.
                series.extend(
                    ours.into_iter()
                        .enumerate()
                        .filter(|(at, _)| only.is_some_and(|gone| gone != *at))
                        .map(|(_, s)| s),
                );
            }
            series
        };
        tests.push(test("is silent for another job", others(None), self.silent(end)));
        for (gone, what) in
            ["the burn over the long window", "the burn over the short window", "the bad events"]
                .iter()
                .enumerate()
        {
            tests.push(test(
                &format!("is silent where another job has {what}"),
                others(Some(gone)),
                self.silent(end),
            ));
        }
        tests.push(test("is silent where nothing is recorded", vec![self.up(3)], self.silent(end)));
        tests
    }

    /// The series that an alert reads.
    fn recorded(&self, job: &str, burn: &Burn<'_>, slo: &str, recorded: Recorded) -> Vec<Series> {
        let steps = self.pair.for_minutes / self.step() + 1;
        let labels = [("job", job), ("objective", burn.objective), ("slo", slo)];
        let Pair { long, short, .. } = self.pair;
        vec![
            Series::new(
                &format!("slo:tta_slo_burn:ratio_rate{long}"),
                &labels,
                constant(recorded.long, steps),
            ),
            Series::new(
                &format!("slo:tta_slo_burn:ratio_rate{short}"),
                &labels,
                constant(recorded.short, steps),
            ),
            Series::new(
                &format!("slo:tta_slo_errors:increase{long}"),
                &labels,
                constant(f64::from(recorded.errors), steps),
            ),
        ]
    }

    fn up(&self, steps: u32) -> Series {
        Series::new("up", &[("job", self.job()), ("instance", "a")], constant(1.0, steps))
    }

    /// Minutes between evaluations of what is counted. The long windows are sums of what is recorded every five.
    fn evaluation(&self) -> u32 {
        if self.pair.long_hours == 1 { 1 } else { 5 }
    }

    /// Minutes of the short window.
    fn short_minutes(&self) -> u32 {
        self.pair.long_hours * 5
    }

    fn of_counters(&self) -> Vec<Test> {
        let step = self.evaluation();
        let minutes = |steps: u32| steps * step;
        let for_steps = self.pair.for_minutes / step;
        // With 0.62 bad events in a step, the fifth is the first with three.
        let each = 0.62 / f64::from(step);
        let first = 5;
        let end = first + for_steps;
        let test = |name: &str, input_series: Vec<Series>, alert_rule_test: Vec<AlertTest>| Test {
            name: name.to_owned(),
            interval: "1m".to_owned(),
            input_series,
            alert_rule_test,
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
            let each_good = each * good(self.bad_ratio(burn));
            (Counter::new().grow(each_good, minutes(end)), Counter::new().grow(each, minutes(end)))
        });
        let representatives: Vec<(&str, &str)> =
            self.burns.iter().map(|burn| (burn.objective, burn.slos[0])).collect();
        for (site, _, objective) in self.catalog.objectives() {
            let name = (objective.objective.as_str(), site.name.as_str());
            if !representatives.contains(&name) {
                let thousand = Counter::new().grow(1000.0, minutes(end));
                burning.extend(self.counted(name.0, name.1, thousand, None));
                break;
            }
        }
        let mut in_time = self.silent(minutes(end - 1));
        in_time.extend(self.fires(minutes(end), 1, |burn| self.burn_of(burn)));
        let mut tests = vec![test(
            "fires after three bad events, beside one that is called often and is well",
            burning,
            in_time,
        )];

        let well = of_each(&|burn| {
            let each_good = each * good(UNDER * burn.factor * self.budget(burn));
            let restarted =
                |each: f64| Counter::new().grow(each, minutes(end)).restart().grow(each, minutes(3));
            (restarted(each_good), restarted(each))
        });
        let mut throughout = self.silent(minutes(end));
        throughout.extend(self.silent(minutes(end + 2)));
        tests.push(test(
            "is silent while the budget lasts, also when the program is restarted",
            well,
            throughout,
        ));

        let restarted = of_each(&|burn| {
            let restarted =
                |each: f64| Counter::new().grow(each, minutes(3)).restart().grow(each, minutes(end));
            (restarted(each * good(self.bad_ratio(burn))), restarted(each))
        });
        tests.push(test(
            "fires although the program is restarted",
            restarted,
            self.fires(minutes(end + 2), 1, |burn| self.burn_of(burn)),
        ));

        let few = of_each(&|burn| {
            // Two in all.
            let each = 2.0 / f64::from(minutes(end));
            let each_good = each * good(self.bad_ratio(burn));
            (Counter::new().grow(each_good, minutes(end)), Counter::new().grow(each, minutes(end)))
        });
        tests.push(test("is silent with two bad events", few, self.silent(minutes(end))));

        // What counts within the short window has then gone.
        let recovered = end + self.short_minutes() / step + 1;
        let over = of_each(&|burn| {
            let each_good = each * good(self.bad_ratio(burn));
            let quiet = minutes(recovered - end);
            (
                Counter::new().grow(each_good, minutes(end)).grow(each_good, quiet),
                Counter::new().grow(each, minutes(end)).grow(0.0, quiet),
            )
        });
        let mut ends = self.fires(minutes(end), 1, |burn| self.burn_of(burn));
        ends.extend(self.silent(minutes(recovered)));
        tests.push(test("ends once the short window is well", over, ends));

        let mut without_bad = Vec::new();
        for burn in &self.burns {
            without_bad.extend(self.counted(
                burn.objective,
                burn.slos[0],
                Counter::new().grow(10.0, minutes(end)),
                None,
            ));
        }
        tests.push(test(
            "is silent where no bad event has been counted",
            without_bad,
            self.silent(minutes(end)),
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
        let of_burn = |(site, _, objective): &(&crate::catalog::Site, _, &crate::catalog::Objective)| {
            site.name == burn.slos[0] && objective.objective == burn.objective
        };
        let found = self.catalog.objectives().into_iter().find(of_burn);
        found.map_or(1.0, |(_, _, objective)| rounded(1.0 - objective.target))
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
        let over = [OVER, 1.27, 1.3, 1.33, 1.21].into_iter().find(is_clear).unwrap_or(OVER);
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
