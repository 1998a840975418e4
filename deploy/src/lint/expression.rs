//! What an expression gives, and what is wrong with it: labels are followed from the selectors to the result.

use std::time::{Duration, SystemTime};

use promql_parser::label::{METRIC_NAME, MatchOp, Matcher};
use promql_parser::parser::token::{
    T_ADD, T_COUNT, T_COUNT_VALUES, T_DIV, T_EQLC, T_GROUP, T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE,
    T_LUNLESS, T_MUL, T_POW, T_QUANTILE, T_STDDEV, T_STDVAR,
};
use promql_parser::parser::{
    AggregateExpr, AtModifier, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality, VectorSelector,
};

use super::checks;
use super::known::{Kind, Known};
use super::labels::{Domain, Labels};
use super::selector;

/// A mistake, before it is known where the expression is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Which check found it.
    pub(super) rule: &'static str,
    pub(super) message: String,
    /// What would be accepted instead.
    pub(super) accepted: Option<String>,
}

impl Problem {
    pub(super) fn new(rule: &'static str, message: impl Into<String>, accepted: Option<String>) -> Self {
        debug_assert!(checks::all().any(|check| check == rule), "{rule} is not in the list of checks");
        Self { rule, message: message.into(), accepted }
    }
}

/// An expression's labels and mistakes.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) labels: Labels,
    pub(super) problems: Vec<Problem>,
}

/// What is done with the values of a selector.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use<'a> {
    /// They are shown or computed with.
    Values,
    /// A function takes how fast they rise.
    Rise(&'a str),
    /// A function takes how they change, which for a counter includes restarts.
    Change(&'a str),
    /// Only whether there is a series.
    Presence,
}

/// Follows an expression from its selectors on.
pub(super) fn examine(expr: &Expr, known: &Known) -> Examined {
    let mut examiner = Examiner { known, problems: Vec::new() };
    let labels = examiner.labels(expr, Use::Values);
    Examined { labels, problems: examiner.problems }
}

/// Whether the expression is a series under another name, and nothing is computed.
pub(super) fn is_alias(expr: &Expr) -> bool {
    match expr {
        Expr::VectorSelector(_) => true,
        Expr::Paren(inner) => is_alias(&inner.expr),
        Expr::Call(call) if call.func.name.starts_with("label_") => {
            call.args.args.first().is_some_and(|inner| is_alias(inner))
        }
        _ => false,
    }
}

/// A selector, the range that it has and the function that it is straight under.
pub(super) struct Found<'a> {
    pub(super) selector: &'a VectorSelector,
    pub(super) range: Option<Duration>,
    pub(super) under: Option<&'a str>,
}

/// Every selector of an expression.
pub(super) fn selectors(expr: &Expr) -> Vec<Found<'_>> {
    fn walk<'a>(expr: &'a Expr, under: Option<&'a str>, found: &mut Vec<Found<'a>>) {
        match expr {
            Expr::VectorSelector(selector) => found.push(Found { selector, range: None, under }),
            Expr::MatrixSelector(matrix) => {
                found.push(Found { selector: &matrix.vs, range: Some(matrix.range), under });
            }
            Expr::Call(call) => {
                for inner in &call.args.args {
                    walk(inner, Some(call.func.name), found);
                }
            }
            Expr::Aggregate(aggregate) => walk(&aggregate.expr, None, found),
            Expr::Unary(unary) => walk(&unary.expr, None, found),
            Expr::Paren(paren) => walk(&paren.expr, under, found),
            Expr::Subquery(subquery) => walk(&subquery.expr, under, found),
            Expr::Binary(binary) => {
                walk(&binary.lhs, None, found);
                walk(&binary.rhs, None, found);
            }
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
    }

    let mut found = Vec::new();
    walk(expr, None, &mut found);
    found
}

/// The names of the series that an expression reads.
pub(super) fn names(expr: &Expr) -> Vec<String> {
    selectors(expr).into_iter().filter_map(|found| name(found.selector).map(str::to_owned)).collect()
}

/// The same, without what is named for its exemplars only: at the beginning of time nothing has a value.
pub(super) fn names_with_values(expr: &Expr) -> Vec<String> {
    let has_values = |found: &Found<'_>| !is_at_beginning(found.selector);
    let found = selectors(expr).into_iter().filter(has_values);
    found.filter_map(|found| name(found.selector).map(str::to_owned)).collect()
}

/// `series @ 0`
fn is_at_beginning(selector: &VectorSelector) -> bool {
    matches!(selector.at, Some(AtModifier::At(SystemTime::UNIX_EPOCH)))
}

/// The name that a selector asks for, unless by a pattern.
pub(super) fn name(selector: &VectorSelector) -> Option<&str> {
    let by_label = || {
        let matchers = &selector.matchers.matchers;
        let equal = |matcher: &&Matcher| matcher.name == METRIC_NAME && matcher.op == MatchOp::Equal;
        matchers.iter().find(equal).map(|matcher| matcher.value.as_str())
    };
    selector.name.as_deref().or_else(by_label)
}

/// Whether series can drop out: of an alert without that, every series fires always.
pub(super) fn is_conditional(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_conditional(&paren.expr),
        Expr::Unary(unary) => is_conditional(&unary.expr),
        Expr::Aggregate(aggregate) => is_conditional(&aggregate.expr),
        Expr::Subquery(subquery) => is_conditional(&subquery.expr),
        Expr::Call(call) => {
            call.func.name.starts_with("absent") || call.args.args.iter().any(|inner| is_conditional(inner))
        }
        Expr::Binary(binary) => match binary.op.id() {
            T_LOR => is_conditional(&binary.lhs) && is_conditional(&binary.rhs),
            T_LUNLESS => true,
            _ if binary.op.is_comparison_operator() && !binary.return_bool() => true,
            _ => is_conditional(&binary.lhs) || is_conditional(&binary.rhs),
        },
        _ => false,
    }
}

/// The number that an expression is.
fn literal(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(number) => Some(number.val),
        Expr::Paren(paren) => literal(&paren.expr),
        Expr::Unary(unary) => literal(&unary.expr).map(|number| -number),
        _ => None,
    }
}

/// Whether no value of it can be below 0: what counters count, how fast they rise, and what is made of that.
pub(super) fn is_never_negative(expr: &Expr, known: &Known) -> bool {
    let of = |expr: &Expr| is_never_negative(expr, known);
    match expr {
        Expr::NumberLiteral(number) => number.val >= 0.0,
        Expr::VectorSelector(selector) => {
            name(selector).and_then(|name| known.get(name)).is_some_and(|series| series.is_never_negative)
        }
        Expr::MatrixSelector(matrix) => {
            name(&matrix.vs).and_then(|name| known.get(name)).is_some_and(|series| series.is_never_negative)
        }
        Expr::Paren(paren) => of(&paren.expr),
        Expr::Subquery(subquery) => of(&subquery.expr),
        Expr::Aggregate(aggregate) => match aggregate.op.id() {
            T_COUNT | T_COUNT_VALUES | T_GROUP | T_STDDEV | T_STDVAR => true,
            _ => of(&aggregate.expr),
        },
        Expr::Call(call) => match (call.func.name, call.args.args.as_slice()) {
            (
                "rate" | "irate" | "increase" | "abs" | "sqrt" | "exp" | "changes" | "resets"
                | "count_over_time" | "present_over_time",
                _,
            ) => true,
            (
                "sum_over_time" | "avg_over_time" | "min_over_time" | "max_over_time" | "last_over_time"
                | "ceil" | "floor" | "round" | "sort" | "sort_desc" | "label_replace" | "label_join",
                [inner, ..],
            ) => of(inner),
            _ => false,
        },
        Expr::Binary(binary) => match binary.op.id() {
            T_ADD | T_MUL | T_DIV | T_POW | T_LOR => of(&binary.lhs) && of(&binary.rhs),
            T_LAND | T_LUNLESS => of(&binary.lhs),
            _ if binary.return_bool() => true,
            _ if binary.op.is_comparison_operator() => of(&binary.lhs),
            _ => false,
        },
        _ => false,
    }
}

struct Examiner<'a> {
    known: &'a Known,
    problems: Vec<Problem>,
}

impl Examiner<'_> {
    fn problem(&mut self, rule: &'static str, message: impl Into<String>, accepted: Option<String>) {
        self.problems.push(Problem::new(rule, message, accepted));
    }

    fn labels(&mut self, expr: &Expr, used: Use<'_>) -> Labels {
        match expr {
            Expr::VectorSelector(selector) => self.selector(selector, used),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs, used),
            Expr::Call(call) => self.call(call, used),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, used),
            Expr::Binary(binary) => self.binary(binary, used),
            Expr::Unary(unary) => self.labels(&unary.expr, used),
            Expr::Paren(paren) => self.labels(&paren.expr, used),
            Expr::Subquery(subquery) => self.labels(&subquery.expr, used),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Labels::default(),
        }
    }

    fn selector(&mut self, selector: &VectorSelector, used: Use<'_>) -> Labels {
        self.problems.extend(selector::check(selector, self.known));
        let Some(name) = name(selector) else { return Labels::unknown() };
        let Some(series) = self.known.get(name) else { return Labels::unknown() };
        // Named for its exemplars, at a time of which nothing is kept.
        let used = if is_at_beginning(selector) { Use::Presence } else { used };
        match (series.kind, used) {
            (Kind::Counter, Use::Values) => self.problem(
                "counter",
                format!("{name} is a counter: what it has reached says how long the process runs, not what happens"),
                Some(format!("rate({name}[..]) or increase({name}[..])")),
            ),
            (Kind::Counter, Use::Change(function)) => self.problem(
                "counter",
                format!("{name} is a counter, and {function} takes a restart for a change"),
                Some(format!("rate({name}[..]) or increase({name}[..])")),
            ),
            (Kind::Gauge, Use::Rise(function)) => self.problem(
                "counter",
                format!("{name} is no counter, and {function} takes every fall for a restart"),
                Some(format!("deriv({name}[..]) or delta({name}[..])")),
            ),
            _ => {}
        }
        series.labels.clone()
    }

    fn call(&mut self, call: &Call, used: Use<'_>) -> Labels {
        let name = call.func.name;
        let args: Vec<&Expr> = call.args.args.iter().map(AsRef::as_ref).collect();
        if let ("histogram_quantile" | "quantile_over_time", Some(asked)) = (name, args.first()) {
            self.quantile(name, asked);
        }
        let text = |at: usize| match args.get(at) {
            Some(Expr::StringLiteral(literal)) => literal.val.clone(),
            _ => String::new(),
        };
        match (name, args.as_slice()) {
            ("rate" | "irate" | "increase", [range]) => self.labels(range, Use::Rise(name)),
            ("absent" | "absent_over_time", [inner]) => {
                self.labels(inner, Use::Presence);
                of_absent(inner)
            }
            ("present_over_time" | "count_over_time" | "changes" | "resets" | "timestamp", [inner, ..]) => {
                self.labels(inner, Use::Presence)
            }
            ("delta" | "idelta" | "deriv" | "predict_linear" | "holt_winters", [inner, ..]) => {
                self.labels(inner, Use::Change(name))
            }
            ("histogram_quantile", [_, buckets]) => {
                let labels = self.labels(buckets, Use::Values);
                if !labels.may_have("le") {
                    self.problem(
                        "histogram-le",
                        "histogram_quantile has no buckets to look at: `le` is not kept",
                        Some("sum by (le, ..) (rate(.._bucket[..]))".to_owned()),
                    );
                }
                labels.without(&["le".to_owned()])
            }
            ("label_replace", [inner, ..]) => {
                let labels = self.labels(inner, used);
                // Whoever reads no label puts the same value into each series.
                if !text(3).is_empty() {
                    self.has(&labels, &text(3), "label_replace reads");
                }
                labels.with(text(1), Domain::default())
            }
            ("label_join", [inner, ..]) => {
                let labels = self.labels(inner, used);
                for at in 3..args.len() {
                    self.has(&labels, &text(at), "label_join reads");
                }
                labels.with(text(1), Domain::default())
            }
            ("vector" | "scalar" | "time" | "pi", _) => {
                for inner in args {
                    self.labels(inner, Use::Values);
                }
                Labels::default()
            }
            _ => {
                let used = if used == Use::Presence { used } else { Use::Values };
                let mut all = Labels::default();
                for inner in args {
                    let labels = self.labels(inner, used);
                    if labels.is_unknown() || labels.names().next().is_some() {
                        all = labels;
                    }
                }
                all
            }
        }
    }

    /// A quantile that is none: 95 gives +Inf and no error.
    fn quantile(&mut self, function: &str, asked: &Expr) {
        let Some(asked) = literal(asked).filter(|asked| !(0.0..=1.0).contains(asked)) else { return };
        let infinity = if asked < 0.0 { "-Inf" } else { "+Inf" };
        let of_percent = crate::promql::number(asked / 100.0);
        let accepted = if (1.0..=100.0).contains(&asked) { of_percent } else { "0 to 1".to_owned() };
        let message = format!("{function} of {} is always {infinity}", crate::promql::number(asked));
        self.problem("quantile", message, Some(accepted));
    }

    /// A comparison with a number that nothing on the other side can be.
    fn comparison(&mut self, binary: &BinaryExpr) {
        let (expr, number, is_turned) = match (literal(&binary.lhs), literal(&binary.rhs)) {
            (None, Some(number)) => (&binary.lhs, number, false),
            (Some(number), None) => (&binary.rhs, number, true),
            _ => return,
        };
        let is_never = match (binary.op.id(), is_turned) {
            (T_LSS, false) | (T_GTR, true) => number <= 0.0,
            (T_LTE, false) | (T_GTE, true) | (T_EQLC, _) => number < 0.0,
            _ => false,
        };
        if is_never && is_never_negative(expr, self.known) {
            let number = crate::promql::number(number);
            let message = format!(
                "nothing fulfils {} {number}: what is counted, and how fast it rises, is never below 0",
                binary.op
            );
            self.problem("comparison", message, Some("== 0, or a bound above 0".to_owned()));
        }
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr, used: Use<'_>) -> Labels {
        let op = aggregate.op.id();
        let is_counting = matches!(op, T_COUNT | T_GROUP | T_COUNT_VALUES);
        let used = if is_counting || used == Use::Presence { Use::Presence } else { Use::Values };
        let labels = self.labels(&aggregate.expr, used);
        if let (T_QUANTILE, Some(asked)) = (op, aggregate.param.as_deref()) {
            self.quantile("quantile", asked);
        }
        // These choose among series and keep them as they are.
        let is_choosing =
            matches!(aggregate.op.to_string().as_str(), "topk" | "bottomk" | "limitk" | "limit_ratio");
        let mut labels = match &aggregate.modifier {
            Some(LabelModifier::Include(by)) => {
                for label in &by.labels {
                    self.has(&labels, label, &format!("{} is by", aggregate.op));
                }
                if is_choosing { labels } else { labels.only(&by.labels) }
            }
            Some(LabelModifier::Exclude(without)) if !is_choosing => labels.without(&without.labels),
            None if !is_choosing => Labels::default(),
            _ => labels,
        };
        if op == T_COUNT_VALUES
            && let Some(Expr::StringLiteral(label)) = aggregate.param.as_deref()
        {
            labels = labels.with(&label.val, Domain::default());
        }
        labels
    }

    fn has(&mut self, labels: &Labels, label: &str, what: &str) {
        if !labels.may_have(label) {
            let accepted = super::accepted(label, labels.names());
            self.problem("label", format!("{what} {label}, which no series has there"), accepted);
        }
    }

    fn binary(&mut self, binary: &BinaryExpr, used: Use<'_>) -> Labels {
        use promql_parser::parser::value::ValueType;

        let op = binary.op.id();
        self.comparison(binary);
        let (left, right) = match op {
            // What was not there before: `x unless x offset 15m`.
            T_LUNLESS => (Use::Presence, Use::Presence),
            T_LAND => (Use::Values, Use::Presence),
            _ => (Use::Values, Use::Values),
        };
        let left = if used == Use::Presence { Use::Presence } else { left };
        let lhs = self.labels(&binary.lhs, left);
        let rhs = self.labels(&binary.rhs, right);
        // Both sides of these are vectors. To ask each `or` of a long chain for its type walks the rest of it.
        let is_of_vectors = matches!(op, T_LOR | T_LAND | T_LUNLESS);
        if !is_of_vectors && binary.lhs.value_type() != ValueType::Vector {
            return rhs;
        }
        if !is_of_vectors && binary.rhs.value_type() != ValueType::Vector {
            return lhs;
        }
        if op != T_LOR {
            self.matching(binary, &lhs, &rhs);
        }
        if op == T_LOR {
            return lhs.or(&rhs);
        }
        let Some(modifier) = &binary.modifier else { return lhs };
        match (&modifier.card, &modifier.matching) {
            (VectorMatchCardinality::ManyToOne(kept), _) => with_labels_of(lhs, &rhs, &kept.labels),
            (VectorMatchCardinality::OneToMany(kept), _) => with_labels_of(rhs, &lhs, &kept.labels),
            (VectorMatchCardinality::OneToOne, Some(LabelModifier::Include(on))) => lhs.only(&on.labels),
            (VectorMatchCardinality::OneToOne, Some(LabelModifier::Exclude(ignored))) => {
                lhs.without(&ignored.labels)
            }
            (VectorMatchCardinality::ManyToMany, _) | (VectorMatchCardinality::OneToOne, None) => lhs,
        }
    }

    /// Whether series of both sides can be alike in what they are matched by.
    fn matching(&mut self, binary: &BinaryExpr, lhs: &Labels, rhs: &Labels) {
        if lhs.is_unknown() || rhs.is_unknown() {
            return;
        }
        let modifier = binary.modifier.as_ref();
        if let Some(VectorMatchCardinality::ManyToOne(kept)) = modifier.map(|modifier| &modifier.card) {
            for label in &kept.labels {
                self.has(rhs, label, "group_left takes");
            }
        }
        if let Some(VectorMatchCardinality::OneToMany(kept)) = modifier.map(|modifier| &modifier.card) {
            for label in &kept.labels {
                self.has(lhs, label, "group_right takes");
            }
        }
        let sides = [("left", "right", lhs, rhs), ("right", "left", rhs, lhs)];
        match modifier.and_then(|modifier| modifier.matching.as_ref()) {
            Some(LabelModifier::Include(on)) => {
                for label in &on.labels {
                    for (side, _, labels, _) in sides {
                        if !labels.may_have(label) {
                            let message =
                                format!("{} is on {label}, which the {side} side does not have", binary.op);
                            self.problem("vector-matching", message, super::accepted(label, labels.names()));
                        }
                    }
                }
            }
            other => {
                let ignored: &[String] = match other {
                    Some(LabelModifier::Exclude(labels)) => &labels.labels,
                    _ => &[],
                };
                for (side, other_side, labels, others) in sides {
                    for label in labels.names().filter(|label| labels.always_have(label)) {
                        if !others.may_have(label) && !ignored.iter().any(|ignored| ignored == label) {
                            let message = format!(
                                "no two series match in {}: the {side} side has {label}, the {other_side} side has not",
                                binary.op
                            );
                            self.problem(
                                "vector-matching",
                                message,
                                Some("on (..) or ignoring (..)".to_owned()),
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The labels of many series, and of those that each is matched with the ones that are kept.
fn with_labels_of(mut many: Labels, one: &Labels, kept: &[String]) -> Labels {
    for label in kept {
        if let Some(domain) = one.get(label) {
            many = many.with(label, domain.clone());
        }
    }
    many
}

/// `absent` gives the labels that the selector says exactly.
fn of_absent(expr: &Expr) -> Labels {
    let mut labels = Labels::default();
    if let [only] = selectors(expr).as_slice() {
        for matcher in &only.selector.matchers.matchers {
            if matcher.op == MatchOp::Equal && matcher.name != METRIC_NAME {
                labels = labels.with(&matcher.name, Domain::of([matcher.value.as_str()]));
            }
        }
    }
    labels
}
