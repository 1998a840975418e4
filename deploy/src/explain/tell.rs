//! What is said of a name, for people.

use super::SHOWN;
use super::answer::{Found, OfFamily, OfLabel, OfRule, OfSite, Used};
use crate::promql::number;
use crate::queries::Purpose;
use crate::terminal::Terminal;

pub(super) fn found(found: &Found<'_>, terminal: &mut Terminal) {
    match found {
        Found::Family(family) => tell_family(family, terminal),
        Found::Recorded(rule) => tell_rule("recorded series", rule, terminal),
        Found::Alert(rule) => tell_rule("alert", rule, terminal),
        Found::Site(site) => tell_site(site, terminal),
    }
}

fn tell_family(family: &OfFamily<'_>, terminal: &mut Terminal) {
    let unit = if family.unit.is_empty() { String::new() } else { format!(" in {}", family.unit) };
    terminal.line(format!("{}: {}{unit}", family.name, family.type_));
    terminal.line(format!("  {}", family.help));
    terminal.line(format!("  from: {}", family.producer));
    tell_labels(&family.labels, terminal);
    if !family.sites.is_empty() {
        terminal.line("functions");
        for site in family.sites.iter().take(SHOWN) {
            terminal.line(format!("  {} {} ({}:{})", site.kind, site.name, site.file, site.line));
        }
        if family.sites.len() > SHOWN {
            terminal.line(format!("  and {} more", family.sites.len() - SHOWN));
        }
    }
    tell_users(&family.used_by, terminal);
    terminal.line("examples");
    for example in &family.examples {
        terminal.line(format!("  {example}"));
    }
}

fn tell_rule(what: &str, rule: &OfRule<'_>, terminal: &mut Terminal) {
    terminal.line(format!("{}: {what} of the group {}", rule.name, rule.group));
    for line in rule.expr.lines() {
        terminal.line(format!("  {line}"));
    }
    if let Some(for_) = rule.for_ {
        terminal.line(format!("  for {for_}"));
    }
    for (key, value) in rule.labels {
        terminal.line(format!("  {key}: {value}"));
    }
    for (key, value) in rule.annotations {
        terminal.line(format!("  {key}: {value}"));
    }
    terminal.line(format!("reads\n  {}", rule.reads.join("\n  ")));
    tell_users(&rule.used_by, terminal);
}

fn tell_site(site: &OfSite<'_>, terminal: &mut Terminal) {
    terminal.line(format!("{}: {}, {}", site.name, site.kind, site.type_));
    terminal.line(format!("  {} ({}:{})", site.function, site.file, site.line));
    terminal.line(format!("  spans: {}", site.span));
    if let Some(maturity) = site.maturity {
        terminal.line(format!("  maturity: {maturity}"));
    }
    tell_labels(&site.labels, terminal);
    if !site.errors.is_empty() {
        terminal.line("errors");
        for error in &site.errors {
            let code = error.code.map(|code| format!(", code {code}")).unwrap_or_default();
            terminal.line(format!("  {}: {}, {}{code}", error.name, error.category, error.severity));
        }
    }
    for objective in &site.objectives {
        let within = objective.threshold_seconds.map(|seconds| format!(" within {} s", number(seconds)));
        terminal.line(format!(
            "objective {}: {} % of calls{} over {} days",
            objective.objective,
            number(objective.target * 100.0),
            within.unwrap_or_default(),
            objective.window_days
        ));
        for burn in &objective.burns {
            terminal.line(format!(
                "  {}: {} from a burn of {} on, which is {} % of bad calls, over {}, for {}",
                burn.alert,
                burn.severity.unwrap_or("told"),
                number(burn.factor),
                number(burn.bad_ratio * 100.0),
                burn.windows.join(" and "),
                burn.for_.unwrap_or("0s")
            ));
        }
    }
    tell_list("metrics", site.metrics.iter().map(|name| (*name).to_owned()), terminal);
    tell_list("alerts", site.alerts.iter().map(|alert| alert.name.to_owned()), terminal);
    tell_list("dashboards", site.dashboards.iter().map(|name| (*name).to_owned()), terminal);
}

fn tell_labels(labels: &[OfLabel<'_>], terminal: &mut Terminal) {
    tell_list("labels", labels.iter().map(|label| format!("{}: {}", label.name, label.values)), terminal);
}

fn tell_users(users: &[Used<'_>], terminal: &mut Terminal) {
    let word = |purpose| match purpose {
        Purpose::Panel => "panel",
        Purpose::Variable => "variable",
        Purpose::Annotation => "annotation",
        Purpose::Recording => "rule",
        Purpose::Alert => "alert",
    };
    let users = users.iter().map(|user| format!("{} {}/{}", word(user.by), user.within, user.name));
    tell_list("used by", users, terminal);
}

/// Nothing of an empty list.
fn tell_list(title: &str, lines: impl Iterator<Item = String>, terminal: &mut Terminal) {
    for (at, line) in lines.enumerate() {
        if at == 0 {
            terminal.line(title);
        }
        terminal.line(format!("  {line}"));
    }
}
