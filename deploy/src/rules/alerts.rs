//! Alerts: on objectives, on the program, and on its telemetry.
//!
//! Labels are the same everywhere, so that Alertmanager can hold back a ticket while the page of the same `job`, `slo`
//! and `objective` is out: `severity` is `page` (someone has to act now), `ticket` (within days) or `info`.

mod objectives;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::dashboards::uid;
use crate::promql::{number, selector};

pub(crate) use self::objectives::{Burn, low_volumes, of_pair};
use super::burn::LEAST_FAILURES;
use super::slo;
use super::{Group, Rule, RuleFile, anomaly, budgets, caches, cost, policies, routers, sagas};

/// A ratio of the queue's capacity from which on it is as good as full.
pub(crate) const QUEUE_FULL: f64 = 0.9;

/// The part of a workflow's calls from which on their being cancelled is told, and how many have to be.
pub(crate) const CANCELLED: f64 = 0.5;
pub(crate) const LEAST_CANCELLED: u32 = 10;

/// Families that every instance has from its first scrape on, whatever is called.
pub(crate) const ALWAYS_THERE: [&str; 4] = [
    "tta_slo_events_total",
    "tta_workflow_executions_total",
    "tta_primitive_executions_total",
    "tta_build_info",
];

/// What an alert's text and links are.
pub(super) struct Words<'a> {
    pub(super) options: &'a Options,
    pub(super) severity: &'a str,
    pub(super) summary: &'a str,
    pub(super) description: &'a str,
    /// The dashboard and the variables in its address.
    pub(super) dashboard: &'a str,
}

pub(super) fn file(catalog: &Catalog, options: &Options) -> RuleFile {
    let mut left_out = Vec::new();
    let groups = vec![
        Group::new("tta-slo-burn", objectives::burns(catalog, options, &mut left_out)),
        Group::new("tta-slo-budget", objectives::budgets(catalog, options)),
        Group::new("tta-program", program(catalog, options)),
        Group::new("tta-cancelled", cancelled(catalog, options)).every("1m"),
        policies::alerts(catalog, options),
        caches::alerts(catalog, options),
        routers::alerts(catalog, options),
        sagas::alerts(catalog, options),
        cost::alerts(catalog, options),
        budgets::alerts(catalog, options),
        Group::new("tta-telemetry", telemetry(catalog, options)),
        Group::new("tta-unusual", anomaly::alerts(catalog, options)),
    ];
    let mut about = format!(
        "Alerts of the job {job:?}. docs/runbook.md says of each what it means and what to do.\n\
         {how}",
        job = options.job,
        how = if options.pushed {
            "The program pushes its metrics: that it is there is known from tta_build_info, of all instances together."
        } else {
            "Those that need `up` need a program that is scraped: generate with --pushed for one that is not."
        },
    );
    if slo::is_recorded(catalog) {
        let _ = write!(
            about,
            "\nAn objective's alerts need {LEAST_FAILURES} bad events in the long window. Where calls are so few that this\n\
             would keep a page back, TtaSloLowVolume tells of them, and TtaErrorBudgetExhausted asks for no number once\n\
             an objective is known for a day."
        );
    }
    if !options.runbook_url.contains("://") {
        about.push_str(
            "\nrunbook_url is a path and no link, since Alertmanager does not know where the page is: generate with --runbook-url.",
        );
    }
    if !left_out.is_empty() {
        about.push_str("\nLeft out:");
        for line in left_out {
            about.push_str("\n- ");
            about.push_str(&line);
        }
    }
    RuleFile::new("alerts", about, groups)
}

impl Rule {
    pub(super) fn alert(name: &str, expr: String, for_: &str, words: &Words<'_>) -> Self {
        let runbook = literal(&words.options.runbook_url);
        let grafana = literal(words.options.grafana_url.trim_end_matches('/'));
        let (dashboard, choices) = words.dashboard.split_once('?').unwrap_or((words.dashboard, ""));
        let dashboard = uid(dashboard, &words.options.job);
        let annotations = BTreeMap::from(
            [
                ("summary", words.summary.to_owned()),
                ("description", words.description.to_owned()),
                ("runbook_url", format!("{runbook}#{}", name.to_ascii_lowercase())),
                ("dashboard_url", format!("{grafana}/d/{dashboard}?{choices}")),
            ]
            .map(|(name, text)| (name.to_owned(), text)),
        );
        let labels = BTreeMap::from([("severity".to_owned(), words.severity.to_owned())]);
        Rule {
            record: None,
            alert: Some(name.to_owned()),
            expr,
            for_: Some(for_.to_owned()),
            labels,
            annotations,
        }
    }
}

/// `text` in a template, standing for itself.
fn literal(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

const TELEMETRY_DASHBOARD: &str = "tta-telemetry?var-job={{ $labels.job | urlquery }}";

/// What every instance has that sends anything.
const SENT: &str = "tta_build_info";

fn program(catalog: &Catalog, options: &Options) -> Vec<Rule> {
    let job = [("job", options.job.as_str())];
    let (up, sent) = (selector("up", &job), selector(SENT, &job));
    // Of what is pushed, an instance that is gone cannot be told from one that has ended.
    let (missed, summary, description) = if options.pushed {
        (
            catalog.has(SENT).then(|| format!("absent({sent})")),
            "{{ $labels.job }} sends no metrics",
            "No instance of {{ $labels.job }} has sent metrics for five minutes. Nothing else can be told of it, and no \
             alert on its objectives can fire.",
        )
    } else {
        (
            Some(format!("{up} == 0 or absent({up})")),
            "{{ $labels.job }} is not scraped",
            "Prometheus has had no answer from {{ with $labels.instance }}the instance {{ . }}{{ else }}any \
             instance{{ end }} of {{ $labels.job }} for five minutes. Nothing else can be told of it, and no \
             alert on its objectives can fire.",
        )
    };
    let words = Words {
        options,
        severity: "page",
        summary,
        description,
        dashboard: "tta-overview?var-job={{ $labels.job | urlquery }}",
    };
    let mut rules = Vec::new();
    if let Some(expr) = missed {
        rules.push(Rule::alert("TtaTargetDown", expr, "5m", &words));
    }
    let (there, is_known) = if options.pushed {
        (format!("group by (job, instance) ({sent})"), catalog.has(SENT))
    } else {
        (format!("{up} == 1"), true)
    };
    for family in ALWAYS_THERE.into_iter().filter(|family| catalog.has(family)) {
        if !is_known || options.pushed && family == SENT {
            continue;
        }
        // Labels of the rule itself are not known to its text.
        let summary = format!("{{{{ $labels.job }}}} does not emit {family}");
        let description = format!(
            "The instance {{{{ $labels.instance }}}} of {{{{ $labels.job }}}} {is_there} and has had no {family} for ten \
             minutes, which it has from its start on. Alerts that read it cannot fire.",
            is_there = if options.pushed { "sends metrics" } else { "is scraped" },
        );
        let words = Words {
            options,
            severity: "ticket",
            summary: &summary,
            description: &description,
            dashboard: TELEMETRY_DASHBOARD,
        };
        let series = selector(family, &[("job", &options.job)]);
        let expr = format!("{there} unless on (job, instance) {series}");
        rules.push(Rule::alert("TtaMetricAbsent", expr, "10m", &words).label("family", family));
    }
    rules
}

/// Workflows of which most calls are cancelled: what hangs until its callers leave is in no error ratio and in no objective.
fn cancelled(catalog: &Catalog, options: &Options) -> Vec<Rule> {
    let family = "tta_workflow_executions_total";
    if !catalog.has(family) {
        return Vec::new();
    }
    let job = ("job", options.job.as_str());
    let counted = |matchers: &[(&str, &str)]| {
        format!("sum by (job, workflow_name) (increase({}[15m]))", selector(family, matchers))
    };
    let (all, cancelled) = (counted(&[job]), counted(&[job, ("status", "cancelled")]));
    let words = Words {
        options,
        severity: "ticket",
        summary: "Most calls of {{ $labels.workflow_name }} are cancelled",
        description: "In the last 15 minutes {{ printf \"%.2f\" $value }} of all calls of {{ $labels.workflow_name }} of \
                      {{ $labels.job }} ended with nobody waiting for them. No error ratio and no objective counts them.",
        dashboard: "tta-workflow?var-job={{ $labels.job | urlquery }}&var-workflow={{ $labels.workflow_name | urlquery }}",
    };
    let expr = format!(
        "{cancelled} / {all} > {ratio} and {cancelled} >= {LEAST_CANCELLED}",
        ratio = number(CANCELLED)
    );
    vec![Rule::alert("TtaCancelled", expr, "5m", &words)]
}

/// How long a series may have been away, with its program or with Prometheus, to be the same when it comes back.
const LONGEST_GAP: &str = "6h";

/// Whether a counter has grown; also one that was born above zero, of which `increase` sees nothing.
pub(super) fn has_grown(by: &str, counter: &str, window: &str) -> String {
    format!(
        "sum by ({by}) (increase({counter}[{window}])) > 0 or \
         sum by ({by}) ({counter} unless max_over_time({counter}[{LONGEST_GAP}] offset {window})) > 0"
    )
}

fn telemetry(catalog: &Catalog, options: &Options) -> Vec<Rule> {
    let job = options.job.as_str();
    let mut rules = Vec::new();
    let losses = [
        (
            "tta_telemetry_spans_total",
            "tta_telemetry_spans_total",
            "outcome",
            "dropped",
            "job, instance, reason",
            "spans",
            "dropped {{ printf \"%.0f\" $value }} spans ({{ $labels.reason }})",
        ),
        (
            "tta_telemetry_export_duration_seconds",
            "tta_telemetry_export_duration_seconds_count",
            "status",
            "error",
            "job, instance, exporter",
            "exports",
            "could not export {{ printf \"%.0f\" $value }} batches ({{ $labels.exporter }})",
        ),
        (
            "tta_log_lines_total",
            "tta_log_lines_total",
            "outcome",
            "dropped",
            "job, instance",
            "log lines",
            "dropped {{ printf \"%.0f\" $value }} log lines",
        ),
    ];
    for (family, series, label, value, by, what, did) in losses {
        if !catalog.has(family) {
            continue;
        }
        let counter = selector(series, &[("job", job), (label, value)]);
        let description = format!(
            "In the last 15 minutes the instance {{{{ $labels.instance }}}} of {{{{ $labels.job }}}} {did}. Metrics are \
             complete; traces and logs are not."
        );
        let words = Words {
            options,
            severity: "ticket",
            summary: &format!("{{{{ $labels.job }}}} loses {what}"),
            description: &description,
            dashboard: TELEMETRY_DASHBOARD,
        };
        rules.push(
            Rule::alert("TtaTelemetryLoss", has_grown(by, &counter, "15m"), "5m", &words)
                .label("signal", what),
        );
    }
    if catalog.has("tta_telemetry_queue_length") && catalog.has("tta_telemetry_queue_capacity") {
        let length = selector("tta_telemetry_queue_length", &[("job", job)]);
        let capacity = selector("tta_telemetry_queue_capacity", &[("job", job)]);
        let words = Words {
            options,
            severity: "ticket",
            summary: "The queue of {{ $labels.exporter }} of {{ $labels.job }} is full",
            description: "In the instance {{ $labels.instance }} of {{ $labels.job }}, {{ printf \"%.2f\" $value }} of the \
                          queue before the exporter {{ $labels.exporter }} is taken. When it is full, new spans are \
                          dropped.",
            dashboard: TELEMETRY_DASHBOARD,
        };
        let expr = format!("{length} / ({capacity} > 0) >= {}", number(QUEUE_FULL));
        rules.push(Rule::alert("TtaTelemetryQueueFull", expr, "5m", &words));
    }
    if catalog.has("tta_label_overflow_total") {
        let words = Words {
            options,
            severity: "info",
            summary: "{{ $labels.label }} of {{ $labels.family }} has more values than are kept",
            description: "In the last hour {{ printf \"%.0f\" $value }} calls of {{ $labels.job }} had a value of \
                          {{ $labels.label }} that does not fit its bound; they are counted as other in \
                          {{ $labels.family }}.",
            dashboard: TELEMETRY_DASHBOARD,
        };
        let counter = selector("tta_label_overflow_total", &[("job", job)]);
        let expr = has_grown("job, family, label", &counter, "1h");
        rules.push(Rule::alert("TtaLabelOverflow", expr, "5m", &words));
    }
    rules
}
