//! Whether a selector names what is there, and can be fulfilled.

use promql_parser::label::{METRIC_NAME, MatchOp, Matcher};
use promql_parser::parser::VectorSelector;

use super::accepted;
use super::expression::{Problem, name};
use super::known::{Known, Series};
use super::labels::Domain;
use super::variables::is_variable;

pub(super) fn check(selector: &VectorSelector, known: &Known) -> Vec<Problem> {
    let mut problems = Vec::new();
    let matchers = &selector.matchers.matchers;
    for matcher in matchers {
        problems.extend(needless_pattern(matcher));
    }
    let Some(name) = name(selector) else {
        let is_pattern = |matcher: &&Matcher| matcher.name == METRIC_NAME;
        let patterns: Vec<&Matcher> = matchers.iter().filter(is_pattern).collect();
        if !patterns.is_empty()
            && !known.names().any(|name| patterns.iter().all(|matcher| matcher.is_match(name)))
        {
            let message = "no series has a name that fits the pattern".to_owned();
            problems.push(Problem::new("metric", message, None));
        }
        return problems;
    };
    let Some(series) = known.get(name) else {
        if !known.is_foreign(name) {
            let message = format!("there is no series {name}");
            problems.push(Problem::new("metric", message, accepted(name, known.names())));
        }
        return problems;
    };
    for matcher in matchers.iter().filter(|matcher| matcher.name != METRIC_NAME) {
        match series.labels.get(&matcher.name) {
            Some(domain) => problems.extend(value(name, matcher, domain, series)),
            None if series.labels.is_unknown() => {}
            None => {
                let message = format!("{name} has no label {}", matcher.name);
                problems.push(Problem::new("label", message, accepted(&matcher.name, series.labels.names())));
            }
        }
    }
    if problems.is_empty() {
        problems.extend(contradiction(name, matchers, series));
    }
    if problems.is_empty() {
        problems.extend(apart(name, matchers, series, known));
    }
    problems
}

/// A value that the label does not have.
fn value(name: &str, matcher: &Matcher, domain: &Domain, series: &Series) -> Vec<Problem> {
    if is_variable(&matcher.value) {
        return Vec::new();
    }
    if let (true, Some(buckets)) = (matcher.name == "le", &series.buckets) {
        return bound(name, matcher, buckets).into_iter().collect();
    }
    let Some(values) = &domain.values else { return Vec::new() };
    let wrong = |value: &str| {
        let message = format!("{name} has no {} {value:?}", matcher.name);
        Problem::new("label-value", message, accepted(value, values.iter().map(String::as_str)))
    };
    let is_missing = |value: &str| !value.is_empty() && !values.contains(value);
    match &matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => {
            is_missing(&matcher.value).then(|| wrong(&matcher.value)).into_iter().collect()
        }
        MatchOp::Re(pattern) | MatchOp::NotRe(pattern) => match alternatives(&matcher.value) {
            Some(parts) => parts.iter().filter(|part| is_missing(part)).map(|part| wrong(part)).collect(),
            None if values.iter().any(|value| pattern.is_match(value)) => Vec::new(),
            None => vec![wrong(&matcher.value)],
        },
    }
}

/// A bucket that the histogram does not have. The program writes `1.0` and never `1`, in both forms of its text;
/// Prometheus 2 keeps what is written, and Prometheus 3 makes the same of it. Only where there is an exponent do they
/// differ: `1e-5` and `1e-05`.
fn bound(name: &str, matcher: &Matcher, buckets: &[f64]) -> Option<Problem> {
    let written = |bound: &f64| {
        let text = format!("{bound:?}");
        let of_go = match text.split_once('e') {
            Some((digits, exponent)) => match exponent.strip_prefix('-') {
                Some(exponent) => format!("{digits}e-{exponent:0>2}"),
                None => format!("{digits}e+{exponent:0>2}"),
            },
            None => text.clone(),
        };
        [text, of_go]
    };
    let all = || buckets.iter().flat_map(written).chain(["+Inf".to_owned()]);
    let is_there = match &matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => all().any(|bound| bound == matcher.value),
        MatchOp::Re(pattern) | MatchOp::NotRe(pattern) => all().any(|bound| pattern.is_match(&bound)),
    };
    if is_there {
        return None;
    }
    let message = format!("{name} has no bucket with le {:?}", matcher.value);
    let bounds: Vec<String> = buckets.iter().map(|bound| format!("{bound:?}")).collect();
    Some(Problem::new("le", message, Some(format!("{} +Inf", bounds.join(" ")))))
}

/// Matchers of one label that no value fulfils together.
fn contradiction(name: &str, matchers: &[Matcher], series: &Series) -> Option<Problem> {
    for matcher in matchers {
        let together: Vec<&Matcher> = matchers.iter().filter(|other| other.name == matcher.name).collect();
        if together.iter().any(|matcher| is_variable(&matcher.value)) {
            continue;
        }
        let fits = |value: &str| together.iter().all(|matcher| matcher.is_match(value));
        let exact = together
            .iter()
            .filter(|matcher| matcher.op == MatchOp::Equal)
            .map(|matcher| matcher.value.as_str());
        let exact: Vec<&str> = exact.collect();
        let domain = series.labels.get(&matcher.name);
        let is_possible = match (exact.first(), domain) {
            (Some(value), _) => fits(value),
            (None, Some(Domain { values: Some(values), optional })) => {
                values.iter().any(|value| fits(value)) || (*optional && fits(""))
            }
            (None, _) => true,
        };
        if !is_possible {
            let message = format!("no series of {name} fulfils all matchers of {} together", matcher.name);
            return Some(Problem::new("impossible", message, None));
        }
    }
    None
}

/// Matchers that can each be fulfilled, but by no function all of them.
fn apart(name: &str, matchers: &[Matcher], series: &Series, known: &Known) -> Option<Problem> {
    let combinations = known.combinations(series)?;
    let asked: Vec<&Matcher> = matchers
        .iter()
        .filter(|matcher| combinations.know(&matcher.name, series) && !is_variable(&matcher.value))
        .collect();
    let is_fulfilled = |matchers: &[&Matcher]| {
        combinations.rows().any(|row| {
            matchers.iter().all(|matcher| match row.get(&matcher.name) {
                Some(Some(values)) => values.iter().any(|value| matcher.is_match(value)),
                Some(None) => true,
                // To Prometheus, a label that is not there is empty.
                None => matcher.is_match(""),
            })
        })
    };
    // What no function has at all is of others.
    if is_fulfilled(&asked) || asked.iter().any(|matcher| !is_fulfilled(&[matcher])) {
        return None;
    }
    let together: Vec<String> = asked.iter().map(ToString::to_string).collect();
    let message =
        format!("no series of {name} has all of {}: they are of different functions", together.join(", "));
    Some(Problem::new("impossible", message, None))
}

/// A pattern that says no more than an equality, which Prometheus looks up faster.
fn needless_pattern(matcher: &Matcher) -> Option<Problem> {
    let (MatchOp::Re(_) | MatchOp::NotRe(_)) = matcher.op else { return None };
    let is_literal = matches!(alternatives(&matcher.value).as_deref(), Some([_]));
    if !is_literal || is_variable(&matcher.value) {
        return None;
    }
    let equality = if matches!(matcher.op, MatchOp::Re(_)) { "=" } else { "!=" };
    let value = unescape(&matcher.value).unwrap_or_else(|| matcher.value.clone());
    let accepted = format!("{}{equality}{}", matcher.name, crate::promql::quote(&value));
    let message = format!("the pattern of {} is no more than a text", matcher.name);
    Some(Problem::new("regexp", message, Some(accepted)))
}

/// The texts of a pattern that is nothing but texts with `|` between them.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    // `\|` is a letter of a text.
    let mut parts = vec![String::new()];
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '|' => parts.push(String::new()),
            letter => {
                let part = parts.last_mut()?;
                part.push(letter);
                if letter == '\\' {
                    part.push(letters.next()?);
                }
            }
        }
    }
    parts.iter().map(|part| unescape(part)).collect()
}

/// The one text that a pattern fits, if there is one only.
fn unescape(pattern: &str) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next()? {
                escaped if escaped.is_ascii_punctuation() => text.push(escaped),
                _ => return None,
            },
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' | '|' => return None,
            letter => text.push(letter),
        }
    }
    Some(text)
}
