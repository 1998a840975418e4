//! What a real OTLP receiver gets, over gRPC and over HTTP.

use serde_json::Value;
use tta_tests::{Program, Receiver, attribute};

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");

/// Runs five orders, the last of which fails, and looks at what arrived.
/// No label of the program can overflow, and it neither answers nor sends requests.
fn has_series(family: &str) -> bool {
    family != "tta_label_overflow_total" && !family.starts_with("http_")
}

fn check(protocol: &str, endpoint: fn(&Receiver) -> &str) {
    let mut receiver = Receiver::start();
    let program = Program::start(
        PROGRAM,
        &["run", "5"],
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint(&receiver)),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_SERVICE_NAME", "shop"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.version=1.2.3,team=checkout"),
            ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
            ("ENVIRONMENT", "staging"),
        ],
    );
    let (status, stdout, stderr) = program.finish();
    assert!(status.success(), "{stderr:#?}");
    assert_eq!(stdout[1], "report otlp: 20 exported, 0 dropped, 0 pending");
    assert!(stderr.is_empty(), "{stderr:#?}");

    let spans = receiver.spans(20);
    assert_eq!(spans.len(), 20, "each once");
    let resource = receiver.resource();
    for (key, value) in [
        ("service.name", "shop"),
        ("service.version", "1.2.3"),
        ("team", "checkout"),
        ("deployment.environment.name", "staging"),
        ("telemetry.sdk.language", "rust"),
    ] {
        assert_eq!(resource[key], value, "{resource:#?}");
    }
    let failed =
        spans.iter().find(|span| is_named(span, "ship") && span["status"]["code"] != 0 && is_error(span));
    let failed = failed.unwrap_or_else(|| panic!("no failed step in {spans:#?}"));
    let trace: Vec<&Value> = spans.iter().filter(|span| span["traceId"] == failed["traceId"]).collect();
    assert_eq!(trace.len(), 4, "one trace for each order");
    let named = |name: &str| *trace.iter().find(|span| is_named(span, name)).expect("every step has a span");
    let (root, price, weigh) = (named("invoke_workflow order"), named("price"), named("execute_tool weigh"));
    assert!(root["parentSpanId"].as_str().unwrap_or_default().is_empty(), "{root:#?}");
    for step in [price, weigh, failed] {
        assert_eq!(step["parentSpanId"], root["spanId"]);
        assert_eq!(attribute(step, "tta.workflow.name").as_deref(), Some("order"));
        assert_eq!(attribute(step, "tta.workflow.id"), attribute(root, "tta.workflow.id"));
    }
    assert!(is_kind(price, "CLIENT", 3), "{price:#?}");
    assert!(is_kind(root, "INTERNAL", 1), "{root:#?}");
    assert_eq!(attribute(root, "number").as_deref(), Some("4"));
    assert_eq!(attribute(price, "price").as_deref(), Some("5"));
    assert_eq!(attribute(weigh, "doubled").as_deref(), Some("10"));
    assert_eq!(attribute(weigh, "tta.step.index").as_deref(), Some("1"));
    assert!(is_error(root) && is_error(failed) && !is_error(price));
    assert_eq!(attribute(failed, "error.type").as_deref(), Some("sold_out"));
    assert_eq!(attribute(failed, "tta.error.code").as_deref(), Some("O1"));

    let points =
        |metric: &Value, kind: &str| metric[kind]["dataPoints"].as_array().cloned().unwrap_or_default();
    let executions = points(&receiver.metric("tta_primitive_executions"), "sum");
    let value = |name: &str, status: &str| {
        let point = executions.iter().find(|point| {
            attribute(point, "primitive_name").as_deref() == Some(name)
                && attribute(point, "status").as_deref() == Some(status)
        });
        let point = point.unwrap_or_else(|| panic!("no {name} {status} in {executions:#?}"));
        let number = if point["asDouble"].is_null() { &point["asInt"] } else { &point["asDouble"] };
        number
            .as_f64()
            .or_else(|| number.as_str()?.parse().ok())
            .unwrap_or_else(|| panic!("no number in {point:#?}"))
    };
    assert_eq!(
        (value("ship", "success"), value("ship", "error"), value("ship", "cancelled")),
        (4.0, 1.0, 0.0)
    );
    assert_eq!(value("weigh", "success"), 5.0, "counted in a library that chose no exporter");
    let durations = points(&receiver.metric("tta_workflow_duration_seconds"), "histogram");
    let count = &durations[0]["count"];
    assert_eq!(count.as_u64().or_else(|| count.as_str()?.parse().ok()), Some(5), "{durations:#?}");

    for family in tta::catalog().families().iter().filter(|family| has_series(family.name())) {
        let own = family.name().strip_suffix("_total").unwrap_or(family.name());
        let name = match own {
            "process_cpu_seconds" => "process.cpu.time",
            "process_resident_memory_bytes" => "process.memory.usage",
            "process_virtual_memory_bytes" => "process.memory.virtual",
            "process_open_fds" => "process.unix.file_descriptor.count",
            "process_threads" => "process.thread.count",
            "process_start_time_seconds" => "process.uptime",
            name => name,
        };
        assert_eq!(receiver.metric(name)["description"], family.description());
    }

    // The process by the names of the semantic conventions.
    let number = |point: &Value| {
        let number = if point["asDouble"].is_null() { &point["asInt"] } else { &point["asDouble"] };
        number.as_f64().or_else(|| number.as_str()?.parse().ok()).expect("a number")
    };
    let cpu = receiver.metric("process.cpu.time");
    assert_eq!((&cpu["unit"], &cpu["sum"]["isMonotonic"]), (&Value::from("s"), &Value::from(true)));
    let memory = receiver.metric("process.memory.usage");
    assert_ne!(memory["sum"]["isMonotonic"], true, "memory can be given back");
    assert!(number(&points(&memory, "sum")[0]) > 1e6, "{memory:#?}");
    let uptime = number(&points(&receiver.metric("process.uptime"), "gauge")[0]);
    assert!((0.0..60.0).contains(&uptime), "{uptime}");
    assert!(number(&points(&receiver.metric("process.thread.count"), "sum")[0]) >= 1.0);
}

fn is_named(span: &Value, name: &str) -> bool {
    span["name"] == name
}

/// Over gRPC the receiver shows enums by name, over HTTP by number.
fn is_kind(span: &Value, name: &str, number: u64) -> bool {
    span["kind"] == format!("SPAN_KIND_{name}") || span["kind"] == number
}

fn is_error(span: &Value) -> bool {
    span["status"]["code"] == "STATUS_CODE_ERROR" || span["status"]["code"] == 2
}

#[test]
fn spans_and_metrics_arrive_whole_over_grpc() {
    check("grpc", Receiver::grpc);
}

#[test]
fn spans_and_metrics_arrive_whole_over_http() {
    check("http/protobuf", Receiver::http);
}
