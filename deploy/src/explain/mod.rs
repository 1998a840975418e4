//! `tta explain`: everything about one name.

mod answer;
mod prometheus;
mod tell;

use std::collections::BTreeSet;

use promql_parser::parser::token::T_GTR;
use promql_parser::parser::{Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};

use self::answer::{
    Answer, Burn, Found, OfError, OfFamily, OfLabel, OfLabelIn, OfLabelUse, OfObjective, OfPrometheus,
    OfRule, OfSite, Place, Used,
};
use crate::catalog::{Catalog, Family, Site, SiteKind};
use crate::cli::{Explain, Failure, Outcome};
use crate::generate;
use crate::queries::{self, Purpose, Query, family_of, name_of, selectors};
use crate::reference::{examples, kind_word, producers, type_word, values};
use crate::terminal::Terminal;

/// How alike a name has to be to be what was meant.
const ALIKE: f64 = 0.7;
/// Names that may have been meant.
const SUGGESTED: usize = 3;
/// Values of a label, and functions, that are listed.
const SHOWN: usize = 20;
/// The recorded burn over a window, before the window.
const BURN: &str = "slo:tta_slo_burn:ratio_rate";

pub(crate) fn run(asked: &Explain, catalog: &Catalog, terminal: &mut Terminal) -> Result<Outcome, Failure> {
    let files = generate::core(catalog, &asked.options)?;
    let readable = |all: Vec<Query>| all.into_iter().map(Query::readable).collect::<Vec<_>>();
    let rules = readable(queries::of_rules(&files)?);
    let panels = readable(queries::of_dashboards(&files, &asked.options.job)?);
    let explained = Explained { catalog, job: &asked.options.job, rules: &rules, panels: &panels };

    let name = asked.name.as_str();
    let found = explained.find(name);
    let did_you_mean = if found.is_empty() { explained.alike(name) } else { Vec::new() };
    for (at, one) in found.iter().enumerate() {
        if at > 0 {
            terminal.one_line("");
        }
        tell::found(one, terminal);
    }
    let ok = !found.is_empty();
    if !ok {
        terminal
            .one_line(format!("{name}: no metric, label, recorded series, alert or function of this name"));
        if !did_you_mean.is_empty() {
            terminal.one_line(format!("did you mean {}?", did_you_mean.join(", ")));
        }
    }
    terminal.answer(&Answer { ok, command: "explain", name, found, did_you_mean });
    Ok(if ok { Outcome::Done } else { Outcome::Found })
}

/// What is known.
struct Explained<'a> {
    catalog: &'a Catalog,
    job: &'a str,
    rules: &'a [Query],
    panels: &'a [Query],
}

impl<'a> Explained<'a> {
    fn find(&self, name: &str) -> Vec<Found<'a>> {
        let mut found = Vec::new();
        let by_name = |name: &str| self.catalog.families.iter().find(|family| family.name == name);
        if let Some(family) = by_name(name).or_else(|| by_name(family_of(name))) {
            found.push(Found::Family(self.family(family)));
        }
        for rule in self.rules.iter().filter(|rule| rule.name == name) {
            found.push(match rule.purpose {
                Purpose::Alert => Found::Alert(self.rule(rule)),
                _ => Found::Recorded(self.rule(rule)),
            });
        }
        let is_meant = |site: &&Site| site.name == name || site.function == name || site.span == name;
        found.extend(self.catalog.sites.iter().filter(is_meant).map(|site| Found::Site(self.site(site))));
        found.extend(self.label(name).map(Found::Label));
        found.extend(prometheus::METRICS.iter().find(|metric| metric.name == name).map(|metric| {
            Found::Prometheus(OfPrometheus {
                name: metric.name,
                type_: "gauge",
                help: metric.help,
                labels: metric.labels,
                used_by: self.users(metric.name),
            })
        }));
        found
    }

    /// The label of this name: of families, of what rules make, or of Prometheus.
    fn label(&self, name: &str) -> Option<OfLabelUse<'a>> {
        let mut own: Option<&'a str> = None;
        let mut families = Vec::new();
        for family in &self.catalog.families {
            for label in family.labels.iter().filter(|label| label.name == name) {
                own = Some(&label.name);
                families
                    .push(OfLabelIn { family: &family.name, values: values(label, SHOWN, str::to_owned) });
            }
        }
        let given: BTreeSet<(&'a str, &'a str)> = self
            .rules
            .iter()
            .filter_map(|rule| rule.labels.get_key_value(name))
            .map(|(label, value)| (label.as_str(), value.as_str()))
            .collect();
        let of_prometheus = prometheus::LABELS.iter().find(|(label, _)| *label == name);
        let name =
            own.or(given.first().map(|(label, _)| *label)).or(of_prometheus.map(|(label, _)| *label))?;
        let sites =
            self.catalog.sites.iter().filter(|site| site.labels.iter().any(|label| label.name == name));
        let queries = self.panels.iter().chain(self.rules).filter(|query| names_label(&query.expr, name));
        let users: BTreeSet<Used<'a>> = queries.map(used).collect();
        Some(OfLabelUse {
            name,
            help: of_prometheus.map(|(_, help)| *help),
            families,
            given_by_rules: given.into_iter().map(|(_, value)| value).collect(),
            sites: sites.map(place).collect(),
            // Everything has them.
            used_by: if of_prometheus.is_some() { Vec::new() } else { users.into_iter().collect() },
        })
    }

    /// The names that are most like it.
    fn alike(&self, name: &str) -> Vec<&'a str> {
        let families = self.catalog.families.iter().map(|family| family.name.as_str());
        let labels = self.catalog.families.iter().flat_map(|family| &family.labels);
        let sites = self.catalog.sites.iter().flat_map(|site| [site.name.as_str(), site.function.as_str()]);
        let all: BTreeSet<&str> = families
            .chain(labels.map(|label| label.name.as_str()))
            .chain(sites)
            .chain(self.rules.iter().map(|rule| rule.name.as_str()))
            .chain(self.rules.iter().flat_map(|rule| rule.labels.keys().map(String::as_str)))
            .chain(prometheus::METRICS.iter().map(|metric| metric.name))
            .chain(prometheus::LABELS.iter().map(|(label, _)| *label))
            .collect();
        let wanted = name.to_lowercase();
        let likeness = |other: &str| {
            let other = other.to_lowercase();
            // Whoever types a part of a name means the name.
            let is_part = wanted.len() > 2 && other.contains(&wanted);
            strsim::jaro_winkler(&wanted, &other).max(if is_part { 0.9 } else { 0.0 })
        };
        let mut all: Vec<(f64, &str)> = all.into_iter().map(|other| (likeness(other), other)).collect();
        all.retain(|(likeness, _)| *likeness >= ALIKE);
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        all.into_iter().take(SUGGESTED).map(|(_, other)| other).collect()
    }

    /// Who reads a metric.
    fn users(&self, metric: &str) -> Vec<Used<'a>> {
        let all = self.panels.iter().chain(self.rules).filter(|query| query.uses(metric));
        let users: BTreeSet<Used<'a>> = all.map(used).collect();
        users.into_iter().collect()
    }

    fn family(&self, family: &'a Family) -> OfFamily<'a> {
        OfFamily {
            name: &family.name,
            type_: type_word(family),
            unit: &family.unit,
            help: &family.help,
            producer: &family.producer,
            labels: family.labels.iter().map(of_label).collect(),
            sites: producers(self.catalog, family).into_iter().map(place).collect(),
            used_by: self.users(&family.name),
            examples: examples(family, self.job),
        }
    }

    fn rule(&self, rule: &'a Query) -> OfRule<'a> {
        OfRule {
            name: &rule.name,
            group: &rule.within,
            expr: rule.expr.trim(),
            for_: rule.for_.as_deref(),
            labels: &rule.labels,
            annotations: &rule.annotations,
            reads: rule.metrics().into_iter().collect(),
            used_by: self.users(&rule.name),
        }
    }

    fn site(&self, site: &'a Site) -> OfSite<'a> {
        let families: Vec<&Family> = self
            .catalog
            .families
            .iter()
            .filter(|family| {
                producers(self.catalog, family).into_iter().any(|other| std::ptr::eq(other, site))
            })
            .collect();
        let concerns = |query: &&Query| {
            let expr = query.substituted(&mut |_, _| None);
            selectors(&expr).iter().any(|selector| is_about(selector, site, &families))
        };
        let alerts = self.rules.iter().filter(|rule| rule.purpose == Purpose::Alert);
        let alerts: BTreeSet<Used<'a>> = alerts.filter(concerns).map(used).collect();
        OfSite {
            kind: kind_word(site),
            name: &site.name,
            type_: &site.type_,
            span: &site.span,
            function: &site.function,
            file: &site.file,
            line: site.line,
            maturity: site.maturity.as_deref(),
            labels: site.labels.iter().map(of_label).collect(),
            labels_on_all: site.labels_on_all,
            errors: site
                .errors
                .iter()
                .map(|error| OfError {
                    name: &error.name,
                    category: &error.category,
                    severity: &error.severity,
                    code: error.code.as_deref(),
                })
                .collect(),
            metrics: families.iter().map(|family| family.name.as_str()).collect(),
            objectives: self.objectives(site),
            alerts: alerts.into_iter().collect(),
            dashboards: self.panels.iter().filter(concerns).map(|query| query.within.as_str()).collect(),
        }
    }

    fn objectives(&self, site: &'a Site) -> Vec<OfObjective<'a>> {
        let mut all = Vec::new();
        for (slo, objective) in
            site.slo.iter().flat_map(|slo| slo.objectives.iter().map(move |one| (slo, one)))
        {
            let mut burns: Vec<Burn<'a>> = Vec::new();
            for rule in self.rules.iter().filter(|rule| rule.purpose == Purpose::Alert) {
                let is_of_it = |(selector, _): &(VectorSelector, f64)| {
                    matches(selector, "slo", &site.name) && matches(selector, "objective", &objective.name)
                };
                let over: Vec<(String, f64)> = thresholds(&rule.expr)
                    .into_iter()
                    .filter(is_of_it)
                    .filter_map(|(selector, factor)| {
                        Some((selector.name?.strip_prefix(BURN)?.to_owned(), factor))
                    })
                    .collect();
                let Some((_, factor)) = over.first() else { continue };
                burns.push(Burn {
                    alert: &rule.name,
                    factor: *factor,
                    bad_ratio: (factor * (1.0 - objective.target) * 1e9).round() / 1e9,
                    windows: over.into_iter().map(|(window, _)| window).collect(),
                    severity: rule.labels.get("severity").map(String::as_str),
                    for_: rule.for_.as_deref(),
                });
            }
            all.push(OfObjective {
                objective: &objective.name,
                target: objective.target,
                threshold_seconds: objective.threshold_seconds,
                threshold_dollars: objective.threshold_dollars,
                bound: objective.bound(),
                window_days: slo.window_days,
                burns,
            });
        }
        all
    }
}

/// Whether an expression selects by a label, or groups by it.
fn names_label(expr: &str, label: &str) -> bool {
    let mut is_quoted = false;
    let mut is_escaped = false;
    // What is in quotes is a value, or a pattern.
    let outside: String = expr
        .chars()
        .map(|letter| {
            let is_end = letter == '"' && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            is_quoted ^= is_end;
            if is_quoted || is_end { ' ' } else { letter }
        })
        .collect();
    outside
        .split(|letter: char| !(letter.is_ascii_alphanumeric() || "_:$".contains(letter)))
        .any(|word| word == label)
}

fn used(query: &Query) -> Used<'_> {
    Used { by: query.purpose, within: &query.within, name: &query.name }
}

fn place(site: &Site) -> Place<'_> {
    Place { kind: kind_word(site), name: &site.name, file: &site.file, line: site.line }
}

fn of_label(label: &crate::catalog::Label) -> OfLabel<'_> {
    OfLabel { name: &label.name, values: values(label, SHOWN, str::to_owned) }
}

/// Whether a selector takes in series whose label has the value.
fn matches(selector: &VectorSelector, label: &str, value: &str) -> bool {
    selector
        .matchers
        .matchers
        .iter()
        .filter(|matcher| matcher.name == label)
        .all(|matcher| matcher.is_match(value))
}

/// Whether a selector is about a function: its labels, or what it selects, name it.
fn is_about(selector: &VectorSelector, site: &Site, families: &[&Family]) -> bool {
    let own = match site.kind {
        SiteKind::Workflow => "workflow_name",
        SiteKind::Primitive => "primitive_name",
    };
    let names = |label: &str| selector.matchers.matchers.iter().any(|matcher| matcher.name == label);
    if ["slo", own].iter().any(|label| names(label)) {
        return ["slo", own].iter().all(|label| matches(selector, label, &site.name))
            && (names(own) || site.slo.is_some());
    }
    let Some(name) = name_of(selector) else { return false };
    let family = family_of(&name);
    // Of a recorded series the part in the middle is the metric.
    let metric = name.split(':').nth(1).unwrap_or(family);
    let is_of_slos = name.starts_with("slo:") && site.slo.is_some();
    is_of_slos
        || families
            .iter()
            .any(|family| family.name == metric || family.name.trim_end_matches("_total") == metric)
}

/// What an alert compares with a number from which on it fires.
fn thresholds(expr: &str) -> Vec<(VectorSelector, f64)> {
    struct Thresholds(Vec<(VectorSelector, f64)>);

    impl ExprVisitor for Thresholds {
        type Error = std::convert::Infallible;

        fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
            if let Expr::Binary(binary) = expr
                && binary.op.id() == T_GTR
                && let (Expr::VectorSelector(selector), Expr::NumberLiteral(number)) =
                    (&*binary.lhs, &*binary.rhs)
            {
                self.0.push((selector.clone(), number.val));
            }
            Ok(true)
        }
    }

    let mut found = Thresholds(Vec::new());
    if let Ok(expr) = promql_parser::parser::parse(expr) {
        let Ok(_) = walk_expr(&mut found, &expr);
    }
    found.0
}
