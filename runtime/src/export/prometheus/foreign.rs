//! What the program emits through the `metrics` facade.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::accept::Format;
use crate::diagnostics::warn;
use crate::metric::family::FAMILIES;

/// The facade's recorder is installed once and stays for the life of the process.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Takes the facade's metrics, unless the program gave them to somebody else.
pub(super) fn install() {
    RECORDER.get_or_init(|| {
        // Counters get `_total` here, so that their names are the same in both formats.
        let recorder = PrometheusBuilder::new().with_recommended_naming(true).build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_ok() {
            return Some(handle);
        }
        warn(format_args!(
            "the program has a `metrics` recorder of its own: what goes there is not served at /metrics"
        ));
        None
    });
}

/// Empties the recorder's buffers of histogram samples, which grow until somebody does.
pub(super) fn upkeep() {
    if let Some(Some(handle)) = RECORDER.get() {
        handle.run_upkeep();
    }
}

/// Adds the facade's families.
pub(super) fn write(format: Format, out: &mut String) {
    if let Some(Some(handle)) = RECORDER.get() {
        convert(&handle.render(), format, out);
    }
}

/// Help for what the program has not described: linters want some.
const UNDESCRIBED: &str = "Emitted by the program through the metrics facade.";

/// A family as the recorder renders it.
struct Family<'a> {
    name: &'a str,
    kind: &'a str,
    help: Option<&'a str>,
    samples: Vec<&'a str>,
}

/// Rewrites Prometheus text as part of an exposition of `format`.
fn convert(text: &str, format: Format, out: &mut String) {
    static WARNED: OnceLock<()> = OnceLock::new();
    let mut names = HashSet::new();
    for family in families(text) {
        if is_ours(family.name) || !names.insert(base(family.name, family.kind).to_owned()) {
            WARNED.get_or_init(|| {
                warn(format_args!(
                    "`{}` of the `metrics` facade is left out of /metrics: its name is taken",
                    family.name
                ));
            });
            continue;
        }
        write_family(&family, format, out);
    }
}

fn families(text: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    let mut help = None;
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ').map(|(_, help)| help);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "untyped"));
            families.push(Family { name, kind, help: help.take(), samples: Vec::new() });
        } else if !line.starts_with('#')
            && let Some(family) = families.last_mut()
        {
            family.samples.push(line);
        }
    }
    families
}

/// The name that OpenMetrics knows a family by.
fn base<'a>(name: &'a str, kind: &str) -> &'a str {
    if kind == "counter" { name.strip_suffix("_total").unwrap_or(name) } else { name }
}

/// Whether a family of this name would stand beside one of ours.
fn is_ours(name: &str) -> bool {
    FAMILIES.iter().any(|family| {
        let own = family.name();
        let rest = name.strip_prefix(own.strip_suffix("_total").unwrap_or(own));
        matches!(rest, Some("" | "_total" | "_bucket" | "_sum" | "_count" | "_created"))
    })
}

// Writing to a String cannot fail, so the results of `write!` are dropped below.
fn write_family(family: &Family<'_>, format: Format, out: &mut String) {
    let (name, kind) = match format {
        Format::Text => (family.name, family.kind),
        Format::OpenMetrics => {
            (base(family.name, family.kind), if family.kind == "untyped" { "unknown" } else { family.kind })
        }
    };
    let help = family.help.unwrap_or(UNDESCRIBED);
    let help = match format {
        Format::Text => Cow::Borrowed(help),
        Format::OpenMetrics => Cow::Owned(help.replace('"', "\\\"")),
    };
    let _ = writeln!(out, "# HELP {name} {help}");
    let _ = writeln!(out, "# TYPE {name} {kind}");
    for sample in &family.samples {
        let sample = canonical(canonical(Cow::Borrowed(sample), "le=\""), "quantile=\"");
        let _ = match sample
            .strip_prefix(name)
            .filter(|rest| format == Format::OpenMetrics && kind == "counter" && !rest.starts_with("_total"))
        {
            Some(rest) => writeln!(out, "{name}_total{rest}"),
            None => writeln!(out, "{sample}"),
        };
    }
}

/// Writes a bound as `1.0` and not `1`: the form that OpenMetrics prescribes, in both formats alike.
fn canonical<'a>(sample: Cow<'a, str>, label: &str) -> Cow<'a, str> {
    // Our label is the last one of its sample, and no other label's name ends like it.
    let Some(at) = sample.rfind(label).filter(|at| sample[..*at].ends_with(['{', ','])) else {
        return sample;
    };
    let start = at + label.len();
    let Some(length) = sample[start..].find('"') else { return sample };
    match sample[start..start + length].parse::<f64>() {
        Ok(bound) if bound.is_finite() => {
            format!("{}{bound:?}{}", &sample[..start], &sample[start + length..]).into()
        }
        _ => sample,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENDERED: &str = "\
# HELP jobs_total How \"many\"
# TYPE jobs_total counter
jobs_total{kind=\"a\"} 3

# TYPE depth gauge
depth 1.5

# TYPE size_bytes histogram
size_bytes_bucket{a=\"b\",le=\"1\"} 1
size_bytes_bucket{a=\"b\",le=\"+Inf\"} 2
size_bytes_sum{a=\"b\"} 7
size_bytes_count{a=\"b\"} 2

# TYPE wait summary
wait{quantile=\"0\"} 1
wait{quantile=\"0.5\"} 1
wait_sum 3
wait_count 2

# TYPE tta_workflows_active gauge
tta_workflows_active 9

";

    fn converted(format: Format) -> String {
        let mut out = String::new();
        convert(RENDERED, format, &mut out);
        out
    }

    #[test]
    fn text_stays_text_without_families_of_ours() {
        let out = converted(Format::Text);
        assert!(
            out.contains(
                "# HELP jobs_total How \"many\"\n# TYPE jobs_total counter\njobs_total{kind=\"a\"} 3\n"
            ),
            "{out}"
        );
        assert!(out.contains("size_bytes_bucket{a=\"b\",le=\"1.0\"} 1\n"), "{out}");
        assert!(!out.contains("tta_") && !out.contains("\n\n"), "{out}");
    }

    #[test]
    fn a_counter_loses_its_suffix_in_openmetrics_and_its_samples_keep_it() {
        let out = converted(Format::OpenMetrics);
        assert!(
            out.contains("# HELP jobs How \\\"many\\\"\n# TYPE jobs counter\njobs_total{kind=\"a\"} 3\n"),
            "{out}"
        );
        assert!(out.contains("wait{quantile=\"0.0\"} 1\n"), "{out}");
        assert!(out.contains("size_bytes_bucket{a=\"b\",le=\"+Inf\"} 2\n"), "{out}");
    }

    #[test]
    fn names_that_our_samples_have_are_ours() {
        for name in
            ["tta_workflow_executions_total", "tta_workflow_executions", "tta_workflow_duration_seconds_sum"]
        {
            assert!(is_ours(name), "{name}");
        }
        for name in ["tta_workflow_executions_by_me", "jobs_total"] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
