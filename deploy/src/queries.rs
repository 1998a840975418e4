//! The queries in generated files: of panels, variables, annotations and rules.
//!
//! They are read from the files, not from what made them, so that those of a folder on disk are judged alike.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::{Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::files::Files;

/// Where dashboards are.
pub(crate) const DASHBOARDS: &str = "grafana/dashboards";
/// Where rules are.
pub(crate) const RULES: &str = "prometheus/rules";

/// What stands in for `$__rate_interval`, the shortest window of the rules.
const RATE_INTERVAL: &str = "5m";

/// Why a generated file cannot be understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueriesError {
    #[error("{path} is no dashboard: {source}")]
    Dashboard { path: String, source: serde_json::Error },
    #[error("{path} is no file of rules: {source}")]
    Rules { path: String, source: Box<serde_saphyr::Error> },
}

/// What a query is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Purpose {
    Panel,
    Variable,
    Annotation,
    Recording,
    Alert,
}

impl Purpose {
    pub(crate) fn is_of_a_rule(self) -> bool {
        matches!(self, Purpose::Recording | Purpose::Alert)
    }
}

/// One query.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) purpose: Purpose,
    /// The uid of its dashboard, or the name of its group of rules.
    pub(crate) within: String,
    /// The title of its panel, or the name of the variable, annotation, recorded series or alert.
    pub(crate) name: String,
    /// As it is in the file, with the dashboard's variables.
    pub(crate) expr: String,
    /// The variables that it may use, with what stands in for them.
    pub(crate) variables: BTreeMap<String, Variable>,
    /// Of a rule.
    pub(crate) labels: BTreeMap<String, String>,
    /// Of an alert.
    pub(crate) annotations: BTreeMap<String, String>,
    /// How long an alert is pending.
    pub(crate) for_: Option<String>,
}

/// What stands in for a variable of a dashboard.
#[derive(Clone, Debug)]
pub(crate) enum Variable {
    /// This text.
    Text(String),
    /// One of the values of a label, which have to be asked for: the variable holds one value, not a pattern.
    OneOf { expr: String, label: String },
}

impl Query {
    /// Where it is, as a person finds it.
    pub(crate) fn place(&self) -> String {
        format!("{}/{}", self.within, self.name)
    }

    /// The same as a person writes it; see [`readable`].
    pub(crate) fn readable(mut self) -> Self {
        self.expr = readable(&self.expr);
        self
    }

    /// The query with a text in place of every variable; `look_up` answers for those that have one value.
    pub(crate) fn substituted(&self, look_up: &mut dyn FnMut(&str, &str) -> Option<String>) -> String {
        substitute(&self.expr, &mut |name| match self.variables.get(name)? {
            Variable::Text(text) => Some(text.clone()),
            Variable::OneOf { expr, label } => Some(look_up(expr, label).unwrap_or_else(|| ".+".to_owned())),
        })
    }

    /// The metrics that it selects.
    pub(crate) fn metrics(&self) -> BTreeSet<String> {
        let expr = self.substituted(&mut |_, _| None);
        selectors(&expr).iter().filter_map(name_of).collect()
    }

    /// Whether the metric, or a series of the histogram of that name, is among them.
    pub(crate) fn uses(&self, metric: &str) -> bool {
        self.metrics().iter().any(|name| name == metric || family_of(name) == metric)
    }
}

/// The name without what a histogram appends to it.
pub(crate) fn family_of(name: &str) -> &str {
    ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// Every query of the rules.
pub(crate) fn of_rules(files: &Files) -> Result<Vec<Query>, QueriesError> {
    #[derive(Deserialize)]
    struct RuleFile {
        groups: Vec<Group>,
    }

    #[derive(Deserialize)]
    struct Group {
        name: String,
        #[serde(default)]
        rules: Vec<Rule>,
    }

    #[derive(Deserialize)]
    struct Rule {
        record: Option<String>,
        alert: Option<String>,
        expr: String,
        #[serde(rename = "for")]
        for_: Option<String>,
        #[serde(default)]
        labels: BTreeMap<String, String>,
        #[serde(default)]
        annotations: BTreeMap<String, String>,
    }

    let mut queries = Vec::new();
    for (path, text) in files.within(RULES, ".yml") {
        let file: RuleFile = serde_saphyr::from_str(text)
            .map_err(|source| QueriesError::Rules { path: path.to_owned(), source: Box::new(source) })?;
        for group in file.groups {
            for rule in group.rules {
                let purpose = if rule.alert.is_some() { Purpose::Alert } else { Purpose::Recording };
                queries.push(Query {
                    purpose,
                    within: group.name.clone(),
                    name: rule.alert.or(rule.record).unwrap_or_default(),
                    expr: rule.expr,
                    variables: BTreeMap::new(),
                    labels: rule.labels,
                    annotations: rule.annotations,
                    for_: rule.for_,
                });
            }
        }
    }
    Ok(queries)
}

/// Every query of the dashboards, with `job` for the job.
pub(crate) fn of_dashboards(files: &Files, job: &str) -> Result<Vec<Query>, QueriesError> {
    let mut queries = Vec::new();
    for (path, json) in files.within(DASHBOARDS, ".json") {
        let dashboard: Value = serde_json::from_str(json)
            .map_err(|source| QueriesError::Dashboard { path: path.to_owned(), source })?;
        let uid = dashboard["uid"].as_str().unwrap_or(path);
        let variables = variables(&dashboard, job);
        let mut add = |purpose, name: &str, expr: &str| {
            queries.push(Query {
                purpose,
                within: uid.to_owned(),
                name: name.to_owned(),
                expr: expr.to_owned(),
                variables: variables.clone(),
                labels: BTreeMap::new(),
                annotations: BTreeMap::new(),
                for_: None,
            });
        };
        for variable in array(&dashboard["templating"]["list"]) {
            if let Some((expr, _)) = asked_by(variable) {
                add(Purpose::Variable, text(&variable["name"]), &expr);
            }
        }
        for annotation in array(&dashboard["annotations"]["list"]) {
            let expr = annotation["expr"].as_str().or_else(|| annotation["target"]["expr"].as_str());
            if let Some(expr) = expr.filter(|_| is_prometheus(annotation)) {
                add(Purpose::Annotation, text(&annotation["name"]), expr);
            }
        }
        let mut panels: Vec<&Value> = array(&dashboard["panels"]).iter().rev().collect();
        while let Some(panel) = panels.pop() {
            panels.extend(array(&panel["panels"]).iter().rev());
            for target in array(&panel["targets"]) {
                // A target's source is its panel's where it has none of its own.
                let source = if target["datasource"].is_null() { panel } else { target };
                if let Some(expr) = target["expr"].as_str().filter(|_| is_prometheus(source)) {
                    add(Purpose::Panel, text(&panel["title"]), expr);
                }
            }
        }
    }
    Ok(queries)
}

/// `expr` with patterns in which only what has a meaning is escaped, so that names in them are as they are elsewhere.
///
/// Prometheus takes `\<` for `<`, which the parser that we have takes for the beginning of a word.
pub(crate) fn readable(expr: &str) -> String {
    // Within the quotes of a pattern a backslash is two.
    const BACKSLASH: &str = "\\\\";
    let mut text = String::with_capacity(expr.len());
    let mut rest = expr;
    while let Some(at) = [r#"=~""#, r#"!~""#].iter().filter_map(|start| rest.find(start)).min() {
        let (before, after) = rest.split_at(at + 3);
        text.push_str(before);
        rest = after;
        // Within brackets it has a meaning.
        let has_class = rest.split('"').next().is_some_and(|pattern| pattern.contains('['));
        while let Some(letter) = rest.chars().next().filter(|letter| *letter != '"') {
            let taken = match rest.strip_prefix(BACKSLASH).map(|after| (after, after.chars().next())) {
                // It is escaped itself.
                Some((after, _)) if after.starts_with(BACKSLASH) => 2 * BACKSLASH.len(),
                Some((after, Some(escaped)))
                    if "<>_/:;,@#%&=~!' ".contains(escaped) || escaped == '-' && !has_class =>
                {
                    text.push(escaped);
                    rest = &after[escaped.len_utf8()..];
                    continue;
                }
                Some(_) => BACKSLASH.len(),
                // What is escaped of the quotes' own.
                None if letter == '\\' => {
                    letter.len_utf8() + rest[1..].chars().next().map_or(0, char::len_utf8)
                }
                None => letter.len_utf8(),
            };
            text.push_str(&rest[..taken]);
            rest = &rest[taken..];
        }
    }
    text.push_str(rest);
    text
}

/// Every selector of a query; none if it does not parse.
pub(crate) fn selectors(expr: &str) -> Vec<VectorSelector> {
    struct Selectors(Vec<VectorSelector>);

    impl ExprVisitor for Selectors {
        type Error = std::convert::Infallible;

        fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
            match expr {
                Expr::VectorSelector(selector) => self.0.push(selector.clone()),
                Expr::MatrixSelector(matrix) => self.0.push(matrix.vs.clone()),
                _ => {}
            }
            Ok(true)
        }
    }

    let mut found = Selectors(Vec::new());
    if let Ok(expr) = promql_parser::parser::parse(expr) {
        let Ok(_) = walk_expr(&mut found, &expr);
    }
    found.0
}

/// The metric that a selector is for, if it names one.
pub(crate) fn name_of(selector: &VectorSelector) -> Option<String> {
    let by_matcher =
        || selector.matchers.find_matchers("__name__").first().map(|matcher| matcher.value.clone());
    selector.name.clone().or_else(by_matcher)
}

/// What stands in for each variable of a dashboard.
fn variables(dashboard: &Value, job: &str) -> BTreeMap<String, Variable> {
    let builtin = [
        ("__rate_interval", RATE_INTERVAL),
        ("__interval", "1m"),
        ("__interval_ms", "60000"),
        ("__range", "1h"),
        ("__range_s", "3600"),
        ("__range_ms", "3600000"),
    ];
    let mut all: BTreeMap<String, Variable> =
        builtin.iter().map(|(name, text)| ((*name).to_owned(), Variable::Text((*text).to_owned()))).collect();
    for variable in array(&dashboard["templating"]["list"]) {
        let name = text(&variable["name"]);
        let is_pattern = variable["multi"] == true || variable["includeAll"] == true;
        let value = match (name, asked_by(variable)) {
            // Another job in the same Prometheus is none of ours.
            ("job", _) if is_pattern => Variable::Text(quoted_pattern(job)),
            ("job", _) => Variable::Text(job.to_owned()),
            (_, Some(_)) if is_pattern => {
                Variable::Text(variable["allValue"].as_str().unwrap_or(".+").to_owned())
            }
            (_, Some((expr, label))) => Variable::OneOf { expr, label },
            _ if is_pattern => Variable::Text(variable["allValue"].as_str().unwrap_or(".*").to_owned()),
            _ => {
                let current = variable["current"]["value"].as_str();
                Variable::Text(current.or_else(|| variable["query"].as_str()).unwrap_or_default().to_owned())
            }
        };
        all.insert(name.to_owned(), value);
    }
    all
}

/// What a variable's query asks of Prometheus, and the label that it shows.
fn asked_by(variable: &Value) -> Option<(String, String)> {
    if variable["type"] != "query" {
        return None;
    }
    let query = &variable["query"];
    let query = query.as_str().or_else(|| query["query"].as_str())?.trim();
    if let Some(inner) = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')')) {
        // Without a metric it is about every series there is.
        let (expr, label) = inner.rsplit_once(',').unwrap_or(("up", inner));
        return Some((expr.trim().to_owned(), label.trim().to_owned()));
    }
    let inner = query.strip_prefix("query_result(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(query);
    Some((inner.to_owned(), String::new()))
}

/// A pattern that matches `text` alone.
fn quoted_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if "\\.+*?()|[]{}^$".contains(letter) {
            // Once for the pattern, once for the string that it stands in.
            pattern.push_str("\\\\");
        }
        pattern.push(letter);
    }
    pattern
}

/// `text` with `value(name)` in place of `$name`, `${name}`, `${name:format}` and `[[name]]`.
fn substitute(text: &str, value: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['$', '[']) {
        let (before, after) = rest.split_at(at);
        result.push_str(before);
        let found = if let Some(inner) = after.strip_prefix("${") {
            inner.split_once('}').map(|(inside, rest)| (inside.split(':').next().unwrap_or(inside), rest))
        } else if let Some(inner) = after.strip_prefix("[[") {
            inner.split_once("]]")
        } else if let Some(inner) = after.strip_prefix('$') {
            let end = inner.find(|letter| !is_of_name(letter)).unwrap_or(inner.len());
            Some(inner.split_at(end))
        } else {
            None
        };
        if let Some((value, after)) = found.and_then(|(name, rest)| Some((value(name)?, rest))) {
            result.push_str(&value);
            rest = after;
        } else {
            result.push_str(&after[..1]);
            rest = &after[1..];
        }
    }
    result.push_str(rest);
    result
}

/// Whether a panel, target or annotation asks Prometheus; one that does not say so does.
fn is_prometheus(of: &Value) -> bool {
    of["datasource"]["type"].as_str().is_none_or(|type_| type_ == "prometheus")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_escaped_only_where_they_have_to_be() {
        for (escaped, readable_) in [
            (r#"a{b=~"x\\<T\\>\\-y|c\\.d", e!~"\\:\\:f"} > 1"#, r#"a{b=~"x<T>-y|c\\.d", e!~"::f"} > 1"#),
            (r#"a{b=~"\\\\<", c="\\<"}"#, r#"a{b=~"\\\\<", c="\\<"}"#),
            (r#"a{b=~"x\\\"y\\<"}"#, r#"a{b=~"x\\\"y<"}"#),
        ] {
            assert_eq!(readable(escaped), readable_);
            assert_eq!(readable(readable_), readable_);
        }
    }

    #[test]
    fn variables_are_substituted_in_every_form_and_nothing_else_is() {
        let mut value = |name: &str| (name == "a").then(|| "X".to_owned());
        let text = "$a ${a} ${a:regex} [[a]] $ab x[5m] ${b} $";
        assert_eq!(substitute(text, &mut value), "X X X X $ab x[5m] ${b} $");
    }
}
