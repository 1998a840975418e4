//! Bands around what a workflow's rate, latency and cost of a call usually are, and an alert outside of them.
//!
//! The bands are around the average of the last 26 hours, at least half of it wide and at least twice the standard
//! deviation, and widened to what was usual at this hour of yesterday and of the same day a week ago. A workflow of
//! which less than a day is known has no band.

use crate::catalog::{Catalog, SiteKind};
use crate::cli::Options;
use crate::promql::{number, quote, selector};

use super::alerts::Words;
use super::{Group, Rule, RuleFile, cost, slo};

/// Standard deviations that are usual.
const DEVIATIONS: f64 = 2.0;

/// The part of the average that is usual, and of what was usual a day or a week ago.
const MARGIN: f64 = 0.5;

/// Hours of the last 26 in which something has to have been recorded.
pub(crate) const HOURS_KNOWN: u32 = 24;

/// Calls per second below which a workflow has no bands: five a minute. Of fewer, every gap would be an anomaly, and so
/// would every slow call.
pub(crate) const LEAST_RATE: f64 = 0.083;

const BY: &str = "job, workflow_name, signal";

/// Those workflows for which bands were asked, as far as the catalog has them.
pub(crate) fn chosen<'a>(catalog: &'a Catalog, options: &Options) -> Vec<&'a str> {
    let mut names: Vec<&str> = catalog
        .of_kind(SiteKind::Workflow)
        .map(|site| site.name.as_str())
        .filter(|name| options.anomaly_all || options.anomaly.iter().any(|chosen| chosen == name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// What is watched: what it is called, the family it needs and the series that is recorded of it.
pub(crate) const SIGNALS: [(&str, &str, &str); 3] = [
    ("rate", "tta_workflow_executions_total", "workflow:tta_workflow_executions:rate5m"),
    ("latency", "tta_workflow_duration_seconds", "workflow:tta_workflow_duration_seconds:p95_5m"),
    ("cost", cost::WORKFLOW_COST, cost::PER_CALL),
];

pub(super) fn file(catalog: &Catalog, options: &Options) -> RuleFile {
    let names = chosen(catalog, options);
    let about = format!(
        "Bands around the usual rate, latency and cost of workflows of the job {job:?} that were chosen with --anomaly. They say\n\
         that something changed, not that it is wrong: never wake someone for it. Each workflow and signal costs eight series,\n\
         and there is no band before {HOURS_KNOWN} hours are known.",
        job = options.job,
    );
    if names.is_empty() {
        return RuleFile::new("anomaly", about, Vec::new());
    }
    let job = options.job.as_str();
    let of_chosen = match names.as_slice() {
        [only] => format!("workflow_name={}", quote(only)),
        several => format!("workflow_name=~{}", quote(&slo::alternatives(several))),
    };
    let mut values = Vec::new();
    for (signal, family, series) in SIGNALS {
        if catalog.has(family) {
            let mut of_names = selector(series, &[("job", job)]);
            of_names.pop();
            let expr = format!("{of_names}, {of_chosen}}}");
            values.push(Rule::record("anomaly:tta_workflow:value", expr).label("signal", signal));
        }
    }
    if values.is_empty() {
        return RuleFile::new("anomaly", about, Vec::new());
    }
    let recorded = |operation: &str| selector(&format!("anomaly:tta_workflow:{operation}"), &[("job", job)]);
    let (value, hour, average, deviation, margin) =
        (recorded("value"), recorded("avg1h"), recorded("avg26h"), recorded("stddev26h"), recorded("margin"));
    let band = |aggregation: &str, sign: &str| {
        let factor = number(if sign == "+" { 1.0 + MARGIN } else { 1.0 - MARGIN });
        // Of series with the same labels, `or` would take the first only.
        let from =
            |expr: &str, name: &str| format!("label_replace({expr}, \"from\", \"{name}\", \"job\", \".*\")");
        // An hour around the same time of day.
        let edges = [
            from(&format!("{average} {sign} {margin}"), "recent"),
            from(&format!("{factor} * {hour} offset 23h30m"), "yesterday"),
            from(&format!("{factor} * {hour} offset 167h30m"), "last week"),
        ];
        format!("{aggregation} by ({BY}) ({})", edges.join(" or "))
    };
    let mut rules = values;
    rules.extend([
        Rule::record("anomaly:tta_workflow:avg1h", format!("avg_over_time({value}[1h])")),
        Rule::record("anomaly:tta_workflow:avg26h", format!("avg_over_time({value}[26h])")),
        Rule::record("anomaly:tta_workflow:stddev26h", format!("stddev_over_time({hour}[26h])")),
        Rule::record(
            "anomaly:tta_workflow:margin",
            format!(
                "{deviations} * {deviation} > {part} * {average} or {part} * {average}",
                deviations = number(DEVIATIONS),
                part = number(MARGIN)
            ),
        ),
        Rule::record("anomaly:tta_workflow:upper_band", band("max", "+")),
        Rule::record("anomaly:tta_workflow:lower_band", format!("clamp_min({}, 0)", band("min", "-"))),
        Rule::record("anomaly:tta_workflow:hours_known", format!("count_over_time({value}[26h:1h])")),
    ]);
    RuleFile::new("anomaly", about, vec![Group::new("tta-anomaly", rules).every("1m")])
}

/// The alert, which is in the file of alerts.
pub(super) fn alerts(catalog: &Catalog, options: &Options) -> Vec<Rule> {
    let is_recorded = SIGNALS.iter().any(|(_, family, _)| catalog.has(family));
    if chosen(catalog, options).is_empty() || !is_recorded {
        return Vec::new();
    }
    vec![alert(options, &options.job)]
}

fn alert(options: &Options, job: &str) -> Rule {
    let recorded = |operation: &str| selector(&format!("anomaly:tta_workflow:{operation}"), &[("job", job)]);
    let words = Words {
        options,
        severity: "ticket",
        summary: "The {{ $labels.signal }} of {{ $labels.workflow_name }} is unusual",
        description: "The {{ $labels.signal }} of {{ $labels.workflow_name }} of {{ $labels.job }} is \
                      {{ printf \"%.3f\" $value }}, outside of what it was in the last 26 hours, yesterday and a week ago at \
                      this time.",
        dashboard: "tta-workflow?var-job={{ $labels.job | urlquery }}&var-workflow={{ $labels.workflow_name | urlquery }}",
    };
    let value = recorded("value");
    let mut rate = recorded("avg26h");
    rate.pop();
    let expr = format!(
        "({value} > {upper} or {value} < {lower}) and {known} >= {HOURS_KNOWN} unless on (job, workflow_name) \
         {rate}, signal=\"rate\"}} < {least}",
        upper = recorded("upper_band"),
        lower = recorded("lower_band"),
        known = recorded("hours_known"),
        least = number(LEAST_RATE),
    );
    Rule::alert("TtaAnomaly", expr, "5m", &words)
}
