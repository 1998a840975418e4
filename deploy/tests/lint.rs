//! What is generated is without mistakes, and each mistake that is put into it is found: one, and that one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::Value;

const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/catalog.json");

/// A folder of a test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lint").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn tta(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tta")).args(arguments).output().unwrap()
}

fn generate(catalog: &Path, out: &Path) {
    generate_with(catalog, out, &[]);
}

fn generate_with(catalog: &Path, out: &Path, more: &[&str]) {
    let needed = ["generate", "--catalog", catalog.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let output = tta(&[&needed, more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The files in a folder below `out`, in order; none if there is no such folder.
fn files(out: &Path, below: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(out.join(below)) else { return Vec::new() };
    let mut files: Vec<String> =
        entries.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned()).collect();
    files.sort();
    files
}

/// What is found in all that is in `out`, as (check, place).
fn findings(catalog: &Path, out: &Path) -> Vec<(String, String)> {
    let rules = files(out, "prometheus/rules");
    let dashboards = files(out, "grafana/dashboards");
    let mut arguments = vec!["lint", "--complete", "--json", "--catalog", catalog.to_str().unwrap()];
    if rules.is_empty() && dashboards.is_empty() {
        // There is nothing to look at.
        return Vec::new();
    }
    if !rules.is_empty() {
        arguments.push("--rules");
        arguments.extend(rules.iter().map(String::as_str));
    }
    if !dashboards.is_empty() {
        arguments.push("--dashboards");
        arguments.extend(dashboards.iter().map(String::as_str));
    }
    let output = tta(&arguments);
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let mut found: Vec<(String, String)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (text(finding, "rule"), text(finding, "place")))
        .collect();
    found.sort();
    assert_eq!(output.status.success(), found.is_empty());
    found
}

/// The sample, without what `keep` does not keep of it.
fn reduced(name: &str, site: impl Fn(&Value) -> bool, family: impl Fn(&str) -> bool) -> PathBuf {
    let mut catalog: Value = serde_json::from_str(&fs::read_to_string(CATALOG).unwrap()).unwrap();
    catalog["sites"].as_array_mut().unwrap().retain(|kept| site(kept));
    catalog["families"].as_array_mut().unwrap().retain(|kept| family(kept["name"].as_str().unwrap()));
    let path = folder(name).join("catalog.json");
    fs::write(&path, catalog.to_string()).unwrap();
    path
}

#[test]
fn what_is_generated_has_no_finding() {
    let out = folder("sample");
    generate(Path::new(CATALOG), &out);
    assert_eq!(findings(Path::new(CATALOG), &out), []);
    assert_eq!(files(&out, "grafana/dashboards").len(), 10);
}

#[test]
fn options_bring_no_finding() {
    let out = folder("options");
    for options in
        [["--anomaly-all"].as_slice(), &["--job", "a \"job\" {{ of }} $mine \\ "], &["--anomaly", "checkout"]]
    {
        // It refuses to write what has one.
        generate_with(Path::new(CATALOG), &out, options);
    }
}

/// (name, catalog, which dashboards)
type Case = (&'static str, PathBuf, &'static [&'static str]);

#[test]
fn of_less_there_is_less_and_still_no_finding() {
    let is_primitive = |site: &Value| site["kind"] == "primitive";
    let has_no_slo = |site: &Value| site["slo"].is_null();
    let cases: [Case; 6] = [
        (
            "no workflows",
            reduced("no-workflows", is_primitive, |name| {
                !["tta_workflow", "tta_slo", "tta_saga"].iter().any(|family| name.starts_with(family))
            }),
            &[
                "tta-cost",
                "tta-dependencies",
                "tta-errors",
                "tta-maturity",
                "tta-overview",
                "tta-performance",
                "tta-telemetry",
                "tta-workflow",
            ],
        ),
        (
            "no objectives",
            reduced("no-slo", has_no_slo, |name| !name.starts_with("tta_slo")),
            &[
                "tta-cost",
                "tta-dependencies",
                "tta-errors",
                "tta-maturity",
                "tta-overview",
                "tta-performance",
                "tta-telemetry",
                "tta-workflow",
            ],
        ),
        (
            "no HTTP",
            reduced("no-http", |_| true, |name| !name.starts_with("http_")),
            &[
                "tta-cost",
                "tta-dependencies",
                "tta-errors",
                "tta-maturity",
                "tta-overview",
                "tta-performance",
                "tta-slo",
                "tta-telemetry",
                "tta-workflow",
            ],
        ),
        (
            "primitives and nothing else",
            reduced("only-primitives", is_primitive, |name| name.starts_with("tta_primitive")),
            &["tta-errors", "tta-overview", "tta-performance", "tta-workflow"],
        ),
        (
            "nothing about the program",
            reduced(
                "only-workflows",
                |site| site["kind"] == "workflow",
                |name| name.starts_with("tta_workflow"),
            ),
            &["tta-cost", "tta-errors", "tta-overview", "tta-performance", "tta-workflow"],
        ),
        ("nothing", reduced("nothing", |_| false, |_| false), &[]),
    ];
    for (name, catalog, dashboards) in cases {
        let out = catalog.with_file_name("out");
        generate(&catalog, &out);
        assert_eq!(findings(&catalog, &out), [], "{name}");
        let written: Vec<String> = files(&out, "grafana/dashboards")
            .iter()
            .map(|path| Path::new(path).file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let has_those = dashboards.iter().all(|dashboard| written.iter().any(|other| other == dashboard));
        assert!(has_those && written.len() <= dashboards.len() + 1, "{name}: {written:?}");
    }
}

/// A mistake: in `file`, what stands first for `from` becomes `to`.
struct Mutation {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    /// (check, place)
    found: &'static [(&'static str, &'static str)],
}

const fn put(
    file: &'static str,
    from: &'static str,
    to: &'static str,
    found: &'static [(&'static str, &'static str)],
) -> Mutation {
    Mutation { file, from, to, found }
}

const OVERVIEW: &str = "grafana/dashboards/tta-overview.json";
const WORKFLOW: &str = "grafana/dashboards/tta-workflow.json";
const SLO: &str = "grafana/dashboards/tta-slo.json";
const TELEMETRY: &str = "grafana/dashboards/tta-telemetry.json";
const RECORDING: &str = "prometheus/rules/recording.yml";
const ALERTS: &str = "prometheus/rules/alerts.yml";

/// One for each way to be wrong.
const MUTATIONS: &[Mutation] = &[
    // The closed world.
    put(OVERVIEW, "(tta_workflows_active{", "(tta_workflow_active{", &[("metric", "panel Running, query A")]),
    put(
        OVERVIEW,
        "sum by (workflow_name) (tta_workflows_active{",
        "sum by (workflow) (tta_workflows_active{",
        &[
            ("label", "panel Running by workflow, query A"),
            ("legend", "panel Running by workflow, query A"),
            ("link", "panel Running by workflow"),
            ("link", "panel Running by workflow"),
            ("link", "panel Running by workflow"),
        ],
    ),
    put(OVERVIEW, "status=\\\"error\\\"", "state=\\\"error\\\"", &[("label", "panel Errors, query A")]),
    put(OVERVIEW, "status=\\\"error\\\"", "status=\\\"eror\\\"", &[("label-value", "panel Errors, query A")]),
    put(
        OVERVIEW,
        "status=~\\\"success|error\\\"",
        "status=~\\\"succes|error\\\"",
        &[("label-value", "panel Errors, query A")],
    ),
    put(
        OVERVIEW,
        "status=~\\\"success|error\\\"",
        "status=~\\\"x.*\\\"",
        &[("label-value", "panel Errors, query A")],
    ),
    put(
        WORKFLOW,
        "(increase(tta_workflow_duration_seconds_bucket{",
        "(increase(tta_workflow_duration_seconds_bucket{le=\\\"3\\\", ",
        &[("le", "panel Durations, query A")],
    ),
    put(
        RECORDING,
        "expr: sum by (job, workflow_name) (rate(tta_workflow_executions_total{job=\"tta\"}[5m]))",
        "expr: sum by (job) (rate(tta_workflow_executions_total{job=\"tta\"}[5m]))",
        &[
            // One is what it is by, the other what is chosen.
            ("label", "panel Workflows at a glance, query A"),
            ("label", "panel Workflows at a glance, query A"),
            ("link", "panel Workflows at a glance"),
            ("link", "panel Workflows at a glance"),
            ("link", "panel Workflows at a glance"),
        ],
    ),
    put(
        RECORDING,
        "record: step:tta_workflow_step_duration_seconds:p95_5m",
        "record: step:tta_workflow_step_duration_seconds:p95",
        &[
            ("metric", "panel Slowest steps, query A"),
            ("metric", "panel p95 of steps, query A"),
            ("unused", "record step:tta_workflow_step_duration_seconds:p95"),
        ],
    ),
    put(
        RECORDING,
        "{job=\"tta\"}",
        "{job=\"other\"}",
        &[("label-value", "record workflow:tta_workflow_executions:rate5m")],
    ),
    put(
        SLO,
        "slo=~\\\"$slo\\\"",
        "slo=~\\\"$objective\\\"",
        &[("variable", "panel Error budget left, query A")],
    ),
    // Coverage.
    put(
        "catalog.json",
        "\"producer\": \"log\"",
        "\"producer\": \"\"",
        &[("producer", "family tta_log_lines_total")],
    ),
    put(
        TELEMETRY,
        "rate(tta_log_lines_total{",
        "rate(tta_telemetry_spans_total{",
        &[("panel", "family tta_log_lines_total")],
    ),
    // What is named for its exemplars only is not shown.
    put(
        TELEMETRY,
        "tta_log_lines_total{job=~\\\"$job\\\", instance=~\\\"$instance\\\"}[$__rate_interval]",
        "tta_log_lines_total{job=~\\\"$job\\\", instance=~\\\"$instance\\\"}[$__rate_interval] @ 0",
        &[("panel", "family tta_log_lines_total")],
    ),
    put(
        OVERVIEW,
        "process_resident_memory_bytes",
        "process_virtual_memory_bytes",
        &[("panel", "family process_virtual_memory_bytes")],
    ),
    put(
        OVERVIEW,
        "category) (increase(tta_workflow_errors_total{job=~\\\"$job\\\", instance=~\\\"$instance\\\", workflow_name=~\\\"$workflow\\\"}[$__range])",
        "category) (increase(tta_workflow_errors_total{job=~\\\"$job\\\", instance=~\\\"$instance\\\", workflow_name=~\\\"$workflow\\\"}[$__rate_interval])",
        &[("excuse", "panel Recent errors of workflows, query A")],
    ),
    // Counters, histograms, matching.
    put(
        OVERVIEW,
        "sum(rate(tta_workflow_executions_total{job=~\\\"$job\\\", instance=~\\\"$instance\\\", workflow_name=~\\\"$workflow\\\"}[$__rate_interval]))\"",
        "sum(tta_workflow_executions_total{job=~\\\"$job\\\", instance=~\\\"$instance\\\", workflow_name=~\\\"$workflow\\\"})\"",
        &[("counter", "panel Calls, query A")],
    ),
    put(
        OVERVIEW,
        "sum(tta_workflows_active{job=~\\\"$job\\\", instance=~\\\"$instance\\\", workflow_name=~\\\"$workflow\\\"})\"",
        "sum(rate(tta_workflows_active{job=~\\\"$job\\\", instance=~\\\"$instance\\\", workflow_name=~\\\"$workflow\\\"}[$__rate_interval]))\"",
        &[("counter", "panel Running, query A")],
    ),
    put(
        OVERVIEW,
        "sum(rate(tta_workflow_executions_total{job=~\\\"$job\\\", instance=~\\\"$instance\\\", workflow_name=~\\\"$workflow\\\"}[$__rate_interval]))\"",
        "sum(deriv(tta_workflow_executions_total{job=~\\\"$job\\\", instance=~\\\"$instance\\\", workflow_name=~\\\"$workflow\\\"}[$__rate_interval]))\"",
        &[("counter", "panel Calls, query A")],
    ),
    put(WORKFLOW, " @ 0\"", "\"", &[("counter", "panel Duration, query A")]),
    put(OVERVIEW, "sum by (le) (rate(", "sum (rate(", &[("histogram-le", "panel p95, query A")]),
    put(
        TELEMETRY,
        "clamp_min(max by (instance, exporter)",
        "clamp_min(max by (instance)",
        &[("vector-matching", "panel Queue, query A")],
    ),
    put(
        ALERTS,
        "unless on (job, instance) tta_build_info",
        "unless on (job, exporter) tta_build_info",
        &[("vector-matching", "alert TtaMetricAbsent"), ("vector-matching", "alert TtaMetricAbsent")],
    ),
    put(
        SLO,
        "outcome=\\\"bad\\\"",
        "outcome=\\\"bad\\\", outcome=\\\"good\\\"",
        &[("impossible", "panel Bad calls, query A")],
    ),
    put(
        SLO,
        "outcome=\\\"bad\\\"",
        "outcome!=\\\"bad\\\", outcome!=\\\"good\\\"",
        &[("impossible", "panel Bad calls, query A")],
    ),
    put(SLO, "outcome=\\\"bad\\\"", "outcome=~\\\"bad\\\"", &[("regexp", "panel Bad calls, query A")]),
    // Alerts.
    put(
        ALERTS,
        "expr: up{job=\"tta\"} == 0 or",
        "expr: up{job=\"tta\"} or",
        &[("alert-comparison", "alert TtaTargetDown")],
    ),
    put(
        ALERTS,
        "{{ $labels.slo }}",
        "{{ $labels.workflow_name }}",
        &[("template", "alert TtaSloCostBurn1h")],
    ),
    // Labels of the rule are added to the alert, and its text knows those of the expression.
    put(ALERTS, "{{ $labels.slo }}", "{{ $labels.period }}", &[("template", "alert TtaSloCostBurn1h")]),
    put(ALERTS, "{{ $labels.slo }}", "{{ $labels.slo", &[("template", "alert TtaSloCostBurn1h")]),
    put(ALERTS, "/d/tta-slo?", "/d/tta-slos?", &[("link", "alert TtaSloCostBurn1h")]),
    put(ALERTS, "&var-slo=", "&var-objective=", &[("link", "alert TtaSloCostBurn1h")]),
    put(
        RECORDING,
        "  - record: workflow:tta_workflow_executions:rate5m\n",
        "  - record: workflow:tta_workflow_executions:rate5m\n    expr: \
         sum by (job, workflow_name) (rate(tta_workflow_executions_total{job=\"tta\"}[5m]))\n  \
         - record: workflow:tta_workflow_executions:rate5m\n",
        &[("duplicate", "record workflow:tta_workflow_executions:rate5m")],
    ),
    put(
        RECORDING,
        "expr: sum by (job, workflow_name) (rate(",
        "expr: sum by (job, workflow_name) rate(",
        &[
            ("metric", "panel Workflows at a glance, query A"),
            ("metric", "record tta:workflow_rate_5m"),
            ("syntax", "record workflow:tta_workflow_executions:rate5m"),
        ],
    ),
    // Names and links of series.
    put(
        WORKFLOW,
        "{{workflow_name}} {{status}}",
        "{{workflow_name}} {{state}}",
        &[("legend", "panel Calls by outcome, query A")],
    ),
    put(
        WORKFLOW,
        "/search?service=${service:percentencode}",
        "/search?service=${program:percentencode}",
        &[("variable", "panel Calls by outcome")],
    ),
    put(WORKFLOW, "\"/d/tta-errors\"", "\"/d/tta-error\"", &[("link", "link")]),
    // The rules of dashboard-linter.
    put(
        SLO,
        "\"label\": \"Data source\"",
        "\"label\": \"Prometheus\"",
        &[("template-datasource-rule", "variables")],
    ),
    put(
        SLO,
        "\"name\": \"instance\",\n        \"type\": \"query\"",
        "\"name\": \"instance\",\n        \"type\": \"custom\"",
        &[("template-instance-rule", "variable instance")],
    ),
    put(
        SLO,
        "\"query\": \"label_values(tta_build_info, job)\"",
        "\"query\": \"label_values(tta_build_info{, job)\"",
        &[("template-label-promql-rule", "variable job")],
    ),
    put(SLO, "\"refresh\": 2", "\"refresh\": 1", &[("template-on-time-change-reload-rule", "variable job")]),
    put(SLO, "\"allValue\": \".+\"", "\"allValue\": \".*\"", &[("template-job-rule", "variable job")]),
    put(
        TELEMETRY,
        "\"datasource\": {\n        \"type\": \"prometheus\",\n        \"uid\": \"${datasource}\"",
        "\"datasource\": {\n        \"type\": \"prometheus\",\n        \"uid\": \"prometheus\"",
        &[("panel-datasource-rule", "panel Running")],
    ),
    put(
        TELEMETRY,
        "\"description\": \"The versions that run, and where.\"",
        "\"description\": \"\"",
        &[("panel-title-description-rule", "panel Running")],
    ),
    put(TELEMETRY, "\"unit\": \"short\"", "\"unit\": \"shrt\"", &[("panel-units-rule", "panel Running")]),
    put(OVERVIEW, "sum(up{", "sum(up{{", &[("target-promql-rule", "panel Instances, query A")]),
    put(
        OVERVIEW,
        "workflow_name=~\\\"$workflow\\\"}[$__rate_interval]))\"",
        "workflow_name=~\\\"$workflow\\\"}[5m]))\"",
        &[("target-rate-interval-rule", "panel Calls, query A")],
    ),
    put(
        OVERVIEW,
        "sum(up{job=~\\\"$job\\\", ",
        "sum(up{",
        &[("target-job-rule", "panel Instances, query A")],
    ),
    put(
        OVERVIEW,
        "sum(up{job=~\\\"$job\\\", instance=~\\\"$instance\\\"})",
        "sum(up{job=~\\\"$job\\\"})",
        &[("target-instance-rule", "panel Instances, query A")],
    ),
    put(OVERVIEW, "\"editable\": false", "\"editable\": true", &[("uneditable-dashboard", "dashboard")]),
];

#[test]
fn each_mistake_is_found_and_nothing_else() {
    let out = folder("mutations");
    generate(Path::new(CATALOG), &out);
    let catalog = out.join("catalog.json");
    fs::copy(CATALOG, &catalog).unwrap();
    let mut wrong = Vec::new();
    for Mutation { file, from, to, found } in MUTATIONS {
        let path = out.join(file);
        let text = fs::read_to_string(&path).unwrap();
        if !text.contains(from) {
            wrong.push(format!("{file} has no {from}"));
            continue;
        }
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let mut expected: Vec<(String, String)> =
            found.iter().map(|(rule, place)| ((*rule).to_owned(), (*place).to_owned())).collect();
        expected.sort();
        let all = findings(&catalog, &out);
        if all != expected {
            wrong.push(format!("{file}: {from} -> {to}\n  found {all:?}\n  expected {expected:?}"));
        }
        fs::write(&path, text).unwrap();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Half of `count` are workflows, half primitives, and every second one has two objectives.
fn catalog_of(count: usize, path: &Path) {
    let mut catalog: Value = serde_json::from_str(&fs::read_to_string(CATALOG).unwrap()).unwrap();
    let kinds = [("workflow", "workflow_name"), ("primitive", "primitive_name")];
    let sample = catalog["sites"].as_array().unwrap().clone();
    let mut names = vec![Vec::new(); kinds.len()];
    let mut slos = Vec::new();
    let mut sites = Vec::new();
    for at in 0..count {
        let (kind, _) = kinds[at % 2];
        let name = format!("{kind}_{at}");
        let mut site = sample.iter().find(|site| site["kind"] == kind).unwrap().clone();
        site["name"] = name.clone().into();
        if at % 4 < 2 {
            site["slo"] = sample[0]["slo"].clone();
            slos.push(name.clone());
        } else {
            site.as_object_mut().unwrap().remove("slo");
        }
        names[at % 2].push(name);
        sites.push(site);
    }
    for family in catalog["families"].as_array_mut().unwrap() {
        for label in family["labels"].as_array_mut().unwrap() {
            for ((_, of_kind), names) in kinds.iter().zip(&names) {
                if label["name"] == *of_kind {
                    label["values"] = names.clone().into();
                }
            }
            if label["name"] == "slo" {
                label["values"] = slos.clone().into();
            }
        }
    }
    catalog["sites"] = sites.into();
    fs::write(path, catalog.to_string()).unwrap();
}

#[test]
fn five_hundred_functions_take_a_second_and_always_give_the_same() {
    let folder = folder("many");
    let catalog = folder.join("catalog.json");
    catalog_of(500, &catalog);
    let mut texts = Vec::new();
    for name in ["first", "second"] {
        let out = folder.join(name);
        let begun = Instant::now();
        generate(&catalog, &out);
        let taken = begun.elapsed();
        // Without optimization the parser of PromQL alone takes longer.
        if !cfg!(debug_assertions) {
            assert!(taken < Duration::from_secs(1), "{taken:?}");
        }
        let all = files(&out, "prometheus/rules").into_iter().chain(files(&out, "grafana/dashboards"));
        texts.push(all.map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>());
    }
    assert_eq!(texts[0], texts[1]);
}

/// What `tta lint` says of files that somebody wrote.
fn said(rules: &str, dashboard: Option<&str>, more: &[&str]) -> (bool, String) {
    static FOLDERS: AtomicUsize = AtomicUsize::new(0);

    let folder = folder(&format!("own-{}", FOLDERS.fetch_add(1, Ordering::Relaxed)));
    let rules_path = folder.join("own.yml");
    fs::write(&rules_path, rules).unwrap();
    let mut arguments = vec!["lint", "--catalog", CATALOG, "--rules", rules_path.to_str().unwrap()];
    let dashboard_path = folder.join("own.json");
    if let Some(dashboard) = dashboard {
        fs::write(&dashboard_path, dashboard).unwrap();
        arguments.extend(["--dashboards", dashboard_path.to_str().unwrap()]);
    }
    arguments.extend(more);
    let output = tta(&arguments);
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.success(), text.replace(&format!("{}/", folder.display()), ""))
}

#[test]
fn rules_that_somebody_wrote_are_looked_at_as_well() {
    let rules = r#"
groups:
- name: own
  rules:
  - alert: CheckoutIsSlow
    expr: workflow:tta_workflow_duration_seconds:p95_5m{job="tta", workflow_name="chekout"} > 2
    annotations:
      summary: "{{ $labels.workflow_name }} is slow"
"#;
    let (is_clean, text) = said(rules, None, &[]);
    assert!(!is_clean);
    assert_eq!(
        text,
        "own.yml: alert CheckoutIsSlow: workflow:tta_workflow_duration_seconds:p95_5m has no workflow_name \"chekout\" \
         [label-value]\n    accepted: checkout (did you mean that?)\n    in: \
         workflow:tta_workflow_duration_seconds:p95_5m{job=\"tta\", workflow_name=\"chekout\"} > 2\n1 mistake\n"
    );
    assert!(said(&rules.replace("chekout", "checkout"), None, &[]).0);
    assert!(said(rules, None, &["--without", "label-value"]).0);
}

#[test]
fn series_of_other_programs_are_theirs_to_name() {
    let rules = "groups: [{name: own, rules: [{record: load, expr: avg(node_load1)}]}]";
    let (is_clean, text) = said(rules, None, &[]);
    assert!(!is_clean && text.contains("there is no series node_load1 [metric]"), "{text}");
    assert!(said(rules, None, &["--foreign", "node_"]).0);
}

#[test]
fn a_dashboard_that_somebody_exported_is_looked_at_as_well() {
    // Folded rows and variables in each of their spellings, as Grafana exports them.
    let dashboard = |query: &str| {
        serde_json::json!({ "dashboard": {
            "uid": "own", "editable": false,
            "templating": { "list": [
                { "name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source" },
                { "name": "job", "type": "query", "query": "label_values(tta_build_info, job)", "refresh": 2,
                  "multi": true, "allValue": ".+", "datasource": "$datasource" },
                { "name": "instance", "type": "query", "query": "label_values(tta_build_info{job=~\"$job\"}, instance)",
                  "refresh": 2, "multi": true, "allValue": ".+", "datasource": "$datasource" }
            ] },
            "panels": [ { "type": "row", "title": "Folded", "panels": [ {
                "type": "timeseries", "title": "Calls", "description": "Calls per second.", "datasource": "$datasource",
                "fieldConfig": { "defaults": { "unit": "reqps" } },
                "targets": [ { "refId": "A", "expr": query, "legendFormat": "{{status}}" } ]
            } ] } ]
        } })
        .to_string()
    };
    let nothing = "groups: []";
    let right = "sum by (status) (rate(tta_workflow_executions_total{job=\"$job\", instance=~\"${instance:regex}\", \
                 workflow_name!~\"[[job]]\"}[$__rate_interval]))";
    let (is_clean, text) = said(nothing, Some(&dashboard(right)), &[]);
    assert!(is_clean, "{text}");
    let (is_clean, text) =
        said(nothing, Some(&dashboard(&right.replace("by (status)", "by (outcome)"))), &[]);
    assert!(!is_clean && text.contains("sum is by outcome, which no series has there [label]"), "{text}");
    assert!(
        text.contains("the names of the series have {{status}}, which the query does not keep [legend]"),
        "{text}"
    );
}

#[test]
fn what_is_no_rules_and_no_dashboard_is_said_to_be_none() {
    let (is_clean, text) = said("groups: 3", None, &[]);
    assert!(!is_clean && text.contains("own.yml is no file of Prometheus rules"), "{text}");
    let (is_clean, text) = said("groups: []", Some("{"), &[]);
    assert!(!is_clean && text.contains("own.json is no dashboard"), "{text}");
}

/// What is found in an alert with this expression and text; nothing if nothing is.
fn of_alert(expr: &str, summary: &str, more: &str) -> Vec<String> {
    let rules = serde_json::json!({ "groups": [{ "name": "own", "rules": [{
        "alert": "Own", "expr": expr, "annotations": { "summary": summary },
    }] }] });
    let rules = rules.to_string().replace("\"alert\"", &format!("{more}\"alert\""));
    let (_, text) = said(&rules, None, &[]);
    let finding = |line: &str| Some(line.strip_prefix("own.yml: ")?.to_owned());
    text.lines().filter_map(finding).collect()
}

#[test]
fn bounds_of_buckets_are_those_that_are_in_the_text() {
    let asked = |matcher: &str| {
        of_alert(
            &format!("rate(tta_workflow_duration_seconds_bucket{{job=\"tta\", {matcher}}}[5m]) > 1"),
            "",
            "",
        )
    };
    for right in
        ["le=\"1.0\"", "le=\"0.5\"", "le=\"+Inf\"", "le=~\"1|1.0\"", "le=~\"1(\\\\.0)?\"", "le!=\"1.0\""]
    {
        assert_eq!(asked(right), [""; 0], "{right}");
    }
    for wrong in ["le=\"1\"", "le=\"0.50\"", "le=\"Inf\"", "le=\"3.0\"", "le=~\"1|5\""] {
        let found = asked(wrong);
        let is_of_le =
            |finding: &String| finding.contains("has no bucket with le") && finding.ends_with("[le]");
        assert!(found.len() == 1 && is_of_le(&found[0]), "{wrong}: {found:?}");
    }
    let rules = "groups: [{name: own, rules: [{record: own, expr: 'tta_workflow_duration_seconds_bucket{le=\"1\"}'}]}]";
    let (_, text) = said(rules, None, &[]);
    assert!(text.contains("    accepted: 0.0001 0.0005 0.001 ") && text.contains(" 1.0 "), "{text}");
}

#[test]
fn whoever_names_no_file_or_files_with_nothing_in_them_is_told() {
    for more in [&[][..], &["--complete"]] {
        let output = tta(&[&["lint", "--catalog", CATALOG], more].concat());
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with("tta: nothing to look at: name files of rules with --rules"), "{text}");
    }
    let (is_clean, text) = said("groups: []", Some("{}"), &[]);
    assert!(!is_clean);
    assert_eq!(text, "tta: nothing to look at: there is no rule and no query in own.yml, own.json\n");
}

#[test]
fn a_check_that_is_none_cannot_be_left_out() {
    let rules = "groups: [{name: own, rules: [{record: own, expr: up}]}]";
    let (is_clean, text) = said(rules, None, &["--without", "label-vale"]);
    assert!(!is_clean);
    for expected in [
        "no check has this name (did you mean label-value?)",
        "of mistakes: alert-comparison, ",
        "; of style: ",
    ] {
        assert!(text.contains(expected), "no {expected:?} in {text}");
    }
    // Whatever has a name in brackets can be left out by it.
    for found in MUTATIONS.iter().flat_map(|mutation| mutation.found) {
        let (is_clean, text) = said(rules, None, &["--without", found.0]);
        assert!(is_clean, "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_before_what_could_be_better_and_both_are_counted() {
    let rules = r#"{"groups": [{"name": "own", "rules": [
        {"record": "a", "expr": "tta_workflows_active{workflow_name=~\"checkout\"}"},
        {"record": "b", "expr": "tta_workflow_active"},
        {"record": "c", "expr": "tta_workflows_active{workflow_name=~\"search\"}"}
    ]}]}"#;
    let (is_clean, text) = said(rules, None, &[]);
    let heads: Vec<&str> = text.lines().filter(|line| !line.starts_with("    ")).collect();
    assert!(!is_clean);
    assert_eq!(
        heads,
        [
            "own.yml: record b: there is no series tta_workflow_active [metric]",
            "",
            "own.yml: record a: the pattern of workflow_name is no more than a text [regexp]",
            "own.yml: record c: the pattern of workflow_name is no more than a text [regexp]",
            "1 mistake, 2 matters of style (--without style)",
        ]
    );
    let (_, text) = said(rules, None, &["--without", "style"]);
    assert!(text.ends_with("\n1 mistake\n") && !text.contains("[regexp]"), "{text}");
    let (_, text) = said(rules, None, &["--without", "metric"]);
    assert!(text.ends_with("\nno mistake, 2 matters of style (--without style)\n"), "{text}");
    let (_, text) = said(rules, None, &["--json"]);
    let found: Value = serde_json::from_str(&text).unwrap();
    let severities: Vec<&str> =
        found.as_array().unwrap().iter().map(|finding| finding["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["mistake", "style", "style"]);
}

#[test]
fn a_quantile_is_between_0_and_1() {
    let of = "sum by (le) (rate(tta_workflow_duration_seconds_bucket{job=\"tta\"}[5m]))";
    for (expr, expected) in [
        (format!("histogram_quantile(95, {of}) > 1"), "histogram_quantile of 95 is always +Inf [quantile]"),
        (
            format!("histogram_quantile((-0.5), {of}) > 1"),
            "histogram_quantile of -0.5 is always -Inf [quantile]",
        ),
        ("quantile(99, tta_workflows_active) > 1".to_owned(), "quantile of 99 is always +Inf [quantile]"),
        (
            "quantile_over_time(50, tta_workflows_active[5m]) > 1".to_owned(),
            "quantile_over_time of 50 is always +Inf [quantile]",
        ),
    ] {
        assert_eq!(of_alert(&expr, "", ""), [format!("alert Own: {expected}")], "{expr}");
    }
    for right in ["0", "0.95", "1"] {
        assert_eq!(of_alert(&format!("histogram_quantile({right}, {of}) > 1"), "", ""), [""; 0]);
    }
}

#[test]
fn matchers_that_no_function_fulfils_together_are_found() {
    for impossible in [
        "rate(tta_workflow_executions_total{workflow_name=\"refund\", tier=\"paid\"}[5m])",
        "rate(tta_workflow_executions_total{workflow_name=~\"re.*|search\", tier=~\"free|paid\"}[5m])",
        "rate(tta_primitive_executions_total{primitive_name=\"classify\", primitive_type=\"tool\"}[5m])",
        "rate(tta_primitive_executions_total{primitive_name=\"rank\", model=~\".+\"}[5m])",
        "primitive:tta_primitive_executions:rate5m{primitive_name=\"classify\", primitive_type!=\"llm\"}",
        "rate(tta_slo_events_total{slo=\"refund\", objective=\"latency\"}[5m])",
        "slo:tta_slo_burn:ratio_rate1h{slo=\"search\", objective=\"success\"}",
        "tta_component_info{name=\"checkout\", maturity=\"staging\"}",
    ] {
        let found = of_alert(&format!("{impossible} > 1"), "", "");
        assert!(
            found.len() == 1 && found[0].ends_with(": they are of different functions [impossible]"),
            "{impossible}: {found:?}"
        );
    }
    for possible in [
        "rate(tta_workflow_executions_total{workflow_name=\"checkout\", tier=\"paid\"}[5m])",
        "rate(tta_workflow_executions_total{workflow_name=\"refund\", tier!=\"paid\"}[5m])",
        "rate(tta_workflow_executions_total{workflow_name=\"refund\", tier=\"\"}[5m])",
        "rate(tta_workflow_executions_total{workflow_name=~\"checkout|refund\", tier=\"paid\"}[5m])",
        "rate(tta_primitive_executions_total{primitive_name=\"classify\", model=\"large\"}[5m])",
        "rate(tta_primitive_executions_total{primitive_type=~\"llm|tool\", primitive_name=\"charge_card\"}[5m])",
        "rate(tta_workflow_steps_total{workflow_name=\"refund\", primitive_name=\"rank\"}[5m])",
        "slo:tta_slo_burn:ratio_rate1h{slo=\"search\", objective=\"latency\"}",
    ] {
        assert_eq!(of_alert(&format!("{possible} > 1"), "", ""), [""; 0], "{possible}");
    }
}

#[test]
fn what_is_counted_is_never_below_0() {
    for (never, comparison) in [
        ("rate(tta_workflow_executions_total[5m]) < 0", "< 0"),
        ("sum by (job) (increase(tta_workflow_executions_total[1h])) <= -1", "<= -1"),
        ("workflow:tta_workflow_executions:rate5m < 0", "< 0"),
        ("workflow:tta_workflow_errors_per_execution:ratio_rate5m < 0", "< 0"),
        ("0 > rate(tta_workflow_executions_total[5m])", "> 0"),
        ("(rate(tta_workflow_executions_total[5m]) / 2) == -1", "== -1"),
        ("count(tta_workflows_active) < 0", "< 0"),
    ] {
        let expected = format!(
            "alert Own: nothing fulfils {comparison}: what is counted, and how fast it rises, is never below 0 [comparison]"
        );
        assert_eq!(of_alert(never, "", ""), [expected], "{never}");
    }
    for may_be in [
        "rate(tta_workflow_executions_total[5m]) < 0.1",
        "rate(tta_workflow_executions_total[5m]) == 0",
        "rate(tta_workflow_executions_total[5m]) - 1 < 0",
        "deriv(tta_workflows_active[5m]) < 0",
        "slo:tta_slo_error_budget_remaining:ratio_rate30d < 0",
        "rate(tta_workflow_executions_total[5m]) >= 0",
    ] {
        assert_eq!(of_alert(may_be, "", ""), [""; 0], "{may_be}");
    }
}

#[test]
fn a_time_that_prometheus_cannot_read_is_found() {
    for wrong in ["5 minutes", "5", "5min", "1.5h", "30s5m", "m", "-5m", "nan", ""] {
        let found = of_alert("tta_workflows_active > 1", "", &format!("\"for\": \"{wrong}\", "));
        assert_eq!(found, [format!("alert Own: for is {wrong:?}, which is no duration [for]")]);
    }
    for right in ["5m", "1h30m", "0", "0s", "1y2w3d4h5m6s7ms", "250ms"] {
        let found = of_alert("tta_workflows_active > 1", "", &format!("\"for\": \"{right}\", "));
        assert_eq!(found, [""; 0], "{right}");
    }
    let rules = "groups: [{name: own, interval: 1 m, rules: [{record: own, expr: tta_workflows_active}]}]";
    let (_, text) = said(rules, None, &[]);
    assert!(
        text.starts_with("own.yml: group own: the interval is \"1 m\", which is no duration [for]"),
        "{text}"
    );
}

#[test]
fn a_template_calls_what_there_is() {
    let of = |summary: &str| of_alert("tta_workflows_active > 1", summary, "");
    for (wrong, expected) in [
        ("{{ $value | humanise }}", "summary calls humanise, which is no function of a template [template]"),
        (
            "{{ upper $labels.workflow_name }}",
            "summary calls upper, which is no function of a template [template]",
        ),
        ("{{ $lables.workflow_name }}", "summary reads $lables, which no template has [template]"),
        (
            "{{ if gt $value 1.0 }}{{ $worst }}{{ end }}",
            "summary reads $worst, which no template has [template]",
        ),
    ] {
        assert_eq!(of(wrong), [format!("alert Own: {expected}")], "{wrong}");
    }
    for right in [
        "{{ $value | humanizePercentage }} of {{ .Labels.workflow_name | toUpper }}",
        "{{ with query `up{job=\"x\"}` }}{{ . | first | value | printf \"%.1f of nothing\" }}{{ end }}",
        "{{ range $at, $each := query \"up\" }}{{ $at }}: {{ $each.Value }}, {{ else }}none{{ end }}",
        "{{- /* a comment */ -}} {{ $name := $labels.workflow_name }}{{ $name }} {{ \"{{\" }} {{ 1.5e3 }}",
        "{{ $labels.workflow_name | reReplaceAll \"[a-z] unknown\" \"$1\" }} no_function",
    ] {
        assert_eq!(of(right), [""; 0], "{right}");
    }
}
