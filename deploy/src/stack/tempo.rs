//! Tempo: keeps spans on disk for seven days, and is asked through Grafana.

use super::GENERATED;

pub(super) fn config() -> String {
    format!(
        r"{GENERATED}#
# Its addresses are those within a container of its own; compose.yml publishes them on the loopback interface.
server:
  http_listen_address: 0.0.0.0
  http_listen_port: 3200

distributor:
  receivers:
    otlp:
      protocols:
        grpc:
          endpoint: 0.0.0.0:4317

storage:
  trace:
    backend: local
    wal:
      path: /var/tempo/wal
    local:
      path: /var/tempo/blocks

compactor:
  compaction:
    # Seven days.
    block_retention: 168h

usage_report:
  reporting_enabled: false
"
    )
}
