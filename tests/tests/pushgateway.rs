//! What a real Pushgateway has of programs that have ended.

use std::net::TcpListener;

use tta_tests::{CLOSED, Program, Pushgateway, Receiver};

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");

/// Five orders of `service`, pushed to `url`: how it ended, its report, and what it said on standard error.
fn run(url: &str, service: &str) -> (bool, String, Vec<String>) {
    let program = Program::start(
        PROGRAM,
        &["run", "5"],
        &[
            ("TTA_PUSHGATEWAY_URL", url),
            ("OTEL_SERVICE_NAME", service),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=one"),
            ("OTEL_TRACES_EXPORTER", "none"),
            ("OTEL_METRICS_EXPORTER", "pushgateway"),
        ],
    );
    let (status, stdout, stderr) = program.finish();
    (status.success(), stdout.last().cloned().unwrap_or_default(), stderr)
}

fn value(exposition: &str, name: &str, labels: &[&str]) -> f64 {
    let found = exposition.lines().find(|line| {
        line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label))
    });
    let line = found.unwrap_or_else(|| panic!("no {name} of {labels:?} in\n{exposition}"));
    line.rsplit_once(' ').and_then(|(_, value)| value.parse().ok()).expect("a sample has a value")
}

#[test]
fn a_program_that_has_ended_has_left_its_metrics_in_its_group() {
    let gateway = Pushgateway::start();
    // A slash in the name cannot stand in a path.
    for service in ["shop", "shop/returns"] {
        let (good, _, stderr) = run(&format!("http://{}/", gateway.address()), service);
        assert!(good && stderr.is_empty(), "{stderr:#?}");
        let metrics = gateway.metrics();
        let group = [&*format!("job=\"{service}\""), "instance=\"one\""];
        let of = |name: &str, more: &str| value(&metrics, name, &[group[0], group[1], more]);
        assert_eq!(
            of(
                "tta_primitive_executions_total",
                r#"primitive_name="price",primitive_type="llm",status="success""#
            ),
            5.0
        );
        assert_eq!(of("tta_workflow_errors_total", r#"error_type="sold_out""#), 1.0);
        assert_eq!(of("tta_workflow_duration_seconds_count", r#"workflow_name="order""#), 5.0);
        assert_eq!(of("program_prices_total", r#"currency="eur""#), 5.0, "the facade's too");
        assert!(of("process_resident_memory_bytes", "") > 1e6);
    }
}

#[test]
fn a_second_run_replaces_the_first() {
    let gateway = Pushgateway::start();
    let url = format!("http://{}", gateway.address());
    for _ in 0..2 {
        assert!(run(&url, "shop").0);
    }
    let metrics = gateway.metrics();
    assert_eq!(value(&metrics, "tta_primitive_executions_total", &["\"price\"", "\"success\""]), 5.0);
    assert_eq!(metrics.lines().filter(|line| line.starts_with("push_time_seconds")).count(), 1, "{metrics}");
}

/// bcrypt of `s3cret`.
const HASH: &str = "$2b$04$EyDufOaZ5IXWQCH/xlb8EeoFHUYShbLqJZI26N1l7drgu/UmXrgpO";

#[test]
fn credentials_in_the_url_are_sent_and_never_shown() {
    let gateway = Pushgateway::wanting("ada", HASH);
    let (good, report, stderr) = run(&format!("http://ada:s3cret@{}", gateway.address()), "shop");
    assert!(good && stderr.is_empty(), "{stderr:#?}");
    assert!(report.starts_with("report"), "{report}");

    let (good, report, stderr) = run(&format!("http://ada:wr0ng@{}", gateway.address()), "shop");
    assert!(good, "telemetry never fails a program");
    let said = stderr.join("\n");
    assert_eq!(stderr.len(), 1, "{said}");
    assert!(said.contains("401") && said.contains(gateway.address()), "{said}");
    for text in [said, report] {
        assert!(!text.contains("wr0ng") && !text.contains("ada"), "{text}");
    }
}

#[test]
fn a_gateway_that_is_down_is_one_warning_and_the_report_tells() {
    let (good, report, stderr) = run(&format!("http://ada:s3cret@{CLOSED}"), "shop");
    assert!(good);
    assert_eq!(stderr.len(), 1, "{stderr:#?}");
    assert!(stderr[0].contains("pushgateway") && stderr[0].contains(CLOSED), "{stderr:#?}");
    assert!(report.contains("cannot push"), "{report}");
    assert!(!stderr[0].contains("s3cret") && !report.contains("s3cret"), "{stderr:#?} {report}");
}

#[test]
fn a_gateway_that_hangs_holds_up_no_span() {
    let mut receiver = Receiver::start();
    let gateway = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = gateway.local_addr().expect("it is bound");
    let mut program = Program::start(
        PROGRAM,
        &["serve", "5"],
        &[
            ("TTA_PUSHGATEWAY_URL", &format!("http://{address}")),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http()),
            ("OTEL_METRICS_EXPORTER", "pushgateway"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
            ("OTEL_METRIC_EXPORT_TIMEOUT", "3600000"),
            ("OTEL_BSP_SCHEDULE_DELAY", "20"),
            ("ENVIRONMENT", "production"),
        ],
    );
    assert_eq!(program.line(), "no metrics");
    let (_never_answered, _) = gateway.accept().expect("it is pushed to");
    let before = receiver.spans(20).len();
    program.say("again");
    assert_eq!(program.line(), "ran");
    assert_eq!(receiver.spans(before + 20).len(), 40);
    let (status, stdout, _) = program.finish();
    assert!(status.success());
    let report = stdout.last().expect("a report");
    assert!(report.starts_with("report otlp: 40 exported, 0 dropped, 0 pending; "), "{report}");
}
