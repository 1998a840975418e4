//! Workflow Drilldown: what one workflow does, step by step.

use std::collections::BTreeMap;

use crate::catalog::SiteKind;
use crate::promql::number;
use crate::rules::slo::alternatives;

use super::links::{Labels, PRIMITIVE, WORKFLOW};
use super::panel::{Panel, Thresholds};
use super::query::{error_ratio, rate, recorded_quantile, sum};
use super::scope::{Scope, errors_allowed, errors_by_default, seconds_allowed, seconds_by_default};
use super::{
    Draft, Row, branches, cost, dependencies, model_variable, primitive_variable, resilience, routers, sagas,
    workflow_variable,
};

const EXECUTIONS: &str = "tta_workflow_executions_total";
const DURATION: &str = "tta_workflow_duration_seconds";
const CHOSEN: &str = ", workflow_name=~\"$workflow\"";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    Draft {
        uid: "tta-workflow",
        title: "Workflow Drilldown",
        description: "What the chosen workflows do: their calls, their steps, their errors and labels.",
        variables: [workflow_variable(scope), primitive_variable(scope), model_variable(scope)]
            .into_iter()
            .flatten()
            .collect(),
        rows: vec![
            calls(scope),
            steps(scope),
            errors(scope),
            labels(scope),
            primitives(scope),
            cost::of_workflow(scope),
            branches::row(scope),
            sagas::row(scope),
            resilience::policies(scope),
            dependencies::in_short(scope),
            routers::in_short(),
        ],
    }
}

/// What an objective is about.
#[derive(Clone, Copy)]
pub(super) enum Judged {
    Errors,
    Seconds,
}

/// Thresholds from the objectives, for series that have the names of functions of this kind.
pub(super) fn with_objectives(panel: Panel, scope: &Scope<'_>, kind: SiteKind, judged: Judged) -> Panel {
    with_objectives_between(panel, scope, kind, judged, ["", ""])
}

/// The same, for series whose names have something that fits these patterns before and after the function's.
pub(super) fn with_objectives_between(
    panel: Panel,
    scope: &Scope<'_>,
    kind: SiteKind,
    judged: Judged,
    [before, after]: [&str; 2],
) -> Panel {
    let (sort, otherwise) = match judged {
        Judged::Errors => ("success", errors_by_default()),
        Judged::Seconds => ("latency", seconds_by_default()),
    };
    let mut alike: BTreeMap<String, (Thresholds, Vec<&str>)> = BTreeMap::new();
    for (site, objective) in scope.objectives(sort) {
        let (bound, thresholds) = match judged {
            Judged::Errors => (Some(objective.target), Some(errors_allowed(objective))),
            Judged::Seconds => (objective.threshold_seconds, seconds_allowed(objective)),
        };
        if let (Some(bound), Some(thresholds)) = (bound, thresholds)
            && site.kind == kind
        {
            let of_bound = alike.entry(number(bound)).or_insert_with(|| (thresholds, Vec::new()));
            of_bound.1.push(&site.name);
        }
    }
    alike.into_values().fold(panel.thresholds(otherwise), |panel, (thresholds, names)| {
        panel.thresholds_like(&format!("{before}({}){after}", alternatives(&names)), &thresholds)
    })
}

fn calls(scope: &Scope<'_>) -> Row {
    let links = || scope.traces(WORKFLOW, Labels::Series);
    let legend = "{{workflow_name}}";
    let by = WORKFLOW.label;
    Row::new(
        "Calls",
        [
            Panel::lines("Calls by outcome", "Calls that ended per second.", "reqps")
                .up_from_zero()
                .target(rate(EXECUTIONS, "workflow_name, status", CHOSEN), "{{workflow_name}} {{status}}")
                .links(links()),
            with_objectives(
                Panel::lines(
                    "Error ratio",
                    "Calls that failed, of those that succeeded or failed. Red is more than the workflow's objective allows, \
                     yellow more than half of it; without an objective 5 % and 1 %.",
                    "percentunit",
                ),
                scope,
                SiteKind::Workflow,
                Judged::Errors,
            )
            .zero_to_one()
            .target(error_ratio(EXECUTIONS, by, CHOSEN), legend)
            .links(scope.failures(WORKFLOW, Labels::Series)),
            Panel::lines("Running", "Calls that run now.", "short")
                .up_from_zero()
                .target(sum("tta_workflows_active", by, CHOSEN), legend)
                .links(links()),
            with_objectives_between(
                Panel::lines(
                    "Duration",
                    "The time within which half, 95 % and 99 % of the calls end. Red is slower than the workflow's objective, \
                     yellow slower than four fifths of it; without an objective 5 s and 1 s.",
                    "s",
                ),
                scope,
                SiteKind::Workflow,
                Judged::Seconds,
                ["", " p[0-9]+"],
            )
                .size(12, 8)
                .up_from_zero()
                .target(recorded_quantile("workflow", "p50", DURATION, CHOSEN), "{{workflow_name}} p50")
                .target(recorded_quantile("workflow", "p95", DURATION, CHOSEN), "{{workflow_name}} p95")
                .target(recorded_quantile("workflow", "p99", DURATION, CHOSEN), "{{workflow_name}} p99")
                .exemplars()
                .links(links()),
            Panel::heatmap("Durations", "How many calls took how long.", "s")
                .target(
                    format!("sum by (le) (increase({DURATION}_bucket{{@{CHOSEN}}}[$__rate_interval]))"),
                    "{{le}}",
                )
                .exemplars(),
            Panel::lines("Calls in an hour", "Calls that ended within the hour before.", "short")
                .size(12, 8)
                .up_from_zero()
                .target(format!("workflow:tta_workflow_throughput:increase1h{{@{CHOSEN}}}"), legend)
                .links(links()),
            Panel::lines("Calls by type", "Calls that ended per second, by the type of the workflow.", "reqps")
                .size(12, 8)
                .up_from_zero()
                .target(rate(EXECUTIONS, "workflow_type", CHOSEN), "{{workflow_type}}"),
        ],
    )
}

fn steps(scope: &Scope<'_>) -> Row {
    const STEPS: &str = "tta_workflow_steps_total";
    const DURATION: &str = "tta_workflow_step_duration_seconds";
    let by = "workflow_name, primitive_name";
    let legend = "{{workflow_name}} {{primitive_name}}";
    let chosen = format!("{CHOSEN}, primitive_name=~\"$primitive\"");
    let links = || scope.traces(PRIMITIVE, Labels::Series);
    Row::new(
        "Steps",
        [
            Panel::lines("Steps", "Primitives that ended as a step of the workflow, per second.", "reqps")
                .up_from_zero()
                .target(rate(STEPS, by, &chosen), legend)
                .links(links()),
            with_objectives_between(
                Panel::lines(
                    "Errors of steps",
                    "Steps that failed, of those that succeeded or failed. Red is more than the primitive's objective allows, \
                     yellow more than half of it; without an objective 5 % and 1 %.",
                    "percentunit",
                ),
                scope,
                SiteKind::Primitive,
                Judged::Errors,
                [".* ", ""],
            )
            .zero_to_one()
            .target(error_ratio(STEPS, by, &chosen), legend)
            .links(scope.failures(PRIMITIVE, Labels::Series)),
            with_objectives_between(
                Panel::lines(
                    "p95 of steps",
                    "The time within which 95 % of the steps end. Red is slower than the primitive's objective, yellow slower \
                     than four fifths of it; without an objective 5 s and 1 s.",
                    "s",
                ),
                scope,
                SiteKind::Primitive,
                Judged::Seconds,
                [".* ", ""],
            )
                .up_from_zero()
                .target(recorded_quantile("step", "p95", DURATION, &chosen), legend)
                .exemplars()
                .links(links()),
            Panel::lines(
                "Where the time goes",
                "Seconds that the steps take in each second: what takes most is what to make faster.",
                "s",
            )
            .size(12, 8)
            .up_from_zero()
            .target(rate(&format!("{DURATION}_sum"), by, &chosen), legend)
            .links(links()),
            Panel::table("Slowest steps", "The ten steps with the highest p95, over the last five minutes in which they ran.", "s")
                .thresholds(seconds_by_default())
                .target(
                    format!(
                        "topk(10, max by ({by}) (last_over_time(step:tta_workflow_step_duration_seconds:p95_5m{{@{chosen}}}[1h])))"
                    ),
                    "",
                )
                .links(scope.traces(PRIMITIVE, Labels::Row)),
        ],
    )
}

fn errors(scope: &Scope<'_>) -> Row {
    Row::new(
        "Errors",
        [Panel::lines("Errors by kind", "Calls that failed per second, by the kind of error.", "reqps")
            .size(24, 8)
            .thresholds(Thresholds::rising(0.01, 1.0))
            .up_from_zero()
            .target(
                rate("tta_workflow_errors_total", "workflow_name, error_type, category", CHOSEN),
                "{{workflow_name}} {{error_type}} ({{category}})",
            )
            .links(scope.failures(WORKFLOW, Labels::Series))],
    )
}

/// One panel for each label that functions were given.
fn labels(scope: &Scope<'_>) -> Row {
    let by_label = |(kind, label): (SiteKind, &str)| {
        let (subject, plural, families) = match kind {
            SiteKind::Workflow => (WORKFLOW, "workflows", "tta_workflow"),
            SiteKind::Primitive => (PRIMITIVE, "primitives", "tta_primitive"),
        };
        let executions = format!("{families}_executions_total");
        let variable = if label == "model" { "$model".to_owned() } else { ".+".to_owned() };
        let chosen = format!(", {}=~\"${}\", {label}=~\"{variable}\"", subject.label, subject.variable);
        let by = format!("{}, {label}", subject.label);
        let legend = format!("{{{{{}}}}} {{{{{label}}}}}", subject.label);
        if !scope.has_label(&executions, label) {
            return None;
        }
        let calls = Panel::lines(
            format!("Calls of {plural} by {label}"),
            format!("Calls that ended per second, by the label {label} that the functions have."),
            "reqps",
        );
        let failures = Panel::lines(
            format!("Errors of {plural} by {label}"),
            format!(
                "Calls that failed, of those that succeeded or failed, by the label {label}. Red is more than the function's \
                 objective allows, yellow more than half of it; without an objective 5 % and 1 %."
            ),
            "percentunit",
        );
        let failures = with_objectives_between(failures, scope, kind, Judged::Errors, ["", " .*"]);
        Some([
            calls
                .size(12, 8)
                .up_from_zero()
                .target(rate(&executions, &by, &chosen), &legend)
                .links(scope.traces(subject, Labels::Series)),
            failures
                .size(12, 8)
                .zero_to_one()
                .target(error_ratio(&executions, &by, &chosen), &legend)
                .links(scope.failures(subject, Labels::Series)),
        ])
    };
    let of = |kind| scope.user_labels(kind).into_iter().map(move |label| (kind, label));
    let all = of(SiteKind::Workflow).chain(of(SiteKind::Primitive));
    Row::new("Labels", all.filter_map(by_label).flatten())
}

fn primitives(scope: &Scope<'_>) -> Row {
    const EXECUTIONS: &str = "tta_primitive_executions_total";
    let chosen = ", primitive_name=~\"$primitive\"";
    let by = PRIMITIVE.label;
    let legend = "{{primitive_name}}";
    Row::new(
        "Primitives, in whichever workflow",
        [
            Panel::lines("Calls of primitives", "Calls that ended per second.", "reqps")
                .up_from_zero()
                .target(rate(EXECUTIONS, by, chosen), legend)
                .links(scope.traces(PRIMITIVE, Labels::Series)),
            with_objectives(
                Panel::lines(
                    "Error ratio of primitives",
                    "Calls that failed, of those that succeeded or failed. Red is more than the primitive's objective allows, \
                     yellow more than half of it; without an objective 5 % and 1 %.",
                    "percentunit",
                ),
                scope,
                SiteKind::Primitive,
                Judged::Errors,
            )
            .zero_to_one()
            .target(error_ratio(EXECUTIONS, by, chosen), legend)
            .links(scope.failures(PRIMITIVE, Labels::Series)),
            with_objectives(
                Panel::lines(
                    "p95 of primitives",
                    "The time within which 95 % of the calls end. Red is slower than the primitive's objective, yellow slower \
                     than four fifths of it; without an objective 5 s and 1 s.",
                    "s",
                ),
                scope,
                SiteKind::Primitive,
                Judged::Seconds,
            )
                .up_from_zero()
                .target(
                    recorded_quantile("primitive", "p95", "tta_primitive_duration_seconds", chosen),
                    legend,
                )
                .exemplars()
                .links(scope.traces(PRIMITIVE, Labels::Series)),
        ],
    )
}
