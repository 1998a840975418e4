//! A setting that cannot be used is an error that says what to write.

use tta_tests::Program;

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");

/// Variable, value, and what the message must offer.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("OTEL_SDK_DISABLED", "yes", "`true` or `false`"),
    ("OTEL_TRACES_EXPORTER", "zipkin", "`otlp`, `xray`, `gcp`, `console`, `none`"),
    ("OTEL_METRICS_EXPORTER", "statsd", "`prometheus`, `otlp`, `pushgateway`, `recorder`, `none`"),
    ("OTEL_TRACES_SAMPLER", "sometimes", "`parentbased_traceidratio`"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "0", "1 or more"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "18446744073709551615", "from 1 to 1000000"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096", "2048"),
    ("OTEL_BSP_SCHEDULE_DELAY", "5s", "milliseconds"),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1", "0 or more"),
    ("OTEL_EXPORTER_PROMETHEUS_HOST", "not a host", "IP address"),
    ("OTEL_EXPORTER_PROMETHEUS_PORT", "94640", "65535"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "http/protobuf"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "http://"),
    ("TTA_PUSHGATEWAY_URL", "gateway:9091", "http://"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon", "milliseconds"),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli", "gzip"),
    (
        "OTEL_PROPAGATORS",
        "tracecontext,ottrace",
        "`tracecontext`, `baggage`, `b3`, `b3multi`, `jaeger`, `xray`, `gcp`, `none`",
    ),
    ("TTA_TRACING_SPANS", "on", "`true` or `false`"),
    ("TTA_SEMCONV", "genai", "`genai-1.41`, `openinference` or `none`"),
    ("TTA_CAPTURE_CONTENT", "yes", "`true` or `false`"),
    ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "all", "`span_only`"),
    ("TTA_TRUST_REMOTE", "sometimes", "`always`, `sampled-off` or `never`"),
    ("ENVIRONMENT", "moon", "`production`"),
];

#[test]
fn a_setting_that_cannot_be_used_names_the_variable_the_value_and_what_is_accepted() {
    for (variable, value, accepted) in MISTAKES {
        let program = Program::start(PROGRAM, &["run", "1"], &[(variable, value)]);
        let (status, _, stderr) = program.finish();
        assert_eq!(status.code(), Some(1), "{variable}={value} was accepted");
        assert_eq!(stderr.len(), 1, "{stderr:#?}");
        for part in [variable, value, accepted] {
            assert!(stderr[0].contains(part), "{variable}={value}: no {part:?} in {:?}", stderr[0]);
        }
    }
}

#[test]
fn a_sampler_argument_out_of_range_is_an_error() {
    let env = [("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "50%")];
    let (status, _, stderr) = Program::start(PROGRAM, &["run", "1"], &env).finish();
    assert_eq!(status.code(), Some(1));
    assert!(
        stderr[0].contains("OTEL_TRACES_SAMPLER_ARG") && stderr[0].contains("from 0 to 1"),
        "{stderr:#?}"
    );
}

#[test]
fn a_secret_in_a_header_is_never_shown() {
    let env = [
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2, broken"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
    ];
    let (_, stdout, stderr) = Program::start(PROGRAM, &["run", "1"], &env).finish();
    let said = [stdout, stderr].concat().join("\n");
    assert!(said.contains("OTEL_EXPORTER_OTLP_HEADERS"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn empty_variables_count_as_unset() {
    let env = [
        ("OTEL_TRACES_SAMPLER", ""),
        ("OTEL_BSP_SCHEDULE_DELAY", " "),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("ENVIRONMENT", ""),
    ];
    let (status, stdout, stderr) = Program::start(PROGRAM, &["run", "1"], &env).finish();
    assert!(status.success(), "{stderr:#?}");
    assert_eq!(stdout, ["no metrics", "report no exporter of spans"]);
}
