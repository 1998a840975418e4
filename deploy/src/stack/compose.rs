//! Docker Compose: all of it on one machine.

use std::fmt::Write as _;

use super::GENERATED;
use crate::cli::{StackOptions, Traces};

// The last release of the version of Prometheus that the rules are tested on.
const PROMETHEUS: &str = "prom/prometheus:v2.55.1";
const ALERTMANAGER: &str = "prom/alertmanager:v0.28.1";
const GRAFANA: &str = "grafana/grafana:12.2.0";
const COLLECTOR: &str = "otel/opentelemetry-collector-contrib:0.137.0";
const JAEGER: &str = "jaegertracing/jaeger:2.11.0";
const ZIPKIN: &str = "openzipkin/zipkin:3.5.1";
const LOKI: &str = "grafana/loki:3.5.5";
const BUSYBOX: &str = "busybox:1.37.0";

pub(super) fn file(stack: &StackOptions, retention_days: u32, logs: bool) -> String {
    let traces = match stack.traces {
        Traces::Jaeger => "jaeger",
        Traces::Zipkin => "zipkin",
    };
    let collector_logs = if logs { "      - ${TTA_LOGS:-/var/log/tta}:/var/log/tta:ro\n" } else { "" };
    let mut text = format!(
        r#"{GENERATED}#
#   docker compose up --wait
#
# Nothing listens outside of the loopback interface. A program's metrics are on 127.0.0.1 as well, which only containers
# in the network of the host can reach; on Docker Desktop, allow host networking first.
name: tta

services:
  prometheus:
    image: {PROMETHEUS}
    network_mode: host
    restart: unless-stopped
    command:
      - --config.file=/etc/prometheus/prometheus.yml
      - --storage.tsdb.path=/prometheus
      - --storage.tsdb.retention.time={retention_days}d
      - --enable-feature=exemplar-storage
      - --web.listen-address=127.0.0.1:9090
    volumes:
      - ./prometheus:/etc/prometheus:ro
      - prometheus:/prometheus
    healthcheck:
      test: [CMD, wget, -q, --spider, "http://127.0.0.1:9090/-/ready"]
      interval: 10s
      timeout: 5s
      retries: 12

  alertmanager:
    image: {ALERTMANAGER}
    network_mode: host
    restart: unless-stopped
    command:
      - --config.file=/etc/alertmanager/alertmanager.yml
      - --storage.path=/alertmanager
      - --web.listen-address=127.0.0.1:9093
      - --cluster.listen-address=
    volumes:
      - ./alertmanager:/etc/alertmanager:ro
      - alertmanager:/alertmanager
    healthcheck:
      test: [CMD, wget, -q, --spider, "http://127.0.0.1:9093/-/ready"]
      interval: 10s
      timeout: 5s
      retries: 12

  grafana:
    image: {GRAFANA}
    network_mode: host
    restart: unless-stopped
    environment:
      GF_SERVER_HTTP_ADDR: 127.0.0.1
      GF_SERVER_HTTP_PORT: "3000"
      GF_SECURITY_ADMIN_PASSWORD: ${{TTA_GRAFANA_PASSWORD:-admin}}
      GF_ANALYTICS_REPORTING_ENABLED: "false"
      GF_ANALYTICS_CHECK_FOR_UPDATES: "false"
    volumes:
      - ./grafana/provisioning:/etc/grafana/provisioning:ro
      - ./grafana/dashboards:/etc/grafana/tta/dashboards:ro
      - grafana:/var/lib/grafana
    depends_on:
      prometheus:
        condition: service_healthy
    healthcheck:
      test: [CMD, wget, -q, --spider, "http://127.0.0.1:3000/api/health"]
      interval: 10s
      timeout: 5s
      retries: 12

  collector:
    image: {COLLECTOR}
    network_mode: host
    restart: unless-stopped
    command: [--config=/etc/otelcol/config.yml]
    volumes:
      - ./collector:/etc/otelcol:ro
{collector_logs}    depends_on:
      {traces}:
        condition: service_healthy
"#
    );
    text.push_str(&prober("collector", "http://127.0.0.1:13133/"));
    let (service, volume) = match stack.traces {
        Traces::Jaeger => (
            format!(
                r#"
  jaeger:
    image: {JAEGER}
    restart: unless-stopped
    command: [--config=/etc/jaeger/config.yml]
    ports:
      - 127.0.0.1:16686:16686
      - 127.0.0.1:14317:4317
    volumes:
      - ./jaeger:/etc/jaeger:ro
      # It is not root, and only there may it write.
      - jaeger:/tmp
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:13133/status"]
      interval: 10s
      timeout: 5s
      retries: 12
"#
            ),
            Some("jaeger"),
        ),
        Traces::Zipkin => (
            format!(
                r#"
  zipkin:
    image: {ZIPKIN}
    restart: unless-stopped
    environment:
      STORAGE_TYPE: mem
      MEM_MAX_SPANS: "500000"
    ports:
      - 127.0.0.1:9411:9411
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:9411/health"]
      interval: 10s
      timeout: 5s
      retries: 12
"#
            ),
            None,
        ),
    };
    text.push_str(&service);
    if logs {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r"
  loki:
    image: {LOKI}
    restart: unless-stopped
    ports:
      - 127.0.0.1:3100:3100
    volumes:
      - loki:/loki
"
        );
        text.push_str(&prober("loki", "http://127.0.0.1:3100/ready"));
    }
    text.push_str("\nvolumes:\n  prometheus:\n  alertmanager:\n  grafana:\n");
    for volume in volume.into_iter().chain(logs.then_some("loki")) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {volume}:");
    }
    text
}

/// A service that is healthy while another one is, whose image has nothing that could ask.
fn prober(of: &str, url: &str) -> String {
    format!(
        r#"
  # The image of {of} has nothing that could ask it.
  {of}-health:
    image: {BUSYBOX}
    network_mode: host
    restart: unless-stopped
    command: [sleep, infinity]
    depends_on: [{of}]
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "{url}"]
      interval: 10s
      timeout: 5s
      retries: 12
"#
    )
}
