//! Models and money: what is recorded of both, and what is told.
//!
//! What models count is there from a program's start on, at 0, for every model that it names; so is what workflows spend.
//! What a workflow spends is also in the workflows around it: sums over workflows are of `root="true"` only, or a dollar
//! is in them twice.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::{number, quote, selector};

use super::alerts::{Words, has_grown};
use super::recording::percentile;
use super::{Group, Rule};

pub(crate) const REQUESTS: &str = "tta_llm_requests_total";
pub(crate) const LATENCY: &str = "tta_llm_latency_seconds";
pub(crate) const FIRST_TOKEN: &str = "tta_llm_time_to_first_token_seconds";
pub(crate) const TOKENS: &str = "tta_llm_tokens_total";
pub(crate) const COST: &str = "tta_llm_cost_dollars_total";
pub(crate) const UNPRICED: &str = "tta_llm_unpriced_calls_total";
pub(crate) const HEALTH: &str = "tta_llm_health_up";
pub(crate) const WORKFLOW_COST: &str = "tta_workflow_cost_dollars_total";
pub(crate) const EXECUTIONS: &str = "tta_workflow_executions_total";

/// What is recorded, by what it is called on dashboards too.
pub(crate) const MODEL_HOUR: &str = "model:tta_llm_cost_dollars:increase1h";
pub(crate) const WORKFLOW_HOUR: &str = "workflow:tta_workflow_cost_dollars:increase1h";
pub(crate) const WASTED: &str = "job:tta_llm_cost_wasted_per_cost:ratio_rate1h";
pub(crate) const WORKFLOW_WASTED: &str = "workflow:tta_workflow_cost_wasted_per_cost:ratio_rate1h";
pub(crate) const PER_CALL: &str = "workflow:tta_workflow_cost_per_execution:ratio_rate5m";
pub(crate) const CACHED: &str = "model:tta_llm_tokens_cached_per_prompt:ratio_rate5m";
pub(crate) const ERRORS_RATIO: &str = "model:tta_llm_errors_per_request:ratio_rate5m";
pub(crate) const LATENCIES: [(&str, f64); 2] =
    [("model:tta_llm_latency_seconds:p50_5m", 0.5), ("model:tta_llm_latency_seconds:p95_5m", 0.95)];
pub(crate) const FIRST_TOKENS: [(&str, f64); 2] = [
    ("model:tta_llm_time_to_first_token_seconds:p50_5m", 0.5),
    ("model:tta_llm_time_to_first_token_seconds:p95_5m", 0.95),
];

/// The part of what a model costs that may be wasted, and the dollars an hour below which it is no matter.
pub(crate) const WASTED_SHARE: f64 = 0.2;
pub(crate) const LEAST_WASTED: f64 = 1.0;

/// A part of a month's budget that is gone within the long window, while it still goes as fast in the short one.
pub(crate) struct Spending {
    pub(crate) long: &'static str,
    pub(crate) short: &'static str,
    /// The short ones that a long one has.
    pub(crate) shorts: f64,
    pub(crate) part: f64,
    pub(crate) severity: &'static str,
}

/// As of error budgets, of thirty days: at this rate it lasts for two days, and for five.
pub(crate) const SPENDING: [Spending; 2] = [
    Spending { long: "1h", short: "10m", shorts: 6.0, part: 0.02, severity: "page" },
    Spending { long: "6h", short: "1h", shorts: 6.0, part: 0.05, severity: "ticket" },
];

/// By which models are told apart.
const BY: &str = "job, provider, model";
const BY_WORKFLOW: &str = "job, workflow_name";

/// What is recorded, over five minutes and over an hour.
pub(super) fn recorded(catalog: &Catalog, job: &str) -> Vec<Rule> {
    let of = |name: &str, matcher: Option<(&str, &str)>| {
        let matchers: Vec<_> = [("job", job)].into_iter().chain(matcher).collect();
        selector(name, &matchers)
    };
    let hour = |by: &str, selector: &str| format!("sum by ({by}) (increase({selector}[1h]))");
    let rate = |by: &str, selector: &str| format!("sum by ({by}) (rate({selector}[5m]))");
    let wasted = Some(("disposition", "wasted"));
    let mut rules = Vec::new();
    if catalog.has(COST) {
        rules.push(Rule::record(MODEL_HOUR, hour(&format!("{BY}, disposition"), &of(COST, None))));
        let all = hour("job", &of(COST, None));
        rules.push(Rule::record(WASTED, format!("{} / ({all} > 0)", hour("job", &of(COST, wasted)))));
    }
    if catalog.has(WORKFLOW_COST) {
        let root = of(WORKFLOW_COST, Some(("root", "true")));
        rules.push(Rule::record(WORKFLOW_HOUR, hour(&format!("{BY_WORKFLOW}, disposition"), &root)));
        let all = hour(BY_WORKFLOW, &of(WORKFLOW_COST, None));
        let wasted = hour(BY_WORKFLOW, &of(WORKFLOW_COST, wasted));
        rules.push(Rule::record(WORKFLOW_WASTED, format!("{wasted} / ({all} > 0)")));
        if catalog.has(EXECUTIONS) {
            let calls = rate(BY_WORKFLOW, &of(EXECUTIONS, None));
            let cost = rate(BY_WORKFLOW, &of(WORKFLOW_COST, None));
            rules.push(Rule::record(PER_CALL, format!("{cost} / ({calls} > 0)")));
        }
    }
    if catalog.has(TOKENS) {
        let tokens = |of_type| rate(BY, &of(TOKENS, Some(("type", of_type))));
        rules.push(Rule::record(CACHED, format!("{} / ({} > 0)", tokens("cache_read"), tokens("prompt"))));
    }
    if catalog.has(REQUESTS) {
        let mut judged = of(REQUESTS, None);
        judged.pop();
        let judged = rate(BY, &format!("{judged}, status=~\"error|success\"}}"));
        let errors = rate(BY, &of(REQUESTS, Some(("status", "error"))));
        rules.push(Rule::record(ERRORS_RATIO, format!("{errors} / ({judged} > 0)")));
    }
    for (family, percentiles) in [(LATENCY, LATENCIES), (FIRST_TOKEN, FIRST_TOKENS)] {
        if catalog.has(family) {
            let recorded = |(name, quantile)| Rule::record(name, percentile(quantile, BY, family, job));
            rules.extend(percentiles.map(recorded));
        }
    }
    rules.extend(super::savings::recorded(catalog, job));
    rules
}

pub(super) const COST_DASHBOARD: &str = "tta-cost?var-job={{ $labels.job | urlquery }}";

pub(super) fn alerts(catalog: &Catalog, options: &Options) -> Group {
    let job = options.job.as_str();
    let mut rules = Vec::new();
    if catalog.has(HEALTH) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "{{ $labels.model }} of {{ $labels.provider }} does not answer",
            description: "For five minutes every call of {{ $labels.model }} of {{ $labels.provider }} by the instance \
                          {{ $labels.instance }} of {{ $labels.job }} has failed, at least the last three of them.",
            dashboard: "tta-dependencies?var-job={{ $labels.job | urlquery }}&var-instance={{ $labels.instance | urlquery }}",
        };
        let expr =
            format!("min by (job, instance, provider, model) ({}) == 0", selector(HEALTH, &[("job", job)]));
        rules.push(Rule::alert("TtaLlmDown", expr, "5m", &words));
    }
    if catalog.has(UNPRICED) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "Nobody knows what {{ $labels.model }} of {{ $labels.provider }} costs",
            description: "Of {{ printf \"%.0f\" $value }} answers of {{ $labels.model }} of {{ $labels.provider }} in the last \
                          hour {{ $labels.job }} does not know the {{ $labels.reason }}: they are in no sum of dollars.",
            dashboard: COST_DASHBOARD,
        };
        // What has failed says nothing about prices.
        let counter = format!("{UNPRICED}{{job={}, reason=~\"price|usage\"}}", quote(job));
        let expr = has_grown("job, provider, model, reason", &counter, "1h");
        rules.push(Rule::alert("TtaLlmUnpricedCalls", expr, "5m", &words));
    }
    if catalog.has(COST) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "Much of what {{ $labels.model }} of {{ $labels.provider }} costs is wasted",
            description: "In the last hour {{ printf \"%.2f\" $value }} of what {{ $labels.job }} spent on \
                          {{ $labels.model }} of {{ $labels.provider }} went to attempts that failed, were too late or that \
                          nobody waited for.",
            dashboard: COST_DASHBOARD,
        };
        let hour =
            |matchers: &[(&str, &str)]| format!("sum by ({BY}) (increase({}[1h]))", selector(COST, matchers));
        let wasted = hour(&[("job", job), ("disposition", "wasted")]);
        let expr = format!(
            "{wasted} / {all} > {share} and {wasted} >= {least}",
            all = hour(&[("job", job)]),
            share = number(WASTED_SHARE),
            least = number(LEAST_WASTED),
        );
        rules.push(Rule::alert("TtaCostWasted", expr, "10m", &words));
        if let Some(budget) = options.monthly_budget {
            rules.extend(SPENDING.map(|spending| spending.alert(budget, options)));
        }
    }
    Group::new("tta-cost", rules).every("1m")
}

impl Spending {
    fn alert(&self, budget: f64, options: &Options) -> Rule {
        let Spending { long, short, shorts, part, severity } = self;
        let description = format!(
            "In the last {long} {{{{ $labels.job }}}} spent ${{{{ printf \"%.2f\" $value }}}} on models, of ${budget} a month. \
             At this rate that is gone in {days:.1} days.",
            budget = number(budget),
            days = 30.0 / self.factor(),
        );
        let words = Words {
            options,
            severity,
            summary: "{{ $labels.job }} spends its monthly budget of models too fast",
            description: &description,
            dashboard: COST_DASHBOARD,
        };
        let within = |window: &str| {
            format!("sum by (job) (increase({}[{window}]))", selector(COST, &[("job", &options.job)]))
        };
        let expr = format!(
            "{long} > {of_long} and {short} > {of_short}",
            long = within(long),
            of_long = number(budget * part),
            short = within(short),
            of_short = number(budget * part / shorts),
        );
        Rule::alert("TtaMonthlySpendBurn", expr, "5m", &words).label("window", *long)
    }

    /// How many times as fast as the budget allows.
    fn factor(&self) -> f64 {
        let hours: f64 = self.long.trim_end_matches('h').parse().unwrap_or(1.0);
        self.part * 30.0 * 24.0 / hours
    }
}
