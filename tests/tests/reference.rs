//! `docs/metrics.md` says what the catalog says.

use std::fmt::Write as _;

use tta::Family;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");

fn reference() -> String {
    let mut out = String::from(
        "# Metrics\n\n\
         Made of the declarations in `runtime/src/metric/family/table.rs`; `TTA_UPDATE=1 cargo test -p tta-tests --test reference`\n\
         writes it anew.\n\n\
         Every series whose labels are known from the annotations exists at 0 from `init` on. All durations are\n\
         seconds. A function's own `labels(..)` come after the labels listed here, on the executions and errors\n\
         families (`on = \"all\"`: on durations too). Over OTLP a counter's name has no `_total`, and those of the\n\
         process have the names of the semantic conventions: `process.cpu.time`, `process.memory.usage`,\n\
         `process.memory.virtual`, `process.unix.file_descriptor.count`, `process.thread.count`, `process.uptime`. So\n\
         have those of requests, `http.server.request.duration` and `http.client.request.duration`, and their\n\
         attributes.\n\n\
         The names that older TTA dashboards ask for are not emitted: `tta generate` writes rules that record them, those of\n\
         the example `fleet` in `deploy/stack/prometheus/rules/compatibility.yml`.\n\n",
    );
    for family in Family::all() {
        describe(family, &mut out);
    }
    out
}

fn describe(family: &Family, out: &mut String) {
    let labels: Vec<String> = family.labels().iter().map(|label| format!("`{label}`")).collect();
    let unit = match family.unit().suffix() {
        "" => String::new(),
        unit => format!(" of {unit}"),
    };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "## `{}`\n\n{}\n", family.name(), family.description());
    let _ = writeln!(out, "- type: {}{unit}", family.kind().as_str());
    if !labels.is_empty() {
        let _ = writeln!(out, "- labels: {}", labels.join(", "));
    }
    if !family.buckets().is_empty() {
        let bounds: Vec<String> = family.buckets().iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "- buckets: {}", bounds.join(" "));
    }
    let _ = writeln!(out, "- emitted by: {}\n", family.producer().as_str());
}

#[test]
fn the_metrics_reference_is_what_the_catalog_declares() {
    let expected = reference();
    if std::env::var_os("TTA_UPDATE").is_some() {
        std::fs::write(PATH, &expected).expect("docs/metrics.md can be written");
    }
    let found = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        found.trim() == expected.trim(),
        "docs/metrics.md is out of date: TTA_UPDATE=1 cargo test -p tta-tests --test reference"
    );
}

#[test]
fn every_family_is_named_by_the_rules_and_has_a_sentence_of_help() {
    for family in Family::all() {
        let name = family.name();
        // Those of the process are called as in every client library, those of requests by the conventions.
        let prefix = match family.producer() {
            tta::Producer::Process => "process_",
            tta::Producer::HttpServers | tta::Producer::HttpClients => "http_",
            _ => "tta_",
        };
        assert!(name.starts_with(prefix), "{name}");
        assert_eq!(name.ends_with("_total"), family.kind() == tta::FamilyKind::Counter, "{name}");
        assert_eq!(
            name.trim_end_matches("_total").ends_with("_seconds"),
            family.unit() == tta::Unit::Seconds,
            "{name}"
        );
        assert_eq!(name.ends_with("_bytes"), family.unit() == tta::Unit::Bytes, "{name}");
        assert!(family.description().ends_with('.'), "{name}");
        assert!(family.buckets().is_sorted_by(|a, b| a < b), "{name}");
    }
}
