//! Agent Orchestration: what agents, their tools and the models they ask do. Which functions these are is in the catalog.

use crate::catalog::SiteKind;
use crate::promql::quote;
use crate::rules::cost::PER_CALL;
use crate::rules::slo::alternatives;

use super::links::{Labels, PRIMITIVE, WORKFLOW};
use super::panel::{Panel, Thresholds};
use super::query::{error_ratio, rate, recorded_quantile, sum};
use super::scope::{Scope, errors_by_default, seconds_by_default};
use super::{Draft, Row, primitive_variable, workflow_variable};

const EXECUTIONS: &str = "tta_primitive_executions_total";
const DURATION: &str = "tta_primitive_duration_seconds";
const STEPS: &str = "tta_workflow_steps_total";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    let named = |kinds: &[&str]| -> Vec<&str> {
        let sites = scope.catalog.of_kind(SiteKind::Primitive);
        sites.filter(|site| kinds.contains(&site.type_.as_str())).map(|site| site.name.as_str()).collect()
    };
    let (agents, tools, models) = (named(&["agent"]), named(&["tool"]), named(&["embedding", "llm"]));
    let mut rows = Vec::new();
    // Tools and models that no agent uses are on other dashboards.
    if !agents.is_empty() {
        rows.push(of_kind(scope, "Agents", "agents", "agent"));
        if !tools.is_empty() {
            rows.push(of_kind(scope, "Tools", "tools", "tool"));
        }
        rows.push(in_workflows(scope, &agents, &tools, &models));
    }
    Draft {
        uid: "tta-agents",
        title: "Agent Orchestration",
        description: "What agents do, which tools they use, and how often workflows ask models.",
        variables: [workflow_variable(scope), primitive_variable(scope)].into_iter().flatten().collect(),
        rows,
    }
}

fn of_kind(scope: &Scope<'_>, title: &str, many: &str, kind: &str) -> Row {
    let chosen = format!(", primitive_name=~\"$primitive\", primitive_type=\"{kind}\"");
    let by = PRIMITIVE.label;
    let legend = "{{primitive_name}}";
    let links = || scope.traces(PRIMITIVE, Labels::Series);
    Row::new(
        title,
        [
            Panel::lines(format!("Calls of {many}"), "Calls that ended per second, by how.", "reqps")
                .thresholds(Thresholds::none())
                .up_from_zero()
                .target(rate(EXECUTIONS, "primitive_name, status", &chosen), "{{primitive_name}} {{status}}")
                .links(links()),
            Panel::lines(
                format!("Errors of {many}"),
                "Calls that failed, of those that succeeded or failed. Yellow from 1 %, red from 5 %.",
                "percentunit",
            )
            .thresholds(errors_by_default())
            .zero_to_one()
            .target(error_ratio(EXECUTIONS, by, &chosen), legend)
            .links(scope.failures(PRIMITIVE, Labels::Series)),
            Panel::lines(
                format!("p95 of {many}"),
                "The time within which 95 % of the calls end. Yellow from 1 s, red from 5 s.",
                "s",
            )
            .thresholds(seconds_by_default())
            .up_from_zero()
            .target(recorded_quantile("primitive", "p95", DURATION, &chosen), legend)
            .exemplars()
            .links(links()),
        ],
    )
}

fn in_workflows(scope: &Scope<'_>, agents: &[&str], tools: &[&str], models: &[&str]) -> Row {
    let workflow = ", workflow_name=~\"$workflow\"";
    let called = |names: &[&str], by: &str| rate(STEPS, by, &format!("{workflow}, {}", one_of(names)));
    let links = || scope.traces(WORKFLOW, Labels::Series);
    let mut panels = vec![
        Panel::lines("Agents that run", "Calls of agents that run now.", "short")
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(
                sum("tta_primitives_active", PRIMITIVE.label, &format!(", {}", one_of(agents))),
                "{{primitive_name}}",
            ),
    ];
    if !models.is_empty() {
        panels.push(
            Panel::lines(
                "Calls of models by workflow",
                "Calls of functions that ask a model per second, by the workflow that they are a step of: what grows with the \
                 same number of calls is a loop.",
                "reqps",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(called(models, "workflow_name, primitive_name"), "{{workflow_name}} {{primitive_name}}")
            .links(links()),
        );
    }
    if !tools.is_empty() {
        panels.push(
            Panel::lines(
                "Calls of tools by workflow",
                "Calls of tools per second, by the workflow that they are a step of.",
                "reqps",
            )
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(called(tools, "workflow_name, primitive_name"), "{{workflow_name}} {{primitive_name}}")
            .links(links()),
        );
    }
    panels.push(
        Panel::lines(
            "Cost of a call by workflow",
            "Dollars that a call of a workflow costs on average, over the last five minutes.",
            "currencyUSD",
        )
        .thresholds(Thresholds::none())
        .up_from_zero()
        .target(format!("{PER_CALL}{{@{workflow}}}"), "{{workflow_name}}")
        .links(links()),
    );
    Row::new("In workflows", panels)
}

/// The matcher of primitives by their names.
fn one_of(names: &[&str]) -> String {
    match names {
        [only] => format!("primitive_name={}", quote(only)),
        several => format!("primitive_name=~{}", quote(&alternatives(several))),
    }
}
