//! What is said of a name, for people.

use super::SHOWN;
use super::answer::{Found, OfFamily, OfLabel, OfLabelUse, OfRule, OfSite, Place, Used};
use crate::promql::number;
use crate::queries::Purpose;
use crate::terminal::Terminal;

pub(super) fn found(found: &Found<'_>, terminal: &mut Terminal) {
    match found {
        Found::Family(family) => tell_family(family, terminal),
        Found::Recorded(rule) => tell_rule("recorded series", rule, terminal),
        Found::Alert(rule) => tell_rule("alert", rule, terminal),
        Found::Site(site) => tell_site(site, terminal),
        Found::Label(label) => tell_label(label, terminal),
        Found::Prometheus(metric) => {
            terminal.one_line(format!("{}: {}, made by Prometheus", metric.name, metric.type_));
            terminal.one_line(format!("  {}", metric.help));
            tell_list("labels", metric.labels.iter().map(|label| (*label).to_owned()), terminal);
            tell_users(&metric.used_by, terminal);
        }
    }
}

fn tell_family(family: &OfFamily<'_>, terminal: &mut Terminal) {
    let unit = if family.unit.is_empty() { String::new() } else { format!(" in {}", family.unit) };
    terminal.one_line(format!("{}: {}{unit}", family.name, family.type_));
    terminal.one_line(format!("  {}", family.help));
    terminal.one_line(format!("  from: {}", family.producer));
    tell_labels(&family.labels, terminal);
    tell_sites(&family.sites, terminal);
    tell_users(&family.used_by, terminal);
    terminal.one_line("examples");
    for example in &family.examples {
        terminal.one_line(format!("  {example}"));
    }
}

fn tell_label(label: &OfLabelUse<'_>, terminal: &mut Terminal) {
    terminal.one_line(format!("{}: label", label.name));
    if let Some(help) = label.help {
        terminal.one_line(format!("  {help}"));
    }
    if !label.given_by_rules.is_empty() {
        let values: Vec<&str> = label.given_by_rules.iter().copied().collect();
        terminal.one_line(format!("  rules and alerts give it: {}", values.join(", ")));
    }
    let families = label.families.iter().map(|of| format!("{}: {}", of.family, of.values));
    tell_list("families", families, terminal);
    tell_sites(&label.sites, terminal);
    tell_users(&label.used_by, terminal);
}

fn tell_sites(sites: &[Place<'_>], terminal: &mut Terminal) {
    let more = sites.len().saturating_sub(SHOWN);
    let lines = sites
        .iter()
        .take(SHOWN)
        .map(|site| format!("{} {} ({}:{})", site.kind, site.name, site.file, site.line))
        .chain((more > 0).then(|| format!("and {more} more")));
    tell_list("functions", lines, terminal);
}

fn tell_rule(what: &str, rule: &OfRule<'_>, terminal: &mut Terminal) {
    terminal.one_line(format!("{}: {what} of the group {}", rule.name, rule.group));
    for line in rule.expr.lines() {
        terminal.one_line(format!("  {line}"));
    }
    if let Some(for_) = rule.for_ {
        terminal.one_line(format!("  for {for_}"));
    }
    for (key, value) in rule.labels {
        terminal.one_line(format!("  {key}: {value}"));
    }
    for (key, value) in rule.annotations {
        terminal.one_line(format!("  {key}: {value}"));
    }
    tell_list("reads", rule.reads.iter().cloned(), terminal);
    tell_users(&rule.used_by, terminal);
}

fn tell_site(site: &OfSite<'_>, terminal: &mut Terminal) {
    terminal.one_line(format!("{}: {}, {}", site.name, site.kind, site.type_));
    terminal.one_line(format!("  {} ({}:{})", site.function, site.file, site.line));
    terminal.one_line(format!("  spans: {}", site.span));
    if let Some(maturity) = site.maturity {
        terminal.one_line(format!("  maturity: {maturity}"));
    }
    tell_labels(&site.labels, terminal);
    if !site.errors.is_empty() {
        terminal.one_line("errors");
        for error in &site.errors {
            let code = error.code.map(|code| format!(", code {code}")).unwrap_or_default();
            terminal.one_line(format!("  {}: {}, {}{code}", error.name, error.category, error.severity));
        }
    }
    for objective in &site.objectives {
        terminal.one_line(format!(
            "objective {}: {} % of calls{} over {} days",
            objective.objective,
            number(objective.target * 100.0),
            objective.bound,
            objective.window_days
        ));
        for burn in &objective.burns {
            terminal.one_line(format!(
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
            terminal.one_line(title);
        }
        terminal.one_line(format!("  {line}"));
    }
}
