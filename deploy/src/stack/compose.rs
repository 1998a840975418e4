//! Docker Compose: all of it on one machine.

use super::GENERATED;
use crate::cli::{StackOptions, Traces};

// The last release of the version of Prometheus that the rules are tested on.
const PROMETHEUS: &str = "prom/prometheus:v2.55.1";
const ALERTMANAGER: &str = "prom/alertmanager:v0.28.1";
const GRAFANA: &str = "grafana/grafana:12.2.0";
const COLLECTOR: &str = "otel/opentelemetry-collector-contrib:0.137.0";
const JAEGER: &str = "jaegertracing/jaeger:2.11.0";
const ZIPKIN: &str = "openzipkin/zipkin:3.5.1";
const TEMPO: &str = "grafana/tempo:2.8.2";
const LOKI: &str = "grafana/loki:3.5.5";
const BUSYBOX: &str = "busybox:1.37.0";

pub(super) fn file(stack: &StackOptions, retention_days: u32, logs: bool) -> String {
    let (traces, service, volume) = match stack.traces {
        Traces::Jaeger => ("jaeger", jaeger(), "  jaeger:\n"),
        // Its image has nothing that could ask it.
        Traces::Tempo => ("tempo-health", tempo(), "  tempo:\n"),
        Traces::Zipkin => ("zipkin", zipkin(), ""),
    };
    let mut services =
        vec![prometheus(retention_days), alertmanager(), grafana(), collector(traces, logs), service];
    if logs {
        services.push(loki());
    }
    let services = services.join("\n");
    let loki = if logs { "  loki:\n" } else { "" };
    format!(
        r"{GENERATED}#
#   docker compose up --wait
#
# Nothing listens outside of the loopback interface. A program's metrics are on 127.0.0.1 as well, which only containers
# in the network of the host can reach; on Docker Desktop, allow host networking first.
name: tta

services:
{services}
volumes:
  prometheus:
  alertmanager:
  grafana:
{volume}{loki}"
    )
}

fn prometheus(retention_days: u32) -> String {
    format!(
        r#"  prometheus:
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
"#
    )
}

fn alertmanager() -> String {
    format!(
        r#"  alertmanager:
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
"#
    )
}

fn grafana() -> String {
    format!(
        r#"  grafana:
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
"#
    )
}

fn collector(traces: &str, logs: bool) -> String {
    let logs = if logs { "      - ${TTA_LOGS:-/var/log/tta}:/var/log/tta:ro\n" } else { "" };
    let health = prober("collector", "http://127.0.0.1:13133/");
    format!(
        r"  collector:
    image: {COLLECTOR}
    network_mode: host
    restart: unless-stopped
    command: [--config=/etc/otelcol/config.yml]
    volumes:
      - ./collector:/etc/otelcol:ro
{logs}    depends_on:
      {traces}:
        condition: service_healthy
{health}"
    )
}

fn jaeger() -> String {
    format!(
        r#"  jaeger:
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
    )
}

fn tempo() -> String {
    let health = prober("tempo", "http://127.0.0.1:3200/ready");
    format!(
        r"  tempo:
    image: {TEMPO}
    restart: unless-stopped
    command: [-config.file=/etc/tempo/config.yml]
    ports:
      - 127.0.0.1:3200:3200
      - 127.0.0.1:14317:4317
    volumes:
      - ./tempo:/etc/tempo:ro
      - tempo:/var/tempo
{health}"
    )
}

fn zipkin() -> String {
    format!(
        r#"  zipkin:
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
    )
}

fn loki() -> String {
    let health = prober("loki", "http://127.0.0.1:3100/ready");
    format!(
        r"  loki:
    image: {LOKI}
    restart: unless-stopped
    ports:
      - 127.0.0.1:3100:3100
    volumes:
      - loki:/loki
{health}"
    )
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
