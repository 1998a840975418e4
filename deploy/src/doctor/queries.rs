//! Whether every query returns something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use promql_parser::parser::VectorSelector;
use serde_json::Value;

use super::families::series;
use super::inputs::{Verdict, inputs, presence};
use super::server::AskError;
use super::{Check, Examined, array, exceptions};
use crate::promql::selector;
use crate::queries::{Purpose, Query, name_of, selectors};

/// Queries that are asked at a time: it serves others as well.
const AT_A_TIME: usize = 4;
/// What Prometheus makes of each target, and of nothing that is pushed.
const OF_THE_SCRAPE: [&str; 3] = ["up", "scrape_duration_seconds", "scrape_samples_scraped"];

impl Examined<'_> {
    /// Whether every query returns something.
    pub(super) fn queries(&self) -> Vec<Check> {
        let asked: Vec<(&Query, Vec<String>)> =
            self.panels.iter().chain(&self.rules).map(|query| (query, self.asked_for(query))).collect();
        // A panel may show something else in place of what is not there, so what it looks at is asked alone too.
        let alone: Vec<String> =
            asked.iter().flat_map(|(query, exprs)| looked_at(query, exprs)).map(|of| presence(&of)).collect();
        let distinct: BTreeSet<&str> =
            asked.iter().flat_map(|(_, exprs)| exprs).chain(&alone).map(String::as_str).collect();
        let answers = self.ask(&distinct.into_iter().collect::<Vec<_>>(), Found::of);
        let empty = |exprs: &[String]| -> Vec<(String, Found)> {
            let all =
                exprs.iter().filter_map(|expr| Some((expr.clone(), answers.get(expr.as_str())?.clone())));
            all.filter(|(_, found)| !matches!(found, Found::Some)).collect()
        };
        let excused = self.excused(&asked, &empty);

        let mut known = self.known(&excused, &answers);

        let mut checks = Vec::new();
        // Those that return nothing yet, by what has to happen.
        let mut later: BTreeMap<(&str, &str, Verdict), BTreeSet<&str>> = BTreeMap::new();
        let mut well: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (query, exprs) in &asked {
            let kind = if query.purpose.is_of_a_rule() { "rules" } else { "dashboard" };
            let count = well.entry((kind, &query.within)).or_default();
            let (place, empty) = (query.place(), empty(exprs));
            let is_empty = empty.iter().any(|(_, found)| matches!(found, Found::Nothing));
            let missing = query.metrics().into_iter().find_map(|name| Some((excused.get(&name)?, name)));
            let broken: Vec<VectorSelector> = looked_at(query, exprs)
                .into_iter()
                .filter(|of| matches!(answers.get(presence(of).as_str()), Some(Found::Nothing)))
                .filter(|of| self.of_selector(&mut known, of) == Verdict::Broken)
                .collect();
            match (exceptions::of_query(query), missing) {
                (None, _) if empty.is_empty() && !broken.is_empty() => {
                    checks.extend(broken.iter().map(|of| hidden(&place, of)));
                }
                (None, _) if empty.is_empty() => *count += 1,
                (Some(reason), _) if empty.is_empty() && self.strict => checks.push(Check::failed(
                    "queries",
                    format!("{place} returns data, of which --strict wants none: it is empty where {reason}"),
                    "look at what it returns, or leave --strict out: it is for programs of which nothing may be amiss",
                )),
                (Some(reason), _) if empty.is_empty() => {
                    checks.push(Check::note(
                        "queries",
                        format!("{place} returns data; it often does not: {reason}"),
                    ));
                }
                (Some(reason), _) if is_empty => {
                    checks.push(Check::note("queries", format!("{place} is empty, as it may be: {reason}")));
                }
                (None, Some((reason, name))) if is_empty => {
                    checks.push(Check::note(
                        "queries",
                        format!("{place} is empty, since {name} is not there: {reason}"),
                    ));
                }
                _ => {
                    let mut of_query = Verdict::There;
                    for (expr, found) in &empty {
                        let verdict = match (query.purpose, found) {
                            (_, Found::Error(_)) => Verdict::Broken,
                            // What an alert looks at is there.
                            (Purpose::Alert, Found::NotANumber) => Verdict::There,
                            (Purpose::Recording, Found::NotANumber) => self.of_expr(&mut known, &query.expr),
                            (Purpose::Alert | Purpose::Recording, _) => {
                                let selectors = inputs(expr);
                                let verdicts = selectors.iter().map(|of| self.of_selector(&mut known, of));
                                verdicts.max().unwrap_or(Verdict::Broken)
                            }
                            _ => self.of_expr(&mut known, expr),
                        };
                        of_query = of_query.max(verdict);
                        if verdict == Verdict::Broken {
                            checks.push(nothing(query, &place, expr, found));
                        }
                    }
                    match of_query {
                        Verdict::There => *count += 1,
                        Verdict::Broken => {}
                        verdict => {
                            later.entry((kind, &query.within, verdict)).or_default().insert(&query.name);
                        }
                    }
                }
            }
        }
        let summary = well.into_iter().filter(|(_, count)| *count > 0).map(|((kind, within), count)| {
            Check::ok("queries", format!("{kind} {within}: {count} return data"))
        });
        let mut all: Vec<Check> = summary.collect();
        all.extend(later.into_iter().map(|((kind, within, verdict), names)| {
            let (count, names) = (names.len(), names.into_iter().collect::<Vec<_>>().join(", "));
            let why = match verdict {
                Verdict::Waiting => "until what they look at has been scraped and evaluated",
                _ => "since what they are about has not been called",
            };
            Check::note("queries", format!("{kind} {within}: {count} empty {why}: {names}"))
        }));
        all.append(&mut checks);
        all
    }

    /// The metrics that may be missing and are, with the reason: of the program, and what is recorded of them.
    fn excused(&self, asked: &[(&Query, Vec<String>)], empty: &Empty<'_>) -> BTreeMap<String, String> {
        let mut excused: BTreeMap<String, String> = BTreeMap::new();
        if self.pushed {
            let reason = exceptions::PUSHED.to_owned();
            excused.extend(OF_THE_SCRAPE.map(|name| (name.to_owned(), reason.clone())));
        }
        for family in &self.catalog.families {
            if let Some(reason) = exceptions::of_family(family)
                && !self.has(family)
            {
                excused.extend(series(family).into_iter().map(|name| (name, reason.clone())));
            }
        }
        // A recorded series may be of recorded ones.
        loop {
            let before = excused.len();
            for (rule, exprs) in asked.iter().filter(|(query, _)| query.purpose == Purpose::Recording) {
                let reason = rule.metrics().into_iter().find_map(|name| excused.get(&name).cloned());
                if let Some(reason) = reason
                    && !empty(exprs).is_empty()
                {
                    excused.entry(rule.name.clone()).or_insert(reason);
                }
            }
            if excused.len() == before {
                return excused;
            }
        }
    }

    /// What is asked to see that a query has what it needs.
    fn asked_for(&self, query: &Query) -> Vec<String> {
        match query.purpose {
            Purpose::Panel | Purpose::Variable | Purpose::Annotation => {
                vec![query.substituted(&mut |expr, label| self.one_of(expr, label))]
            }
            Purpose::Recording => {
                let mut matchers = vec![("job", self.job)];
                matchers.extend(query.labels.iter().map(|(label, value)| (label.as_str(), value.as_str())));
                vec![selector(&query.name, &matchers)]
            }
            // An alert is silent if all is well, so what it looks at has to be there.
            Purpose::Alert => inputs(&query.expr).iter().map(ToString::to_string).collect(),
        }
    }

    /// A value of a label, for a variable that holds one.
    fn one_of(&self, expr: &str, label: &str) -> Option<String> {
        let inner: Query = Query { expr: expr.to_owned(), ..self.panels.first()?.clone() };
        // Whatever it uses itself stands for everything.
        let expr = inner.substituted(&mut |_, _| None);
        let found = self.prometheus.query(&expr).ok()?;
        let samples = array(&found["result"]);
        samples.iter().find_map(|sample| sample["metric"][label].as_str().map(str::to_owned))
    }

    /// What is kept of the answer to each query.
    pub(super) fn ask<'q, T: Send>(
        &self,
        queries: &[&'q str],
        keep: impl Fn(Result<Value, AskError>) -> T + Sync,
    ) -> BTreeMap<&'q str, T> {
        let next = AtomicUsize::new(0);
        let answers = Mutex::new(BTreeMap::new());
        std::thread::scope(|scope| {
            for _ in 0..AT_A_TIME.min(queries.len()) {
                scope.spawn(|| {
                    while let Some(query) = queries.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let answer = keep(self.prometheus.query(query));
                        answers.lock().unwrap_or_else(PoisonError::into_inner).insert(*query, answer);
                    }
                });
            }
        });
        answers.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those of some queries that return nothing.
type Empty<'a> = dyn Fn(&[String]) -> Vec<(String, Found)> + 'a;

/// What a query of a dashboard looks at.
fn looked_at(query: &Query, exprs: &[String]) -> Vec<VectorSelector> {
    if query.purpose.is_of_a_rule() {
        Vec::new()
    } else {
        exprs.iter().flat_map(|expr| inputs(expr)).collect()
    }
}

/// What a query returned.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Some,
    Nothing,
    NotANumber,
    Error(String),
}

impl Found {
    pub(super) fn of(answer: Result<Value, AskError>) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Found::Error(error.to_string()),
        };
        let values: Vec<&Value> = match answer["resultType"].as_str() {
            Some("scalar") => vec![&answer["result"][1]],
            _ => array(&answer["result"]).iter().map(|sample| &sample["value"][1]).collect(),
        };
        if values.is_empty() {
            Found::Nothing
        } else if values.iter().all(|value| *value == "NaN") {
            Found::NotANumber
        } else {
            Found::Some
        }
    }
}

fn hidden(place: &str, selector: &VectorSelector) -> Check {
    let name = name_of(selector).unwrap_or_default();
    Check::failed(
        "queries",
        format!("{place} returns data without {name}, of which nothing is there"),
        format!("see that {name} is there: {selector}"),
    )
}

fn nothing(query: &Query, place: &str, expr: &str, found: &Found) -> Check {
    let expr = expr.split_whitespace().collect::<Vec<_>>().join(" ");
    let metrics: Vec<String> = selectors(&expr).iter().filter_map(name_of).collect();
    let advice = format!(
        "see that {} is there and has been used: {expr}",
        if metrics.is_empty() { "it".to_owned() } else { metrics.join(", ") }
    );
    let what = match (found, query.purpose) {
        (Found::Error(error), _) => format!("{place} cannot be answered; {error}"),
        (Found::NotANumber, _) => format!("{place} is no number: what it divides by is 0"),
        (_, Purpose::Alert) => format!("{place} can never fire: nothing is there to look at"),
        (_, Purpose::Recording) => format!("{place} has recorded nothing"),
        _ => format!("{place} returns nothing"),
    };
    Check::failed("queries", what, advice)
}
