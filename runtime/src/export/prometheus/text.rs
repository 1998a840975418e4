//! Our families as text.

use std::fmt::Write as _;

use super::accept::Format;
use crate::metric::exemplar::Exemplar;
use crate::metric::family::Unit;
use crate::metric::store::{FamilySnapshot, Labels, Reading};

// Writing to a String cannot fail, so the results of `write!` are dropped below.

/// A family's lines; none where it has no series.
pub(super) fn write(snapshot: &FamilySnapshot, format: Format, out: &mut String) {
    let family = snapshot.family;
    if snapshot.series.is_empty() {
        return;
    }
    // OpenMetrics names a counter without the `_total` that its samples have.
    let name = match format {
        Format::Text => family.name(),
        Format::OpenMetrics => family.name().strip_suffix("_total").unwrap_or(family.name()),
    };
    let _ = writeln!(out, "# HELP {name} {}", escaped_help(family.description(), format));
    let _ = writeln!(out, "# TYPE {name} {}", family.kind().as_str());
    let unit = family.unit().suffix();
    if format == Format::OpenMetrics && !unit.is_empty() && name.ends_with(unit) {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
    let mut lines = Lines { out, name: family.name(), unit: family.unit() };
    let bounds: Vec<_> = family.buckets().iter().map(|bound| float(*bound)).chain([le("+Inf")]).collect();
    for series in &snapshot.series {
        let labels = series.labels.text(text);
        match &series.reading {
            Reading::Counter(value) => lines.amount("", labels, *value),
            Reading::Gauge(value) if *value < 0 => lines.negative(labels, value.unsigned_abs()),
            Reading::Gauge(value) => lines.amount("", labels, value.unsigned_abs()),
            Reading::Histogram { buckets, sum } => {
                let mut below = 0;
                // Only OpenMetrics has a place for them.
                let exemplars = if format == Format::OpenMetrics { &*series.exemplars } else { &[] };
                for (at, (count, bound)) in buckets.iter().zip(&bounds).enumerate() {
                    below += count;
                    lines.bucket(labels, bound, below, exemplars.get(at).copied().flatten());
                }
                lines.amount("_sum", labels, *sum);
                lines.count(labels, below);
            }
        }
    }
}

/// A family's samples, a line each. Pushed piece by piece: a scrape may be of many thousands, and
/// formatting machinery is what it would spend its time on.
struct Lines<'a> {
    out: &'a mut String,
    name: &'static str,
    unit: Unit,
}

impl Lines<'_> {
    /// A stored integer in its unit.
    fn amount(&mut self, suffix: &str, labels: &str, stored: u64) {
        self.head(suffix, labels);
        self.number(stored);
    }

    fn negative(&mut self, labels: &str, stored: u64) {
        self.head("", labels);
        self.out.push('-');
        self.number(stored);
    }

    fn count(&mut self, labels: &str, count: u64) {
        self.head("_count", labels);
        self.whole(count);
    }

    /// `bound` is the label `le`.
    fn bucket(&mut self, labels: &str, bound: &str, below: u64, exemplar: Option<Exemplar>) {
        self.out.push_str(self.name);
        self.out.push_str("_bucket{");
        if !labels.is_empty() {
            self.out.push_str(labels);
            self.out.push(',');
        }
        self.out.push_str(bound);
        self.out.push_str("} ");
        self.out.push_str(itoa::Buffer::new().format(below));
        if let Some(exemplar) = exemplar {
            self.exemplar(exemplar);
        }
        self.out.push('\n');
    }

    /// Its labels are always 63 characters long, of 128 that OpenMetrics allows.
    fn exemplar(&mut self, Exemplar { trace_id, span_id, value, at }: Exemplar) {
        let value = self.unit.from_stored(value);
        let (seconds, milliseconds) = (at / 1_000_000_000, at / 1_000_000 % 1_000);
        let _ = write!(
            self.out,
            " # {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} {value} {seconds}.{milliseconds:03}"
        );
    }

    fn head(&mut self, suffix: &str, labels: &str) {
        self.out.push_str(self.name);
        self.out.push_str(suffix);
        if !labels.is_empty() {
            self.out.push('{');
            self.out.push_str(labels);
            self.out.push('}');
        }
        self.out.push(' ');
    }

    /// What is counted stays exact beyond 2^53 too.
    fn number(&mut self, stored: u64) {
        if self.unit.resolution() == 1 {
            self.whole(stored);
        } else {
            let _ = writeln!(self.out, "{}", self.unit.from_stored(stored));
        }
    }

    fn whole(&mut self, number: u64) {
        self.out.push_str(itoa::Buffer::new().format(number));
        self.out.push('\n');
    }
}

/// A bucket's bound in the form that OpenMetrics prescribes, `1.0` and not `1`. The text format takes it
/// too, so a series stays the same whatever the scraper asked for.
fn float(bound: f64) -> String {
    le(&format!("{bound:?}"))
}

fn le(bound: &str) -> String {
    format!("le=\"{bound}\"")
}

/// `name="value",…`, as it stands between braces.
fn text(labels: &Labels) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        let separator = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{separator}{name}=\"");
        for char in value.chars() {
            match char {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                other => text.push(other),
            }
        }
        text.push('"');
    }
    text
}

fn escaped_help(help: &str, format: Format) -> String {
    let escaped = help.replace('\\', "\\\\").replace('\n', "\\n");
    match format {
        Format::Text => escaped,
        Format::OpenMetrics => escaped.replace('"', "\\\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::family::{PRIMITIVE_DURATION, PRIMITIVE_EXECUTIONS};
    use crate::metric::store::SeriesSnapshot;

    #[test]
    fn label_values_are_escaped() {
        let labels = vec![("a", "x\"y\\z\nw".into()), ("b", "é".into())];
        assert_eq!(text(&labels), r#"a="x\"y\\z\nw",b="é""#);
        assert_eq!(text(&Vec::new()), "");
    }

    #[test]
    fn a_histogram_accumulates_and_its_bounds_are_the_same_in_both_formats() {
        let mut buckets = vec![0; PRIMITIVE_DURATION.buckets().len() + 1];
        (buckets[0], buckets[10]) = (2, 1);
        let snapshot = FamilySnapshot {
            family: &PRIMITIVE_DURATION,
            series: vec![SeriesSnapshot::new(
                vec![("primitive_name", "a".into())],
                Reading::Histogram { buckets, sum: 1_500_000_000 },
            )],
        };
        for format in [Format::Text, Format::OpenMetrics] {
            let mut out = String::new();
            write(&snapshot, format, &mut out);
            let line = |line: &str| assert!(out.lines().any(|found| found == line), "no {line} in {out}");
            line(r#"tta_primitive_duration_seconds_bucket{primitive_name="a",le="0.0001"} 2"#);
            line(r#"tta_primitive_duration_seconds_bucket{primitive_name="a",le="0.5"} 2"#);
            line(r#"tta_primitive_duration_seconds_bucket{primitive_name="a",le="1.0"} 3"#);
            line(r#"tta_primitive_duration_seconds_bucket{primitive_name="a",le="+Inf"} 3"#);
            line(r#"tta_primitive_duration_seconds_sum{primitive_name="a"} 1.5"#);
            line(r#"tta_primitive_duration_seconds_count{primitive_name="a"} 3"#);
            assert_eq!(
                out.contains("# UNIT tta_primitive_duration_seconds seconds"),
                format == Format::OpenMetrics
            );
        }
    }

    #[test]
    fn openmetrics_names_a_counter_without_the_suffix_of_its_samples() {
        let snapshot = FamilySnapshot {
            family: &PRIMITIVE_EXECUTIONS,
            series: vec![SeriesSnapshot::new(vec![], Reading::Counter(7))],
        };
        let mut out = String::new();
        write(&snapshot, Format::OpenMetrics, &mut out);
        assert!(
            out.contains("# TYPE tta_primitive_executions counter\ntta_primitive_executions_total 7\n"),
            "{out}"
        );
    }
}
