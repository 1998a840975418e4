//! What a query looks at: whether each of its selectors has something to select.

use std::collections::BTreeMap;

use promql_parser::parser::VectorSelector;

use super::Examined;
use super::families::series;
use super::queries::Found;
use crate::catalog::Family;
use crate::queries::{name_of, selectors};

/// What Prometheus itself makes, of alerts that are pending or fire: often nothing.
const OF_ALERTS: [&str; 2] = ["ALERTS", "ALERTS_FOR_STATE"];

/// Every selector of a query, as of now and each once.
pub(super) fn inputs(expr: &str) -> Vec<VectorSelector> {
    let mut all: BTreeMap<String, VectorSelector> = BTreeMap::new();
    for mut selector in selectors(expr) {
        (selector.offset, selector.at) = (None, None);
        all.insert(selector.to_string(), selector);
    }
    all.into_values().collect()
}

/// What is asked to see whether a selector has something to select. One sample is enough of an answer.
pub(super) fn presence(selector: &VectorSelector) -> String {
    format!("group({selector})")
}

impl Examined<'_> {
    /// Whether a selector that finds nothing cannot find anything: neither does it have a reason to be empty, nor does
    /// the program have series that it may select when there is something to count.
    pub(super) fn is_broken(&self, selector: &VectorSelector, excused: &BTreeMap<String, String>) -> bool {
        let Some(name) = name_of(selector) else { return false };
        if OF_ALERTS.contains(&name.as_str()) || excused.contains_key(&name) {
            return false;
        }
        match self.family_of(&name) {
            Some(family) => !self.has(family) || !may_select(family, selector),
            None => true,
        }
    }

    /// The family that the series is of.
    fn family_of(&self, name: &str) -> Option<&Family> {
        self.catalog.families.iter().find(|family| series(family).iter().any(|series| series == name))
    }

    /// Whether a family has any series.
    pub(super) fn has(&self, family: &Family) -> bool {
        series(family).into_iter().any(|name| {
            let series = crate::promql::selector(&name, &[("job", self.job)]);
            matches!(Found::of(self.prometheus.query(&series)), Found::Some | Found::NotANumber)
        })
    }
}

/// Whether the catalog has labels and values that the selector asks for.
fn may_select(family: &Family, selector: &VectorSelector) -> bool {
    // Of the scrape and of histograms.
    const OTHERS: [&str; 4] = ["__name__", "job", "instance", "le"];
    let may_match = |matcher: &promql_parser::label::Matcher| {
        if OTHERS.contains(&matcher.name.as_str()) {
            return true;
        }
        match family.labels.iter().find(|label| label.name == matcher.name) {
            Some(label) => match &label.values {
                Some(values) if !label.open => {
                    (label.optional && matcher.is_match(""))
                        || values.iter().any(|value| matcher.is_match(value))
                }
                _ => true,
            },
            // A label that is nowhere is everywhere empty.
            None => matcher.is_match(""),
        }
    };
    selector.matchers.matchers.iter().all(may_match)
}
