//! What the program emits through the `metrics` facade.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::accept::Format;
use super::parse::{Family, Kind, Sample, families};
use crate::diagnostics::warn;
use crate::metric::family::{FAMILIES, FamilyKind};

/// The facade's recorder is installed once and stays for the life of the process.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Takes the facade's metrics, unless the program gave them to somebody else.
pub(crate) fn install() {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let recorder = RECORDER.get_or_init(|| {
        // Counters get `_total` here, so that their names are the same in both formats.
        let recorder = PrometheusBuilder::new().with_recommended_naming(true).build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        keep_up(handle.clone());
        Some(handle)
    });
    if recorder.is_none() && !WARNED.swap(true, Relaxed) {
        warn(format_args!(
            "the program has a `metrics` recorder of its own: what goes there is not served at /metrics, and our metrics go there too"
        ));
    }
}

/// Whether the facade's recorder is the one that is installed here.
pub(crate) fn is_installed() -> bool {
    matches!(RECORDER.get(), Some(Some(_)))
}

/// How often the recorder's buffers of histogram samples are emptied, which grow until somebody does.
const UPKEEP: Duration = Duration::from_secs(5);

/// Empties the buffers for the rest of the process, since the recorder stays as long, endpoint or not.
fn keep_up(handle: PrometheusHandle) {
    let upkeep = move || {
        loop {
            std::thread::sleep(UPKEEP);
            handle.run_upkeep();
        }
    };
    if let Err(error) = std::thread::Builder::new().name("tta-upkeep".to_owned()).spawn(upkeep) {
        warn(format_args!("histograms of the `metrics` facade grow until they are scraped: {error}"));
    }
}

/// Adds the facade's families.
pub(super) fn write(format: Format, out: &mut String) {
    if let Some(Some(handle)) = RECORDER.get() {
        convert(&handle.render(), format, out);
    }
}

/// Rewrites Prometheus text as part of an exposition of `format`. The same families are left out of both.
fn convert(text: &str, format: Format, out: &mut String) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let mut taken = our_names();
    for family in families(text) {
        let names = names(base(family.name, family.kind), family.kind);
        let is_taken = names.iter().any(|name| taken.contains(name));
        if is_taken || family.refused > 0 {
            let why =
                if is_taken { "its name is taken" } else { "a label or value of it has no place there" };
            if !WARNED.swap(true, Relaxed) {
                warn(format_args!(
                    "`{}` of the `metrics` facade is not, or not wholly, served at /metrics: {why}",
                    family.name
                ));
            }
        }
        if !is_taken && !family.samples.is_empty() {
            taken.extend(names);
            write_family(&family, format, out);
        }
    }
}

fn our_names() -> HashSet<String> {
    let names = FAMILIES.iter().flat_map(|family| {
        let kind = match family.kind() {
            FamilyKind::Counter => Kind::Counter,
            FamilyKind::Gauge => Kind::Gauge,
            FamilyKind::Histogram => Kind::Histogram,
        };
        names(base(family.name(), kind), kind)
    });
    names.collect()
}

/// The name that OpenMetrics knows a family by.
fn base(name: &str, kind: Kind) -> &str {
    if kind == Kind::Counter { name.strip_suffix("_total").unwrap_or(name) } else { name }
}

/// Every name that a family of this kind takes in one of the formats. OpenMetrics reserves `_created` too.
fn names(base: &str, kind: Kind) -> Vec<String> {
    let suffixes: &[&str] = match kind {
        Kind::Counter => &["", "_total", "_created"],
        Kind::Histogram => &["", "_bucket", "_sum", "_count", "_created"],
        Kind::Summary => &["", "_sum", "_count", "_created"],
        Kind::Gauge | Kind::Unknown => &[""],
    };
    suffixes.iter().map(|suffix| format!("{base}{suffix}")).collect()
}

// Writing to a String cannot fail, so the results of `write!` are dropped below.

fn write_family(family: &Family<'_>, format: Format, out: &mut String) {
    let openmetrics = format == Format::OpenMetrics;
    let base = base(family.name, family.kind);
    // A counter's samples end in `_total` in both formats, its family only in the text format.
    let name = match family.kind {
        Kind::Counter if !openmetrics => format!("{base}_total"),
        _ => base.to_owned(),
    };
    let kind = match family.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
        Kind::Summary => "summary",
        Kind::Unknown if openmetrics => "unknown",
        Kind::Unknown => "untyped",
    };
    // Linters want a word about every family.
    let help = family.help.unwrap_or("Emitted through the metrics facade, without a description.");
    let help = if openmetrics { help.replace('"', "\\\"") } else { help.to_owned() };
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for Sample { name, labels, value } in &family.samples {
        match family.kind {
            Kind::Counter => out.extend([base, "_total"]),
            _ => out.push_str(name),
        }
        let mut separator = '{';
        for (label, value) in labels {
            out.push(separator);
            out.extend([label, "=\""]);
            // Bounds are written as `1.0` and not `1`, the form that OpenMetrics prescribes, in both formats.
            let is_bound =
                matches!((family.kind, *label), (Kind::Histogram, "le") | (Kind::Summary, "quantile"));
            match is_bound.then(|| value.parse::<f64>()) {
                Some(Ok(bound)) if bound.is_finite() => {
                    let _ = write!(out, "{bound:?}");
                }
                _ => out.push_str(value),
            }
            out.push('"');
            separator = ',';
        }
        if separator == ',' {
            out.push('}');
        }
        out.extend([" ", number(value), "\n"]);
    }
}

/// Infinity has one spelling in OpenMetrics.
fn number(value: &str) -> &str {
    match value.parse::<f64>() {
        Ok(f64::INFINITY) => "+Inf",
        Ok(f64::NEG_INFINITY) => "-Inf",
        _ => value,
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
depth{a=\"1\",a=\"2\"} 1

# TYPE size_bytes histogram
size_bytes_bucket{a=\"b\",le=\"1\"} 1
size_bytes_bucket{a=\"b\",le=\"+Inf\"} 2
size_bytes_sum{a=\"b\"} inf
size_bytes_count{a=\"b\"} 2

# TYPE wait summary
wait{quantile=\"0\"} 1
wait{quantile=\"0.5\"} 1
wait_sum 3
wait_count 2

# TYPE wait_sum gauge
wait_sum 9

# TYPE tta_workflows_active gauge
tta_workflows_active 9

# TYPE tta_workflow_executions gauge
tta_workflow_executions 9

# TYPE tta_primitive_duration_seconds_sum gauge
tta_primitive_duration_seconds_sum 9

";

    fn converted(format: Format) -> String {
        let mut out = String::new();
        convert(RENDERED, format, &mut out);
        out
    }

    #[test]
    fn text_stays_text_without_what_would_spoil_it() {
        let expected = "\
# HELP depth Emitted through the metrics facade, without a description.
# TYPE depth gauge
depth 1.5
# HELP jobs_total How \"many\"
# TYPE jobs_total counter
jobs_total{kind=\"a\"} 3
# HELP size_bytes Emitted through the metrics facade, without a description.
# TYPE size_bytes histogram
size_bytes_bucket{a=\"b\",le=\"1.0\"} 1
size_bytes_bucket{a=\"b\",le=\"+Inf\"} 2
size_bytes_sum{a=\"b\"} +Inf
size_bytes_count{a=\"b\"} 2
# HELP wait Emitted through the metrics facade, without a description.
# TYPE wait summary
wait{quantile=\"0.0\"} 1
wait{quantile=\"0.5\"} 1
wait_sum 3
wait_count 2
";
        assert_eq!(converted(Format::Text), expected);
    }

    #[test]
    fn a_counter_loses_its_suffix_in_openmetrics_and_its_samples_keep_it() {
        let text = converted(Format::Text);
        let openmetrics = converted(Format::OpenMetrics);
        assert!(
            openmetrics
                .contains("# HELP jobs How \\\"many\\\"\n# TYPE jobs counter\njobs_total{kind=\"a\"} 3\n"),
            "{openmetrics}"
        );
        let samples = |text: &str| {
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(samples(&text), samples(&openmetrics), "a series is the same in both formats");
    }
}
