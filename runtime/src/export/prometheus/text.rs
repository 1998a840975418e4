//! Our families as text.

use std::fmt::Write as _;

use super::accept::Format;
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
    for series in &snapshot.series {
        let labels = &series.labels;
        let sample = family.name();
        let unit = family.unit();
        match &series.reading {
            Reading::Counter(value) => {
                let _ = writeln!(out, "{sample}{} {}", Braces(labels, None), number(*value, unit));
            }
            Reading::Gauge(value) => {
                let sign = if *value < 0 { "-" } else { "" };
                let value = number(value.unsigned_abs(), unit);
                let _ = writeln!(out, "{sample}{} {sign}{value}", Braces(labels, None));
            }
            Reading::Histogram { buckets, sum } => {
                let mut below = 0;
                let bounds = family.buckets().iter().map(|bound| float(*bound)).chain([String::from("+Inf")]);
                for (count, bound) in buckets.iter().zip(bounds) {
                    below += count;
                    let _ = writeln!(out, "{sample}_bucket{} {below}", Braces(labels, Some(&bound)));
                }
                let _ = writeln!(out, "{sample}_sum{} {}", Braces(labels, None), number(*sum, unit));
                let _ = writeln!(out, "{sample}_count{} {below}", Braces(labels, None));
            }
        }
    }
}

/// A stored integer in its unit; what is counted stays exact beyond 2^53 too.
fn number(stored: u64, unit: Unit) -> String {
    if unit.resolution() == 1 { stored.to_string() } else { unit.from_stored(stored).to_string() }
}

/// A bucket's bound in the form that OpenMetrics prescribes, `1.0` and not `1`. The text format takes it
/// too, so a series stays the same whatever the scraper asked for.
fn float(bound: f64) -> String {
    format!("{bound:?}")
}

/// `{name="value",…}` with `le` at the end, or nothing.
struct Braces<'a>(&'a Labels, Option<&'a str>);

impl std::fmt::Display for Braces<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let le = self.1.map(|bound| ("le", bound));
        let labels = self.0.iter().map(|(name, value)| (*name, &**value)).chain(le);
        let mut separator = '{';
        for (name, value) in labels {
            write!(f, "{separator}{name}=\"")?;
            for char in value.chars() {
                match char {
                    '\\' => f.write_str("\\\\")?,
                    '"' => f.write_str("\\\"")?,
                    '\n' => f.write_str("\\n")?,
                    other => f.write_char(other)?,
                }
            }
            f.write_char('"')?;
            separator = ',';
        }
        if separator == ',' { f.write_char('}') } else { Ok(()) }
    }
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
        assert_eq!(Braces(&labels, Some("+Inf")).to_string(), r#"{a="x\"y\\z\nw",b="é",le="+Inf"}"#);
        assert_eq!(Braces(&Vec::new(), None).to_string(), "");
    }

    #[test]
    fn a_histogram_accumulates_and_its_bounds_are_the_same_in_both_formats() {
        let mut buckets = vec![0; PRIMITIVE_DURATION.buckets().len() + 1];
        (buckets[0], buckets[10]) = (2, 1);
        let snapshot = FamilySnapshot {
            family: &PRIMITIVE_DURATION,
            series: vec![SeriesSnapshot {
                labels: vec![("primitive_name", "a".into())],
                reading: Reading::Histogram { buckets, sum: 1_500_000_000 },
            }],
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
            series: vec![SeriesSnapshot { labels: vec![], reading: Reading::Counter(7) }],
        };
        let mut out = String::new();
        write(&snapshot, Format::OpenMetrics, &mut out);
        assert!(
            out.contains("# TYPE tta_primitive_executions counter\ntta_primitive_executions_total 7\n"),
            "{out}"
        );
    }
}
