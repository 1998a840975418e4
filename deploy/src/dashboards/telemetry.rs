//! Telemetry Health: whether what the other dashboards show is all there is.

use super::panel::{Panel, Thresholds};
use super::query::{quantile, rate, sum, total};
use super::scope::Scope;
use super::{Draft, Row};

pub(super) fn draft(scope: &Scope<'_>) -> Draft {
    Draft {
        uid: "tta-telemetry",
        title: "Telemetry Health",
        description: "Whether spans, log lines and labels get through, so that what the other dashboards show is all there is.",
        variables: Vec::new(),
        rows: vec![process(scope), spans(), queue(), bounds()],
    }
}

fn process(_: &Scope<'_>) -> Row {
    Row::new(
        "Program",
        [
            Panel::table("Running", "The versions that run, and where.", "short")
                .target("sum by (job, service, environment, version) (tta_build_info{@})", ""),
            Panel::number("Up for", "Time since the process started.", "s")
                .size(6, 8)
                .target("time() - max by (instance) (process_start_time_seconds{@})", "{{instance}}"),
            Panel::number("Reached", "Whether Prometheus reaches the process. 0 is red.", "bool_yes_no")
                .size(6, 8)
                .thresholds(Thresholds::falling(1.0, 1.0))
                .target("min by (instance) (up{@})", "{{instance}}"),
            Panel::lines(
                "Time to scrape",
                "How long Prometheus waits for the process's metrics. Yellow from 0.5 s, red from 2 s.",
                "s",
            )
            .size(12, 7)
            .thresholds(Thresholds::rising(0.5, 2.0))
            .up_from_zero()
            .target("max by (instance) (scrape_duration_seconds{@})", "{{instance}}"),
            Panel::lines(
                "Series",
                "How many series each process has. Yellow from 10 000, red from 50 000.",
                "short",
            )
            .size(12, 7)
            .thresholds(Thresholds::rising(10_000.0, 50_000.0))
            .up_from_zero()
            .target("max by (instance) (scrape_samples_scraped{@})", "{{instance}}"),
        ],
    )
}

fn spans() -> Row {
    const SPANS: &str = "tta_telemetry_spans_total";
    let lost = format!(
        "{} / ({} > 0)",
        rate(SPANS, "", ", outcome=\"dropped\""),
        rate(SPANS, "", ", outcome=~\"exported|dropped\"")
    );
    Row::new(
        "Spans",
        [
            Panel::number(
                "Lost spans",
                "Spans that were dropped, of those that should have been exported. Any is yellow, 1 % is red.",
                "percentunit",
            )
            .size(4, 8)
            .thresholds(Thresholds::rising(0.000_001, 0.01))
            .no_value("no spans")
            .target(lost, "lost"),
            Panel::lines("Spans by outcome", "Spans that ended, per second.", "cps")
                .size(10, 8)
                .up_from_zero()
                .target(rate(SPANS, "outcome", ""), "{{outcome}}"),
            Panel::lines("Dropped spans by reason", "Spans that were lost, per second. Any is yellow, one a second is red.", "cps")
                .size(10, 8)
                .thresholds(Thresholds::rising(0.000_001, 1.0))
                .up_from_zero()
                .target(format!("{} or vector(0)", rate(SPANS, "reason", ", outcome=\"dropped\"")), "{{reason}}"),
        ],
    )
}

fn queue() -> Row {
    const EXPORT: &str = "tta_telemetry_export_duration_seconds";
    let by = "exporter";
    let failed = rate(&format!("{EXPORT}_count"), by, ", status=\"error\"");
    let all = rate(&format!("{EXPORT}_count"), by, "");
    Row::new(
        "Export",
        [
            Panel::lines(
                "Queue",
                "How full the queue before each exporter is: what does not fit is dropped. Yellow from half, red from nine tenths.",
                "percentunit",
            )
            .thresholds(Thresholds::rising(0.5, 0.9))
            .zero_to_one()
            .target(
                "max by (instance, exporter) (tta_telemetry_queue_length{@}) \
                 / clamp_min(max by (instance, exporter) (tta_telemetry_queue_capacity{@}), 1)",
                "{{instance}} {{exporter}}",
            ),
            Panel::lines("p95 of an export", "The time within which 95 % of the batches are sent. Yellow from 1 s, red from 10 s.", "s")
                .thresholds(Thresholds::rising(1.0, 10.0))
                .up_from_zero()
                .target(quantile("0.95", EXPORT, by, ""), "{{exporter}}")
                .exemplars(),
            Panel::lines("Failed exports", "Batches that could not be sent, of all. Any is yellow, 10 % is red.", "percentunit")
                .thresholds(Thresholds::rising(0.000_001, 0.1))
                .zero_to_one()
                .target(format!("({failed} or 0 * {all}) / ({all} > 0)"), "{{exporter}}"),
            Panel::lines("Waiting spans", "Spans that wait for each exporter.", "short")
                .size(12, 6)
                .up_from_zero()
                .target(sum("tta_telemetry_queue_length", by, ""), "{{exporter}}"),
            Panel::lines("Log lines by outcome", "Log lines per second.", "cps")
                .size(12, 6)
                .up_from_zero()
                .target(rate("tta_log_lines_total", "outcome", ""), "{{outcome}}"),
        ],
    )
}

fn bounds() -> Row {
    Row::new(
        "Bounds",
        [
            Panel::table(
                "Label values beyond their bound",
                "Values that were counted as `other` in the time range, since their label had as many as it may have.",
                "short",
            )
            .thresholds(Thresholds::rising(1.0, 1000.0))
            .target(total("tta_label_overflow_total", "family, label", ""), ""),
            Panel::lines(
                "Refused headers",
                "Headers of callers that were not what they should be, and what did not fit into ours, per second.",
                "cps",
            )
            .size(12, 8)
            .thresholds(Thresholds::rising(0.000_001, 1.0))
            .up_from_zero()
            .target(format!("{} or vector(0)", rate("tta_propagation_errors_total", "propagator, reason", "")), "{{propagator}} {{reason}}"),
        ],
    )
}
