//! What objectives are judged by: how many events were bad over each window, how fast that burns the error budget, and
//! how much of it is left.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::catalog::{Catalog, Objective, Site, Slo};
use crate::cli::Options;
use crate::promql::{number, quote, selector};

use super::{Group, Rule, RuleFile, SCRAPE_INTERVAL, STAGE_RANGE};

/// The counter of good and bad events.
const EVENTS: &str = "tta_slo_events_total";

/// What the series of this file are told apart by.
pub(super) const BY: &str = "job, slo, objective";

/// Windows that are computed from the counter itself.
const SHORT: [&str; 5] = ["5m", "30m", "1h", "2h", "6h"];

/// Windows that are summed from increases over five minutes: reading every sample of three days once a minute would
/// cost too much.
const LONG: [&str; 2] = ["1d", "3d"];

/// What long windows are summed from: one sample in five minutes.
pub(crate) const STAGED_EVENTS: &str = "slo:tta_slo_staged_events:increase5m";
pub(crate) const STAGED_ERRORS: &str = "slo:tta_slo_staged_errors:increase5m";

pub(crate) fn is_recorded(catalog: &Catalog) -> bool {
    catalog.has(EVENTS) && !periods(catalog).is_empty()
}

/// The days over which objectives hold that leave a budget, without repetition.
pub(crate) fn periods(catalog: &Catalog) -> Vec<u32> {
    let objectives = catalog.objectives().into_iter();
    let with_budget = objectives.filter(|(_, _, objective)| has_budget(objective));
    let mut days: Vec<u32> = with_budget.map(|(_, slo, _)| slo.window_days).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// `{job="tta", objective="success", slo=~"checkout|search"}` after `name`.
pub(super) fn of_slos(name: &str, job: &str, objective: &str, slos: &[&str]) -> String {
    let mut text = selector(name, &[("job", job), ("objective", objective)]);
    text.pop();
    // Writing to a String cannot fail.
    let _ = match slos {
        [only] => write!(text, ", slo={}}}", quote(only)),
        several => write!(text, ", slo=~{}}}", quote(&alternatives(several))),
    };
    text
}

/// A regular expression that fits these texts and no other.
pub(crate) fn alternatives(texts: &[&str]) -> String {
    let escaped: Vec<String> = texts.iter().map(|text| escape(text)).collect();
    escaped.join("|")
}

/// `text` as a regular expression.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii_punctuation() && letter != '_' {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

pub(super) fn file(catalog: &Catalog, options: &Options) -> RuleFile {
    if !is_recorded(catalog) {
        return RuleFile::new("slo", String::new(), Vec::new());
    }
    let job = &options.job;
    let periods = periods(catalog);
    let longest = periods.last().copied().unwrap_or_default();
    let about = format!(
        "Events that broke an objective of the job {job:?}, the speed at which that burns the error budget, and what is\n\
         left of it. A burn of 1 spends exactly the budget of the period.\n\
         Windows of a day and more, and the period, are sums of increases over five minutes, never averages of ratios:\n\
         an hour with a thousand calls weighs a thousand times as much as one with one. They are counted over {STAGE_RANGE},\n\
         so that nothing falls between two of them: ratios are exact, and numbers up to 5 % high. With more than\n\
         {SCRAPE_INTERVAL} between two scrapes, some events are in none of them.\n\
         The longest period is {longest} days, and Prometheus has to keep that much: --storage.tsdb.retention.time={keep}d\n\
         (it keeps 15 days unless told). With less, the budget is that of the days that are kept.",
        keep = longest + 1,
    );
    let mut fast = Vec::new();
    for window in SHORT {
        fast.push(raw("events", &selector(EVENTS, &[("job", job)]), window));
        fast.push(raw("errors", &selector(EVENTS, &[("job", job), ("outcome", "bad")]), window));
        fast.extend(judged(catalog, job, window));
    }
    // Apart from what is recorded every minute: each event is in one sample.
    let staged = vec![
        raw_as(STAGED_EVENTS, &selector(EVENTS, &[("job", job)]), STAGE_RANGE),
        raw_as(STAGED_ERRORS, &selector(EVENTS, &[("job", job), ("outcome", "bad")]), STAGE_RANGE),
    ];
    let mut slow = Vec::new();
    for window in LONG {
        slow.extend(summed(
            &selector(STAGED_EVENTS, &[("job", job)]),
            &selector(STAGED_ERRORS, &[("job", job)]),
            window,
        ));
        slow.extend(judged(catalog, job, window));
    }
    for days in periods {
        slow.extend(period(catalog, job, days));
    }
    RuleFile::new(
        "slo",
        about,
        vec![
            Group::new("tta-slo-stage", staged).every("5m"),
            Group::new("tta-slo-long", slow).every("1m"),
            Group::new("tta-slo-short", fast).every("1m"),
        ],
    )
}

fn raw(operand: &str, selector: &str, window: &str) -> Rule {
    raw_as(&format!("slo:tta_slo_{operand}:increase{window}"), selector, window)
}

fn raw_as(name: &str, selector: &str, window: &str) -> Rule {
    Rule::record(name, format!("sum by ({BY}) (increase({selector}[{window}]))"))
}

/// How many events and how many bad ones the staged series have over a window.
fn summed(events: &str, errors: &str, window: &str) -> Vec<Rule> {
    [("events", events), ("errors", errors)]
        .map(|(operand, staged)| {
            Rule::record(
                format!("slo:tta_slo_{operand}:increase{window}"),
                format!("sum_over_time({staged}[{window}])"),
            )
        })
        .into()
}

/// The ratio of bad events over a window.
fn ratio(job: &str, window: &str) -> Rule {
    let of_job =
        |operand: &str| selector(&format!("slo:tta_slo_{operand}:increase{window}"), &[("job", job)]);
    let events = of_job("events");
    Rule::record(
        format!("slo:tta_slo_errors_per_event:ratio_rate{window}"),
        // 0 where no bad event has been seen yet, nothing where there is no event.
        format!("({} or 0 * {events}) / ({events} > 0)", of_job("errors")),
    )
}

/// The ratio of bad events over a window, and the burn: how many times faster than allowed they come.
fn judged(catalog: &Catalog, job: &str, window: &str) -> Vec<Rule> {
    let ratio = ratio(job, window);
    let burns: Vec<String> = by_budget(catalog, |_| true)
        .into_iter()
        .map(|((objective, budget), slos)| {
            format!("{} / {budget}", of_slos(ratio.name(), job, objective, &slos))
        })
        .collect();
    let burn = Rule::record(format!("slo:tta_slo_burn:ratio_rate{window}"), burns.join(" or "));
    vec![ratio, burn]
}

/// What was bad in the period of `days`, and what is left of the budgets of those objectives that hold over it: 1
/// untouched, 0 spent, less overspent.
fn period(catalog: &Catalog, job: &str, days: u32) -> Vec<Rule> {
    let window = format!("{days}d");
    let mut rules = Vec::new();
    if !LONG.contains(&window.as_str()) {
        let slos = classes(catalog, |_, slo, objective| {
            (slo.window_days == days && has_budget(objective)).then_some(objective.name.as_str())
        });
        let staged = |name: &str| {
            slos.iter().map(|(objective, slos)| of_slos(name, job, objective, slos)).collect::<Vec<_>>()
        };
        for (operand, staged) in [("events", staged(STAGED_EVENTS)), ("errors", staged(STAGED_ERRORS))] {
            let sums: Vec<String> =
                staged.iter().map(|staged| format!("sum_over_time({staged}[{window}])")).collect();
            rules.push(Rule::record(format!("slo:tta_slo_{operand}:increase{window}"), sums.join(" or ")));
        }
        rules.push(ratio(job, &window));
    }
    let left: Vec<String> = by_budget(catalog, |slo| slo.window_days == days)
        .into_iter()
        .map(|((objective, budget), slos)| {
            let ratio = format!("slo:tta_slo_errors_per_event:ratio_rate{window}");
            format!("1 - {} / {budget}", of_slos(&ratio, job, objective, &slos))
        })
        .collect();
    rules.push(Rule::record(
        format!("slo:tta_slo_error_budget_remaining:ratio_rate{window}"),
        left.join(" or "),
    ));
    rules
}

/// The ratio of events that may be bad.
fn budget(objective: &Objective) -> String {
    number(1.0 - objective.target)
}

/// Whether anything may be bad: without a budget there is nothing to burn.
pub(crate) fn has_budget(objective: &Objective) -> bool {
    budget(objective) != "0"
}

fn by_budget(catalog: &Catalog, is_asked: impl Fn(&Slo) -> bool) -> BTreeMap<(&str, String), Vec<&str>> {
    classes(catalog, |_, slo, objective| is_asked(slo).then(|| (objective.name.as_str(), budget(objective))))
}

/// The names of those objectives' functions that have the same key; those without one are left out.
pub(super) fn classes<'a, K: Ord>(
    catalog: &'a Catalog,
    key: impl Fn(&'a Site, &'a Slo, &'a Objective) -> Option<K>,
) -> BTreeMap<K, Vec<&'a str>> {
    let mut classes: BTreeMap<K, Vec<&str>> = BTreeMap::new();
    for (site, slo, objective) in catalog.objectives() {
        if let Some(key) = key(site, slo, objective) {
            classes.entry(key).or_default().push(&site.name);
        }
    }
    for names in classes.values_mut() {
        names.sort_unstable();
    }
    classes
}
