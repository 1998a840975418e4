//! What `/metrics` says, to the tools that read it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use tta_tests::{Program, Prometheus, http_get};

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");
const TEXT: &str = "text/plain;version=0.0.4";
const OPENMETRICS: &str = "application/openmetrics-text;version=1.0.0";

/// A program that serves its metrics, and where.
fn serving(orders: &str) -> (Program, String) {
    let env = [
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_SERVICE_NAME", "shop \"quoted\" \\ and\nbroken"),
    ];
    let program = Program::start(PROGRAM, &["serve", orders], &env);
    let line = program.line();
    let address = line.strip_prefix("metrics ").unwrap_or_else(|| panic!("no address in {line:?}"));
    (program, address.to_owned())
}

/// The value of the line that begins with `series`.
fn value(exposition: &str, series: &str) -> f64 {
    let line = exposition.lines().find_map(|line| line.strip_prefix(series));
    let value = line.unwrap_or_else(|| panic!("no {series} in\n{exposition}"));
    value.trim().parse().unwrap_or_else(|_| panic!("{series} is {value:?}"))
}

#[test]
fn every_series_with_known_labels_is_there_at_zero_before_the_first_call() {
    let (_program, address) = serving("0");
    let (_, _, body) = http_get(&format!("http://{address}/metrics"), TEXT);
    for series in [
        r#"tta_workflow_executions_total{workflow_name="order",workflow_type="sequential",status="success"}"#,
        r#"tta_workflow_executions_total{workflow_name="order",workflow_type="sequential",status="cancelled"}"#,
        r#"tta_workflow_errors_total{workflow_name="order",error_type="sold_out",category="permanent"}"#,
        r#"tta_workflow_errors_total{workflow_name="order",error_type="panic",category="unknown"}"#,
        r#"tta_workflows_active{workflow_name="order"}"#,
        r#"tta_workflow_duration_seconds_bucket{workflow_name="order",workflow_type="sequential",le="+Inf"}"#,
        r#"tta_primitive_executions_total{primitive_name="weigh",primitive_type="tool",status="error"}"#,
        r#"tta_telemetry_spans_total{outcome="dropped",reason="queue_full"}"#,
    ] {
        assert_eq!(value(&body, series), 0.0);
    }
    let component =
        r#"tta_component_info{name="order",kind="sequential",maturity="staging",version="unknown"}"#;
    assert_eq!(value(&body, component), 1.0);
    let build =
        r#"tta_build_info{version="unknown",service="shop \"quoted\" \\ and\nbroken",environment="dev""#;
    // With the feature `llm` there are prices, too.
    let build = body.lines().find(|line| line.starts_with(build)).expect("the build");
    assert!(build.ends_with("} 1"), "{build}");
    let prices = ",prices=\"20";
    assert_eq!(build.contains(prices), cfg!(feature = "llm"), "{build}");
}

#[test]
fn only_get_metrics_is_answered() {
    let (_program, address) = serving("1");
    assert_eq!(http_get(&format!("http://{address}/"), TEXT).0, 404);
    let (status, content_type, body) = http_get(&format!("http://{address}/metrics"), "*/*");
    assert_eq!((status, content_type.starts_with("text/plain")), (200, true));
    assert!(!body.contains("# EOF"));
    let (_, content_type, body) = http_get(&format!("http://{address}/metrics"), OPENMETRICS);
    assert!(content_type.starts_with("application/openmetrics-text"), "{content_type}");
    assert!(body.ends_with("# EOF\n"));
    let agent =
        ureq::Agent::new_with_config(ureq::Agent::config_builder().http_status_as_error(false).build());
    let posted = agent.post(format!("http://{address}/metrics")).send_empty().expect("an answer");
    assert_eq!(posted.status(), 405);
}

#[test]
fn metrics_of_the_facade_are_in_the_same_exposition() {
    let (_program, address) = serving("3");
    for accept in [TEXT, OPENMETRICS] {
        let (_, _, body) = http_get(&format!("http://{address}/metrics"), accept);
        assert_eq!(value(&body, r#"program_prices_total{currency="eur"}"#), 3.0);
        assert_eq!(value(&body, "program_size_bytes_count"), 3.0);
        assert_eq!(
            value(
                &body,
                r#"tta_primitive_executions_total{primitive_name="price",primitive_type="llm",status="success"}"#
            ),
            3.0
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_process_takes_is_told_under_the_standard_names() {
    let (program, address) = serving("3");
    let (_, _, body) = http_get(&format!("http://{address}/metrics"), OPENMETRICS);
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id())).expect("it runs");
    let told = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("Linux says so");
        line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).expect("a number")
    };
    let near = |series: &str, expected: f64, slack: f64| {
        let found = value(&body, series);
        assert!((found - expected).abs() <= slack, "{series} is {found}, and {expected} was expected");
    };
    near("process_resident_memory_bytes", told("VmRSS:") * 1024.0, 8e6);
    near("process_virtual_memory_bytes", told("VmSize:") * 1024.0, 2e8);
    near("process_threads", told("Threads:"), 4.0);
    let open = std::fs::read_dir(format!("/proc/{}/fd", program.id())).expect("it runs").count();
    near("process_open_fds", open as f64, 3.0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later");
    near("process_start_time_seconds", now.as_secs_f64(), 60.0);
    near("process_cpu_seconds_total", 0.0, 30.0);
    assert!(value(&body, "process_max_fds") >= open as f64);
    assert!(body.contains("# TYPE process_cpu_seconds counter\n"), "{body}");
}

/// Gives `input` to a tool and returns what it prints.
fn pipe(program: &str, args: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {program}, which tests/run installs: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("the tool reads its input");
    drop(stdin);
    let output = child.wait_with_output().expect("the tool ends");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn promtool_has_nothing_to_say() {
    let (_program, address) = serving("7");
    let (_, _, body) = http_get(&format!("http://{address}/metrics"), TEXT);
    let (good, said) = pipe("promtool", &["check", "metrics"], &body);
    assert_eq!((good, said.as_str()), (true, ""));
}

#[test]
fn a_strict_openmetrics_parser_accepts_it() {
    let (_program, address) = serving("7");
    let (_, _, body) = http_get(&format!("http://{address}/metrics"), OPENMETRICS);
    let parse = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = {family.name: family for family in text_string_to_metric_families(sys.stdin.read())}
statuses = {sample.labels['status'] for sample in families['tta_primitive_executions'].samples}
print(*sorted(statuses), families['tta_primitive_duration_seconds'].unit)
";
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/.tools/python/bin/python");
    let (good, said) = pipe(python, &["-c", parse], &body);
    assert_eq!((good, said.as_str()), (true, "cancelled error success seconds\n"), "{body}");
}

#[test]
fn a_real_prometheus_counts_what_the_program_did() {
    let (mut program, address) = serving("5");
    let prometheus = Prometheus::scraping(&address);
    assert_eq!(prometheus.query("sum(tta_workflow_executions_total) == 5"), 5.0);
    program.say("again");
    assert_eq!(program.line(), "ran");
    assert_eq!(prometheus.query(r#"tta_workflow_executions_total{status="success"} == 8"#), 8.0);
    assert_eq!(prometheus.query(r#"tta_workflow_errors_total{error_type="sold_out"}"#), 2.0);
    assert_eq!(prometheus.query(r#"tta_workflow_steps_total{primitive_name="ship",status="error"}"#), 2.0);
    let quantile = "histogram_quantile(0.99, sum by (le) (tta_primitive_duration_seconds_bucket))";
    assert!(prometheus.query(quantile) > 0.0);
    assert_eq!(prometheus.query("sum(tta_workflows_active)"), 0.0);
    assert_eq!(prometheus.query("program_prices_total"), 10.0);
    assert_eq!(prometheus.query("up"), 1.0);
}
