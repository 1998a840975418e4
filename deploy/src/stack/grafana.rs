//! Grafana: where its dashboards are, and whom it asks.

use std::fmt::Write as _;

use super::GENERATED;
use crate::catalog::{Catalog, Family, FamilyType};
use crate::cli::{Options, StackOptions, Traces};
use crate::promql::quote as literal;
use crate::yaml::quote;

pub(super) fn dashboards() -> String {
    format!(
        r"{GENERATED}
apiVersion: 1
providers:
  - name: tta
    type: file
    folder: tta
    folderUid: tta
    # They are generated: what is changed in the browser would be lost.
    allowUiUpdates: false
    disableDeletion: false
    updateIntervalSeconds: 30
    options:
      path: /etc/grafana/tta/dashboards
      foldersFromFilesStructure: false
"
    )
}

pub(super) fn datasources(catalog: &Catalog, options: &Options, stack: &StackOptions, logs: bool) -> String {
    // The name, which is that of the plugin as well, and where it is.
    let (name, traces, url) = match stack.traces {
        Traces::Jaeger => ("Jaeger", "jaeger", "http://127.0.0.1:16686"),
        Traces::Tempo => ("Tempo", "tempo", "http://127.0.0.1:3200"),
        Traces::Zipkin => ("Zipkin", "zipkin", "http://127.0.0.1:9411"),
    };
    let mut text = format!(
        r"{GENERATED}#
# A dollar sign is doubled: Grafana puts variables of its environment into this file.
apiVersion: 1
datasources:
  - name: Prometheus
    uid: prometheus
    type: prometheus
    access: proxy
    url: http://127.0.0.1:9090
    isDefault: true
    editable: false
    jsonData:
      httpMethod: POST
      prometheusType: Prometheus
      # The scrape interval: what $__rate_interval is made of.
      timeInterval: 15s
      exemplarTraceIdDestinations:
        - name: trace_id
          datasourceUid: {traces}

  - name: Alertmanager
    uid: alertmanager
    type: alertmanager
    access: proxy
    url: http://127.0.0.1:9093
    editable: false
    jsonData:
      implementation: prometheus
      handleGrafanaManagedAlerts: false

  - name: {name}
    uid: {traces}
    type: {traces}
    access: proxy
    url: {url}
    editable: false
    jsonData:
      nodeGraph:
        enabled: true
"
    );
    let queries: Vec<String> =
        catalog.families.iter().filter_map(|family| from_a_span(family, &options.job)).collect();
    if !queries.is_empty() {
        text.push_str(
            "      # From a span to the metrics of its workflow or primitive; a query that needs what the span has not is\n\
             \x20     # not offered. Needs Grafana 10.4.\n\
             \x20     tracesToMetrics:\n\
             \x20       datasourceUid: prometheus\n\
             \x20       spanStartTimeShift: -15m\n\
             \x20       spanEndTimeShift: 15m\n\
             \x20       queries:\n",
        );
        text.push_str(&queries.concat());
    }
    if logs {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            r#"      tracesToLogsV2:
        datasourceUid: loki
        spanStartTimeShift: -1m
        spanEndTimeShift: 1m
        filterByTraceID: true
        filterBySpanID: false
        tags:
          - key: service.name
            value: service_name

  - name: Loki
    uid: loki
    type: loki
    access: proxy
    url: http://127.0.0.1:3100
    editable: false
    jsonData:
      derivedFields:
        - name: trace
          matcherType: label
          matcherRegex: trace_id
          datasourceUid: {traces}
          url: "$${{__value.raw}}"
"#
        );
    }
    text
}

/// The query of a family for one span: of the workflow or primitive that the span's attributes name.
fn from_a_span(family: &Family, job: &str) -> Option<String> {
    let attributes = [("workflow_name", "tta.workflow.name"), ("primitive_name", "tta.primitive.name")];
    let mut matchers = vec![format!("job={}", literal(job))];
    for (label, attribute) in attributes {
        if family.labels.iter().any(|of_family| of_family.name == label) {
            matchers.push(format!("{label}=\"${{__span.tags[\"{attribute}\"]}}\""));
        }
    }
    if matchers.len() == 1 {
        return None;
    }
    let (name, matchers) = (&family.name, matchers.join(", "));
    let query = match family.type_ {
        FamilyType::Counter => format!("sum(rate({name}{{{matchers}}}[5m]))"),
        FamilyType::Gauge => format!("sum({name}{{{matchers}}})"),
        FamilyType::Histogram => {
            format!("histogram_quantile(0.95, sum by (le) (rate({name}_bucket{{{matchers}}}[5m])))")
        }
    };
    let title = match family.type_ {
        FamilyType::Counter => format!("{name}, per second"),
        FamilyType::Gauge => name.clone(),
        FamilyType::Histogram => format!("{name}, 95th percentile"),
    };
    let escaped = |text: &str| quote(&text.replace('$', "$$"));
    Some(format!("          - name: {}\n            query: {}\n", escaped(&title), escaped(&query)))
}
