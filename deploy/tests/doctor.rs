//! `tta doctor` against a real Prometheus that scrapes a program of which everything is known.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use support::{CATALOG, Folder, Http, Prometheus, Said, catalog, exposition, family, idle_exposition, tta};

/// A folder as `tta generate` leaves it, with one dashboard and one file of rules of our own.
fn files() -> Folder {
    let folder = Folder::new();
    let rules = r#"
groups:
  - name: shop
    interval: 250ms
    rules:
      - record: workflow:tta_workflow_executions:rate1m
        expr: sum by (job, workflow_name) (rate(tta_workflow_executions_total{job="tta"}[1m]))
      - alert: Failing
        expr: sum by (job) (rate(tta_workflow_errors_total{job="tta"}[1m])) > 1e9
        for: 1m
        labels:
          severity: page
"#;
    let dashboard = serde_json::json!({
        "uid": "shop",
        "annotations": { "list": [ { "name": "Alerts", "expr": "ALERTS{job=~\"$job\"}" } ] },
        "templating": { "list": [
            { "name": "job", "type": "query", "multi": true, "query": "label_values(tta_build_info, job)" },
            { "name": "workflow", "type": "query", "query": { "query": "label_values(tta_workflows_active{job=~\"$job\"}, workflow_name)" } },
        ] },
        "panels": [
            { "title": "Rate", "targets": [ { "expr": "sum(rate(tta_workflow_executions_total{job=~\"$job\", workflow_name=\"$workflow\"}[$__rate_interval]))" } ] },
            { "type": "row", "panels": [
                { "title": "Memory", "targets": [ { "expr": "process_resident_memory_bytes{job=~\"${job}\"}" } ] },
                { "title": "Lines", "datasource": { "type": "loki" }, "targets": [ { "expr": "{job=\"x\"}" } ] },
            ] },
        ],
    });
    folder.write("prometheus/rules/shop.yml", rules);
    folder.write("grafana/dashboards/shop.json", &dashboard.to_string());
    let manifest = serde_json::json!({
        "about": "", "format": 1, "files": ["grafana/dashboards/shop.json", "prometheus/rules/shop.yml"],
    });
    folder.write(".tta-generated.json", &manifest.to_string());
    folder
}

/// The same for what has many queries: a scrape has as long as lies between two.
fn slower(config: &str) -> String {
    config.replace(
        "scrape_interval: 250ms, evaluation_interval: 250ms",
        "scrape_interval: 2s, evaluation_interval: 1s",
    )
}

fn alertmanager() -> Http {
    Http::start(|_, _| (200, "OK".to_owned()))
}

fn config(program: &str, alertmanager: &str, files: &Folder) -> String {
    format!(
        "global: {{ scrape_interval: 250ms, evaluation_interval: 250ms }}
rule_files: ['{}/prometheus/rules/*.yml']
alerting: {{ alertmanagers: [ static_configs: [ targets: ['{alertmanager}'] ] ] }}
scrape_configs: [ {{ job_name: tta, params: {{ token: [hunter2] }}, static_configs: [ targets: ['{program}'] ] }} ]
",
        files.path()
    )
}

const WELL: [&str; 2] = ["--enable-feature=exemplar-storage", "--storage.tsdb.retention.time=31d"];

/// The check's failures, one line each.
fn failures(said: &Said) -> Vec<String> {
    of_state(said, "failed")
}

/// What is in a state, one line each.
fn of_state(said: &Said, state: &str) -> Vec<String> {
    said.json()["checks"]
        .as_array()
        .expect("an array")
        .iter()
        .filter(|check| check["state"] == state)
        .map(|check| {
            format!(
                "{}: {}",
                check["check"].as_str().expect("a name"),
                check["detail"].as_str().expect("text")
            )
        })
        .collect()
}

#[test]
fn a_prometheus_that_has_everything_passes_and_what_is_missing_is_named() {
    let (files, receiver, manager) = (files(), Http::start(|_, _| (200, String::new())), alertmanager());
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&config(program.address(), manager.address(), &files), &WELL);
    let url = receiver.url();
    let args = ["--catalog", CATALOG, "--files", files.path(), "--otlp", &url];

    let said = prometheus.until(&args, |said| said.code == 0 && !said.out.contains(" empty "));
    assert_eq!(said.code, 0, "{}", said.out);
    for line in [
        "ok    prometheus   2.",
        "ok    clock        at most ",
        " is up\n",
        "is scraped every 0.25 s",
        " are there\n",
        "ok    rules        shop: 2 loaded and evaluated without error",
        "ok    queries      dashboard shop: 4 return data",
        "ok    queries      rules shop: 2 return data",
        "note  queries      shop/Alerts is empty, as it may be: no alert is pending or fires",
        "ok    retention    31d; the longest period of an objective is 30d",
        "ok    exemplars    are kept",
        " is ready\n",
        " takes spans\n",
        "checks, all well",
    ] {
        assert!(said.out.contains(line), "no {line:?} in\n{}", said.out);
    }
    assert_eq!(
        tta(&[
            "doctor",
            "--prometheus",
            prometheus.url(),
            "--catalog",
            CATALOG,
            "--files",
            files.path(),
            "--json"
        ])
        .json()["ok"],
        true
    );

    // A metric has another name in a panel, a rule is another than what is loaded, another one is not there, and a family
    // is in the catalog that the program does not have.
    let dashboard = files.read("grafana/dashboards/shop.json");
    files.write(
        "grafana/dashboards/shop.json",
        &dashboard.replace("process_resident_memory_bytes", "process_resident_bytes"),
    );
    let rules = files.read("prometheus/rules/shop.yml");
    let changed = rules.replace("> 1e9", "> 1").replace("executions:rate1m", "executions:rate2m");
    files.write("prometheus/rules/shop.yml", &changed);
    let other = Folder::new();
    let other = other.write(
        "catalog.json",
        &catalog(|catalog| {
            let mut new = family(catalog, "tta_workflows_active").clone();
            new["name"] = "tta_workflows_queued".into();
            family(catalog, "tta_primitives_active")["name"] = "tta_primitives_busy".into();
            catalog["families"].as_array_mut().expect("an array").push(new);
        }),
    );
    let said = tta(&[
        "doctor",
        "--prometheus",
        prometheus.url(),
        "--catalog",
        other.to_str().expect("UTF-8"),
        "--files",
        files.path(),
        "--json",
    ]);
    assert_eq!(said.code, 1);
    let expected = [
        "families: tta_primitives_busy is in the catalog and not in Prometheus",
        "families: tta_workflows_queued is in the catalog and not in Prometheus",
        "families: tta_primitives_active is in Prometheus and not in the catalog",
        "rules: shop/workflow:tta_workflow_executions:rate2m is not loaded",
        "rules: shop/Failing is loaded with another expression or other labels than generated",
        "rules: shop/workflow:tta_workflow_executions:rate1m is loaded, and nothing generates it",
        "queries: shop/Memory returns nothing",
        "queries: shop/workflow:tta_workflow_executions:rate2m has recorded nothing",
    ];
    assert_eq!(failures(&said), expected, "{}", said.out);

    // The program ends.
    drop(program);
    let args = ["--catalog", CATALOG, "--files", files.path(), "--json"];
    let is_down = |said: &Said| {
        failures(said)
            .iter()
            .any(|failure| failure.starts_with("target: http://127.0.0.1:") && failure.contains(" is down: "))
    };
    let said = prometheus.until(&args, is_down);
    assert!(is_down(&said), "{}", said.out);
    assert!(!said.all().contains("hunter2"), "what it is asked with is shown: {}", said.out);
}

#[test]
fn a_prometheus_that_is_set_up_badly_is_told_what_to_change() {
    let files = files();
    let program = Http::start(exposition(&catalog(|_| {})));
    let config = format!(
        "global: {{ scrape_interval: 30s }}\nscrape_configs: [ {{ job_name: shop, static_configs: [ targets: ['{}'] ] }} ]\n",
        program.address()
    );
    let prometheus = Prometheus::start(&config, &["--storage.tsdb.retention.time=15d"]);
    let args = ["--catalog", CATALOG, "--files", files.path(), "--json"];
    let said = prometheus
        .until(&args, |said| failures(said).iter().any(|failure| failure.contains("its jobs: shop")));
    let failures_of_job = failures(&said);
    for failure in [
        "target: no target has the job tta; its jobs: shop",
        "rules: no rule of the group shop is loaded",
        "retention: 15d, and the longest period of an objective is 30d: its budget is wrong",
        "exemplars: are not kept, so no panel of a latency has a link to a trace",
        "alertmanager: Prometheus knows none, so nobody is told of alerts",
    ] {
        assert!(
            failures_of_job.iter().any(|found| found == failure),
            "no {failure:?} in {failures_of_job:#?}"
        );
    }
    let advice: Vec<Value> = said.json()["checks"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|check| check["advice"].clone())
        .collect();
    assert!(
        advice.contains(&"start Prometheus with --storage.tsdb.retention.time=31d".into()),
        "{advice:#?}"
    );

    let args = ["--catalog", CATALOG, "--files", files.path(), "--job", "shop", "--json"];
    let is_scraped_seldom = |said: &Said| {
        failures(said).iter().any(|failure| {
            failure.ends_with("is scraped every 30 s, and the shortest window of the rules is 60 s")
        })
    };
    let said = prometheus.until(&args, is_scraped_seldom);
    assert!(is_scraped_seldom(&said), "{}", said.out);
}

#[test]
fn what_a_panel_hides_is_named() {
    let (files, manager) = (files(), alertmanager());
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&config(program.address(), manager.address(), &files), &WELL);
    let panels = [
        // Neither of them is a failure: nothing is hidden, and what is hidden may come.
        ("Rules", "workflow:tta_workflow_executions:rate1m{job=~\"$job\"} or vector(0)"),
        ("Alerting", "count(ALERTS{job=~\"$job\", alertstate=\"firing\"}) or vector(0)"),
        (
            "May come",
            "sum(rate(tta_workflow_errors_total{job=~\"$job\", error_type=\"new\"}[5m])) or vector(0)",
        ),
        ("Renamed rule", "workflow:tta_workflow_runs:rate1m{job=~\"$job\"} or vector(0)"),
        ("Renamed family", "sum(rate(tta_workflow_runs_total{job=~\"$job\"}[5m])) or vector(0)"),
        (
            "Renamed value",
            "sum(rate(tta_workflow_executions_total{job=~\"$job\", status=\"failure\"}[5m])) or vector(0)",
        ),
    ];
    let panels: Vec<Value> = panels
        .iter()
        .map(|(title, expr)| serde_json::json!({ "title": title, "targets": [ { "expr": expr } ] }))
        .collect();
    let job = serde_json::json!({
        "name": "job", "type": "query", "multi": true, "query": "label_values(tta_build_info, job)",
    });
    let dashboard = serde_json::json!({ "uid": "shop", "templating": { "list": [job] }, "panels": panels });
    files.write("grafana/dashboards/shop.json", &dashboard.to_string());
    let args = ["--catalog", CATALOG, "--files", files.path(), "--json"];
    let said = prometheus.until(&args, |said| failures(said).len() == 3);
    let expected = [
        "queries: shop/Renamed rule returns data without workflow:tta_workflow_runs:rate1m, of which nothing is there",
        "queries: shop/Renamed family returns data without tta_workflow_runs_total, of which nothing is there",
        "queries: shop/Renamed value returns data without tta_workflow_executions_total, of which nothing is there",
    ];
    assert_eq!(failures(&said), expected, "{}", said.out);
}

#[test]
fn an_exception_that_returns_data_is_reported() {
    let (files, manager) = (files(), alertmanager());
    let rules = files.read("prometheus/rules/shop.yml");
    files.write("prometheus/rules/shop.yml", &rules.replace("> 1e9", "> 0"));
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&config(program.address(), manager.address(), &files), &WELL);
    let args = ["--catalog", CATALOG, "--files", files.path()];
    let said = prometheus.until(&args, |said| said.out.contains("shop/Alerts returns data"));
    assert!(
        said.out.contains("note  queries      shop/Alerts returns data; it often does not"),
        "{}",
        said.out
    );
    let strict = prometheus.until(&[&args[..], &["--strict"]].concat(), |_| true);
    assert_eq!(strict.code, 1);
    assert!(
        strict
            .out
            .contains("FAIL  queries      shop/Alerts returns data, of which --strict wants none: it is empty where no alert"),
        "{}",
        strict.out
    );
    assert!(!strict.all().contains("deploy/") && !strict.all().contains(".rs"), "{strict:?}");
}

#[test]
fn what_cannot_be_reached_is_said_without_its_password() {
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").to_string()
    };
    let url = format!("http://me:hunter2@{nobody}");
    let said =
        tta(&["doctor", "--catalog", CATALOG, "--prometheus", &url, "--otlp", &format!("grpc://{nobody}")]);
    assert_eq!(said.code, 1);
    assert!(
        said.out.contains(&format!("FAIL  prometheus   http://{nobody}: nothing listens there")),
        "{}",
        said.out
    );
    assert!(said.out.contains(&format!("FAIL  otlp         {nobody}: no connection")), "{}", said.out);
    assert!(!said.all().contains("hunter2"), "{said:?}");

    for url in ["me:hunter2@host", "ftp://me:hunter2@host", "http://me:hunter2@host/?query"] {
        let said = tta(&["doctor", "--catalog", CATALOG, "--prometheus", url]);
        assert_eq!(said.code, 2);
        assert!(
            said.err.contains("--prometheus: ") && said.err.contains("expected http://HOST:PORT"),
            "{}",
            said.err
        );
        assert!(!said.all().contains("hunter2"), "{said:?}");
    }

    let other = Http::start(|_, _| (404, "no such page".to_owned()));
    let said = tta(&["doctor", "--catalog", CATALOG, "--prometheus", &other.url(), "--otlp", &other.url()]);
    assert!(
        said.out.contains("something is there, but no Prometheus: it answers HTTP 404 without JSON"),
        "{}",
        said.out
    );
    assert!(said.out.contains("answers HTTP 404 to an export without spans"), "{}", said.out);
}

#[test]
fn a_user_and_a_password_are_sent() {
    let guarded = Http::start(|head, _| {
        // me:s@fe
        if head.to_lowercase().contains("authorization: basic bwu6c0bmzq==") {
            (200, r#"{"status":"success","data":{"version":"9.9.9"}}"#.to_owned())
        } else {
            (401, "no".to_owned())
        }
    });
    let with = guarded.url().replace("http://", "http://me:s%40fe@");
    let said = tta(&["doctor", "--catalog", CATALOG, "--prometheus", &with]);
    assert!(said.out.contains(&format!("ok    prometheus   9.9.9 at {}", guarded.url())), "{}", said.out);
    let said = tta(&["doctor", "--catalog", CATALOG, "--prometheus", &guarded.url()]);
    assert!(said.out.contains("it asks for a user and a password (HTTP 401)"), "{}", said.out);
}

#[test]
fn everything_that_is_generated_returns_data_on_a_prometheus_that_loads_it() {
    let (files, manager) = (quick_files(), alertmanager());
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&slower(&config(program.address(), manager.address(), &files)), &WELL);
    let has_all = |said: &Said| said.code == 0 && !said.out.contains(" empty ");
    let said = prometheus.until(&["--catalog", CATALOG], has_all);
    assert!(has_all(&said), "{}", said.out);
}

#[test]
fn rules_of_another_program_are_none_of_ours() {
    let (files, manager) = (files(), alertmanager());
    let ours = files.read("prometheus/rules/shop.yml");
    // Of the same group, and not in the manifest: somebody else has generated it.
    let theirs =
        ours.replace(r#"job="tta""#, r#"job="other""#).replace("alert: Failing", "alert: OtherFailing");
    files.write("prometheus/rules/other.yml", &theirs);
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&config(program.address(), manager.address(), &files), &WELL);
    let args = ["--catalog", CATALOG, "--files", files.path()];
    let is_well = |said: &Said| {
        said.code == 0 && said.out.contains("shop: 2 loaded and evaluated") && !said.out.contains(" empty ")
    };
    let said = prometheus.until(&args, is_well);
    assert!(is_well(&said), "{}", said.out);

    // Without ours, theirs do not pass for them.
    files.write("prometheus/rules/shop.yml", "groups: []");
    let prometheus = Prometheus::start(&config(program.address(), manager.address(), &files), &WELL);
    files.write("prometheus/rules/shop.yml", &ours);
    let is_named = |said: &Said| said.out.contains("FAIL  rules        no rule of the group shop is loaded");
    let said = prometheus.until(&args, is_named);
    assert!(is_named(&said), "{}", said.out);
}

/// What is generated, with rules that are evaluated every second.
fn quick_files() -> Folder {
    let files = Folder::new();
    let said = tta(&["generate", "--catalog", CATALOG, "--out", files.path()]);
    assert_eq!(said.code, 0, "{said:?}");
    for (name, text) in files.files().iter().filter(|(name, _)| name.starts_with("prometheus/rules/")) {
        // Long windows are evaluated every few minutes.
        let quick = text.lines().map(|line| match line.split_once("interval:") {
            Some((before, _)) => format!("{before}interval: 1s\n"),
            None => format!("{line}\n"),
        });
        files.write(name, &quick.collect::<String>());
    }
    files
}

#[test]
fn a_program_that_nobody_calls_is_well_and_what_is_broken_in_it_is_not() {
    let (files, manager, is_called) = (quick_files(), alertmanager(), Arc::new(AtomicBool::new(false)));
    // What joins on a label that is nowhere returns nothing however much is called.
    let unmatched = r#"
groups:
  - name: unmatched
    interval: 1s
    rules:
      - record: workflow:tta_workflow_unmatched:rate5m
        expr: >-
          sum by (job, workflow_name) (rate(tta_workflow_executions_total{job="tta"}[5m]))
          * on (nowhere) group_left () sum by (nowhere) (tta_build_info{job="tta"} == 2)
"#;
    files.write("prometheus/rules/unmatched.yml", unmatched);
    let manifest = files.read(".tta-generated.json");
    let recording = "\"prometheus/rules/recording.yml\"";
    assert!(manifest.contains(recording));
    let with = format!("{recording}, \"prometheus/rules/unmatched.yml\"");
    files.write(".tta-generated.json", &manifest.replace(recording, &with));
    let program = Http::start(idle_exposition(&catalog(|_| {}), Arc::clone(&is_called)));
    let prometheus = Prometheus::start(&slower(&config(program.address(), manager.address(), &files)), &WELL);

    let args = ["--catalog", CATALOG, "--files", files.path()];
    let is_idle = |said: &Said| {
        said.code == 0
            && said.out.contains(" since what they are about has not been called: ")
            && !said.out.contains(" empty until ")
    };
    let said = prometheus.until(&args, is_idle);
    assert!(is_idle(&said), "{}", said.out);
    for empty in
        ["slo:tta_slo_burn:ratio_rate1h", "TtaSloSuccessBurn1h", "tta_workflow_duration_seconds:p95_5m"]
    {
        assert!(said.out.contains(empty), "no {empty} in {}", said.out);
    }

    // A rule that is not loaded is no idle one.
    let slo = files.read("prometheus/rules/slo.yml");
    let name = "slo:tta_slo_errors_per_event:ratio_rate1h";
    files.write("prometheus/rules/slo.yml", &slo.replace(name, "slo:tta_slo_errors_per_event:ratio_rate61m"));
    let said = tta(&[&["doctor", "--prometheus", prometheus.url(), "--json"], &args[..]].concat());
    let failures_of_rule = failures(&said);
    let recorded_nothing = |name: &str| format!("queries: tta-slo-short/{name} has recorded nothing");
    assert!(
        failures_of_rule.contains(&recorded_nothing("slo:tta_slo_errors_per_event:ratio_rate61m")),
        "{failures_of_rule:#?}"
    );
    files.write("prometheus/rules/slo.yml", &slo);

    is_called.store(true, Ordering::Relaxed);
    let args = [&args[..], &["--json"]].concat();
    let expected = ["queries: unmatched/workflow:tta_workflow_unmatched:rate5m has recorded nothing"];
    let is_called = |said: &Said| failures(said) == expected && !said.out.contains(" empty ");
    let said = prometheus.until(&args, is_called);
    assert!(is_called(&said), "{}", said.out);
}

#[test]
fn rules_that_are_evaluated_every_five_minutes_are_waited_for() {
    let (files, manager) = (Folder::new(), alertmanager());
    let said = tta(&["generate", "--catalog", CATALOG, "--out", files.path()]);
    assert_eq!(said.code, 0, "{said:?}");
    for (name, text) in files.files().iter().filter(|(name, _)| name.starts_with("prometheus/rules/")) {
        // Each group has a place of its own in its interval; none comes to its place in this test.
        files.write(name, &text.replace("interval: 5m", "interval: 10000d"));
    }
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&slower(&config(program.address(), manager.address(), &files)), &WELL);
    let args = ["--catalog", CATALOG, "--files", files.path()];
    let waits = |said: &Said| said.code == 0 && said.out.contains("rules tta-slo-stage: 2 empty until ");
    let said = prometheus.until(&args, waits);
    assert!(waits(&said), "{}", said.out);
    assert!(
        said.out.contains(
            "note  rules        tta-slo-stage/slo:tta_slo_staged_events:increase5m has not been evaluated yet"
        ),
        "{}",
        said.out
    );
}

/// The labels of a family in a catalog.
fn labels<'a>(catalog: &'a mut Value, name: &str) -> &'a mut Vec<Value> {
    family(catalog, name)["labels"].as_array_mut().expect("an array")
}

/// The values of a family's label.
fn values<'a>(catalog: &'a mut Value, name: &str, label: &str) -> &'a mut Vec<Value> {
    let label = labels(catalog, name).iter_mut().find(|of| of["name"] == label).expect("it has the label");
    label["values"].as_array_mut().expect("an array")
}

#[test]
fn what_is_scraped_and_not_in_the_catalog_is_named() {
    let (files, manager) = (files(), alertmanager());
    let emitted = catalog(|catalog| {
        for family in ["tta_workflow_duration_seconds", "tta_workflows_active"] {
            values(catalog, family, "workflow_name").push("refunds".into());
        }
        let many = (0..30).map(|at| Value::from(format!("many_{at:02}")));
        values(catalog, "tta_slo_objective_ratio", "slo").extend(many);
        labels(catalog, "tta_primitives_active")
            .push(serde_json::json!({ "name": "colour", "values": ["red"] }));
        labels(catalog, "tta_log_lines_total").clear();
        let buckets =
            family(catalog, "tta_primitive_duration_seconds")["buckets"].as_array_mut().expect("an array");
        buckets.insert(1, 0.000_123.into());
        family(catalog, "process_threads")["type"] = "counter".into();
    });
    let program = Http::start(exposition(&emitted));
    // Labels of the target, and one that is given to every series.
    let config = config(program.address(), manager.address(), &files).replace(
        &format!("static_configs: [ targets: ['{}'] ]", program.address()),
        &format!(
            "metric_relabel_configs: [ {{ target_label: zone, replacement: b }} ],
             static_configs: [ {{ labels: {{ cluster: a }}, targets: ['{}'] }} ]",
            program.address()
        ),
    );
    assert!(config.contains("cluster"));
    let prometheus = Prometheus::start(&config, &WELL);
    let args = ["--catalog", CATALOG, "--files", files.path(), "--json"];
    let first_ten = (0..10).map(|at| format!("\"many_{at:02}\"")).collect::<Vec<_>>().join(", ");
    let expected = [
        "families: process_threads of the type counter: scraped, and not in the catalog, which has a gauge".to_owned(),
        "families: the label colour (\"red\") of tta_primitives_active: scraped, and not in the catalog".to_owned(),
        "families: le=\"0.000123\" of tta_primitive_duration_seconds: scraped, and not in the catalog".to_owned(),
        "families: series without the label outcome of tta_log_lines_total: scraped, and not in the catalog".to_owned(),
        format!("families: slo={first_ten} and 20 more of tta_slo_objective_ratio: scraped, and not in the catalog"),
        "families: workflow_name=\"refunds\" of tta_workflow_duration_seconds and tta_workflows_active: scraped, \
         and not in the catalog"
            .to_owned(),
    ];
    let said = prometheus.until(&args, |said| failures(said) == expected);
    assert_eq!(failures(&said), expected, "{}", said.out);
    let note = "families: every series has the label zone, which is not in the catalog";
    assert!(of_state(&said, "note").iter().any(|found| found == note), "{}", said.out);
    assert!(!said.out.contains("cluster"), "{}", said.out);

    // However much there is, it is no more than a page.
    let other = Folder::new();
    let other = other.write(
        "catalog.json",
        &catalog(|catalog| {
            for family in catalog["families"].as_array_mut().expect("an array") {
                for label in family["labels"].as_array_mut().expect("an array") {
                    let name = label["name"].as_str().expect("a name").to_owned();
                    label["name"] = format!("{name}_of_old").into();
                }
            }
        }),
    );
    let other = other.to_str().expect("UTF-8");
    let said = tta(&[
        "doctor",
        "--prometheus",
        prometheus.url(),
        "--catalog",
        other,
        "--files",
        files.path(),
        "--json",
    ]);
    let found: Vec<String> =
        failures(&said).into_iter().filter(|line| line.starts_with("families: ")).collect();
    assert!(found.len() < 15, "{found:#?}");
    assert!(found.iter().any(|line| line.contains("more labels like these")), "{found:#?}");
}

#[test]
fn a_loaded_rule_that_is_older_than_the_files_is_named() {
    let (files, manager) = (files(), alertmanager());
    let rules = files.read("prometheus/rules/shop.yml").replace(
        "          severity: page\n",
        "          severity: page\n          team: a\n        annotations:\n          summary: old\n          said: twice\n",
    );
    files.write("prometheus/rules/shop.yml", &rules);
    let group = |name: &str, rule: &str, job: &str| {
        format!(
            "groups: [ {{ name: {name}, rules: [ {{ record: '{rule}', expr: 'sum(tta_workflows_active{{job=\"{job}\"}})' }} ] }} ]"
        )
    };
    for (file, name, rule, job) in [
        ("left", "tta-workflow-old", "workflow:tta_workflows_old:sum", "tta"),
        ("theirs", "tta-workflow-theirs", "workflow:tta_workflows_theirs:sum", "other"),
        ("own", "tta-own", "mine", "tta"),
        ("own2", "own", "workflow:tta_workflows_own:sum", "tta"),
    ] {
        files.write(&format!("prometheus/rules/{file}.yml"), &group(name, rule, job));
    }
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&config(program.address(), manager.address(), &files), &WELL);
    let newer = rules
        .replace("for: 1m", "for: 90s")
        .replace("          team: a\n", "")
        .replace("summary: old", "summary: new")
        .replace("          said: twice\n", "");
    files.write("prometheus/rules/shop.yml", &newer);
    let args = ["--catalog", CATALOG, "--files", files.path(), "--json"];
    let expected = [
        "rules: shop/Failing is loaded with another `for` (60 s, not 90s) and another label team and another annotation \
         said and another annotation summary than generated",
        "rules: the group tta-workflow-old is loaded, and nothing generates it",
    ];
    let said = prometheus.until(&args, |said| failures(said) == expected);
    assert_eq!(failures(&said), expected, "{}", said.out);
    assert!(said.out.contains("prometheus/rules/left.yml and reload"), "{}", said.out);
}

#[test]
fn where_grafana_is_decides_nothing() {
    let (files, manager) = (Folder::new(), alertmanager());
    let said = tta(&[
        "generate",
        "--catalog",
        CATALOG,
        "--out",
        files.path(),
        "--grafana-url",
        "https://grafana.shop",
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&slower(&config(program.address(), manager.address(), &files)), &WELL);
    let args = ["--catalog", CATALOG];
    let links =
        |said: &Said| said.out.contains("are loaded with another annotation dashboard_url than generated");
    let said = prometheus.until(&args, |said| said.code == 0 && links(said));
    assert!(said.code == 0 && links(&said), "{}", said.out);
    assert!(said.out.contains("-> give doctor the options that generate was given"), "{}", said.out);
    for args in [
        &["--catalog", CATALOG, "--grafana-url", "https://grafana.shop"][..],
        &["--catalog", CATALOG, "--files", files.path()],
    ] {
        let said = prometheus.until(args, |said| said.code == 0);
        assert!(said.code == 0 && !said.out.contains("dashboard_url"), "{}", said.out);
    }
}

#[test]
fn one_cause_is_said_once() {
    let nobody =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let url = format!("http://{nobody}");
    let said = tta(&["doctor", "--catalog", CATALOG, "--prometheus", &url]);
    let expected = format!(
        "FAIL  prometheus   {url}: nothing listens there
                   -> start Prometheus, or give the URL where it is with --prometheus
note  left out     clock, target, families, rules, queries, retention, exemplars and alertmanager are not looked at, since \
Prometheus does not answer
1 check, 1 failed
"
    );
    assert_eq!(said.out, expected);

    // Another job.
    let (files, manager) = (quick_files(), alertmanager());
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&slower(&config(program.address(), manager.address(), &files)), &WELL);
    let is_well = |said: &Said| said.code == 0;
    assert!(is_well(&prometheus.until(&["--catalog", CATALOG], is_well)));
    for more in [&[][..], &["--files", files.path()]] {
        let args =
            ["doctor", "--prometheus", prometheus.url(), "--catalog", CATALOG, "--job", "shop", "--json"];
        let said = tta(&[&args[..], more].concat());
        assert_eq!(failures(&said), ["target: no target has the job shop; its jobs: tta"], "{}", said.out);
        assert!(said.out.contains("or say --job: metrics of tta have the job tta"), "{}", said.out);
        let left_out =
            "left out: families, rules and queries are not looked at, since no target has the job shop";
        assert_eq!(of_state(&said, "note"), [left_out], "{}", said.out);
    }

    // No program.
    let address = program.address().to_owned();
    drop(program);
    let is_down = |said: &Said| failures(said).len() == 1 && said.out.contains("connection refused");
    let said = prometheus.until(&["--catalog", CATALOG, "--json"], is_down);
    assert!(is_down(&said), "{}", said.out);
    assert!(
        failures(&said)[0].starts_with(&format!("target: http://{address}/metrics is down: ")),
        "{}",
        said.out
    );
    let left_out = "left out: families and queries are not looked at, since no target of the job tta is up";
    assert_eq!(of_state(&said, "note"), [left_out], "{}", said.out);

    // Another program.
    let other = Http::start(|_, _| (200, "go_threads 1\n".to_owned()));
    let prometheus = Prometheus::start(&slower(&config(other.address(), manager.address(), &files)), &WELL);
    let is_other = |said: &Said| {
        failures(said).iter().any(|line| line.ends_with("of the catalog is in Prometheus with the job tta"))
    };
    let said = prometheus.until(&["--catalog", CATALOG, "--json"], is_other);
    assert_eq!(
        failures(&said),
        ["families: none of the 75 of the catalog is in Prometheus with the job tta"],
        "{}",
        said.out
    );
    let left_out = "left out: queries are not looked at, since nothing of the program is there";
    assert!(of_state(&said, "note").contains(&left_out.to_owned()), "{}", said.out);

    // No rules.
    let program = Http::start(exposition(&catalog(|_| {})));
    let without = slower(&config(program.address(), manager.address(), &Folder::new()));
    let prometheus = Prometheus::start(&without, &WELL);
    let has_none =
        |said: &Said| failures(said).len() == 1 && failures(said)[0].starts_with("rules: no rule of ");
    let said = prometheus.until(&["--catalog", CATALOG, "--json"], has_none);
    assert!(has_none(&said), "{}", said.out);
    let left_out = "left out: queries are not looked at, since no rules are loaded, of which most is made";
    assert_eq!(of_state(&said, "note"), [left_out], "{}", said.out);
}

#[test]
fn a_folder_of_kubernetes_objects_is_understood_and_any_other_is_described() {
    let (files, objects, manager) = (quick_files(), Folder::new(), alertmanager());
    let said = tta(&["generate", "--catalog", CATALOG, "--out", objects.path(), "--format", "k8s"]);
    assert_eq!(said.code, 0, "{said:?}");
    let program = Http::start(exposition(&catalog(|_| {})));
    let prometheus = Prometheus::start(&slower(&config(program.address(), manager.address(), &files)), &WELL);
    let args = ["--catalog", CATALOG, "--files", objects.path()];
    let is_well = |said: &Said| said.code == 0 && !said.out.contains(" empty ");
    let said = prometheus.until(&args, is_well);
    assert!(is_well(&said), "{}", said.out);
    for line in ["ok    rules        tta-slo-burn: ", "ok    queries      dashboard tta-overview: "] {
        assert!(said.out.contains(line), "no {line:?} in {}", said.out);
    }
    let burn = objects.read("k8s/prometheusrule-alerts.yaml");
    assert!(burn.contains("TtaSloSuccessBurn1h"));
    objects.write(
        "k8s/prometheusrule-alerts.yaml",
        &burn.replace("alert: TtaSloSuccessBurn1h", "alert: TtaSloSuccessBurn2h"),
    );
    let said = tta(&[&["doctor", "--prometheus", prometheus.url(), "--json"], &args[..]].concat());
    assert!(
        failures(&said).contains(&"rules: tta-slo-burn/TtaSloSuccessBurn2h is not loaded".to_owned()),
        "{}",
        said.out
    );

    let (inner, empty) = (objects.join("k8s"), Folder::new());
    let nothing = Folder::new();
    nothing.write(".tta-generated.json", r#"{ "about": "", "format": 1, "files": ["metrics.md"] }"#);
    for (folder, what) in [
        (
            inner.to_str().expect("UTF-8"),
            format!("so tta generate has not written it, but {}, which it is in", objects.path()),
        ),
        (empty.path(), "has no .tta-generated.json, so tta generate has not written it".to_owned()),
        (nothing.path(), "has neither rules nor dashboards: 0 other files".to_owned()),
        ("/nowhere", "/nowhere is no folder".to_owned()),
    ] {
        let said =
            tta(&["doctor", "--prometheus", prometheus.url(), "--catalog", CATALOG, "--files", folder]);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains(&what), "no {what:?} in {}", said.err);
        assert!(
            said.err.contains("expected the --out of tta generate, with prometheus/rules and "),
            "{}",
            said.err
        );
    }
}

#[test]
fn a_program_that_pushes_needs_no_target() {
    let (files, manager) = (Folder::new(), alertmanager());
    let said = tta(&["generate", "--catalog", CATALOG, "--out", files.path(), "--pushed"]);
    assert_eq!(said.code, 0, "{said:?}");
    let program = Http::start(exposition(&catalog(|_| {})));
    // Somebody else is scraped, who has what was pushed.
    let config = slower(&config(program.address(), manager.address(), &files)).replace(
        "job_name: tta,",
        "job_name: gateway, metric_relabel_configs: [ { target_label: job, replacement: tta } ],",
    );
    let prometheus = Prometheus::start(&config, &WELL);
    let args = ["--catalog", CATALOG, "--pushed"];
    let is_well = |said: &Said| said.code == 0;
    let said = prometheus.until(&args, is_well);
    assert_eq!(said.code, 0, "{}", said.out);
    assert!(said.out.contains(" series are pushed with the job tta\n"), "{}", said.out);
    let panel = "note  queries      tta-overview/Instances is empty, since up is not there: the program pushes its metrics";
    assert!(said.out.contains(panel), "{}", said.out);

    let doctor = |more: &[&str]| {
        tta(&[&["doctor", "--prometheus", prometheus.url(), "--catalog", CATALOG, "--json"], more].concat())
    };
    let said = doctor(&[]);
    assert!(
        failures(&said).contains(&"target: no target has the job tta; its jobs: gateway".to_owned()),
        "{}",
        said.out
    );
    assert!(said.out.contains("if the program pushes them, say --pushed"), "{}", said.out);
    let said = doctor(&["--pushed", "--job", "shop"]);
    assert_eq!(
        failures(&said),
        ["target: nothing has been pushed with the job shop; its jobs: tta"],
        "{}",
        said.out
    );
}

#[test]
fn what_a_terminal_acts_on_is_never_written_to_it() {
    let server = Http::start(|_, _| {
        (200, r#"{"status":"success","data":{"version":"9\u001b[31m\u009b\u202e"}}"#.to_owned())
    });
    let refused = Http::start(|_, _| {
        (400, r#"{"status":"error","error":"no\u001b]0;\u0007\nok    prometheus   2"}"#.to_owned())
    });
    let folder = Folder::new();
    let with_help = |name: &str, help: &str| {
        let path = folder
            .write(name, &catalog(|catalog| family(catalog, "tta_workflows_active")["help"] = help.into()));
        path.to_str().expect("UTF-8").to_owned()
    };
    // A direction is no control character, so it is no reason to refuse the catalog.
    let turned = with_help("turned.json", "a\u{202e}b");
    let coloured = with_help("coloured.json", "a\u{1b}[31mb\u{9b}c");
    let is_acted_on = |letter: char| letter != '\n' && letter.is_control() || letter == '\u{202e}';
    for url in [server.url(), refused.url()] {
        for more in [&[][..], &["--json"]] {
            let said = tta(&[&["doctor", "--catalog", &turned, "--prometheus", &url], more].concat());
            assert!(!said.all().contains(is_acted_on), "{said:?}");
            assert!(!said.all().contains("\nok    prometheus   2"), "{said:?}");
        }
    }
    for (catalog, code) in [(&turned, 0), (&coloured, 2)] {
        for more in [&[][..], &["--json"]] {
            let said = tta(&[&["explain", "tta_workflows_active", "--catalog", catalog], more].concat());
            assert_eq!(said.code, code, "{said:?}");
            assert!(!said.all().contains(is_acted_on), "{said:?}");
        }
    }
    let said = tta(&["explain", "x\u{1b}[31m", "--catalog", &turned]);
    assert!(!said.all().contains(is_acted_on), "{said:?}");
    let said = tta(&["explain", "x", "--catalog", "/nowhere\u{1b}[31m"]);
    assert!(said.code == 2 && !said.all().contains(is_acted_on), "{said:?}");
}
