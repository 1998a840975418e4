//! The configuration around a program, as the programs that read it see it.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{CATALOG, Folder, catalog, check, tta};

/// Text that would be markup of something if it were not quoted.
const HOSTILE: &str = "a\"b: {{ $labels.x }} #'$HOME|\\";

fn generate(folder: &Folder, catalog: &str, more: &[&str]) {
    let mut args = vec!["generate", "--catalog", catalog, "--out", folder.path()];
    args.extend(more);
    let said = tta(&args);
    assert_eq!(said.code, 0, "{said:?}");
}

fn yaml(folder: &Folder, name: &str) -> Value {
    serde_saphyr::from_str(&folder.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(strings).collect(),
        Value::Object(all) => all.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn prometheus_and_alertmanager_accept_their_files() {
    for more in [&[][..], &["--job", HOSTILE, "--target", "[::1]:9464", "--target", "shop.example:80"]] {
        let folder = Folder::new();
        generate(&folder, CATALOG, more);
        check("promtool", &["check", "config"], &folder.join("prometheus/prometheus.yml"));
        check("amtool", &["check-config"], &folder.join("alertmanager/alertmanager.yml"));
        let job = if more.is_empty() { "tta" } else { HOSTILE };
        assert_eq!(yaml(&folder, "prometheus/prometheus.yml")["scrape_configs"][0]["job_name"], job);
    }
}

/// Whom Alertmanager tells of an alert with these labels.
fn told(folder: &Folder, labels: &[&str]) -> String {
    let file = folder.join("alertmanager/alertmanager.yml");
    let file = format!("--config.file={}", file.display());
    let mut args = vec!["config", "routes", "test", &file];
    args.extend(labels);
    let output = std::process::Command::new("amtool").args(args).output().expect("tests/run installs amtool");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn alerts_go_to_whom_their_severity_says() {
    let folder = Folder::new();
    generate(&folder, CATALOG, &[]);
    for (severity, receiver) in
        [("page", "page"), ("ticket", "ticket"), ("info", "info"), ("other", "ticket")]
    {
        assert_eq!(told(&folder, &[&format!("severity={severity}")]), receiver);
    }
    let urls = strings(&yaml(&folder, "alertmanager/alertmanager.yml")["receivers"]);
    assert_eq!(urls.iter().filter(|url| url.starts_with("http://127.0.0.1:")).count(), 3, "{urls:?}");
}

#[test]
fn every_file_is_yaml_and_nothing_listens_outside_of_the_loopback_interface() {
    for traces in ["jaeger", "tempo", "zipkin"] {
        let folder = Folder::new();
        generate(&folder, CATALOG, &["--traces", traces, "--job", HOSTILE]);
        for (name, text) in folder.files().iter().filter(|(name, _)| name.rsplit('.').next() == Some("yml")) {
            assert!(text.starts_with("# "), "{name} does not say what it is");
            let value = yaml(&folder, name);
            for text in strings(&value) {
                // Within a container of its own everything is outside.
                let is_inside = name == "jaeger/config.yml" || name == "tempo/config.yml";
                assert!(is_inside || !text.contains("0.0.0.0"), "{name}: {text}");
            }
        }
        let compose = yaml(&folder, "compose.yml");
        for (name, service) in compose["services"].as_object().expect("services") {
            let image = service["image"].as_str().expect("an image");
            let (_, version) = image.split_once(':').expect("its version is said");
            assert!(version.contains('.') && !version.contains("latest"), "{image}");
            for port in strings(&service["ports"]) {
                assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
            }
            let is_asked =
                |of: &str| service["healthcheck"]["test"].is_array() || !compose["services"][of].is_null();
            assert!(is_asked(&format!("{name}-health")), "{name} has no health check");
            for volume in strings(&service["volumes"]) {
                let source = volume.split(':').next().expect("a source");
                let is_known = source.starts_with('.')
                    || source.starts_with('$')
                    || compose["volumes"].get(source).is_some();
                assert!(is_known, "{name}: {volume}");
                if let Some(path) = source.strip_prefix("./") {
                    assert!(
                        folder.join(path).exists() || path == "grafana/dashboards",
                        "{name}: nothing is in {path}"
                    );
                }
            }
            if let Some(others) = service["depends_on"].as_object() {
                for other in others.keys() {
                    assert!(
                        compose["services"][other]["healthcheck"].is_object(),
                        "{name} waits for {other}"
                    );
                }
            }
        }
    }
}

#[test]
fn pipelines_use_what_is_configured_and_nothing_else_is() {
    for (traces, exporter) in [("jaeger", "otlp/jaeger"), ("tempo", "otlp/tempo"), ("zipkin", "zipkin")] {
        let folder = Folder::new();
        generate(&folder, CATALOG, &["--traces", traces]);
        let mut files = vec!["collector/config.yml"];
        files.extend((traces == "jaeger").then_some("jaeger/config.yml"));
        for file in files {
            let config = yaml(&folder, file);
            for part in ["receivers", "processors", "exporters"] {
                let pipelines = config["service"]["pipelines"].as_object().expect("pipelines");
                let used: BTreeSet<String> =
                    pipelines.values().flat_map(|pipeline| strings(&pipeline[part])).collect();
                let there: BTreeSet<String> =
                    config[part].as_object().expect("a map").keys().cloned().collect();
                assert_eq!(used, there, "{file}, {part}");
            }
            let used: BTreeSet<String> = strings(&config["service"]["extensions"]).into_iter().collect();
            let there: BTreeSet<String> =
                config["extensions"].as_object().expect("a map").keys().cloned().collect();
            assert_eq!(used, there, "{file}");
        }
        let collector = yaml(&folder, "collector/config.yml");
        let pipelines = &collector["service"]["pipelines"];
        assert_eq!(pipelines["traces"]["exporters"], serde_json::json!([exporter]));
        for pipeline in pipelines.as_object().expect("pipelines").values() {
            assert_eq!(pipeline["processors"][0], "memory_limiter");
        }
    }
    let folder = Folder::new();
    generate(&folder, CATALOG, &[]);
    let ttl = &yaml(&folder, "jaeger/config.yml")["extensions"]["jaeger_storage"]["backends"]["traces"]["badger"]
        ["ttl"];
    assert_eq!(ttl["spans"], "168h", "seven days");
}

#[test]
fn data_sources_ask_for_families_that_exist_and_know_each_other() {
    for traces in ["jaeger", "tempo", "zipkin"] {
        let folder = Folder::new();
        generate(&folder, CATALOG, &["--traces", traces, "--job", HOSTILE]);
        let sources = yaml(&folder, "grafana/provisioning/datasources/tta.yml")["datasources"].clone();
        let sources = sources.as_array().expect("an array");
        let uids: BTreeSet<&str> = sources.iter().filter_map(|source| source["uid"].as_str()).collect();
        assert_eq!(uids, ["alertmanager", "loki", "prometheus", traces].into());
        let of = |uid: &str| {
            sources.iter().find(|source| source["uid"] == uid).expect("it is there")["jsonData"].clone()
        };
        assert_eq!(of("prometheus")["exemplarTraceIdDestinations"][0]["datasourceUid"], traces);
        assert_eq!(of("prometheus")["exemplarTraceIdDestinations"][0]["name"], "trace_id");
        assert_eq!(of(traces)["tracesToMetrics"]["datasourceUid"], "prometheus");
        assert_eq!(of(traces)["tracesToLogsV2"]["datasourceUid"], "loki");
        assert_eq!(of("loki")["derivedFields"][0]["datasourceUid"], traces);

        let queries = of(traces)["tracesToMetrics"]["queries"].clone();
        let queries = queries.as_array().expect("an array");
        for family in [
            "tta_workflow_executions_total",
            "tta_workflow_step_duration_seconds_bucket",
            "tta_primitives_active",
        ] {
            assert!(
                queries.iter().any(|query| query["query"]
                    .as_str()
                    .is_some_and(|query| query.contains(&format!("{family}{{")))),
                "{family}"
            );
        }
        for query in queries {
            // Grafana halves a dollar sign, and then puts an attribute of the span there.
            let query = query["query"].as_str().expect("a query").replace("$$", "$");
            let mut asked = query.clone();
            for attribute in ["tta.workflow.name", "tta.primitive.name"] {
                asked = asked.replace(&format!("${{__span.tags[\"{attribute}\"]}}"), "checkout");
            }
            assert!(!asked.contains("__span"), "{asked}");
            let parsed = promql_parser::parser::parse(&asked);
            assert!(parsed.is_ok(), "{asked}: {parsed:?}");
        }
    }
}

#[test]
fn what_a_program_does_not_have_is_not_configured() {
    let folder = Folder::new();
    let file = folder.write(
        "catalog.json",
        &catalog(|catalog| {
            let families = catalog["families"].as_array_mut().expect("an array");
            families
                .retain(|family| family["name"].as_str().is_some_and(|name| name.starts_with("process_")));
            catalog["sites"] = serde_json::json!([]);
        }),
    );
    let out = Folder::new();
    generate(&out, file.to_str().expect("UTF-8"), &[]);
    for (name, text) in out.files() {
        assert!(!text.to_lowercase().contains("loki"), "{name}: no log line, no Loki\n{text}");
        assert!(!text.contains("tracesToMetrics"), "{name}: nothing is by workflow\n{text}");
    }
    assert!(
        out.read("compose.yml").contains("--storage.tsdb.retention.time=15d"),
        "no objective needs more than the default"
    );
    check("promtool", &["check", "config"], &out.join("prometheus/prometheus.yml"));

    generate(&out, CATALOG, &["--accept-changes"]);
    assert!(
        out.read("compose.yml").contains("--storage.tsdb.retention.time=31d"),
        "a period of 30 days needs more"
    );
}

#[test]
fn objects_for_kubernetes_have_what_their_kinds_need() {
    let folder = Folder::new();
    let options = [
        "--format",
        "k8s",
        "--job",
        "My Shop",
        "--namespace",
        "observability",
        "--service-namespace",
        "shop",
        "--label",
        "release=kube-prometheus-stack",
        "--selector",
        "app=shop",
        "--port-name",
        "telemetry",
    ];
    generate(&folder, CATALOG, &options);
    // An alias is a rule that is there whatever else is.
    let lock = folder.read("metrics.lock.json").replace("tta_build_info", "tta_release_info");
    folder.write("metrics.lock.json", &lock);
    generate(&folder, CATALOG, &[&options[..], &["--accept-changes"]].concat());

    let names: Vec<String> =
        folder.files().into_iter().map(|(name, _)| name).filter(|name| name.starts_with("k8s/")).collect();
    let mut listed: Vec<String> = strings(&yaml(&folder, "k8s/kustomization.yaml")["resources"]);
    listed.push("kustomization.yaml".to_owned());
    listed.sort();
    assert_eq!(names, listed.iter().map(|name| format!("k8s/{name}")).collect::<Vec<_>>());
    assert!(!folder.join("compose.yml").exists());
    assert!(folder.join("metrics.md").exists() && folder.join("metrics.lock.json").exists());

    let mut objects = BTreeSet::new();
    for name in names.iter().filter(|name| !name.ends_with("kustomization.yaml")) {
        let object = yaml(&folder, name);
        let metadata = &object["metadata"];
        let called = metadata["name"].as_str().expect("a name");
        let is_of_name =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        assert!(
            called.len() <= 63 && called.chars().all(is_of_name) && called.starts_with("my-shop-"),
            "{called}"
        );
        assert_eq!(metadata["namespace"], "observability");
        assert_eq!(metadata["labels"]["release"], "kube-prometheus-stack");
        assert!(objects.insert((object["kind"].to_string(), called.to_owned())), "{called} is there twice");
        match object["kind"].as_str() {
            Some("ServiceMonitor") => {
                assert_eq!(object["apiVersion"], "monitoring.coreos.com/v1");
                let spec = &object["spec"];
                assert_eq!(spec["selector"]["matchLabels"], serde_json::json!({ "app": "shop" }));
                assert_eq!(spec["namespaceSelector"]["matchNames"], serde_json::json!(["shop"]));
                assert_eq!(
                    (&spec["endpoints"][0]["port"], &spec["endpoints"][0]["path"]),
                    (&"telemetry".into(), &"/metrics".into())
                );
                let relabeling = &spec["endpoints"][0]["relabelings"][0];
                assert_eq!(
                    (&relabeling["targetLabel"], &relabeling["replacement"]),
                    (&"job".into(), &"My Shop".into())
                );
            }
            Some("PrometheusRule") => {
                assert_eq!(object["apiVersion"], "monitoring.coreos.com/v1");
                // What is in spec is a file of rules.
                let rules = Folder::new();
                let text = serde_saphyr::to_string(&object["spec"]).expect("YAML");
                check("promtool", &["check", "rules"], &rules.write("rules.yml", &text));
            }
            Some("ConfigMap") => {
                assert_eq!(
                    (&object["apiVersion"], &metadata["labels"]["grafana_dashboard"]),
                    (&"v1".into(), &"1".into())
                );
                for json in strings(&object["data"]) {
                    // The most that an object may hold is a MiB.
                    assert!(json.len() < 900_000);
                    let dashboard: Value = serde_json::from_str(&json).expect("a dashboard is JSON");
                    assert!(dashboard["uid"].is_string());
                }
            }
            other => panic!("{name} is a {other:?}"),
        }
    }
    assert!(
        objects.contains(&("\"PrometheusRule\"".to_owned(), "my-shop-aliases".to_owned())),
        "{objects:?}"
    );
}

#[test]
fn spans_for_tempo_arrive_where_it_listens_and_grafana_asks() {
    let folder = Folder::new();
    generate(&folder, CATALOG, &["--traces", "tempo"]);
    let exporter = &yaml(&folder, "collector/config.yml")["exporters"]["otlp/tempo"];
    let service = &yaml(&folder, "compose.yml")["services"]["tempo"];
    let tempo = yaml(&folder, "tempo/config.yml");
    let (_, sent) = exporter["endpoint"].as_str().expect("an address").split_once(':').expect("a port");
    let (_, taken) = tempo["distributor"]["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]
        .as_str()
        .expect("an address")
        .split_once(':')
        .expect("a port");
    let asked = tempo["server"]["http_listen_port"].as_u64().expect("a port");
    let ports = strings(&service["ports"]);
    assert_eq!(ports, [format!("127.0.0.1:{asked}:{asked}"), format!("127.0.0.1:{sent}:{taken}")]);
    let sources = yaml(&folder, "grafana/provisioning/datasources/tta.yml");
    let sources = sources["datasources"].as_array().expect("an array").clone();
    let source = sources.iter().find(|source| source["type"] == "tempo").expect("it is there");
    // The dashboards' links to traces name it so.
    assert_eq!(
        (&source["uid"], &source["url"]),
        (&"tempo".into(), &format!("http://127.0.0.1:{asked}").into())
    );
    for storage in ["wal", "local"] {
        let path = tempo["storage"]["trace"][storage]["path"].as_str().expect("a path");
        let kept = strings(&service["volumes"]);
        assert!(
            kept.iter().any(|volume| path.starts_with(volume.split(':').nth(1).expect("a path"))),
            "{path}"
        );
    }
}

#[test]
fn nothing_is_scraped_of_a_program_that_pushes() {
    let folder = Folder::new();
    generate(&folder, CATALOG, &["--pushed"]);
    let config = yaml(&folder, "prometheus/prometheus.yml");
    let jobs: Vec<&str> = config["scrape_configs"]
        .as_array()
        .expect("an array")
        .iter()
        .filter_map(|job| job["job_name"].as_str())
        .collect();
    assert_eq!(jobs, ["otlp", "collector", "prometheus", "alertmanager"]);
    check("promtool", &["check", "config"], &folder.join("prometheus/prometheus.yml"));
    let folder = Folder::new();
    generate(&folder, CATALOG, &["--pushed", "--format", "k8s"]);
    assert!(!folder.join("k8s/servicemonitor.yaml").exists());
    assert!(!folder.read("k8s/kustomization.yaml").contains("servicemonitor"));
    let said = tta(&["generate", "--catalog", CATALOG, "--out", "o", "--pushed", "--target", "a:1"]);
    assert!(said.code == 2 && said.err.contains("cannot be used with"), "{said:?}");
}

#[test]
fn alertmanager_remembers_for_longer_than_until_it_repeats() {
    let folder = Folder::new();
    generate(&folder, CATALOG, &[]);
    let text = folder.read("alertmanager/alertmanager.yml");
    let hours: Vec<u32> = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("repeat_interval: "))
        .map(|interval| {
            let (count, unit) = interval.split_at(interval.len() - 1);
            count.parse::<u32>().expect("a number") * if unit == "d" { 24 } else { 1 }
        })
        .collect();
    // --data.retention is 120h unless said, and compose.yml says nothing.
    assert!(hours.len() == 3 && hours.iter().all(|hours| *hours < 120), "{hours:?}");
    assert!(!folder.read("compose.yml").contains("data.retention"));
}

#[test]
fn an_object_that_kubernetes_will_not_take_is_warned_of() {
    let many = catalog(|catalog| {
        let checkout = catalog["sites"][0].clone();
        let mut names = vec![Value::from("checkout")];
        for at in 0..800 {
            let mut site = checkout.clone();
            site["name"] = format!("checkout_{at}").into();
            names.push(site["name"].clone());
            catalog["sites"].as_array_mut().expect("an array").push(site);
        }
        for family in catalog["families"].as_array_mut().expect("an array") {
            for label in family["labels"].as_array_mut().expect("an array") {
                if ["workflow_name", "name", "slo"].iter().any(|name| label["name"] == *name) {
                    label["values"].as_array_mut().expect("an array").extend(names.clone());
                    let values = label["values"].as_array_mut().expect("an array");
                    values.sort_by_key(ToString::to_string);
                    values.dedup();
                }
            }
        }
    });
    let folder = Folder::new();
    let file = folder.write("catalog.json", &many);
    let out = folder.join("out");
    let args =
        ["generate", "--catalog", file.to_str().expect("UTF-8"), "--out", out.to_str().expect("UTF-8")];
    let said = tta(&[&args[..], &["--format", "k8s"]].concat());
    assert_eq!(said.code, 0, "{said:?}");
    let warnings: Vec<&str> = said.out.lines().filter(|line| line.starts_with("warning   ")).collect();
    assert!(
        warnings.len() == 1 && warnings[0].contains("k8s/dashboard-tta-slo.yaml holds 1."),
        "{warnings:?}"
    );
    assert!(warnings[0].contains(" MiB, and Kubernetes takes 1 MiB at most"), "{warnings:?}");
    let warnings =
        tta(&[&args[..], &["--format", "k8s", "--check", "--json"]].concat()).json()["warnings"].clone();
    assert_eq!(warnings.as_array().map(Vec::len), Some(1), "{warnings}");
    // Files may be as long as they are.
    assert!(!tta(&args).out.contains("warning"), "{}", said.out);
}
