//! Alerts on objectives: budgets that burn too fast, that are spent, and failures of what is seldom called.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::cli::Options;
use crate::promql::{number, selector};

use super::Words;
use crate::rules::Rule;
use crate::rules::burn::{LEAST_FAILURES, LeftOut, PAIRS, Pair};
use crate::rules::slo::{self, classes, of_slos};

/// `success` as it is in an alert's name.
fn capitalised(objective: &str) -> String {
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

pub(super) fn burns(catalog: &Catalog, options: &Options, left_out: &mut Vec<String>) -> Vec<Rule> {
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

pub(super) fn budgets(catalog: &Catalog, options: &Options) -> Vec<Rule> {
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
