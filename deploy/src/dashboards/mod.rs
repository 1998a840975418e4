//! Grafana dashboards, in its classic JSON: Grafana 10 to 13 read it as it is or bring it up to date.
//!
//! What the catalog lacks is on no panel: a panel without a query is left out, a row without panels, and a dashboard
//! without rows.

mod agents;
mod annotations;
mod branches;
mod budgets;
mod cost;
mod dependencies;
mod errors;
mod layout;
mod links;
mod maturity;
mod models;
mod overview;
mod panel;
mod performance;
mod query;
mod resilience;
mod routers;
mod sagas;
mod savings;
mod scope;
mod slo;
mod telemetry;
#[cfg(test)]
mod tests;
mod uid;
mod variables;
mod workflow;

use serde::Serialize;

use crate::catalog::{Catalog, FamilyType};
use crate::cli::Options;
use crate::rules::RuleFile;

use annotations::Annotations;
use layout::{Item, Row, lay_out};
use links::DashboardLink;
use scope::Scope;
use variables::Variable;

pub(crate) use uid::{is_of, uid};

/// Families that are on no panel, and why.
pub(crate) const WITHOUT_PANEL: [(&str, &str); 1] = [(
    "process_virtual_memory_bytes",
    "address space that is reserved says nothing about memory that is used, which process_resident_memory_bytes shows",
)];

/// A dashboard, as Grafana's provisioning reads it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dashboard {
    /// Also the name of its file.
    pub(crate) uid: String,
    title: String,
    description: &'static str,
    tags: [&'static str; 1],
    schema_version: u32,
    version: u32,
    editable: bool,
    /// 1 is a crosshair that all panels share.
    graph_tooltip: u8,
    refresh: &'static str,
    time: TimeRange,
    timezone: &'static str,
    links: Vec<DashboardLink>,
    annotations: Annotations,
    templating: Templating,
    panels: Vec<Item>,
}

#[derive(Clone, Debug, Serialize)]
struct TimeRange {
    from: &'static str,
    to: &'static str,
}

#[derive(Clone, Debug, Serialize)]
struct Templating {
    list: Vec<Variable>,
}

/// The name and the panels of a dashboard, before it is known which of them have something to show.
struct Draft {
    uid: &'static str,
    title: &'static str,
    description: &'static str,
    /// Besides those that every dashboard has.
    variables: Vec<Variable>,
    rows: Vec<Row>,
}

impl Dashboard {
    /// Below the output folder.
    pub(crate) fn path(&self) -> String {
        format!("grafana/dashboards/{}.json", self.uid)
    }

    /// Its text.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

/// Every dashboard that has a panel.
pub(crate) fn generate(catalog: &Catalog, options: &Options, rules: &[RuleFile]) -> Vec<Dashboard> {
    finish(drafts(catalog, options, rules).0, catalog, options)
}

/// What has something to show; and what has not, as titles of panels with what they lack.
fn drafts(catalog: &Catalog, options: &Options, rules: &[RuleFile]) -> (Vec<Draft>, Vec<(String, String)>) {
    let scope = Scope::new(catalog, options, rules);
    let all = [
        overview::draft(&scope),
        workflow::draft(&scope),
        errors::draft(&scope),
        slo::draft(&scope),
        performance::draft(&scope),
        resilience::draft(&scope),
        dependencies::draft(&scope),
        cost::draft(&scope),
        agents::draft(&scope),
        maturity::draft(&scope),
        telemetry::draft(&scope),
    ];
    let mut missing = Vec::new();
    let mut filled = Vec::new();
    for draft in all {
        let (rows, lacks) = scope.fill(draft.rows);
        missing.extend(lacks);
        if !rows.is_empty() {
            filled.push(Draft { rows, ..draft });
        }
    }
    // Of a program that emits nothing, Prometheus' own series are all that is left.
    if catalog.families.is_empty() {
        filled.clear();
    }
    (filled, missing)
}

fn finish(drafts: Vec<Draft>, catalog: &Catalog, options: &Options) -> Vec<Dashboard> {
    let names: Vec<_> = drafts.iter().map(|draft| (draft.uid, draft.title, draft.description)).collect();
    let of_job = |dashboard: &str| uid(dashboard, &options.job);
    let others = |dashboard| {
        let others = names.iter().filter(move |(other, ..)| *other != dashboard);
        let to = |(other, title, description): &(&str, &str, &str)| {
            DashboardLink::to(&of_job(other), title, description)
        };
        others.map(to).collect()
    };
    // In a folder of Grafana, a title is there once.
    let title = |draft: &Draft| {
        let is_default = of_job(draft.uid) == draft.uid;
        if is_default { draft.title.to_owned() } else { format!("{} of {}", draft.title, options.job) }
    };
    let finish = |draft: Draft| Dashboard {
        uid: of_job(draft.uid),
        title: title(&draft),
        description: draft.description,
        tags: ["tta"],
        schema_version: 39,
        version: 1,
        editable: false,
        graph_tooltip: 1,
        refresh: "30s",
        time: TimeRange { from: "now-1h", to: "now" },
        timezone: "browser",
        links: others(draft.uid),
        annotations: Annotations::new(catalog),
        templating: Templating {
            list: common_variables(catalog, options).into_iter().chain(draft.variables).collect(),
        },
        panels: lay_out(draft.rows),
    };
    drafts.into_iter().map(finish).collect()
}

/// Those that every dashboard has.
fn common_variables(catalog: &Catalog, options: &Options) -> Vec<Variable> {
    let Some(anchor) = anchor(catalog) else { return Vec::new() };
    let of_job = format!("{anchor}{{job=~\"$job\"}}");
    let mut variables = vec![
        Variable::datasource(),
        Variable::values(
            "job",
            "job",
            "The name under which Prometheus scrapes the program.",
            &anchor,
            Some(&options.job),
        ),
        Variable::values("instance", "instance", "The processes of the program.", &of_job, None),
    ];
    if catalog.has("tta_build_info") {
        variables.push(Variable::hidden(
            "service",
            "service",
            "The name under which the program's traces and log lines are found.",
            &of_job,
        ));
        variables.extend([
            Variable::text(
                "jaeger",
                "Jaeger",
                "Where Jaeger's user interface is, for links to traces.",
                "http://127.0.0.1:16686",
            ),
            Variable::text(
                "tempo",
                "Tempo",
                "The uid of the datasource for Tempo, for links to traces.",
                "tempo",
            ),
            Variable::text(
                "loki",
                "Loki",
                "The uid of the datasource for Loki, for links to log lines.",
                "loki",
            ),
        ]);
    }
    variables
}

/// A series that every instance has.
fn anchor(catalog: &Catalog) -> Option<String> {
    let family = catalog.family("tta_build_info").or_else(|| catalog.families.first())?;
    let suffix = if family.type_ == FamilyType::Histogram { "_count" } else { "" };
    Some(format!("{}{suffix}", family.name))
}

/// The variable that chooses among the values of a label of `family`; none without that family.
fn chosen(
    scope: &Scope<'_>,
    name: &str,
    label: &str,
    description: &str,
    families: &[&str],
) -> Option<Variable> {
    let family = families.iter().find(|family| scope.has_label(family, label))?;
    let selector = scope.expand(&format!("{family}{{@}}")).ok()?;
    Some(Variable::values(name, label, description, &selector, None))
}

const WORKFLOW_FAMILIES: [&str; 1] = ["tta_workflow_executions_total"];
const PRIMITIVE_FAMILIES: [&str; 2] = ["tta_primitive_executions_total", "tta_workflow_steps_total"];

/// The workflows.
fn workflow_variable(scope: &Scope<'_>) -> Option<Variable> {
    chosen(scope, "workflow", "workflow_name", "The workflows that are shown.", &WORKFLOW_FAMILIES)
}

/// The primitives.
fn primitive_variable(scope: &Scope<'_>) -> Option<Variable> {
    chosen(scope, "primitive", "primitive_name", "The primitives that are shown.", &PRIMITIVE_FAMILIES)
}

/// The models, where a function has such a label.
fn model_variable(scope: &Scope<'_>) -> Option<Variable> {
    let families = [PRIMITIVE_FAMILIES.as_slice(), WORKFLOW_FAMILIES.as_slice()].concat();
    chosen(scope, "model", "model", "The models that are shown.", &families)
}
