//! What a query looks at: whether each of its selectors has something to select.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::{Expr, VectorSelector};
use promql_parser::util::visitor::{ExprVisitor, ExprVisitorMut, walk_expr, walk_expr_mut};
use serde_json::Value;

use super::families::series;
use super::queries::Found;
use super::rules::is_of_job;
use super::{Examined, array};
use crate::catalog::Family;
use crate::queries::{Purpose, Query, name_of, selectors};

/// What Prometheus itself makes, of alerts that are pending or fire: often nothing.
const OF_ALERTS: [&str; 2] = ["ALERTS", "ALERTS_FOR_STATE"];

/// Every selector of a query, as of now and each once.
pub(super) fn inputs(expr: &str) -> Vec<VectorSelector> {
    let mut all: BTreeMap<String, VectorSelector> = BTreeMap::new();
    for mut selector in selectors(expr) {
        (selector.offset, selector.at) = (None, None);
        all.insert(selector.to_string(), selector);
    }
    all.into_values().collect()
}

/// What is asked to see whether a selector has something to select. One sample is enough of an answer.
pub(super) fn presence(selector: &VectorSelector) -> String {
    format!("group({selector})")
}

/// What is known of a selector, or of an expression, that returns nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It returns something.
    There,
    /// Nothing was called of what it is about.
    Idle,
    /// It needs a scrape or an evaluation that has not been yet.
    Waiting,
    /// Nothing is there that it could come of.
    Broken,
}

/// What has been found out while queries are judged.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// Metrics that may be missing and are.
    pub(super) excused: &'a BTreeMap<String, String>,
    /// The rules that Prometheus has loaded.
    loaded: Vec<Value>,
    /// What queries returned.
    answers: BTreeMap<String, Found>,
    verdicts: BTreeMap<String, Verdict>,
    /// The labels that series may have.
    labels: BTreeMap<String, BTreeSet<String>>,
}

impl Examined<'_> {
    /// With what has been asked already.
    pub(super) fn known<'k>(
        &self,
        excused: &'k BTreeMap<String, String>,
        answers: &BTreeMap<&str, Found>,
    ) -> Known<'k> {
        // Without an answer no rule counts as loaded; that there is none is said where the rules are checked.
        let answer = self.prometheus.api("rules").unwrap_or_default();
        let groups = array(&answer["groups"]).iter().filter(|group| is_of_job(group, self.job));
        let loaded = groups.flat_map(|group| array(&group["rules"])).cloned().collect();
        let answers = answers.iter().map(|(query, found)| ((*query).to_owned(), found.clone())).collect();
        Known { excused, loaded, answers, verdicts: BTreeMap::new(), labels: BTreeMap::new() }
    }

    /// What a query returns, asked once.
    fn found(&self, known: &mut Known<'_>, query: &str) -> Found {
        if let Some(found) = known.answers.get(query) {
            return found.clone();
        }
        let found = Found::of(self.prometheus.query(query));
        known.answers.insert(query.to_owned(), found.clone());
        found
    }

    /// Why a selector returns nothing.
    pub(super) fn of_selector(&self, known: &mut Known<'_>, selector: &VectorSelector) -> Verdict {
        let key = selector.to_string();
        if let Some(verdict) = known.verdicts.get(&key) {
            return *verdict;
        }
        // Should a series be recorded of itself, this is what it finds.
        known.verdicts.insert(key.clone(), Verdict::Broken);
        let verdict = self.found_out(known, selector);
        known.verdicts.insert(key, verdict);
        verdict
    }

    fn found_out(&self, known: &mut Known<'_>, selector: &VectorSelector) -> Verdict {
        // It has been asked alone if it is of a rule.
        let alone = selector.to_string();
        let query = if known.answers.contains_key(&alone) { alone } else { presence(selector) };
        match self.found(known, &query) {
            Found::Some | Found::NotANumber => return Verdict::There,
            Found::Error(_) => return Verdict::Broken,
            Found::Nothing => {}
        }
        let Some(name) = name_of(selector) else { return Verdict::Idle };
        if OF_ALERTS.contains(&name.as_str()) || known.excused.contains_key(&name) {
            return Verdict::Idle;
        }
        if let Some(family) = self.family_of(&name) {
            let may_come = self.has(family) && may_select(family, selector);
            return if may_come { Verdict::Idle } else { Verdict::Broken };
        }
        let rules = self.recording(&name).filter(|rule| may_record(rule, selector));
        rules.map(|rule| self.of_rule(known, rule, selector)).max().unwrap_or(Verdict::Broken)
    }

    /// Why a rule has recorded nothing that a selector selects.
    fn of_rule(&self, known: &mut Known<'_>, rule: &Query, selector: &VectorSelector) -> Verdict {
        let is_it = |loaded: &&Value| {
            loaded["name"] == rule.name.as_str()
                && rule.labels.iter().all(|(label, value)| loaded["labels"][label] == value.as_str())
        };
        let Some(loaded) = known.loaded.iter().find(is_it) else { return Verdict::Broken };
        let evaluated = loaded["lastEvaluation"].as_str().unwrap_or_default().to_owned();
        if loaded["health"] == "unknown" {
            return Verdict::Waiting;
        }
        let Some(expr) = self.narrowed(known, rule, selector) else { return Verdict::Broken };
        match self.found(known, &expr) {
            Found::Nothing => self.of_expr(known, &expr),
            Found::Error(_) => Verdict::Broken,
            // It has something to record by now. Had it when it was evaluated?
            Found::Some | Found::NotANumber => match Found::of(self.prometheus.query_at(&expr, &evaluated)) {
                Found::Nothing => Verdict::Waiting,
                _ => Verdict::Broken,
            },
        }
    }

    /// Why an expression returns nothing, or no number.
    pub(super) fn of_expr(&self, known: &mut Known<'_>, expr: &str) -> Verdict {
        let worst = inputs(expr)
            .iter()
            .map(|selector| self.of_selector(known, selector))
            .max()
            .unwrap_or(Verdict::Broken);
        if worst >= Verdict::Waiting {
            return worst;
        }
        // All that it looks at is there, or may come.
        let mut verdict = worst;
        for movement in self.movements(expr) {
            match self.found(known, &format!("group(abs({movement}) > 0)")) {
                Found::Nothing => {}
                _ => return Verdict::Broken,
            }
            let is_there =
                inputs(&movement).iter().all(|selector| self.of_selector(known, selector) == Verdict::There);
            let has_begun = !matches!(self.found(known, &format!("group({movement})")), Found::Nothing);
            verdict = verdict.max(match (is_there, has_begun) {
                (true, false) => Verdict::Waiting,
                _ => Verdict::Idle,
            });
        }
        // It is not about what is called.
        if verdict == Verdict::There { Verdict::Broken } else { verdict }
    }

    /// The parts of an expression that are 0 while nothing is called: what is computed of a range, and what is recorded.
    fn movements(&self, expr: &str) -> Vec<String> {
        struct Movements<'a> {
            is_recorded: &'a dyn Fn(&VectorSelector) -> bool,
            found: Vec<String>,
        }

        impl ExprVisitor for Movements<'_> {
            type Error = std::convert::Infallible;

            fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
                match expr {
                    Expr::Call(call) => {
                        let is_range =
                            |arg: &Expr| matches!(arg, Expr::MatrixSelector(_) | Expr::Subquery(_));
                        if call.args.args.iter().any(|arg| is_range(arg)) {
                            self.found.push(expr.to_string());
                        }
                    }
                    Expr::VectorSelector(selector) if (self.is_recorded)(selector) => {
                        self.found.push(expr.to_string());
                    }
                    _ => {}
                }
                Ok(true)
            }
        }

        let is_recorded = |selector: &VectorSelector| {
            name_of(selector).is_some_and(|name| self.recording(&name).next().is_some())
        };
        let mut movements = Movements { is_recorded: &is_recorded, found: Vec::new() };
        if let Ok(expr) = promql_parser::parser::parse(expr) {
            let Ok(_) = walk_expr(&mut movements, &expr);
        }
        movements.found.sort();
        movements.found.dedup();
        movements.found
    }

    /// The expression of a rule, of only those series that a selector of what it records is about.
    fn narrowed(&self, known: &mut Known<'_>, rule: &Query, selector: &VectorSelector) -> Option<String> {
        struct Narrow<'a>(&'a dyn Fn(&mut VectorSelector));

        impl ExprVisitorMut for Narrow<'_> {
            type Error = std::convert::Infallible;

            fn pre_visit(&mut self, expr: &mut Expr) -> Result<bool, Self::Error> {
                match expr {
                    Expr::VectorSelector(selector) => (self.0)(selector),
                    Expr::MatrixSelector(matrix) => (self.0)(&mut matrix.vs),
                    _ => {}
                }
                Ok(true)
            }
        }

        for name in rule.metrics() {
            known.labels.entry(name.clone()).or_insert_with(|| self.labels(&name));
        }
        let narrow = |inner: &mut VectorSelector| {
            let Some(labels) = name_of(inner).and_then(|name| known.labels.get(&name)) else { return };
            for matcher in &selector.matchers.matchers {
                if labels.contains(&matcher.name) && !rule.labels.contains_key(&matcher.name) {
                    inner.matchers.matchers.push(matcher.clone());
                }
            }
        };
        let mut expr = promql_parser::parser::parse(&rule.expr).ok()?;
        let Ok(_) = walk_expr_mut(&mut Narrow(&narrow), &mut expr);
        Some(expr.to_string())
    }

    /// The labels of functions that a series may have: those of its family, or of the families that it is recorded of.
    fn labels(&self, name: &str) -> BTreeSet<String> {
        let mut labels = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut next = vec![name.to_owned()];
        while let Some(name) = next.pop() {
            if let Some(family) = self.family_of(&name) {
                labels.extend(family.labels.iter().map(|label| label.name.clone()));
            } else if seen.insert(name.clone()) {
                next.extend(self.recording(&name).flat_map(Query::metrics));
            }
        }
        labels
    }

    /// The rules that record a series.
    fn recording<'q>(&'q self, name: &str) -> impl Iterator<Item = &'q Query> {
        self.rules.iter().filter(move |rule| rule.purpose == Purpose::Recording && rule.name == name)
    }

    /// The family that the series is of.
    fn family_of(&self, name: &str) -> Option<&Family> {
        self.catalog.families.iter().find(|family| series(family).iter().any(|series| series == name))
    }

    /// Whether a family has any series.
    pub(super) fn has(&self, family: &Family) -> bool {
        series(family).into_iter().any(|name| {
            let series = crate::promql::selector(&name, &[("job", self.job)]);
            matches!(Found::of(self.prometheus.query(&format!("group({series})"))), Found::Some)
        })
    }
}

/// Whether a rule's own labels are ones that the selector asks for.
fn may_record(rule: &Query, selector: &VectorSelector) -> bool {
    let matchers = &selector.matchers.matchers;
    matchers.iter().all(|matcher| rule.labels.get(&matcher.name).is_none_or(|value| matcher.is_match(value)))
}

/// Whether the catalog has labels and values that the selector asks for.
fn may_select(family: &Family, selector: &VectorSelector) -> bool {
    // Of the scrape and of histograms.
    const OTHERS: [&str; 4] = ["__name__", "job", "instance", "le"];
    let may_match = |matcher: &promql_parser::label::Matcher| {
        if OTHERS.contains(&matcher.name.as_str()) {
            return true;
        }
        match family.labels.iter().find(|label| label.name == matcher.name) {
            Some(label) => match &label.values {
                Some(values) if !label.open => {
                    (label.optional && matcher.is_match(""))
                        || values.iter().any(|value| matcher.is_match(value))
                }
                _ => true,
            },
            // A label that is nowhere is everywhere empty.
            None => matcher.is_match(""),
        }
    };
    selector.matchers.matchers.iter().all(may_match)
}
