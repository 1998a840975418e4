//! The closed world: every series that there is, with its labels.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use promql_parser::parser::{self, Expr};

use crate::catalog::{Catalog, Family, FamilyType};
use crate::rules::{Rule, RuleFile};

use super::combinations::{Combinations, Functions};
use super::expression::{examine, is_never_negative};
use super::labels::{Domain, Labels};

/// What a series' values do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only rises, but for restarts: a counter, or a part of a histogram.
    Counter,
    /// Anything else.
    Gauge,
}

/// A series by its name.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    pub(super) kind: Kind,
    /// The family that it is of; of a recorded series, what it is computed from.
    pub(super) from: BTreeSet<String>,
    /// Of a histogram's `_bucket`: upper bounds.
    pub(super) buckets: Option<Vec<f64>>,
    /// Whether no value is below 0.
    pub(super) is_never_negative: bool,
}

/// Every series by its name.
#[derive(Debug, Default)]
pub(super) struct Known {
    series: BTreeMap<String, Series>,
    functions: Functions,
    /// Names that begin so are none of the program's and may be anything.
    foreign: Vec<String>,
    /// Each expression is parsed once, which takes most of the time.
    parsed: RefCell<HashMap<String, Rc<Parsed>>>,
}

/// An expression, or why it is none.
pub(super) type Parsed = Result<Expr, String>;

impl Known {
    pub(super) fn new(catalog: &Catalog, job: &str, rules: &[RuleFile], foreign: &[String]) -> Self {
        let mut known =
            Known { foreign: foreign.to_vec(), functions: Functions::of(catalog), ..Known::default() };
        for family in &catalog.families {
            known.add_family(family, job);
        }
        for name in ["up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added"] {
            known.add(name, of_target(job), Kind::Gauge, name);
        }
        let rules: Vec<(&Rule, Rc<Parsed>)> =
            rules.iter().flat_map(RuleFile::rules).map(|rule| (rule, known.parse(&rule.expr))).collect();
        known.add_recorded(&rules);
        known.add_alerts(&rules);
        known
    }

    pub(super) fn parse(&self, text: &str) -> Rc<Parsed> {
        if let Some(parsed) = self.parsed.borrow().get(text) {
            return Rc::clone(parsed);
        }
        let parsed = Rc::new(parser::parse(text));
        self.parsed.borrow_mut().insert(text.to_owned(), Rc::clone(&parsed));
        parsed
    }

    pub(super) fn get(&self, name: &str) -> Option<&Series> {
        self.series.get(name)
    }

    /// Which values the labels of a series have together, if functions decide that.
    pub(super) fn combinations(&self, series: &Series) -> Option<Combinations<'_>> {
        self.functions.combinations(series)
    }

    pub(super) fn is_foreign(&self, name: &str) -> bool {
        self.foreign.iter().any(|beginning| name.starts_with(beginning.as_str()))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    fn add(&mut self, name: &str, labels: Labels, kind: Kind, from: &str) {
        let from = BTreeSet::from([from.to_owned()]);
        let is_never_negative = kind == Kind::Counter;
        self.series.insert(name.to_owned(), Series { labels, kind, from, buckets: None, is_never_negative });
    }

    fn add_family(&mut self, family: &Family, job: &str) {
        let mut labels = of_target(job);
        for label in &family.labels {
            let values = match &label.values {
                Some(values) if !label.open => Some(values.iter().cloned().collect::<BTreeSet<_>>()),
                _ => None,
            };
            // To Prometheus a label that is empty is none.
            let can_be_empty = values.as_ref().is_some_and(|values| values.contains(""));
            let domain = Domain { values: values.map(Rc::new), optional: label.optional || can_be_empty };
            labels = labels.with(&label.name, domain);
        }
        let name = &family.name;
        match family.type_ {
            FamilyType::Counter => self.add(name, labels, Kind::Counter, name),
            FamilyType::Gauge => self.add(name, labels, Kind::Gauge, name),
            FamilyType::Histogram => {
                for part in ["_sum", "_count"] {
                    self.add(&format!("{name}{part}"), labels.clone(), Kind::Counter, name);
                }
                let bucket = format!("{name}_bucket");
                self.add(&bucket, labels.with("le", Domain::default()), Kind::Counter, name);
                if let Some(series) = self.series.get_mut(&bucket) {
                    series.buckets = Some(family.buckets.clone());
                }
            }
        }
    }

    /// Rules read what others record, in any order of files: as often over all as there is something new.
    fn add_recorded(&mut self, rules: &[(&Rule, Rc<Parsed>)]) {
        let mut by_name: BTreeMap<&str, Vec<(&Rule, &Expr)>> = BTreeMap::new();
        for (rule, expr) in rules {
            if let (Some(record), Ok(expr)) = (&rule.record, expr.as_ref()) {
                by_name.entry(record).or_default().push((rule, expr));
            }
        }
        loop {
            let mut is_new = false;
            let waiting: Vec<&str> =
                by_name.keys().filter(|name| !self.series.contains_key(**name)).copied().collect();
            for name in &waiting {
                let rules = &by_name[name];
                let reads_what_waits = |expr: &Expr| {
                    let read = super::expression::names(expr);
                    read.iter().any(|read| read != name && waiting.contains(&read.as_str()))
                };
                if !rules.iter().any(|(_, expr)| reads_what_waits(expr)) {
                    let series = self.recorded(rules);
                    self.series.insert((*name).to_owned(), series);
                    is_new = true;
                }
            }
            if !is_new {
                break;
            }
        }
    }

    fn recorded(&self, rules: &[(&Rule, &Expr)]) -> Series {
        let mut all: Option<Labels> = None;
        let mut from = BTreeSet::new();
        let mut kinds = BTreeSet::new();
        let mut buckets = None;
        let is_never_negative = rules.iter().all(|(_, expr)| is_never_negative(expr, self));
        for (rule, expr) in rules {
            let mut labels = examine(expr, self).labels;
            for (name, value) in &rule.labels {
                labels = labels.with(name, Domain::of([value.as_str()]));
            }
            for name in super::expression::names(expr) {
                if let Some(series) = self.get(&name) {
                    from.extend(series.from.iter().cloned());
                    if super::expression::is_alias(expr) {
                        kinds.insert(series.kind == Kind::Counter);
                        buckets.clone_from(&series.buckets);
                    }
                }
                from.insert(name);
            }
            all = Some(match all {
                Some(others) => others.or(&labels),
                None => labels,
            });
        }
        let kind = if kinds.contains(&true) { Kind::Counter } else { Kind::Gauge };
        Series { labels: all.unwrap_or_default(), kind, from, buckets, is_never_negative }
    }

    fn add_alerts(&mut self, rules: &[(&Rule, Rc<Parsed>)]) {
        let mut labels = Labels::default();
        let mut names = BTreeSet::new();
        for (rule, expr) in rules {
            let (Some(name), Ok(expr)) = (&rule.alert, expr.as_ref()) else { continue };
            let mut of_alert = examine(expr, self).labels;
            for (label, value) in &rule.labels {
                of_alert = of_alert.with(label, Domain::of([value.as_str()]));
            }
            labels = if names.is_empty() { of_alert } else { labels.or(&of_alert) };
            names.insert(name.clone());
        }
        if names.is_empty() {
            // Whatever alerts others have.
            labels = Labels::unknown();
        } else {
            labels = labels.with("alertname", Domain::of(names));
        }
        labels = labels.with("alertstate", Domain::of(["pending", "firing"]));
        for name in ["ALERTS", "ALERTS_FOR_STATE"] {
            self.add(name, labels.clone(), Kind::Gauge, name);
        }
    }
}

/// The labels that Prometheus gives to all that it scrapes.
fn of_target(job: &str) -> Labels {
    Labels::default().with("job", Domain::of([job])).with("instance", Domain::default())
}
