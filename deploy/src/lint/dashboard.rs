//! What a dashboard asks: its queries, variables and links, out of Grafana's classic JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use super::expression::{Problem, examine};
use super::known::Known;
use super::labels::Labels;
use super::{Finding, found, variables};

/// A dashboard's JSON.
pub(super) struct DashboardSource<'a> {
    pub(super) file: &'a str,
    pub(super) json: &'a Value,
    pub(super) panels: Vec<&'a Value>,
}

/// Where a query is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    Panel,
    Variable,
    Annotation,
}

/// A query of a dashboard.
#[derive(Clone, Debug)]
pub(super) struct Query {
    pub(super) asker: Asker,
    /// `panel Errors, query A`
    pub(super) place: String,
    /// As it is written, with variables.
    pub(super) text: String,
    /// How its series are called.
    legend: String,
    /// The title of the panel, or the name of the variable or annotation.
    pub(super) title: String,
}

impl Query {
    /// Which check a query breaks that is none.
    pub(super) fn syntax_rule(&self) -> &'static str {
        match self.asker {
            Asker::Variable => "template-label-promql-rule",
            Asker::Panel | Asker::Annotation => "target-promql-rule",
        }
    }
}

impl<'a> DashboardSource<'a> {
    pub(super) fn new(file: &'a str, json: &'a Value) -> Self {
        let mut panels = Vec::new();
        for item in list(json, "panels") {
            if text(item, "type") == "row" {
                // A row that is folded keeps its panels inside.
                panels.extend(list(item, "panels"));
            } else {
                panels.push(item);
            }
        }
        Self { file, json, panels }
    }

    pub(super) fn uid(&self) -> &'a str {
        text(self.json, "uid")
    }

    pub(super) fn variables(&self) -> &'a [Value] {
        list(&self.json["templating"], "list")
    }

    /// Every query to Prometheus.
    pub(super) fn queries(&self) -> Vec<Query> {
        let mut queries = Vec::new();
        for panel in &self.panels {
            queries.extend(of_panel(panel));
        }
        for variable in self.variables() {
            queries.extend(of_variable(variable));
        }
        for annotation in list(&self.json["annotations"], "list") {
            let expr = text(annotation, "expr");
            if !expr.is_empty() {
                let name = text(annotation, "name");
                queries.push(Query {
                    asker: Asker::Annotation,
                    place: format!("annotation {name}"),
                    text: expr.to_owned(),
                    legend: format!("{} {}", text(annotation, "titleFormat"), text(annotation, "textFormat")),
                    title: name.to_owned(),
                });
            }
        }
        queries
    }

    /// Variables that are used and not there.
    pub(super) fn undefined(&self, used: &[String]) -> Vec<Problem> {
        let defined: Vec<&str> = self.variables().iter().map(|variable| text(variable, "name")).collect();
        let used: BTreeSet<&String> = used.iter().collect();
        let is_unknown = |name: &&&String| !name.starts_with("__") && !defined.contains(&name.as_str());
        used.iter()
            .filter(is_unknown)
            .map(|name| {
                let accepted = super::accepted(name, defined.iter().copied());
                Problem::new("variable", format!("there is no variable {name}"), accepted)
            })
            .collect()
    }
}

/// Whether a panel's queries are for Loki.
pub(super) fn is_loki(panel: &Value) -> bool {
    text(&panel["datasource"], "type") == "loki"
}

fn of_panel(panel: &Value) -> Vec<Query> {
    if is_loki(panel) {
        return Vec::new();
    }
    let title = text(panel, "title");
    let of_target = |target: &Value| Query {
        asker: Asker::Panel,
        place: format!("panel {title}, query {}", text(target, "refId")),
        text: text(target, "expr").to_owned(),
        legend: text(target, "legendFormat").to_owned(),
        title: title.to_owned(),
    };
    list(panel, "targets").iter().map(of_target).collect()
}

/// What is inside `label_values(.., label)`, `query_result(..)` and `metrics(..)`.
fn of_variable(variable: &Value) -> Option<Query> {
    if text(variable, "type") != "query" {
        return None;
    }
    let query = &variable["query"];
    let query = query.as_str().unwrap_or_else(|| text(query, "query"));
    let name = text(variable, "name");
    let mut asked = Query {
        asker: Asker::Variable,
        place: format!("variable {name}"),
        text: query.to_owned(),
        legend: String::new(),
        title: name.to_owned(),
    };
    if let Some(inner) = inside(query, "label_values") {
        let (selector, label) = inner.rsplit_once(',')?;
        selector.trim().clone_into(&mut asked.text);
        asked.legend = format!("{{{{{}}}}}", label.trim());
    } else if let Some(inner) = inside(query, "query_result") {
        inner.clone_into(&mut asked.text);
    } else if inside(query, "metrics").is_some() || inside(query, "label_names").is_some() {
        return None;
    }
    Some(asked)
}

fn inside<'a>(query: &'a str, function: &str) -> Option<&'a str> {
    query.trim().strip_prefix(function)?.trim().strip_prefix('(')?.strip_suffix(')').map(str::trim)
}

/// Labels in the names of series, which the query does not keep.
pub(super) fn check_legend(query: &Query, labels: &Labels) -> Vec<Problem> {
    let mut problems = Vec::new();
    for part in query.legend.split("{{").skip(1) {
        let label = part.split("}}").next().unwrap_or_default().trim();
        // An alert that fires may have come from anywhere.
        if !labels.may_have(label) {
            let message =
                format!("the names of the series have {{{{{label}}}}}, which the query does not keep");
            problems.push(Problem::new("legend", message, super::accepted(label, labels.names())));
        }
    }
    problems
}

/// Links that read labels which no query of their panel keeps, or lead to dashboards and variables that are not there.
pub(super) fn check_links(
    dashboard: &DashboardSource<'_>,
    all: &[DashboardSource<'_>],
    known: &Known,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for panel in &dashboard.panels {
        let place = format!("panel {}", text(panel, "title"));
        let kept: Vec<Labels> = of_panel(panel)
            .iter()
            .map(|query| known.parse(&variables::substitute(&query.text).text))
            .filter_map(|parsed| Some(examine(parsed.as_ref().as_ref().ok()?, known).labels))
            .collect();
        for link in links_of(panel) {
            let url = text(link, "url");
            let mut problems = dashboard.undefined(&variables::of_text(url));
            for label in labels_of_link(url) {
                if !kept.iter().all(|labels| labels.may_have(label)) {
                    let names = kept.iter().flat_map(Labels::names);
                    let message = format!("a link reads the label {label}, which a query does not keep");
                    problems.push(Problem::new("link", message, super::accepted(label, names)));
                }
            }
            problems.extend(leads_nowhere(url, all));
            findings.extend(problems.into_iter().map(|problem| found(dashboard.file, &place, url, problem)));
        }
    }
    for link in list(dashboard.json, "links") {
        let url = text(link, "url");
        let problems = leads_nowhere(url, all);
        let at = |problem| found(dashboard.file, "link", url, problem);
        findings.extend(problems.into_iter().map(at));
    }
    findings
}

/// Links of all series, and of those that have their own.
fn links_of(panel: &Value) -> impl Iterator<Item = &Value> {
    let config = &panel["fieldConfig"];
    let of_override = |set: &&Value| text(set, "id") == "links";
    let properties = list(config, "overrides").iter().flat_map(|set| list(set, "properties"));
    list(&config["defaults"], "links")
        .iter()
        .chain(properties.filter(of_override).flat_map(|set| list(set, "value")))
}

/// A link to a dashboard of ours, or a choice in it, that is not there.
pub(super) fn leads_nowhere(url: &str, all: &[DashboardSource<'_>]) -> Vec<Problem> {
    let Some((_, target)) = url.split_once("/d/tta-") else { return Vec::new() };
    let (name, choices) = target.split_once('?').unwrap_or((target, ""));
    let uid = format!("tta-{}", name.split('/').next().unwrap_or_default());
    let Some(dashboard) = all.iter().find(|dashboard| dashboard.uid() == uid) else {
        let accepted = super::accepted(&uid, all.iter().map(DashboardSource::uid));
        return vec![Problem::new("link", format!("there is no dashboard {uid}"), accepted)];
    };
    let defined = || dashboard.variables().iter().map(|variable| text(variable, "name"));
    let chosen = choices.split('&').filter_map(|choice| choice.strip_prefix("var-")?.split('=').next());
    chosen
        .filter(|name| !defined().any(|other| other == *name))
        .map(|name| {
            let message = format!("the dashboard {uid} has no variable {name}");
            Problem::new("link", message, super::accepted(name, defined()))
        })
        .collect()
}

/// `${__field.labels.name}` and `${__data.fields.name}`
fn labels_of_link(url: &str) -> Vec<&str> {
    let mut labels = Vec::new();
    for beginning in ["${__field.labels.", "${__data.fields."] {
        for (at, _) in url.match_indices(beginning) {
            let rest = &url[at + beginning.len()..];
            let end = rest.find([':', '}']).unwrap_or(rest.len());
            labels.push(&rest[..end]);
        }
    }
    labels
}

pub(super) fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn list<'a>(json: &'a Value, key: &str) -> &'a [Value] {
    json.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
