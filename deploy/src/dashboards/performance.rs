//! Performance: how long things take, and what they take.

use crate::catalog::SiteKind;
use crate::rules::cost::WORKFLOW_COST;

use super::links::{Labels, PRIMITIVE, WORKFLOW};
use super::panel::{Panel, Thresholds};
use super::query::{exemplars, quantile, rate, recorded_quantile, sum};
use super::scope::{Scope, seconds_by_default};
use super::{Draft, Row, model_variable, primitive_variable, workflow, workflow_variable};

const WORKFLOWS: &str = ", workflow_name=~\"$workflow\"";
const PRIMITIVES: &str = ", primitive_name=~\"$primitive\"";

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    Draft {
        uid: "tta-performance",
        title: "Performance",
        description: "How long workflows, primitives and requests take, and what the process takes for them.",
        variables: [workflow_variable(scope), primitive_variable(scope), model_variable(scope)]
            .into_iter()
            .flatten()
            .collect(),
        rows: vec![
            workflows(scope),
            usual(scope),
            primitives(scope),
            parallel(scope),
            models(scope),
            http(),
            process(),
        ],
    }
}

fn workflows(scope: &Scope<'_>) -> Row {
    const DURATION: &str = "tta_workflow_duration_seconds";
    let by = WORKFLOW.label;
    let legend = "{{workflow_name}}";
    let links = || {
        scope.traces(WORKFLOW, Labels::Series).into_iter().chain([scope.drilldown(WORKFLOW, Labels::Series)])
    };
    let mut panels: Vec<Panel> = [("p50", "half"), ("p95", "95 %"), ("p99", "99 %")]
        .into_iter()
        .map(|(name, described)| {
            workflow::with_objectives(
                Panel::lines(
                    format!("{name} by workflow"),
                    format!(
                        "The time within which {described} of the calls end. Red is slower than the workflow's objective, yellow \
                         slower than four fifths of it; without an objective 5 s and 1 s."
                    ),
                    "s",
                ),
                scope,
                SiteKind::Workflow,
                workflow::Judged::Seconds,
            )
            .up_from_zero()
            .target(recorded_quantile("workflow", name, DURATION, WORKFLOWS), legend)
            .exemplars()
            .links(links())
        })
        .collect();
    let recorded = |quantile: &str| {
        format!(
            "topk(10, max by (workflow_name) (last_over_time(workflow:{DURATION}:{quantile}_5m{{@{WORKFLOWS}}}[1h])))"
        )
    };
    panels.extend([
        Panel::table(
            "Slowest workflows",
            "The ten with the highest p95, over the last five minutes in which they were called.",
            "s",
        )
        .size(8, 8)
        .thresholds(seconds_by_default())
        .target(recorded("p95"), "")
        .links(
            scope
                .traces(WORKFLOW, Labels::Row)
                .into_iter()
                .chain([scope.drilldown(WORKFLOW, Labels::Row)]),
        ),
        Panel::heatmap("Durations of workflows", "How many calls took how long.", "s")
            .size(8, 8)
            .target(heat(DURATION, WORKFLOWS), "{{le}}")
            .exemplars(),
        workflow::with_objectives(
            Panel::lines(
                "Mean time by workflow",
                "What all calls together took, by their number: what the typical call says nothing about. Red is slower than \
                 the workflow's objective, yellow slower than four fifths of it; without an objective 5 s and 1 s.",
                "s",
            ),
            scope,
            SiteKind::Workflow,
            workflow::Judged::Seconds,
        )
        .size(8, 8)
        .up_from_zero()
        .target(mean(DURATION, by, WORKFLOWS), legend)
        .exemplars()
        .links(links()),
    ]);
    Row::new("Workflows", panels)
}

/// What anomaly bands are drawn around, for those who asked for them.
fn usual(scope: &Scope<'_>) -> Row {
    const DURATION: &str = "tta_workflow_duration_seconds";
    let band = |title: &str, description: &str, unit, signal: &str, exemplars: &str| {
        let of = |what: &str| format!("anomaly:tta_workflow:{what}{{@{WORKFLOWS}, signal=\"{signal}\"}}");
        Panel::lines(title, description, unit)
            .size(12, 8)
            .up_from_zero()
            .target(of("value") + exemplars, "{{workflow_name}}")
            .target(of("upper_band"), "{{workflow_name}} at most")
            .target(of("lower_band"), "{{workflow_name}} at least")
            .links(scope.traces(WORKFLOW, Labels::Series))
    };
    let rate = scope.catalog.has("tta_workflow_executions_total").then(|| {
        let described = "Calls per second, and between what they were lately at this time of the day.";
        band("Usual rate", described, "reqps", "rate", "")
    });
    let duration = scope.catalog.has(DURATION).then(|| {
        let described = "The p95, and between what it was lately at this time of the day.";
        band("Usual duration", described, "s", "latency", &exemplars(DURATION, WORKFLOWS)).exemplars()
    });
    let cost = scope.catalog.has(WORKFLOW_COST).then(|| {
        let described = "Dollars that a call costs, and between what it cost lately at this time of the day.";
        band("Usual cost of a call", described, "currencyUSD", "cost", "")
    });
    Row::new("What is usual", rate.into_iter().chain(duration).chain(cost))
}

fn primitives(scope: &Scope<'_>) -> Row {
    const DURATION: &str = "tta_primitive_duration_seconds";
    let legend = "{{primitive_name}}";
    let links = || scope.traces(PRIMITIVE, Labels::Series);
    let slow = |title: &str, value: &str, described: &str| {
        let panel = Panel::lines(
            title,
            format!(
                "The time within which {described} of the calls end. Red is slower than the primitive's objective, yellow \
                 slower than four fifths of it; without an objective 5 s and 1 s."
            ),
            "s",
        );
        workflow::with_objectives(panel, scope, SiteKind::Primitive, workflow::Judged::Seconds)
            .up_from_zero()
            .target(recorded_quantile("primitive", value, DURATION, PRIMITIVES), legend)
            .exemplars()
            .links(links())
    };
    Row::new(
        "Primitives",
        [
            slow("p50 by primitive", "p50", "half"),
            slow("p95 by primitive", "p95", "95 %"),
            slow("p99 by primitive", "p99", "99 %"),
            Panel::table(
                "Slowest primitives",
                "The ten with the highest p95, over the last five minutes in which they were called.",
                "s",
            )
            .thresholds(seconds_by_default())
            .target(
                format!(
                    "topk(10, max by (primitive_name, primitive_type) \
                         (last_over_time(primitive:{DURATION}:p95_5m{{@{PRIMITIVES}}}[1h])))"
                ),
                "",
            )
            .links(scope.traces(PRIMITIVE, Labels::Row)),
            Panel::heatmap("Durations of primitives", "How many calls took how long.", "s")
                .target(heat(DURATION, PRIMITIVES), "{{le}}")
                .exemplars(),
        ],
    )
}

/// Of branches it is the function that awaits them that has a name, be it a workflow or a primitive.
fn parallel(scope: &Scope<'_>) -> Row {
    const BRANCHES: &str = "tta_parallel_branches";
    const EFFICIENCY: &str = "tta_parallel_efficiency_ratio";
    let average = |histogram: &str| {
        let part = |suffix: &str| rate(&format!("{histogram}{suffix}"), "primitive_name", "");
        format!("{} / {}", part("_sum"), part("_count"))
    };
    let links = || scope.traces(PRIMITIVE, Labels::Series);
    Row::new(
        "Branches",
        [
            Panel::lines(
                "Branches",
                "How many futures a function awaits at the same time, on average over the last five minutes.",
                "short",
            )
            .size(12, 8)
            .thresholds(Thresholds::none())
            .up_from_zero()
            .target(average(BRANCHES), "{{primitive_name}}")
            .links(links()),
            Panel::lines(
                "Efficiency",
                "What the branches take together, as a part of the time that there is for them, on average: 100 % where all \
                 of them take as long, less where some wait for the last. Yellow below 50 %.",
                "percentunit",
            )
            .size(12, 8)
            .thresholds(Thresholds::falling(0.0, 0.5))
            .zero_to_one()
            .target(average(EFFICIENCY), "{{primitive_name}}")
            .links(links()),
        ],
    )
}

fn models(scope: &Scope<'_>) -> Row {
    const EXECUTIONS: &str = "tta_primitive_executions_total";
    let panels = scope.has_label(EXECUTIONS, "model").then(|| {
        Panel::lines("Calls by model", "Calls that ended per second.", "reqps")
            .size(24, 8)
            .up_from_zero()
            .target(rate(EXECUTIONS, "model", &format!("{PRIMITIVES}, model=~\"$model\"")), "{{model}}")
    });
    Row::new("Models", panels)
}

fn http() -> Row {
    let slow = |title: &str, description: &str, family: &str, by: &str| {
        Panel::lines(title, format!("{description} Yellow from 1 s, red from 5 s."), "s")
            .size(12, 8)
            .thresholds(seconds_by_default())
            .up_from_zero()
            .target(quantile("0.95", family, by, ""), format!("{{{{{by}}}}}"))
            .exemplars()
    };
    Row::new(
        "HTTP",
        [
            slow(
                "p95 by route",
                "The time within which 95 % of the requests are answered.",
                "http_server_request_duration_seconds",
                "http_route",
            ),
            slow(
                "p95 by server",
                "The time within which 95 % of the requests to other servers have their answer.",
                "http_client_request_duration_seconds",
                "server_address",
            ),
        ],
    )
}

fn process() -> Row {
    let by_instance = |title: &str, description: &str, unit, family: &str| {
        Panel::lines(title, description, unit)
            .size(6, 7)
            .up_from_zero()
            .target(sum(family, "instance", ""), "{{instance}}")
    };
    Row::new(
        "Process",
        [
            Panel::lines("Processor time", "Processors kept busy.", "short")
                .size(6, 7)
                .up_from_zero()
                .target(rate("process_cpu_seconds_total", "instance", ""), "{{instance}}"),
            by_instance("Memory", "Physical memory held.", "bytes", "process_resident_memory_bytes"),
            by_instance("Threads", "Threads of the process.", "short", "process_threads"),
            by_instance(
                "Open files",
                "File descriptors that are open, and how many may be; 0 is without limit.",
                "short",
                "process_open_fds",
            )
            .target(sum("process_max_fds", "instance", ""), "{{instance}} limit"),
        ],
    )
}

fn heat(histogram: &str, matchers: &str) -> String {
    format!("sum by (le) (increase({histogram}_bucket{{@{matchers}}}[$__rate_interval]))")
}

fn mean(histogram: &str, by: &str, matchers: &str) -> String {
    let sum = rate(&format!("{histogram}_sum"), by, matchers);
    let count = rate(&format!("{histogram}_count"), by, matchers);
    format!("{sum} / ({count} > 0){}", exemplars(histogram, matchers))
}
