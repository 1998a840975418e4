//! The names of all checks, and which of them are of a mistake.

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// It cannot work, or says something else than is meant.
    Mistake,
    /// It works, and could be better.
    Style,
}

/// What can be told of, by the name in brackets.
const MISTAKES: [&str; 27] = [
    "alert-comparison",
    "comparison",
    "counter",
    "duplicate",
    "excuse",
    "for",
    "histogram-le",
    "impossible",
    "label",
    "label-value",
    "le",
    "legend",
    "link",
    "metric",
    "panel",
    "panel-no-targets-rule",
    "producer",
    "quantile",
    "syntax",
    "target-counter-agg-rule",
    "target-logql-rule",
    "target-promql-rule",
    "template",
    "template-label-promql-rule",
    "unused",
    "variable",
    "vector-matching",
];
const STYLE: [&str; 14] = [
    "panel-datasource-rule",
    "panel-title-description-rule",
    "panel-units-rule",
    "regexp",
    "target-instance-rule",
    "target-job-rule",
    "target-logql-auto-rule",
    "target-rate-interval-rule",
    "template-datasource-rule",
    "template-instance-rule",
    "template-job-rule",
    "template-on-time-change-reload-rule",
    "uneditable-dashboard",
    ALL_OF_STYLE,
];

/// Stands for all of them in `--without`.
const ALL_OF_STYLE: &str = "style";

/// Every name, for `--without` as well.
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    MISTAKES.into_iter().chain(STYLE)
}

/// How bad it is what a check finds.
pub(super) fn severity(check: &str) -> Severity {
    if STYLE.contains(&check) { Severity::Style } else { Severity::Mistake }
}

/// Whether a check is meant by a name in `--without`.
pub(super) fn is_meant(check: &str, name: &str) -> bool {
    check == name || name == ALL_OF_STYLE && severity(check) == Severity::Style
}

/// A name that `--without` takes.
pub(super) fn parse(name: &str) -> Result<String, String> {
    if all().any(|check| check == name) {
        return Ok(name.to_owned());
    }
    let nearest = super::nearest::nearest(name, all());
    let meant = nearest.map(|check| format!(" (did you mean {check}?)")).unwrap_or_default();
    let [mistakes, style] = [&MISTAKES[..], &STYLE[..STYLE.len() - 1]].map(|checks| checks.join(", "));
    Err(format!(
        "no check has this name{meant}; of mistakes: {mistakes}; of style: {style}; all of these: style"
    ))
}
