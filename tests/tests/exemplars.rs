//! Exemplars in `/metrics` and over OTLP point at spans that a real receiver has.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tta_tests::{
    CLOSED, OPENMETRICS, Program, Prometheus, Receiver, attribute, exemplars, http_get, number, seconds,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");

/// A program that has done five orders, and where its metrics are. Its batches leave by a flush only.
fn serving(endpoint: &str, more: &[(&str, &str)]) -> (Program, String) {
    let mut env = vec![
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_BSP_SCHEDULE_DELAY", "3600000"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "3600000"),
        ("ENVIRONMENT", "production"),
    ];
    env.extend(more);
    let program = Program::start(PROGRAM, &["serve", "5"], &env);
    let line = program.line();
    let address = line.strip_prefix("metrics ").unwrap_or_else(|| panic!("no address in {line:?}"));
    (program, format!("http://{address}/metrics"))
}

#[test]
fn every_exemplar_is_a_span_that_arrived_in_the_bucket_of_its_duration() {
    let mut receiver = Receiver::start();
    let (mut program, url) = serving(receiver.http(), &[]);
    let (_, _, before) = http_get(&url, OPENMETRICS);
    assert!(exemplars(&before).is_empty(), "no batch has arrived yet\n{before}");

    program.say("flush");
    assert_eq!(program.line(), "flushed Ok(())");
    let spans = receiver.spans(20);
    let (_, _, body) = http_get(&url, OPENMETRICS);
    let found = exemplars(&body);

    let mut series = BTreeSet::new();
    for exemplar in &found {
        let [family, labels, ids, value, timestamp] =
            exemplar.as_array().map(Vec::as_slice).expect("an array")
        else {
            panic!("{exemplar}")
        };
        let span =
            spans.iter().find(|span| span["spanId"] == ids["span_id"] && span["traceId"] == ids["trace_id"]);
        let span = span.unwrap_or_else(|| panic!("{exemplar} points at nothing"));
        let took = seconds(span, "endTimeUnixNano") - seconds(span, "startTimeUnixNano");
        // Doubles hold the receiver's times to a quarter of a microsecond.
        assert!((number(value) - took).abs() < 1e-6, "{exemplar} for {span:#?}");
        assert!((number(timestamp) - seconds(span, "endTimeUnixNano")).abs() < 2e-3, "{exemplar}");
        let bound = labels["le"].as_str().expect("it is on a bucket");
        assert!(number(value) <= bound.replace("+Inf", "inf").parse().expect("a bound"), "{exemplar}");
        for (label, key) in [("workflow_name", "tta.workflow.name"), ("primitive_name", "tta.primitive.name")]
        {
            if let Some(name) = labels[label].as_str() {
                assert_eq!(attribute(span, key).as_deref(), Some(name), "{exemplar}");
            }
        }
        let name = |label: &str| labels[label].as_str().unwrap_or_default().to_owned();
        series.insert((family.as_str().expect("a name").to_owned(), name("primitive_name")));
    }
    let has = |family: &str, primitive: &str| series.contains(&(family.to_owned(), primitive.to_owned()));
    assert!(has("tta_workflow_duration_seconds", ""), "{found:#?}");
    for primitive in ["price", "ship", "weigh"] {
        assert!(has("tta_primitive_duration_seconds", primitive), "{found:#?}");
        assert!(has("tta_workflow_step_duration_seconds", primitive), "{found:#?}");
    }
    // A bucket that nothing fell into has none.
    assert!(found.len() <= 20 + 15, "{found:#?}");

    let (_, _, text) = http_get(&url, "text/plain;version=0.0.4");
    assert!(!text.contains("trace_id"), "the text format has no place for them\n{text}");

    // The flush has exported the metrics after the spans.
    let durations = receiver.metric("tta_workflow_duration_seconds");
    let points = durations["histogram"]["dataPoints"].as_array().expect("points");
    let over_otlp = points[0]["exemplars"].as_array().expect("exemplars");
    assert!(!over_otlp.is_empty(), "{durations:#?}");
    for exemplar in over_otlp {
        let bytes = exemplar["spanId"]["data"].as_array().expect("the receiver shows it as bytes");
        let id =
            bytes.iter().fold(String::new(), |id, byte| id + &format!("{:02x}", byte.as_u64().unwrap_or(0)));
        let found = spans.iter().any(|span| span["spanId"] == id);
        assert!(found && number(&exemplar["asDouble"]) > 0.0, "{exemplar:#?}");
    }
}

#[test]
fn a_real_prometheus_keeps_them() {
    let mut receiver = Receiver::start();
    let (mut program, url) = serving(receiver.http(), &[]);
    program.say("flush");
    assert_eq!(program.line(), "flushed Ok(())");
    let spans = receiver.spans(20);
    let address = url.trim_start_matches("http://").trim_end_matches("/metrics");
    let prometheus = Prometheus::scraping(address);
    for labels in prometheus.exemplars("tta_workflow_duration_seconds_bucket") {
        let found = spans.iter().any(|span| {
            span["spanId"] == labels["span_id"]
                && span["traceId"] == labels["trace_id"]
                && span["name"] == "invoke_workflow order"
        });
        assert!(found, "{labels} in {spans:#?}");
    }
}

#[test]
fn a_span_that_was_not_sampled_is_no_exemplar() {
    let receiver = Receiver::start();
    let (mut program, url) = serving(receiver.http(), &[("OTEL_TRACES_SAMPLER", "always_off")]);
    program.say("flush");
    assert_eq!(program.line(), "flushed Ok(())");
    let (_, _, body) = http_get(&url, OPENMETRICS);
    assert!(
        body.contains(
            r#"tta_workflow_duration_seconds_count{workflow_name="order",workflow_type="sequential"} 5"#
        ),
        "{body}"
    );
    assert!(exemplars(&body).is_empty(), "{body}");
}

#[test]
fn a_span_that_was_lost_is_no_exemplar() {
    let (mut program, url) = serving(&format!("http://{CLOSED}"), &[]);
    program.say("flush");
    assert!(program.line().starts_with("flushed Err"));
    let (_, _, body) = http_get(&url, OPENMETRICS);
    assert!(
        body.contains(r#"tta_telemetry_spans_total{outcome="dropped",reason="export_failed"} 20"#),
        "{body}"
    );
    assert!(exemplars(&body).is_empty(), "{body}");
}

#[derive(Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        Ok(())
    }
}

#[tta::primitive(fields(model), labels(fast: bool, model: bounded(2) = model, on = "all"))]
fn labelled(fast: bool, model: &str) {
    let _ = (fast, model);
}

#[test]
fn a_series_with_labels_has_the_spans_of_its_labels() {
    let kept = Kept::default();
    let spans = kept.0.clone();
    let telemetry = tta::Telemetry::builder()
        .span_exporter(kept)
        .console(false)
        .otlp(false)
        .prometheus_addr(([127, 0, 0, 1], 0).into())
        .init()
        .expect("nothing else is running in this process");
    for (fast, model) in [(true, "small"), (false, "small"), (true, "large"), (true, "huge")] {
        labelled(fast, model);
    }
    telemetry.force_flush(Duration::from_secs(10)).expect("it takes everything");
    let address = telemetry.prometheus_addr().expect("it is served");
    let (_, _, body) = http_get(&format!("http://{address}/metrics"), OPENMETRICS);
    let spans = spans.lock().unwrap_or_else(PoisonError::into_inner);
    let mut series = BTreeSet::new();
    for exemplar in exemplars(&body) {
        let (labels, ids) = (&exemplar[1], &exemplar[2]);
        let span = spans.iter().find(|span| ids["span_id"] == span.span_context.span_id().to_string());
        let span = span.unwrap_or_else(|| panic!("{exemplar} points at nothing"));
        let model = span.attributes.iter().find(|attribute| attribute.key.as_str() == "model");
        let model = model.expect("it is a field").value.to_string();
        let (fast, shown) = (labels["fast"].as_str(), labels["model"].as_str());
        let (fast, shown) = (fast.expect("a label").to_owned(), shown.expect("a label").to_owned());
        assert_eq!(shown, if model == "huge" { "other" } else { &*model }, "{exemplar}");
        series.insert((fast, shown));
    }
    let expected = [("false", "small"), ("true", "large"), ("true", "other"), ("true", "small")];
    assert_eq!(series, expected.map(|(fast, model)| (fast.to_owned(), model.to_owned())).into());
}
