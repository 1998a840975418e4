//! System Overview: whether it works, at a glance, and where to look if it does not.

use crate::catalog::SiteKind;

use super::links::{DataLink, Labels, PRIMITIVE, WORKFLOW};
use super::panel::{Panel, Thresholds};
use super::query::{error_ratio, quantile, rate, recorded_quantile, sum, total};
use super::scope::{Scope, errors_by_default, seconds_by_default};
use super::{
    Draft, Row, cost, dependencies, primitive_variable, resilience, slo, workflow, workflow_variable,
};

const EXECUTIONS: &str = "tta_workflow_executions_total";
const DURATION: &str = "tta_workflow_duration_seconds";

const WORKFLOWS: &str = ", workflow_name=~\"$workflow\"";
const PRIMITIVES: &str = ", primitive_name=~\"$primitive\"";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    Draft {
        uid: "tta-overview",
        title: "System Overview",
        description: "Whether the program works, and where to look if it does not.",
        variables: [workflow_variable(scope), primitive_variable(scope)].into_iter().flatten().collect(),
        rows: vec![
            now(scope),
            workflows(scope),
            primitives(scope),
            resilience::policies(scope),
            dependencies::in_short(scope),
            cost::in_short(scope),
            errors(scope),
            http(),
            process(),
        ],
    }
}

fn now(scope: &Scope<'_>) -> Row {
    let is_of_workflows = scope.catalog.has(EXECUTIONS);
    let (what, executions, duration, chosen) = if is_of_workflows {
        ("workflow", EXECUTIONS, DURATION, WORKFLOWS)
    } else {
        ("primitive", "tta_primitive_executions_total", "tta_primitive_duration_seconds", PRIMITIVES)
    };
    let mut panels = vec![
        Panel::number("Calls", format!("Calls of the {what}s per second."), "reqps").target(rate(executions, "", chosen), "calls"),
        Panel::number(
            "Errors",
            format!("Calls of the {what}s that failed, of those that succeeded or failed. Yellow from 1 %, red from 5 %."),
            "percentunit",
        )
        .thresholds(errors_by_default())
        .no_value("no calls")
        .target(error_ratio(executions, "", chosen), "errors"),
        Panel::number(
            "p95",
            format!("The time within which 95 % of the calls of the {what}s end. Yellow from 1 s, red from 5 s."),
            "s",
        )
        .thresholds(seconds_by_default())
        .no_value("no calls")
        .target(quantile("0.95", duration, "", chosen), "p95")
        .exemplars(),
        Panel::number("Running", format!("Calls of {what}s that run now."), "short")
            .target(sum(&format!("tta_{what}s_active"), "", chosen), "running"),
        Panel::number("Firing alerts", "Alerts of the program that fire now. Any is red.", "short")
            .thresholds(Thresholds::rising(1.0, 1.0))
            .target("count(ALERTS{@, alertstate=\"firing\"}) or vector(0)", "alerts"),
        Panel::number("Instances", "Processes of the program that Prometheus reaches. None is red.", "short")
            .thresholds(Thresholds::falling(1.0, 1.0))
            .target("sum(up{@})", "instances"),
    ];
    if let Some(left) = slo::budgets_left(scope, "") {
        panels.push(
            Panel::number(
                "Error budget",
                "What is left of the error budget of each objective, the least first: all of it is 100 %, overspent is \
                 below 0. Yellow below a quarter, red from nothing.",
                "percentunit",
            )
            .size(24, 4)
            .thresholds(Thresholds::falling(0.0, 0.25))
            .target(format!("bottomk(8, {left})"), "{{slo}} {{objective}}"),
        );
    }
    Row::new("Now", panels)
}

fn workflows(scope: &Scope<'_>) -> Row {
    let links = || {
        [scope.drilldown(WORKFLOW, Labels::Series)].into_iter().chain(scope.traces(WORKFLOW, Labels::Series))
    };
    let by = WORKFLOW.label;
    let legend = "{{workflow_name}}";
    Row::new(
        "Workflows",
        [
            Panel::lines("Calls by workflow", "Calls that ended per second, cancelled ones among them.", "reqps")
                .up_from_zero()
                .target(rate(EXECUTIONS, by, WORKFLOWS), legend)
                .links(links()),
            workflow::with_objectives(
                Panel::lines(
                    "Errors by workflow",
                    "Calls that failed, of those that succeeded or failed. Red is more than the workflow's objective allows, \
                     yellow more than half of it; without an objective 5 % and 1 %.",
                    "percentunit",
                ),
                scope,
                SiteKind::Workflow,
                workflow::Judged::Errors,
            )
            .zero_to_one()
            .target(error_ratio(EXECUTIONS, by, WORKFLOWS), legend)
            .links(links()),
            workflow::with_objectives(
                Panel::lines(
                    "p95 by workflow",
                    "The time within which 95 % of the calls end. Red is slower than the workflow's objective, yellow slower \
                     than four fifths of it; without an objective 5 s and 1 s.",
                    "s",
                ),
                scope,
                SiteKind::Workflow,
                workflow::Judged::Seconds,
            )
            .up_from_zero()
            .target(recorded_quantile("workflow", "p95", DURATION, WORKFLOWS), legend)
            .exemplars()
            .links(links()),
            at_a_glance(
                "Workflows at a glance",
                ["workflow", EXECUTIONS, DURATION],
                "workflow_name",
                WORKFLOWS,
                [scope.drilldown(WORKFLOW, Labels::Row)].into_iter().chain(scope.traces(WORKFLOW, Labels::Row)),
            ),
            Panel::table(
                "Slowest workflows",
                "The ten workflows with the highest p95, over the last five minutes in which they were called. A name leads to its traces.",
                "s",
            )
            .thresholds(seconds_by_default())
            .target(
                format!(
                    "topk(10, max by (workflow_name) (last_over_time(workflow:{DURATION}:p95_5m{{@{WORKFLOWS}}}[1h])))"
                ),
                "",
            )
            .links([scope.drilldown(WORKFLOW, Labels::Row)].into_iter().chain(scope.traces(WORKFLOW, Labels::Row))),
            Panel::lines("Running by workflow", "Calls that run now.", "short")
                .size(12, 8)
                .up_from_zero()
                .target(sum("tta_workflows_active", by, WORKFLOWS), legend)
                .links(links()),
        ],
    )
}

/// Rate, errors and duration of each, as they are recorded: a program with hundreds of functions is read in one query
/// for each column.
fn at_a_glance(
    title: &str,
    [level, executions, duration]: [&str; 3],
    by: &str,
    chosen: &str,
    links: impl IntoIterator<Item = DataLink>,
) -> Panel {
    let calls = executions.trim_end_matches("_total");
    let now = |series: &str| format!("max by ({by}) ({series}{{@{chosen}}})");
    // What is called once an hour has been that slow, too.
    let last = |series: &str| format!("max by ({by}) (last_over_time({series}{{@{chosen}}}[1h]))");
    let none = Thresholds::none();
    let seconds = seconds_by_default();
    Panel::table(
        title,
        "Calls per second and in an hour, and failed calls of those that succeeded or failed, as they are now: empty where \
         nothing is called, or no longer scraped. The time within which half, 95 % and 99 % of the calls end is of the last \
         five minutes with calls within the hour.",
        "short",
    )
    .size(24, 9)
    .column(now(&format!("{level}:{calls}:rate5m")), "calls per second", "reqps", &none)
    .column(now(&format!("{level}:tta_{level}_throughput:increase1h")), "calls in an hour", "short", &none)
    .column(
        now(&format!("{level}:tta_{level}_errors_per_execution:ratio_rate5m")),
        "errors",
        "percentunit",
        &errors_by_default(),
    )
    .column(last(&format!("{level}:{duration}:p50_5m")), "p50", "s", &seconds)
    .column(last(&format!("{level}:{duration}:p95_5m")), "p95", "s", &seconds)
    .column(last(&format!("{level}:{duration}:p99_5m")), "p99", "s", &seconds)
    .sorted_by("calls per second")
    .links(links)
}

fn primitives(scope: &Scope<'_>) -> Row {
    const EXECUTIONS: &str = "tta_primitive_executions_total";
    let by = "primitive_type";
    let legend = "{{primitive_type}}";
    Row::new(
        "Primitives",
        [
            Panel::lines("Calls by type of primitive", "Calls that ended per second.", "reqps")
                .up_from_zero()
                .target(rate(EXECUTIONS, by, PRIMITIVES), legend),
            Panel::lines(
                "Errors by type of primitive",
                "Calls that failed, of those that succeeded or failed. Yellow from 1 %, red from 5 %.",
                "percentunit",
            )
            .thresholds(errors_by_default())
            .zero_to_one()
            .target(error_ratio(EXECUTIONS, by, PRIMITIVES), legend),
            Panel::lines("Running by primitive", "Calls that run now.", "short")
                .up_from_zero()
                .target(sum("tta_primitives_active", PRIMITIVE.label, PRIMITIVES), "{{primitive_name}}")
                .links(scope.traces(PRIMITIVE, Labels::Series)),
            at_a_glance(
                "Primitives at a glance",
                ["primitive", EXECUTIONS, "tta_primitive_duration_seconds"],
                "primitive_name, primitive_type",
                PRIMITIVES,
                scope.traces(PRIMITIVE, Labels::Row),
            ),
        ],
    )
}

fn errors(scope: &Scope<'_>) -> Row {
    let recent = |title, description, counter, by, chosen| {
        Panel::table(title, description, "short")
            .thresholds(Thresholds::rising(1.0, 10.0))
            .target(format!("topk(20, {})", total(counter, by, chosen)), "")
    };
    Row::new(
        "Recent errors",
        [
            recent(
                "Recent errors of workflows",
                "Errors in the time range, the most frequent first. A row leads to the traces and log lines.",
                "tta_workflow_errors_total",
                "workflow_name, error_type, category",
                WORKFLOWS,
            )
            .links(scope.failures(WORKFLOW, Labels::Row)),
            recent(
                "Recent errors of primitives",
                "Errors in the time range, the most frequent first. A row leads to the traces and log lines.",
                "tta_primitive_errors_total",
                "primitive_name, error_type, category",
                PRIMITIVES,
            )
            .links(scope.failures(PRIMITIVE, Labels::Row)),
        ],
    )
}

fn http() -> Row {
    Row::new(
        "HTTP",
        [
            Panel::lines("Requests by route", "Requests that were answered per second.", "reqps")
                .size(12, 8)
                .up_from_zero()
                .target(
                    rate("http_server_request_duration_seconds_count", "http_route", ""),
                    "{{http_route}}",
                ),
            Panel::lines(
                "Requests by server",
                "Requests that were sent per second, by the server asked.",
                "reqps",
            )
            .size(12, 8)
            .up_from_zero()
            .target(
                rate("http_client_request_duration_seconds_count", "server_address", ""),
                "{{server_address}}",
            ),
        ],
    )
}

fn process() -> Row {
    Row::new(
        "Process",
        [
            Panel::lines("Processor time", "Processors kept busy, by instance.", "short")
                .size(12, 8)
                .up_from_zero()
                .target(rate("process_cpu_seconds_total", "instance", ""), "{{instance}}"),
            Panel::lines("Memory", "Physical memory held, by instance.", "bytes")
                .size(12, 8)
                .up_from_zero()
                .target(sum("process_resident_memory_bytes", "instance", ""), "{{instance}}"),
        ],
    )
}
