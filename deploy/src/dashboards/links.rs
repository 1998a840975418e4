//! From a dashboard to the others, to traces and to log lines.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::json;

use crate::catalog::SiteKind;
use crate::promql::number;

/// A link at a dashboard's head.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "Grafana's fields")]
pub(crate) struct DashboardLink {
    title: String,
    #[serde(rename = "type")]
    type_: &'static str,
    icon: &'static str,
    tooltip: String,
    url: String,
    tags: [(); 0],
    as_dropdown: bool,
    include_vars: bool,
    keep_time: bool,
    target_blank: bool,
}

impl DashboardLink {
    /// To a dashboard of ours, with the time range and what has been chosen.
    pub(super) fn to(uid: &str, title: &str, description: &str) -> Self {
        Self {
            title: title.to_owned(),
            type_: "link",
            icon: "dashboard",
            tooltip: description.to_owned(),
            url: format!("/d/{uid}"),
            tags: [],
            as_dropdown: false,
            include_vars: true,
            keep_time: true,
            target_blank: false,
        }
    }
}

/// A link at a value.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DataLink {
    title: String,
    url: String,
    target_blank: bool,
}

/// How a link reads a label of the value that it is at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Labels {
    /// Of the series.
    Series,
    /// Of the table's row.
    Row,
}

impl Labels {
    fn read(self, label: &str) -> String {
        match self {
            Labels::Series => format!("${{__field.labels.{label}:percentencode}}"),
            Labels::Row => format!("${{__data.fields.{label}:percentencode}}"),
        }
    }
}

/// What the spans and log lines of a function carry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject {
    /// In metrics.
    pub(super) label: &'static str,
    /// Of spans.
    attribute: &'static str,
    /// Of log lines.
    field: &'static str,
    /// Of dashboards.
    pub(super) variable: &'static str,
}

pub(super) const WORKFLOW: Subject = Subject {
    label: "workflow_name",
    attribute: "tta.workflow.name",
    field: "workflow",
    variable: "workflow",
};

pub(super) const PRIMITIVE: Subject = Subject {
    label: "primitive_name",
    attribute: "tta.primitive.name",
    field: "primitive",
    variable: "primitive",
};

impl Subject {
    /// A function of this kind by its objective, which has its name.
    pub(super) fn of_objective(kind: SiteKind) -> Self {
        let subject = match kind {
            SiteKind::Workflow => WORKFLOW,
            SiteKind::Primitive => PRIMITIVE,
        };
        Self { label: "slo", ..subject }
    }
}

/// Which calls a link to traces leads to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Calls {
    All,
    Failed,
    /// That took more than so many seconds.
    Slow(f64),
    /// In which more than so many dollars were spent.
    Dear(f64),
}

impl DataLink {
    fn new(title: &str, url: String) -> Self {
        Self { title: title.to_owned(), url, target_blank: true }
    }

    /// To the dashboard of this uid, for one function.
    pub(super) fn drilldown(uid: &str, subject: Subject, labels: Labels) -> Self {
        let value = labels.read(subject.label);
        let url =
            format!("/d/{uid}?var-{}={value}&${{__url_time_range}}&${{job:queryparam}}", subject.variable);
        Self { target_blank: false, ..Self::new("Drill down", url) }
    }

    /// Traces of the function, in Jaeger and in Tempo.
    pub(super) fn traces(subject: Subject, labels: Labels, calls: Calls) -> [Self; 2] {
        let value = labels.read(subject.label);
        let (error, longer, condition) = match calls {
            Calls::All => ("", String::new(), String::new()),
            Calls::Failed => (",\"error\":\"true\"", String::new(), " && status = error".to_owned()),
            Calls::Slow(seconds) => {
                let duration = duration(seconds);
                ("", format!("&minDuration={duration}"), format!(" && duration > {duration}"))
            }
            // Jaeger compares tags by their text alone.
            Calls::Dear(dollars) => (
                "",
                String::new(),
                format!(" && (span.tta.cost.total_usd > {0} || span.tta.cost.usd > {0})", number(dollars)),
            ),
        };
        let tags = encode(&format!("{{\"{}\":\"{value}\"{error}}}", subject.attribute));
        let jaeger = format!(
            "${{jaeger}}/search?service=${{service:percentencode}}&tags={tags}{longer}&start=${{__from}}000&end=${{__to}}000&limit=20"
        );
        let query = format!(
            "{{ resource.service.name = \"${{service:percentencode}}\" && span.{} = \"{value}\"{condition} }}",
            subject.attribute
        );
        let tempo = explore("${tempo}", &json!({ "refId": "A", "queryType": "traceql", "query": query }));
        [Self::new("Traces in Jaeger", jaeger), Self::new("Traces in Tempo", tempo)]
    }

    /// Its log lines in Loki at level ERROR.
    pub(super) fn log_lines(subject: Subject, labels: Labels) -> Self {
        let query = format!(
            "{{service_name=\"${{service:percentencode}}\"}} | json | {}=\"{}\" | level=\"ERROR\"",
            subject.field,
            labels.read(subject.label)
        );
        Self::new("Log lines in Loki", explore("${loki}", &json!({ "refId": "A", "expr": query })))
    }
}

/// As Jaeger and Tempo write it: in whole milliseconds, or else in microseconds.
fn duration(seconds: f64) -> String {
    let milliseconds = number(seconds * 1e3);
    if milliseconds.contains('.') { format!("{:.0}us", seconds * 1e6) } else { format!("{milliseconds}ms") }
}

/// A query in Grafana's Explore.
fn explore(datasource: &str, query: &serde_json::Value) -> String {
    let range = json!({ "from": "${__from}", "to": "${__to}" });
    let panes = json!({ "a": { "datasource": datasource, "queries": [query], "range": range } });
    format!("/explore?schemaVersion=1&panes={}", encode(&panes.to_string()))
}

/// Percent-encoded, but for what Grafana replaces.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let end = rest[start..].find('}').map_or(rest.len(), |end| start + end + 1);
        encoded.extend(utf8_percent_encode(&rest[..start], NON_ALPHANUMERIC));
        encoded.push_str(&rest[start..end]);
        rest = &rest[end..];
    }
    encoded.extend(utf8_percent_encode(rest, NON_ALPHANUMERIC));
    encoded
}
