//! A real OTLP receiver, over gRPC and HTTP.

use std::time::Instant;

use serde_json::Value;

use crate::PATIENCE;
use crate::process::Program;

/// `@elastic/mockotlpserver` on free ports; ends with this value.
#[derive(Debug)]
pub struct Receiver {
    program: Program,
    http: String,
    grpc: String,
    requests: Vec<Value>,
}

impl Receiver {
    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed; `tests/run` installs it.
    #[must_use]
    pub fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/receiver/receiver.js");
        let program = Program::start("node", &[script], &[]);
        let ports: Value = serde_json::from_str(&program.line()).expect("the first line is JSON");
        let url = |name: &str| {
            let url = ports[name].as_str().expect("the first line has the ports");
            url.trim_end_matches('/').to_owned()
        };
        Receiver { http: url("http"), grpc: url("grpc"), program, requests: Vec::new() }
    }

    /// Where it takes OTLP over HTTP.
    #[must_use]
    pub fn http(&self) -> &str {
        &self.http
    }

    /// Where it takes OTLP over gRPC.
    #[must_use]
    pub fn grpc(&self) -> &str {
        &self.grpc
    }

    /// Waits until it has `count` spans, and returns them all.
    ///
    /// # Panics
    /// When they do not come.
    pub fn spans(&mut self, count: usize) -> Vec<Value> {
        self.spans_when(|spans| spans.len() >= count)
    }

    /// Waits until its spans are `enough`, and returns them all.
    ///
    /// # Panics
    /// When those do not come.
    pub fn spans_when(&mut self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let spans = self.received("trace", "resourceSpans", "scopeSpans", "spans");
            if enough(&spans) {
                return spans;
            }
            assert!(Instant::now() < deadline, "{} spans are not enough: {spans:#?}", spans.len());
            self.read();
        }
    }

    /// Waits until it has the metric, and returns its newest reading.
    ///
    /// # Panics
    /// When it does not come.
    pub fn metric(&mut self, name: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let metrics = self.received("metrics", "resourceMetrics", "scopeMetrics", "metrics");
            if let Some(metric) = metrics.iter().rev().find(|metric| metric["name"] == name) {
                return metric.clone();
            }
            assert!(Instant::now() < deadline, "no metric {name} in {metrics:#?}");
            self.read();
        }
    }

    /// The attributes of the resource that sent the first spans.
    #[must_use]
    pub fn resource(&self) -> Value {
        let traces = self.requests.iter().find_map(|request| request.get("trace"));
        traces.map_or(Value::Null, |trace| trace["resourceSpans"][0]["resource"]["attributes"].clone())
    }

    /// The first scope that came with a signal, with what was sent beside it.
    #[must_use]
    pub fn scope(&self, signal: &str, resources: &str, scopes: &str) -> Value {
        let requests = self.requests.iter().find_map(|request| request.get(signal));
        requests.map_or(Value::Null, |request| request[resources][0][scopes][0].clone())
    }

    fn read(&mut self) {
        let line = self.program.line();
        self.requests.push(serde_json::from_str(&line).expect("every line is JSON"));
    }

    fn received(&self, signal: &str, resources: &str, scopes: &str, items: &str) -> Vec<Value> {
        let inner = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        self.requests
            .iter()
            .filter_map(|request| request.get(signal))
            .flat_map(|request| inner(request, resources))
            .flat_map(|resource| inner(&resource, scopes))
            .flat_map(|scope| inner(&scope, items))
            .collect()
    }
}

/// An attribute of a received span or data point, as text.
#[must_use]
pub fn attribute(of: &Value, key: &str) -> Option<String> {
    match &of["attributes"][key] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A number, which the receiver writes as text where a double could not hold it.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("no number: {value}"))
}

/// A time of a received span, in seconds since 1970.
#[must_use]
pub fn seconds(span: &Value, key: &str) -> f64 {
    number(&span[key]) / 1e9
}
