//! Retries, timeouts, fallbacks, bulkheads and circuit breakers: what is recorded of them, and what is told.
//!
//! A function's series of its policies are there from its start on, at 0. So what is recorded is 0 where nothing is
//! retried, refused, .., and is not there for functions without such a policy.

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::{number, selector};

use super::alerts::Words;
use super::recording::percentile;
use super::{Group, Rule};

pub(crate) const ATTEMPTS: &str = "tta_retry_attempts_total";
pub(crate) const RETRIES: &str = "tta_retries_total";
pub(crate) const TIMEOUTS: &str = "tta_timeouts_total";
pub(crate) const FALLBACKS: &str = "tta_fallbacks_total";
pub(crate) const HEDGES: &str = "tta_hedges_total";
pub(crate) const WAITS: &str = "tta_bulkhead_wait_seconds";
pub(crate) const REFUSED_BY_BULKHEAD: &str = "tta_bulkhead_rejections_total";
pub(crate) const REFUSED_BY_BREAKER: &str = "tta_circuit_breaker_rejections_total";
pub(crate) const TRANSITIONS: &str = "tta_circuit_breaker_transitions_total";
pub(crate) const STATE: &str = "tta_circuit_breaker_state";
const EXECUTIONS: &str = "tta_primitive_executions_total";

/// What is recorded, by what it is called on dashboards too.
pub(crate) const RETRIES_RATIO: &str = "primitive:tta_retries_per_execution:ratio_rate5m";
pub(crate) const TIMEOUTS_RATIO: &str = "primitive:tta_timeouts_per_execution:ratio_rate5m";
pub(crate) const FALLBACKS_RATIO: &str = "primitive:tta_fallbacks_per_execution:ratio_rate5m";
pub(crate) const REFUSED_RATIO: &str = "primitive:tta_bulkhead_rejections_per_execution:ratio_rate5m";
pub(crate) const WAITS_P95: &str = "primitive:tta_bulkhead_wait_seconds:p95_5m";

/// The retries for each call from which on they are told. A fifth is what the budgets of Finagle and gRPC allow, since a
/// server that is overloaded gets that much more to do.
pub(crate) const RETRIED: f64 = 0.2;

/// The part of the calls that need a fallback from which on it is told: twice what is red as a ratio of errors, since
/// callers do get an answer.
pub(crate) const FALLEN_BACK: f64 = 0.1;

/// The part of the calls that a bulkhead refuses from which on it is told: what is red as a ratio of errors, which a
/// refusal is to its caller.
pub(crate) const REFUSED: f64 = 0.05;

/// How many calls there have to be: of fewer, one or two that fail would be more than a bulkhead may refuse.
pub(crate) const LEAST_CALLS: u32 = 50;

/// By which calls are told apart. Their type is not among the labels of policies.
const BY: &str = "job, primitive_name";

/// What is recorded over five minutes, in a group in which the rates of calls have been recorded before.
pub(super) fn recorded(catalog: &Catalog, job: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    let rate = |selector: &str| format!("rate({selector}[5m])");
    let counted = |family: &str| format!("sum by ({BY}) ({})", rate(&selector(family, &[("job", job)])));
    if catalog.has(EXECUTIONS) {
        let mut rates = selector("primitive_status:tta_primitive_executions:rate5m", &[("job", job)]);
        rates.pop();
        let calls = format!("(sum by ({BY}) ({rates}, status=~\"error|success\"}}) > 0)");
        if catalog.has(RETRIES) {
            let retries = counted(RETRIES);
            rules.push(Rule::record(RETRIES_RATIO, format!("{retries} / {calls}")));
        }
        if catalog.has(TIMEOUTS) {
            // What is not over after the grace was not over at the deadline either.
            let late = rate(&selector(TIMEOUTS, &[("job", job), ("phase", "deadline")]));
            rules.push(Rule::record(TIMEOUTS_RATIO, format!("sum by ({BY}) ({late}) / {calls}")));
        }
        if catalog.has(FALLBACKS) {
            let asked = first_members(&rate(&selector(FALLBACKS, &[("job", job)])));
            rules.push(Rule::record(FALLBACKS_RATIO, format!("{asked} / {calls}")));
        }
        if catalog.has(REFUSED_BY_BULKHEAD) {
            let refused = counted(REFUSED_BY_BULKHEAD);
            rules.push(Rule::record(REFUSED_RATIO, format!("{refused} / {calls}")));
        }
    }
    if catalog.has(WAITS) {
        rules.push(Rule::record(WAITS_P95, percentile(0.95, BY, WAITS, job)));
    }
    rules
}

/// Calls that needed a fallback: of several members, the first is asked in each of them, and the others in fewer.
fn first_members(counted: &str) -> String {
    format!("max by ({BY}) (sum by ({BY}, member) ({counted}))")
}

const DASHBOARD: &str = "tta-resilience?var-job={{ $labels.job | urlquery }}&var-primitive={{ $labels.primitive_name | urlquery }}";

pub(super) fn alerts(catalog: &Catalog, options: &Options) -> Group {
    let job = options.job.as_str();
    let mut rules = Vec::new();
    if catalog.has(STATE) {
        let mut states = selector(STATE, &[("job", job)]);
        states.pop();
        let words = Words {
            options,
            severity: "ticket",
            summary: "The circuit breaker of {{ $labels.primitive_name }} is open",
            description: "In the instance {{ $labels.instance }} of {{ $labels.job }}, {{ printf \"%.0f\" $value }} circuits \
                          of {{ $labels.primitive_name }} are open, or are being tried again: for five minutes there has \
                          been one at any time. Calls through them are refused.",
            dashboard: DASHBOARD,
        };
        // One that is tried every few seconds, and in vain, is not open at any time.
        let expr =
            format!("sum by (job, instance, primitive_name) ({states}, state=~\"half_open|open\"}}) > 0");
        rules.push(Rule::alert("TtaBreakerOpen", expr, "5m", &words));
    }
    if catalog.has(EXECUTIONS) {
        rules.extend(of_calls(catalog, options));
    }
    Group::new("tta-policies", rules).every("1m")
}

/// Those that need to know how many calls there are.
fn of_calls(catalog: &Catalog, options: &Options) -> Vec<Rule> {
    let job = options.job.as_str();
    let within = |window: &'static str| move |selector: &str| format!("increase({selector}[{window}])");
    let calls = |window: &'static str| {
        let mut all = selector(EXECUTIONS, &[("job", job)]);
        all.pop();
        let ended = within(window)(&format!("{all}, status=~\"error|success\"}}"));
        format!("(sum by ({BY}) ({ended}) >= {LEAST_CALLS})")
    };
    let mut rules = Vec::new();
    if catalog.has(RETRIES) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "{{ $labels.primitive_name }} is retried too often",
            description: "In the last 10 minutes there were {{ printf \"%.2f\" $value }} retries for each call of \
                          {{ $labels.primitive_name }} of {{ $labels.job }}. Whatever it calls gets that much more to do.",
            dashboard: DASHBOARD,
        };
        let retries = within("10m")(&selector(RETRIES, &[("job", job)]));
        let expr = format!("sum by ({BY}) ({retries}) / {} > {}", calls("10m"), number(RETRIED));
        rules.push(Rule::alert("TtaRetryStorm", expr, "5m", &words));
    }
    if catalog.has(FALLBACKS) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "{{ $labels.primitive_name }} is served by its fallback",
            description: "In the last 15 minutes {{ printf \"%.2f\" $value }} of all calls of {{ $labels.primitive_name }} of \
                          {{ $labels.job }} failed and needed a fallback. Those that it served are counted as successes.",
            dashboard: DASHBOARD,
        };
        let asked = first_members(&within("15m")(&selector(FALLBACKS, &[("job", job)])));
        let expr = format!("{asked} / {} > {}", calls("15m"), number(FALLEN_BACK));
        rules.push(Rule::alert("TtaFallbackRate", expr, "5m", &words));
    }
    if catalog.has(REFUSED_BY_BULKHEAD) {
        let words = Words {
            options,
            severity: "ticket",
            summary: "The bulkhead of {{ $labels.primitive_name }} refuses calls",
            description: "In the last 10 minutes {{ printf \"%.2f\" $value }} of all calls of {{ $labels.primitive_name }} of \
                          {{ $labels.job }} were refused, since there was no room for them, nor in the queue, or none in time.",
            dashboard: DASHBOARD,
        };
        let refused = within("10m")(&selector(REFUSED_BY_BULKHEAD, &[("job", job)]));
        let expr = format!("sum by ({BY}) ({refused}) / {} > {}", calls("10m"), number(REFUSED));
        rules.push(Rule::alert("TtaBulkheadFull", expr, "5m", &words));
    }
    rules
}
