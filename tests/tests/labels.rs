//! Labels: closed ones exist before the first call, open ones are bounded.

use tta::testing::capture;

#[derive(Clone, Copy, tta::Label)]
#[label(rename_all = "kebab-case")]
enum Tier {
    FreeTrial,
    #[label("paid")]
    Customer,
}

#[tta::primitive(labels(tier: Tier = tier, urgent: bool = urgent))]
async fn labelled(tier: Tier, urgent: bool) {
    let _ = (tier, urgent);
}

#[tta::primitive(labels(tier: Tier, on = "all"))]
fn labelled_everywhere(tier: Tier) {
    let _ = tier;
}

#[tokio::test]
async fn every_combination_of_closed_labels_exists_at_zero() {
    let capture = capture();
    let count = |tier, urgent, status| {
        let labels = [("primitive_name", "labelled"), ("tier", tier), ("urgent", urgent), ("status", status)];
        capture.metric("tta_primitive_executions_total", &labels)
    };
    for tier in ["free-trial", "paid"] {
        for urgent in ["false", "true"] {
            assert_eq!(count(tier, urgent, "success"), Some(0.0));
        }
    }
    labelled(Tier::Customer, true).await;
    labelled(Tier::FreeTrial, false).await;
    assert_eq!(count("paid", "true", "success"), Some(1.0));
    assert_eq!(count("paid", "false", "success"), Some(0.0));
    assert_eq!(count("free-trial", "false", "success"), Some(1.0));
    let durations = capture.metric("tta_primitive_duration_seconds_count", &[("primitive_name", "labelled")]);
    assert_eq!(durations, Some(2.0));
    let by_tier = capture.metric("tta_primitive_duration_seconds_count", &[("tier", "paid")]);
    assert_eq!(by_tier, Some(0.0), "only `on = \"all\"` puts labels on durations");
    labelled_everywhere(Tier::Customer);
    let by_tier = capture.metric("tta_primitive_duration_seconds_count", &[("tier", "paid")]);
    assert_eq!(by_tier, Some(1.0));
}

#[tta::primitive(labels(model: bounded(3) = model))]
async fn open(model: &str) -> Result<(), std::fmt::Error> {
    if model.is_empty() { Err(std::fmt::Error) } else { Ok(()) }
}

#[tokio::test]
async fn an_open_label_keeps_its_first_values_and_counts_the_rest_as_other() {
    let capture = capture();
    for model in ["a", "b", "a", "c", "d", "e", "d", "b", "other", ""] {
        let _ = open(model).await;
    }
    let count = |model| {
        let labels = [("primitive_name", "open"), ("model", model)];
        capture.metric("tta_primitive_executions_total", &labels)
    };
    assert_eq!(["a", "b", "c"].map(count), [Some(2.0), Some(2.0), Some(1.0)]);
    assert_eq!(["d", "e", ""].map(count), [None; 3]);
    assert_eq!(count("other"), Some(5.0));
    let overflow = [("family", "tta_primitive_executions_total"), ("label", "model")];
    // `other` itself is no overflow, it only shares the series.
    assert_eq!(capture.metric("tta_label_overflow_total", &overflow), Some(4.0));
    let errors = [("primitive_name", "open"), ("error_type", "fmt::Error"), ("model", "other")];
    assert_eq!(capture.metric("tta_primitive_errors_total", &errors), Some(1.0));
}

#[tta::primitive(labels(text: bounded(10) = text))]
fn hostile(text: &str) {
    let _ = text;
}

#[test]
fn a_long_value_is_cut_between_characters() {
    let capture = capture();
    hostile(&"é".repeat(100_000));
    let cut = "é".repeat(64);
    let count =
        capture.metric("tta_primitive_executions_total", &[("text", cut.as_str()), ("status", "success")]);
    assert_eq!(count, Some(1.0));
}
