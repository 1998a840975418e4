//! Whose work it is, on a span: only where somebody said so.

use std::time::Duration;

#[tta::workflow]
async fn answered() {}

#[tokio::test]
async fn session_and_user_are_on_the_workflows_span_where_the_builder_says_so() {
    let telemetry = tta::Telemetry::builder()
        .record_user(true)
        .prometheus_addr(([127, 0, 0, 1], 0).into())
        .init()
        .expect("a configuration");
    let capture = tta::testing::capture();
    tta::WorkflowContext::builder().session_id("s-1").user_id("u-1").scope(answered()).await;
    let span = capture.span("invoke_workflow answered");
    assert_eq!(span.attribute("session.id").as_deref(), Some("s-1"));
    assert_eq!(span.attribute("user.id").as_deref(), Some("u-1"));
    drop(capture);
    let _ = telemetry.shutdown(Duration::from_secs(1));
}
