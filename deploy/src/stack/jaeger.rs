//! Jaeger: keeps spans on disk for seven days.

use super::GENERATED;

pub(super) fn config() -> String {
    format!(
        r"{GENERATED}#
# Its addresses are those within a container of its own; compose.yml publishes them on the loopback interface.
extensions:
  healthcheckv2:
    use_v2: true
    http:
      endpoint: 0.0.0.0:13133
  jaeger_storage:
    backends:
      traces:
        badger:
          directories:
            keys: /tmp/jaeger/keys
            values: /tmp/jaeger/values
          ephemeral: false
          ttl:
            # Seven days.
            spans: 168h
  jaeger_query:
    storage:
      traces: traces

receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317

processors:
  batch:

exporters:
  jaeger_storage_exporter:
    trace_storage: traces

service:
  extensions: [healthcheckv2, jaeger_storage, jaeger_query]
  telemetry:
    resource:
      service.name: jaeger
  pipelines:
    traces:
      receivers: [otlp]
      processors: [batch]
      exporters: [jaeger_storage_exporter]
"
    )
}
