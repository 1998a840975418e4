//! Errors: what fails, of which kind, and what else happened at that time.

use crate::catalog::SiteKind;

use super::links::{Labels, PRIMITIVE, WORKFLOW};
use super::panel::{Panel, Thresholds};
use super::query::{error_ratio, rate, sum, total};
use super::scope::{Scope, errors_by_default};
use super::{Draft, Row, primitive_variable, workflow, workflow_variable};

const WORKFLOWS: &str = ", workflow_name=~\"$workflow\"";
const PRIMITIVES: &str = ", primitive_name=~\"$primitive\"";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    Draft {
        uid: "tta-errors",
        title: "Errors",
        description: "What fails, of which kind, and what else happened at that time.",
        variables: [workflow_variable(scope), primitive_variable(scope)].into_iter().flatten().collect(),
        rows: vec![load(scope), workflows(scope), primitives(scope), http()],
    }
}

/// Errors and what may be their reason in one panel each.
fn load(scope: &Scope<'_>) -> Row {
    let beside = |what: &str, prefix: &str, chosen: &str| {
        let executions = format!("{prefix}_executions_total");
        Panel::lines(
            format!("Errors of {what} beside load"),
            format!(
                "The ratio of failed calls of {what}, and on the right their calls per second: errors that rise with the calls \
                 speak of overload, errors without them of something else. Yellow from 1 %, red from 5 %."
            ),
            "percentunit",
        )
        .size(12, 8)
        .thresholds(errors_by_default())
        .up_from_zero()
        .target(error_ratio(&executions, "", chosen), "errors")
        .target(rate(&executions, "", chosen), "calls")
        .right_axis("^calls$", "reqps")
    };
    let running = |what: &str, prefix: &str, chosen: &str| {
        Panel::lines(
            format!("Errors of {what} beside running calls"),
            format!(
                "Failed calls of {what} per second, and on the right those that run: calls that pile up before the errors wait \
                 for something."
            ),
            "reqps",
        )
        .size(12, 8)
        .up_from_zero()
        .target(rate(&format!("{prefix}_executions_total"), "", &format!("{chosen}, status=\"error\"")), "errors")
        .target(sum(&format!("{prefix}s_active"), "", chosen), "running")
        .right_axis("^running$", "short")
    };
    let panels = if scope.catalog.has("tta_workflow_executions_total") {
        vec![
            beside("workflows", "tta_workflow", WORKFLOWS),
            running("workflows", "tta_workflow", WORKFLOWS),
            beside("primitives", "tta_primitive", PRIMITIVES),
            running("primitives", "tta_primitive", PRIMITIVES),
        ]
    } else {
        vec![
            beside("primitives", "tta_primitive", PRIMITIVES),
            running("primitives", "tta_primitive", PRIMITIVES),
        ]
    };
    Row::new("Errors beside load", panels)
}

fn recent(title: &str, counter: &str, by: &str, chosen: &str) -> Panel {
    Panel::table(
        title,
        "Errors in the time range, the most frequent first. A row leads to the traces and log lines of what failed.",
        "short",
    )
    .thresholds(Thresholds::rising(1.0, 10.0))
    .target(format!("topk(20, {})", total(counter, by, chosen)), "")
}

fn workflows(scope: &Scope<'_>) -> Row {
    const ERRORS: &str = "tta_workflow_errors_total";
    let links = || scope.failures(WORKFLOW, Labels::Series);
    Row::new(
        "Workflows",
        [
            workflow::with_objectives(
                Panel::lines(
                    "Error ratio by workflow",
                    "Calls that failed, of those that succeeded or failed. Red is more than the workflow's objective allows, \
                     yellow more than half of it; without an objective 5 % and 1 %.",
                    "percentunit",
                ),
                scope,
                SiteKind::Workflow,
                workflow::Judged::Errors,
            )
            .zero_to_one()
            .target(
                error_ratio("tta_workflow_executions_total", WORKFLOW.label, WORKFLOWS),
                "{{workflow_name}}",
            )
            .links(links()),
            Panel::lines("Errors of workflows by kind", "Failed calls per second.", "reqps")
                .up_from_zero()
                .target(rate(ERRORS, "error_type", WORKFLOWS), "{{error_type}}"),
            Panel::lines(
                "Errors of workflows by category",
                "Failed calls per second: transient ones may pass with another attempt, permanent ones do not.",
                "reqps",
            )
            .up_from_zero()
            .target(rate(ERRORS, "category", WORKFLOWS), "{{category}}"),
            recent("Recent errors of workflows", ERRORS, "workflow_name, error_type, category", WORKFLOWS)
                .size(24, 8)
                .links(scope.failures(WORKFLOW, Labels::Row)),
            Panel::lines(
                "Cancelled workflows",
                "Calls that were dropped before they ended, per second; they are in no error ratio.",
                "reqps",
            )
            .size(24, 6)
            .up_from_zero()
            .target(
                rate("tta_workflow_executions_total", "workflow_name", &format!("{WORKFLOWS}, status=\"cancelled\"")),
                "{{workflow_name}}",
            )
            .links(scope.traces(WORKFLOW, Labels::Series)),
        ],
    )
}

fn primitives(scope: &Scope<'_>) -> Row {
    const ERRORS: &str = "tta_primitive_errors_total";
    let links = || scope.failures(PRIMITIVE, Labels::Series);
    Row::new(
        "Primitives",
        [
            workflow::with_objectives(
                Panel::lines(
                    "Error ratio by primitive",
                    "Calls that failed, of those that succeeded or failed. Red is more than the primitive's objective allows, \
                     yellow more than half of it; without an objective 5 % and 1 %.",
                    "percentunit",
                ),
                scope,
                SiteKind::Primitive,
                workflow::Judged::Errors,
            )
            .zero_to_one()
            .target(
                error_ratio("tta_primitive_executions_total", PRIMITIVE.label, PRIMITIVES),
                "{{primitive_name}}",
            )
            .links(links()),
            Panel::lines("Errors of primitives by kind", "Failed calls per second.", "reqps")
                .up_from_zero()
                .target(
                    rate(ERRORS, "primitive_name, error_type", PRIMITIVES),
                    "{{primitive_name}} {{error_type}}",
                )
                .links(links()),
            Panel::lines(
                "Errors of primitives by category",
                "Failed calls per second: transient ones may pass with another attempt, permanent ones do not.",
                "reqps",
            )
            .up_from_zero()
            .target(rate(ERRORS, "category", PRIMITIVES), "{{category}}"),
            recent("Recent errors of primitives", ERRORS, "primitive_name, error_type, category", PRIMITIVES)
                .links(scope.failures(PRIMITIVE, Labels::Row)),
            Panel::lines("Errors of steps", "Steps of workflows that failed, per second.", "reqps")
                .size(12, 8)
                .up_from_zero()
                .target(
                    rate(
                        "tta_workflow_steps_total",
                        "workflow_name, primitive_name",
                        &format!("{WORKFLOWS}{PRIMITIVES}, status=\"error\""),
                    ),
                    "{{workflow_name}} {{primitive_name}}",
                )
                .links(links()),
        ],
    )
}

fn http() -> Row {
    const SERVER: &str = "http_server_request_duration_seconds_count";
    const CLIENT: &str = "http_client_request_duration_seconds_count";
    let answers = |title: &str, description: &str, family: &str, by: &str| {
        let legend = format!("{{{{{by}}}}} {{{{http_response_status_code}}}}");
        Panel::lines(title, description, "reqps")
            .size(12, 8)
            .up_from_zero()
            .target(rate(family, &format!("{by}, http_response_status_code"), ""), legend)
    };
    Row::new(
        "HTTP",
        [
            answers("Answers by status", "Requests that were answered per second.", SERVER, "http_route"),
            answers(
                "Answers of other servers",
                "Requests that were sent per second.",
                CLIENT,
                "server_address",
            ),
            Panel::lines(
                "Failed requests of callers",
                "Requests per second that were answered with a status of 500 and more, or not to their end.",
                "reqps",
            )
            .size(12, 6)
            .up_from_zero()
            .target(format!("{} or vector(0)", rate(SERVER, "", ", error_type!=\"\"")), "failed"),
            Panel::lines(
                "Failed requests to other servers",
                "Requests per second that had no answer or one with a status of 400 and more.",
                "reqps",
            )
            .size(12, 6)
            .up_from_zero()
            .target(format!("{} or vector(0)", rate(CLIENT, "", ", error_type!=\"\"")), "failed"),
        ],
    )
}
