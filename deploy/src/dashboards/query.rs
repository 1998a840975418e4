//! Expressions that several dashboards ask, in the notation of [`super::scope::Scope::expand`].
//!
//! `matchers` come after those of job and instance, each with a comma before it.

/// Calls per second.
pub(super) fn rate(counter: &str, by: &str, matchers: &str) -> String {
    format!("sum{}(rate({counter}{{@{matchers}}}[$__rate_interval]))", clause(by))
}

/// How many in the time range.
pub(super) fn total(counter: &str, by: &str, matchers: &str) -> String {
    format!("sum{}(increase({counter}{{@{matchers}}}[$__range]))", clause(by))
}

/// Errors among what succeeded or failed; as in the rules, 0 where no error has been seen yet, nothing where nothing is
/// called.
pub(super) fn error_ratio(executions: &str, by: &str, matchers: &str) -> String {
    let errors = rate(executions, by, &format!("{matchers}, status=\"error\""));
    let judged = rate(executions, by, &format!("{matchers}, status=~\"success|error\""));
    format!("({errors} or 0 * {judged}) / ({judged} > 0)")
}

/// A quantile of a histogram. Where nothing is called it is not a number, which Grafana leaves out of the line.
pub(super) fn quantile(quantile: &str, histogram: &str, by: &str, matchers: &str) -> String {
    let by = if by.is_empty() { "le".to_owned() } else { format!("{by}, le") };
    format!("histogram_quantile({quantile}, {})", rate(&format!("{histogram}_bucket"), &by, matchers))
}

/// A quantile of each function, as it was recorded (`p95`), and the exemplars of its histogram.
///
/// Grafana asks for the exemplars of every series that a query names, over the time that is shown. So the histogram is
/// named, at a time of which nothing is kept: to compute the quantile from thousands of buckets at each point of a line
/// takes a hundred times as long as to read it.
pub(super) fn recorded_quantile(level: &str, quantile: &str, histogram: &str, matchers: &str) -> String {
    format!("{level}:{histogram}:{quantile}_5m{{@{matchers}}}{}", exemplars(histogram, matchers))
}

/// What adds a histogram's exemplars to an expression, and nothing else.
pub(super) fn exemplars(histogram: &str, matchers: &str) -> String {
    format!(" or {histogram}_bucket{{@{matchers}}} @ 0")
}

/// The gauge of all instances together.
pub(super) fn sum(gauge: &str, by: &str, matchers: &str) -> String {
    format!("sum{}({gauge}{{@{matchers}}})", clause(by))
}

fn clause(by: &str) -> String {
    if by.is_empty() { String::new() } else { format!(" by ({by}) ") }
}
