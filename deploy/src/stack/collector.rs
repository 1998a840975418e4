//! The OpenTelemetry Collector: takes spans, metrics and log lines, and hands them on.

use super::GENERATED;
use crate::cli::{StackOptions, Traces};

pub(super) fn config(stack: &StackOptions, logs: bool) -> String {
    let (exporter, settings) = match stack.traces {
        Traces::Jaeger => (
            "otlp/jaeger",
            "  otlp/jaeger:
    endpoint: 127.0.0.1:14317
    tls:
      insecure: true
",
        ),
        Traces::Tempo => (
            "otlp/tempo",
            "  otlp/tempo:
    endpoint: 127.0.0.1:14317
    tls:
      insecure: true
",
        ),
        Traces::Zipkin => (
            "zipkin",
            "  zipkin:
    endpoint: http://127.0.0.1:9411/api/v2/spans
",
        ),
    };
    let (receiver, loki, pipeline) = if logs {
        (
            "
  # The lines that tta writes, one JSON object each, as files.
  filelog:
    include: [/var/log/tta/*.log]
    start_at: beginning
    operators:
      - type: json_parser
        timestamp:
          parse_from: attributes.timestamp
          layout_type: gotime
          layout: 2006-01-02T15:04:05.999999Z07:00
        severity:
          parse_from: attributes.level
        trace:
          trace_id:
            parse_from: attributes.trace_id
          span_id:
            parse_from: attributes.span_id
        on_error: send
      - type: move
        if: attributes.service != nil
        from: attributes.service
        to: resource[\"service.name\"]
",
            "  otlphttp/loki:
    endpoint: http://127.0.0.1:3100/otlp
",
            "    logs:
      receivers: [otlp, filelog]
      processors: [memory_limiter, batch]
      exporters: [otlphttp/loki]
",
        )
    } else {
        ("", "", "")
    };
    format!(
        r"{GENERATED}
extensions:
  health_check:
    endpoint: 127.0.0.1:13133

receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:4317
      http:
        endpoint: 127.0.0.1:4318
{receiver}
processors:
  # First in every pipeline: it refuses what does not fit, and the sender tries again.
  memory_limiter:
    check_interval: 1s
    limit_mib: 512
    spike_limit_mib: 128
  batch:
    send_batch_size: 512
    send_batch_max_size: 2048
    timeout: 1s

exporters:
{settings}  prometheus:
    endpoint: 127.0.0.1:8889
    enable_open_metrics: true
    # The names have their unit and _total already.
    add_metric_suffixes: false
{loki}
service:
  extensions: [health_check]
  telemetry:
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: 127.0.0.1
                port: 8888
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [{exporter}]
    metrics:
      receivers: [otlp]
      processors: [memory_limiter, batch]
      exporters: [prometheus]
{pipeline}"
    )
}
