//! Rates, ratios, percentiles and readiness of workflows and primitives.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::{number, selector};

use super::{Group, Rule, RuleFile, STAGE_RANGE, caches, cost, policies, routers, sagas, slo};

/// The quantiles that are recorded, by what they are called.
const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)];

/// Calls within a week from which on a component counts as used. Twenty is what a nightly job has in three weeks, and
/// the fewest of which one failure is not more than one in twenty.
const TRAFFIC: u32 = 20;

/// The ratio of failed calls within a week up to which a component counts as sound, where it has no objective that
/// says another.
const ERROR_RATIO: f64 = 0.05;

/// One of the two kinds of annotated functions: how its families and labels are called.
struct Level {
    name: &'static str,
    executions: &'static str,
    duration: &'static str,
    /// By which its series are told apart.
    by: &'static str,
}

const LEVELS: [Level; 2] = [
    Level {
        name: "workflow",
        executions: "tta_workflow_executions",
        duration: "tta_workflow_duration_seconds",
        by: "job, workflow_name",
    },
    Level {
        name: "primitive",
        executions: "tta_primitive_executions",
        duration: "tta_primitive_duration_seconds",
        by: "job, primitive_name, primitive_type",
    },
];

pub(super) fn file(catalog: &Catalog, options: &Options) -> RuleFile {
    let about = format!(
        "Rates, error ratios and percentiles of the job {job:?}, by workflow and by primitive, over five minutes.\n\
         Cancelled calls are in the rates and in no error ratio. An error ratio is 0 where nothing fails, and there\n\
         is none where nothing is called. So it is with what is counted of policies for each call, of caches for each look-up,\n\
         and of routers for each decision.\n\
         What models cost is recorded of the last hour too, in dollars; of workflows those only that no other one is around,\n\
         so that nothing is in a sum twice.\n\
         A component is promotable if in the last week it was called {TRAFFIC} times, failed in no more than {percent} % of\n\
         its calls and, where it has objectives, has budget left of each.",
        job = options.job,
        percent = number(ERROR_RATIO * 100.0),
    );
    let mut groups = Vec::new();
    for level in LEVELS {
        let mut rules = level.rules(catalog, &options.job);
        if level.name == "primitive" {
            rules.extend(policies::recorded(catalog, &options.job));
            rules.extend(caches::recorded(catalog, &options.job));
            rules.extend(routers::recorded(catalog, &options.job));
        } else {
            rules.extend(sagas::recorded(catalog, &options.job));
        }
        groups.push(Group::new(&format!("tta-{}", level.name), rules));
    }
    groups.push(Group::new("tta-cost", cost::recorded(catalog, &options.job)));
    let (staged, components) = components(catalog, &options.job);
    groups.push(Group::new("tta-component-stage", staged).every("5m"));
    groups.push(Group::new("tta-component", components).every("1m"));
    RuleFile::new("recording", about, groups)
}

impl Level {
    fn rules(&self, catalog: &Catalog, job: &str) -> Vec<Rule> {
        let Level { name, executions, duration, by } = self;
        let counter = format!("{executions}_total");
        let mut rules = Vec::new();
        if catalog.has(&counter) {
            let all = selector(&counter, &[("job", job)]);
            rules.push(Rule::record(
                format!("{name}:{executions}:rate5m"),
                format!("sum by ({by}) (rate({all}[5m]))"),
            ));
            rules.push(Rule::record(
                format!("{name}_status:{executions}:rate5m"),
                format!("sum by ({by}, status) (rate({all}[5m]))"),
            ));
            rules.push(Rule::record(
                format!("{name}:tta_{name}_errors_per_execution:ratio_rate5m"),
                error_ratio(by, &format!("{name}_status:{executions}:rate5m"), job),
            ));
            rules.push(Rule::record(
                format!("{name}:tta_{name}_throughput:increase1h"),
                format!("sum by ({by}) (increase({all}[1h]))"),
            ));
        }
        if catalog.has(duration) {
            for (quantile, value) in QUANTILES {
                rules.push(Rule::record(
                    format!("{name}:{duration}:{quantile}_5m"),
                    percentile(value, by, duration, job),
                ));
            }
        }
        if *name == "workflow" && catalog.has("tta_workflow_step_duration_seconds") {
            rules.push(Rule::record(
                "step:tta_workflow_step_duration_seconds:p95_5m",
                percentile(
                    0.95,
                    "job, workflow_name, primitive_name",
                    "tta_workflow_step_duration_seconds",
                    job,
                ),
            ));
        }
        rules
    }
}

/// Errors among what succeeded or failed: 0 where no error has been seen yet, nothing where nothing is called.
fn error_ratio(by: &str, status_rates: &str, job: &str) -> String {
    let errors = selector(status_rates, &[("job", job), ("status", "error")]);
    let judged = format!("sum by ({by}) ({}, status=~\"error|success\"}})", &open(status_rates, job));
    format!("(sum by ({by}) ({errors}) or 0 * {judged}) / ({judged} > 0)")
}

/// A selector of the job that another matcher and `}` can follow.
fn open(name: &str, job: &str) -> String {
    let mut text = selector(name, &[("job", job)]);
    text.pop();
    text
}

/// A percentile; without the NaN that there is where nothing is called.
pub(super) fn percentile(quantile: f64, by: &str, family: &str, job: &str) -> String {
    let buckets = selector(&format!("{family}_bucket"), &[("job", job)]);
    let quantile = number(quantile);
    format!("histogram_quantile({quantile}, sum by ({by}, le) (rate({buckets}[5m]))) >= 0")
}

/// Which components are used, sound and within their objectives; before it what they are computed from, which is
/// recorded once in five minutes, so that each call is in one sample.
fn components(catalog: &Catalog, job: &str) -> (Vec<Rule>, Vec<Rule>) {
    if !catalog.has("tta_component_info") {
        return (Vec::new(), Vec::new());
    }
    let counted: Vec<&Level> =
        LEVELS.iter().filter(|level| catalog.has(&format!("{}_total", level.executions))).collect();
    if counted.is_empty() {
        return (Vec::new(), Vec::new());
    }
    let info =
        format!("group by (job, name, kind, maturity) ({})", selector("tta_component_info", &[("job", job)]));
    // Both kinds of functions, under the labels of `tta_component_info`.
    let calls = |status: &str| {
        let of_level = |level: &&Level| {
            let Level { name, executions, .. } = level;
            let calls = format!("{}, {status}}}", open(&format!("{executions}_total"), job));
            format!(
                "sum by (job, name, kind, level) (label_replace(label_replace(label_replace(\
                 increase({calls}[{STAGE_RANGE}]), \"name\", \"$1\", \"{name}_name\", \"(.*)\"), \
                 \"kind\", \"$1\", \"{name}_type\", \"(.*)\"), \"level\", \"{name}\", \"job\", \".*\"))"
            )
        };
        counted.iter().map(of_level).collect::<Vec<_>>().join(" or ")
    };
    let per_week = |operand: &str| {
        let recorded = selector(&format!("component:tta_component_{operand}:increase5m"), &[("job", job)]);
        format!("sum_over_time({recorded}[7d])")
    };
    // A workflow and a primitive of the same name and type are one component there: the worse of them is what it is.
    let of_component = |verdict: &str, otherwise: &str| {
        format!(
            "{info} * on (job, name, kind) group_left () (min by (job, name, kind) ({verdict})) or {otherwise} * {info}"
        )
    };
    let staged = vec![
        Rule::record("component:tta_component_calls:increase5m", calls("status=~\"error|success\"")),
        Rule::record("component:tta_component_failures:increase5m", calls("status=\"error\"")),
    ];
    let mut rules = vec![
        Rule::record(
            "component:tta_component_traffic:bool",
            of_component(&format!("{} >= bool {TRAFFIC}", per_week("calls")), "0"),
        ),
        Rule::record(
            "component:tta_component_errors:bool",
            of_component(
                &format!(
                    "({} or 0 * {calls}) / ({calls} > 0) <= bool {ratio}",
                    per_week("failures"),
                    calls = per_week("calls"),
                    ratio = number(ERROR_RATIO)
                ),
                "0",
            ),
        ),
    ];
    let has_objectives = slo::is_recorded(catalog);
    if has_objectives {
        let of_period = |days: &u32| {
            selector(&format!("slo:tta_slo_error_budget_remaining:ratio_rate{days}d"), &[("job", job)])
        };
        let budgets = slo::periods(catalog).iter().map(of_period).collect::<Vec<_>>().join(" or ");
        let worst =
            format!("min by (job, name) (label_replace({budgets}, \"name\", \"$1\", \"slo\", \"(.*)\"))");
        rules.push(Rule::record(
            "component:tta_component_slo:bool",
            format!("{info} * on (job, name) group_left () ({worst} > bool 0)"),
        ));
    }
    let bool_of = |what: &str| selector(&format!("component:tta_component_{what}:bool"), &[("job", job)]);
    let sound = format!("{} * {}", bool_of("traffic"), bool_of("errors"));
    let promotable = if has_objectives {
        // Whoever has no objectives is not held to them.
        format!("{sound} * {} or {sound}", bool_of("slo"))
    } else {
        sound
    };
    rules.push(Rule::record("component:tta_component_promotable:bool", promotable));
    (staged, rules)
}
