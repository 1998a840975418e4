//! What a catalog may say: a program's own cannot break these rules, but one that somebody edited or merged can.

use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::{Catalog, Family, FamilyType, Label, Site, SiteKind, Slo};

/// Days over which an objective may hold.
const DAYS: RangeInclusive<u32> = 1..=90;

/// The longest time within which a call can be good: 24 hours, as `#[tta::workflow(slo(..))]` has it.
const LONGEST_SECONDS: f64 = 86_400.0;

/// What objectives are about.
const OBJECTIVES: [&str; 3] = ["success", "latency", "cost"];

/// Labels that Prometheus adds itself, and the one of buckets.
const NOT_OF_PROGRAMS: [&str; 3] = ["job", "instance", "le"];

/// Every rule that is broken: where, what was found, and what is accepted.
pub(super) fn mistakes(catalog: &Catalog) -> Vec<String> {
    let mut found = Mistakes::default();
    for (at, site) in catalog.sites.iter().enumerate() {
        found.of_site(at, site);
    }
    let mut series = HashMap::new();
    for (at, family) in catalog.families.iter().enumerate() {
        found.of_family(at, family, &mut series);
    }
    found.0
}

#[derive(Default)]
struct Mistakes(Vec<String>);

impl Mistakes {
    fn add(&mut self, place: &str, what: &str, found: impl Display, accepted: &str) {
        self.0.push(format!("{place}: {what} is {found}; accepted: {accepted}"));
    }

    /// A text that is there, on one line.
    fn text(&mut self, place: &str, what: &str, text: &str) {
        if text.is_empty() || text.chars().any(char::is_control) {
            self.add(place, what, format_args!("{text:?}"), "a text without control characters");
        }
    }

    fn of_site(&mut self, at: usize, site: &Site) {
        let kind = match site.kind {
            SiteKind::Workflow => "workflow",
            SiteKind::Primitive => "primitive",
        };
        let place = if site.name.is_empty() {
            format!("function {} (sites[{at}])", shown(&site.function))
        } else {
            format!("{kind} {} (sites[{at}], {}:{})", shown(&site.name), shown(&site.file), site.line)
        };
        for (what, text) in [
            ("name", &site.name),
            ("type", &site.type_),
            ("span", &site.span),
            ("function", &site.function),
            ("file", &site.file),
        ] {
            self.text(&place, what, text);
        }
        if let Some(maturity) = &site.maturity {
            self.text(&place, "maturity", maturity);
        }
        self.labels(&place, &site.labels);
        for error in &site.errors {
            let place = format!("{place}, error {}", shown(&error.name));
            for (what, text) in
                [("name", &error.name), ("category", &error.category), ("severity", &error.severity)]
            {
                self.text(&place, what, text);
            }
            if let Some(code) = &error.code {
                self.text(&place, "code", code);
            }
        }
        if let Some(slo) = &site.slo {
            self.of_slo(&place, slo);
        }
    }

    fn of_slo(&mut self, place: &str, slo: &Slo) {
        if !DAYS.contains(&slo.window_days) {
            let (first, last) = DAYS.into_inner();
            self.add(place, "window_days", slo.window_days, &format!("{first} to {last}"));
        }
        if slo.objectives.is_empty() {
            self.add(place, "objectives", "empty", "one at least");
        }
        let mut seen = Vec::new();
        for objective in &slo.objectives {
            let place = format!("{place}, objective {}", shown(&objective.name));
            if !OBJECTIVES.contains(&objective.name.as_str()) {
                self.add(place.as_str(), "objective", shown(&objective.name), "success, latency or cost");
            }
            if seen.contains(&&objective.name) {
                self.add(&place, "objective", "there twice", "each once");
            }
            seen.push(&objective.name);
            if !(objective.target > 0.0 && objective.target < 1.0) {
                self.add(&place, "target", objective.target, "more than 0 and less than 1");
            }
            let accepted = format!("more than 0 and at most {LONGEST_SECONDS}");
            match (objective.name.as_str(), objective.threshold_seconds) {
                (_, Some(seconds)) if !(seconds > 0.0 && seconds <= LONGEST_SECONDS) => {
                    self.add(&place, "threshold_seconds", seconds, &accepted);
                }
                ("latency", None) => self.add(&place, "threshold_seconds", "missing", &accepted),
                (name, Some(seconds)) if name != "latency" => {
                    self.add(&place, "threshold_seconds", seconds, "none: only a latency has one");
                }
                _ => {}
            }
            match (objective.name.as_str(), objective.threshold_dollars) {
                (_, Some(dollars)) if !(dollars > 0.0 && dollars.is_finite()) => {
                    self.add(&place, "threshold_dollars", dollars, "more than 0");
                }
                ("cost", None) => self.add(&place, "threshold_dollars", "missing", "more than 0"),
                (name, Some(dollars)) if name != "cost" => {
                    self.add(&place, "threshold_dollars", dollars, "none: only a cost has one");
                }
                _ => {}
            }
        }
    }

    fn of_family<'a>(&mut self, at: usize, family: &'a Family, series: &mut HashMap<String, &'a str>) {
        let place = format!("family {} (families[{at}])", shown(&family.name));
        if !is_metric_name(&family.name) {
            let accepted = "letters, digits, `_` and `:`, with no digit at the beginning";
            self.add(&place, "name", format_args!("{:?}", family.name), accepted);
        }
        if !family.unit.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            let accepted = "seconds, bytes, another unit of letters, digits and `_`, or nothing";
            self.add(&place, "unit", format_args!("{:?}", family.unit), accepted);
        }
        let is_no_text = |letter: char| letter.is_control() && letter != '\n';
        if family.help.contains(is_no_text) {
            self.add(&place, "help", format_args!("{:?}", family.help), "a text without control characters");
        }
        if family.producer.contains(char::is_control) {
            let accepted = "a text without control characters";
            self.add(&place, "producer", format_args!("{:?}", family.producer), accepted);
        }
        self.labels(&place, &family.labels);
        for label in &family.labels {
            if NOT_OF_PROGRAMS.contains(&label.name.as_str()) {
                let accepted = "another: that one is Prometheus' own";
                self.add(&place, "a label's name", &label.name, accepted);
            }
        }
        let is_histogram = family.type_ == FamilyType::Histogram;
        if !is_histogram && !family.buckets.is_empty() {
            self.add(&place, "buckets", "there", "none: only a histogram has them");
        }
        if let Some(bound) = family.buckets.iter().find(|bound| !bound.is_finite()) {
            self.add(&place, "a bucket", bound, "a number; +Inf is there without being said");
        }
        if let Some([before, after]) = family.buckets.array_windows().find(|[before, after]| before >= after)
        {
            let found = format!("{after} after {before}");
            self.add(&place, "a bucket", found, "each more than the one before");
        }
        let endings: &[&str] = if is_histogram { &["_bucket", "_sum", "_count", ""] } else { &[""] };
        for ending in endings {
            let name = format!("{}{ending}", family.name);
            if let Some(other) = series.get(&name) {
                let found = format!("made by {} as well", shown(other));
                self.add(&place, &format!("the series {}", shown(&name)), found, "one family for each");
                break;
            }
            series.insert(name, &family.name);
        }
    }

    fn labels(&mut self, place: &str, labels: &[Label]) {
        let mut seen = Vec::new();
        for label in labels {
            let place = format!("{place}, label {}", shown(&label.name));
            if !is_label_name(&label.name) {
                let accepted = "letters, digits and `_`, with no digit and no `__` at the beginning";
                self.add(&place, "name", format_args!("{:?}", label.name), accepted);
            }
            if seen.contains(&&label.name) {
                self.add(&place, "label", "there twice", "each once");
            }
            seen.push(&label.name);
            if label.limit == Some(0) {
                self.add(&place, "limit", 0, "1 and more");
            }
            for (at, value) in label.values.iter().flatten().enumerate() {
                // To Prometheus, a label that is empty is none.
                if value.contains(char::is_control) {
                    let accepted = "texts without control characters";
                    self.add(&place, &format!("values[{at}]"), format_args!("{value:?}"), accepted);
                }
            }
            let mut values: Vec<&String> = label.values.iter().flatten().collect();
            values.sort_unstable();
            if let Some(pair) = values.windows(2).find(|pair| pair[0] == pair[1]) {
                self.add(&place, &format!("the value {}", shown(pair[0])), "there twice", "each once");
            }
        }
    }
}

/// A name as it is, unless it would break the sentence that it is in.
fn shown(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.chars().any(|letter| letter.is_control() || letter == '"');
    if is_plain { text.to_owned() } else { format!("{text:?}") }
}

/// What Prometheus calls series by.
fn is_metric_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == ':')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':')
}

/// What Prometheus calls labels by; those with `__` are its own.
fn is_label_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && !name.starts_with("__")
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
