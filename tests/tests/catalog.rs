//! The catalog: what is promised, how calls are judged by it, and the file that says so.

use std::panic::catch_unwind;
use std::path::PathBuf;
use std::time::Duration;

use futures::FutureExt as _;
use serde_json::{Value, json};
use tta::testing::{assert_catalog, capture};

#[derive(Clone, Copy, tta::Label)]
enum Tier {
    Free,
    Paid,
}

#[derive(Debug, thiserror::Error, tta::ErrorKind)]
enum Refusal {
    #[error("declined")]
    #[error_kind(permanent, code = "402")]
    Declined,
}

#[tta::workflow(labels(tier: Tier), slo(success = 99.5, latency = "1h@95", window = "4w"), maturity = "production")]
async fn check_out(tier: Tier, declined: bool) -> Result<(), Refusal> {
    let _ = tier;
    charge(declined, "visa").await
}

#[tta::primitive(kind = "tool", labels(card: bounded(8)), slo(success = 90))]
async fn charge(declined: bool, card: &str) -> Result<(), Refusal> {
    if declined { Err(Refusal::Declined) } else { Ok(()) }
}

#[tta::primitive(slo(latency = "1us@90"))]
async fn weigh() {
    tokio::time::sleep(Duration::from_millis(2)).await;
}

#[tokio::test]
async fn each_call_is_judged_once_where_it_ends() {
    let capture = capture();
    let events = |slo, objective, outcome| {
        let labels = [("slo", slo), ("objective", objective), ("outcome", outcome)];
        capture.metric("tta_slo_events_total", &labels)
    };
    let all = || {
        [("success", "good"), ("success", "bad"), ("latency", "good"), ("latency", "bad")]
            .map(|(objective, outcome)| events("check_out", objective, outcome))
    };
    assert_eq!(all(), [Some(0.0); 4], "each exists before the first call");
    assert_eq!(events("weigh", "success", "good"), None, "it promises no success");

    assert!(check_out(Tier::Paid, false).await.is_ok());
    assert!(check_out(Tier::Free, false).await.is_ok());
    assert!(check_out(Tier::Free, true).await.is_err());
    assert_eq!(all(), [Some(2.0), Some(1.0), Some(2.0), Some(0.0)], "what failed took no time of interest");

    weigh().await;
    // It says nothing of the function.
    assert_eq!(weigh().now_or_never(), None);
    assert_eq!(events("weigh", "latency", "bad"), Some(1.0));
    assert_eq!(events("weigh", "latency", "good"), Some(0.0));
}

#[tta::primitive(slo(success = 90))]
fn explode() {
    panic!("on purpose");
}

#[test]
fn a_panic_is_a_bad_call() {
    let capture = capture();
    assert!(catch_unwind(explode).is_err());
    let bad = [("slo", "explode"), ("objective", "success"), ("outcome", "bad")];
    assert_eq!(capture.metric("tta_slo_events_total", &bad), Some(1.0));
}

fn document() -> Value {
    serde_json::from_str(&tta::catalog().to_json()).expect("JSON")
}

fn of<'a>(document: &'a Value, list: &str, name: &str) -> &'a Value {
    let all = document[list].as_array().expect("a list");
    all.iter().find(|entry| entry["name"] == name).unwrap_or_else(|| panic!("no {name} among the {list}"))
}

#[test]
fn the_catalog_says_all_that_the_attribute_says() {
    let document = document();
    let mut site = of(&document, "sites", "check_out").clone();
    assert!(site["line"].as_u64().is_some_and(|line| line > 20), "{site}");
    site.as_object_mut().expect("an object").remove("line");
    let expected = json!({
        "kind": "workflow",
        "name": "check_out",
        "type": "sequential",
        "span": "invoke_workflow check_out",
        "function": "catalog::check_out",
        "file": "tests/tests/catalog.rs",
        "labels": [{ "name": "tier", "values": ["free", "paid"] }],
        "errors": [{ "name": "declined", "category": "permanent", "severity": "error", "code": "402" }],
        "maturity": "production",
        "slo": {
            "window_days": 28,
            "objectives": [
                { "objective": "success", "target": 0.995 },
                { "objective": "latency", "target": 0.95, "threshold_seconds": 3600.0 },
            ],
        },
    });
    assert_eq!(site, expected);
    assert_eq!(of(&document, "sites", "charge")["labels"], json!([{ "name": "card", "limit": 8 }]));
}

#[test]
fn families_have_the_labels_of_functions_and_the_values_that_are_known() {
    let document = document();
    let label = |family, name: &str| {
        let labels = of(&document, "families", family)["labels"].as_array().expect("labels").clone();
        labels
            .into_iter()
            .find(|label| label["name"] == name)
            .unwrap_or_else(|| panic!("no {name} on {family}"))
    };
    let executions = "tta_workflow_executions_total";
    assert_eq!(
        label(executions, "workflow_name"),
        json!({ "name": "workflow_name", "values": ["check_out"] })
    );
    assert_eq!(label(executions, "status")["values"], json!(["cancelled", "error", "success"]));
    assert_eq!(label(executions, "tier"), json!({ "name": "tier", "values": ["free", "paid"] }));
    let errors = json!({ "name": "error_type", "values": ["declined", "panic"], "open": true });
    assert_eq!(label("tta_workflow_errors_total", "error_type"), errors);
    // Of the three primitives one has it.
    let card = json!({ "name": "card", "values": ["other"], "open": true, "limit": 8, "optional": true });
    assert_eq!(label("tta_primitive_executions_total", "card"), card);
    assert_eq!(
        label("tta_slo_events_total", "slo")["values"],
        json!(["charge", "check_out", "explode", "weigh"])
    );
    assert_eq!(label("tta_slo_events_total", "outcome")["values"], json!(["bad", "good"]));
    assert_eq!(label("http_server_request_duration_seconds", "http_route")["limit"], json!(200));
}

/// A file that is there for one test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Scratch(std::env::temp_dir().join(format!("tta-{}-{name}.json", std::process::id())))
    }

    /// What is said of it.
    fn refused(&self) -> String {
        let refusal = catch_unwind(|| assert_catalog(&self.0)).expect_err("a difference");
        refusal.downcast_ref::<String>().expect("a sentence").clone()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_catalog_that_is_kept_is_the_programs_or_the_difference_is_shown() {
    let file = Scratch::new("kept");
    assert!(file.refused().contains("TTA_UPDATE=1"), "{}", file.refused());

    let kept = tta::catalog().to_json();
    std::fs::write(&file.0, &kept).expect("a file");
    assert_catalog(&file.0);

    let moved = kept.replace("\"line\": ", "\"line\": 1");
    assert_ne!(moved, kept);
    std::fs::write(&file.0, moved).expect("a file");
    assert_catalog(&file.0);

    std::fs::write(&file.0, kept.replace("\"weigh\"", "\"weight\"")).expect("a file");
    let said = file.refused();
    for part in ["TTA_UPDATE=1", "-      \"name\": \"weight\"", "+      \"name\": \"weigh\""] {
        assert!(said.contains(part), "no {part:?} in {said}");
    }

    std::fs::write(&file.0, "no JSON").expect("a file");
    assert!(file.refused().contains("is not the catalog"));
}

#[test]
fn what_is_promised_exists_at_zero_whatever_the_labels() {
    let capture = capture();
    let bounded = [("primitive_name", "charge"), ("status", "error"), ("card", "other")];
    assert_eq!(capture.metric("tta_primitive_executions_total", &bounded), Some(0.0));
    let errors = [("primitive_name", "charge"), ("error_type", "declined"), ("card", "other")];
    assert_eq!(capture.metric("tta_primitive_errors_total", &errors), Some(0.0));
    assert_eq!(capture.metric("tta_primitives_active", &[("primitive_name", "charge")]), Some(0.0));
    for outcome in ["good", "bad"] {
        let labels = [("slo", "charge"), ("objective", "success"), ("outcome", outcome)];
        assert_eq!(capture.metric("tta_slo_events_total", &labels), Some(0.0));
    }
}
