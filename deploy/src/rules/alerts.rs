//! Alerts: on objectives, on the program, and on its telemetry.
//!
//! Labels are the same everywhere, so that Alertmanager can hold back a ticket while the page of the same `job`, `slo`
//! and `objective` is out: `severity` is `page` (someone has to act now), `ticket` (within days) or `info`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::dashboards::uid;
use crate::promql::{number, selector};

use super::burn::{LEAST_FAILURES, LeftOut, PAIRS, Pair};
use super::slo::{self, classes, of_slos};
use super::{Group, Rule, RuleFile, anomaly, policies};

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
        Group::new("tta-slo-burn", burns(catalog, options, &mut left_out)),
        Group::new("tta-slo-budget", budgets(catalog, options)),
        Group::new("tta-program", program(catalog, options)),
        Group::new("tta-cancelled", cancelled(catalog, options)).every("1m"),
        policies::alerts(catalog, options),
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

/// `success` as it is in an alert's name.
pub(crate) fn capitalised(objective: &str) -> String {
    let mut name = String::new();
    for word in objective.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// The objectives that alerts of one pair have in common: their kind and period, the factor, and whose they are.
pub(crate) struct Burn<'a> {
    pub(crate) objective: &'a str,
    pub(crate) days: u32,
    pub(crate) factor: f64,
    pub(crate) slos: Vec<&'a str>,
}

impl Burn<'_> {
    pub(crate) fn alert(&self, pair: &Pair) -> String {
        format!("TtaSlo{}Burn{}", capitalised(self.objective), pair.long)
    }
}

/// Every alert of a pair.
pub(crate) fn of_pair<'a>(catalog: &'a Catalog, pair: &Pair) -> Vec<Burn<'a>> {
    classes(catalog, |_, slo, objective| {
        let factor = pair.factor_for(slo.window_days, objective.target);
        (factor.is_ok() && slo::has_budget(objective)).then_some((objective.name.as_str(), slo.window_days))
    })
    .into_iter()
    .map(|((objective, days), slos)| Burn { objective, days, factor: pair.factor(days), slos })
    .collect()
}

fn burns(catalog: &Catalog, options: &Options, left_out: &mut Vec<String>) -> Vec<Rule> {
    if !slo::is_recorded(catalog) {
        return Vec::new();
    }
    let mut rules = Vec::new();
    for (site, _, objective) in catalog.objectives() {
        if !slo::has_budget(objective) {
            left_out.push(format!(
                "{:?}, {}: every window, since nothing may be bad and so there is no budget to burn",
                site.name, objective.name
            ));
        }
    }
    for pair in &PAIRS {
        for burn in of_pair(catalog, pair) {
            rules.push(burn_rule(options, pair, &burn));
        }
        for (site, slo, objective) in catalog.objectives() {
            if !slo::has_budget(objective) {
                continue;
            }
            let why = match pair.factor_for(slo.window_days, objective.target) {
                Ok(_) => continue,
                Err(LeftOut::Unreachable { factor }) => format!(
                    "its factor {} needs a target above {} %",
                    number(factor),
                    // Upwards: with what is said here it is reachable.
                    number(((1.0 - 1.0 / factor) * 1e4).ceil() / 1e2)
                ),
                Err(LeftOut::Harmless { factor }) => {
                    format!(
                        "its factor would be {}, which the budget allows",
                        number((factor * 1e3).round() / 1e3)
                    )
                }
            };
            left_out.push(format!(
                "{name:?}, {objective} {target} % over {days}d: {long} and {short}; {why}",
                name = site.name,
                objective = objective.name,
                target = number(objective.target * 100.0),
                days = slo.window_days,
                long = pair.long,
                short = pair.short,
            ));
        }
    }
    rules
}

fn burn_rule(options: &Options, pair: &Pair, burn: &Burn<'_>) -> Rule {
    let of_burn = |name: String| of_slos(&name, &options.job, burn.objective, &burn.slos);
    let factor = number(burn.factor);
    let expr = format!(
        "{long} > {factor} and {short} > {factor} and {errors} >= {LEAST_FAILURES}",
        long = of_burn(format!("slo:tta_slo_burn:ratio_rate{}", pair.long)),
        short = of_burn(format!("slo:tta_slo_burn:ratio_rate{}", pair.short)),
        errors = of_burn(format!("slo:tta_slo_errors:increase{}", pair.long)),
    );
    let description = format!(
        "Over the last {long} and the last {short}, {{{{ $labels.slo }}}} of {{{{ $labels.job }}}} broke its objective of \
         {{{{ $labels.objective }}}} {{{{ printf \"%.1f\" $value }}}} times as fast as its error budget of {days} days \
         allows; from {factor} on this is told.",
        long = pair.long,
        short = pair.short,
        days = burn.days,
    );
    let words = Words {
        options,
        severity: pair.severity,
        summary: "{{ $labels.slo }} burns its error budget of {{ $labels.objective }} {{ printf \"%.1f\" $value }} times \
                  too fast",
        description: &description,
        dashboard: SLO_DASHBOARD,
    };
    Rule::alert(&burn.alert(pair), expr, pair.for_, &words).label("period", format!("{}d", burn.days))
}

const SLO_DASHBOARD: &str =
    "tta-slo?var-job={{ $labels.job | urlquery }}&var-slo={{ $labels.slo | urlquery }}";
const TELEMETRY_DASHBOARD: &str = "tta-telemetry?var-job={{ $labels.job | urlquery }}";

/// Objectives by the number of events in six hours below which three bad ones would be a page, and no other number of
/// them is.
pub(crate) fn low_volumes(catalog: &Catalog) -> BTreeMap<(&str, u32), Vec<&str>> {
    classes(catalog, |_, slo, objective| {
        slo::has_budget(objective)
            .then(|| (objective.name.as_str(), low_volume(slo.window_days, objective.target)))
    })
}

/// How few events in six hours are few: of fewer, [`LEAST_FAILURES`] are a higher ratio than the pair of six hours
/// tells of. For low targets, twice that many failures: half of the calls or, of a target below that, what breaks it.
#[expect(clippy::cast_sign_loss, reason = "the quotient of what is above 0 is")]
fn low_volume(days: u32, target: f64) -> u32 {
    let [_, six_hours, ..] = PAIRS;
    let budget = 1.0 - target;
    let ratio = (six_hours.factor(days).max(1.0) * budget).min(0.5).max(budget);
    // Without what binary fractions leave.
    (f64::from(LEAST_FAILURES) / ratio - 1e-6).ceil() as u32
}

fn budgets(catalog: &Catalog, options: &Options) -> Vec<Rule> {
    if !slo::is_recorded(catalog) {
        return Vec::new();
    }
    let few: Vec<String> = low_volumes(catalog)
        .into_iter()
        .map(|((objective, few), slos)| {
            let of_few = |operand: &str| {
                of_slos(&format!("slo:tta_slo_{operand}:increase6h"), &options.job, objective, &slos)
            };
            format!("{} >= {LEAST_FAILURES} and {} < {few}", of_few("errors"), of_few("events"))
        })
        .collect();
    let mut rules = Vec::new();
    if !few.is_empty() {
        let words = Words {
            options,
            severity: "ticket",
            summary: "{{ $labels.slo }} is seldom called, and fails",
            description: "In the last six hours {{ printf \"%.0f\" $value }} calls of {{ $labels.slo }} of \
                          {{ $labels.job }} broke its objective of {{ $labels.objective }}. So few were made that this is \
                          more than the objective allows, and too few for an alert on the burn of its budget.",
            dashboard: SLO_DASHBOARD,
        };
        rules.push(Rule::alert("TtaSloLowVolume", few.join(" or "), "5m", &words));
    }
    for days in slo::periods(catalog) {
        let left = selector(
            &format!("slo:tta_slo_error_budget_remaining:ratio_rate{days}d"),
            &[("job", &options.job)],
        );
        let errors = selector(&format!("slo:tta_slo_errors:increase{days}d"), &[("job", &options.job)]);
        let staged = selector(slo::STAGED_EVENTS, &[("job", &options.job)]);
        // Of the first ten calls after a deployment, one that fails is more than any budget.
        let expr = format!(
            "{left} <= 0 and ({errors} >= {LEAST_FAILURES} or count_over_time({staged}[1d] offset 1d))"
        );
        let description = format!(
            "{{{{ $labels.slo }}}} of {{{{ $labels.job }}}} has broken its objective of {{{{ $labels.objective }}}} more often \
             than {days} days allow: {{{{ printf \"%.2f\" $value }}}} of the error budget is left."
        );
        let words = Words {
            options,
            severity: "ticket",
            summary: "{{ $labels.slo }} has no error budget of {{ $labels.objective }} left",
            description: &description,
            dashboard: SLO_DASHBOARD,
        };
        rules.push(
            Rule::alert("TtaErrorBudgetExhausted", expr, "15m", &words).label("period", format!("{days}d")),
        );
    }
    rules
}

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
fn has_grown(by: &str, counter: &str, window: &str) -> String {
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
