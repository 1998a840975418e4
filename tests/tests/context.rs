//! Who a workflow is.

use tta::testing::capture;

#[tta::workflow]
async fn whole() -> Vec<(String, String)> {
    let mut seen = vec![ids()];
    seen.push(part().await);
    seen.push(nested().await);
    tokio::task::yield_now().await;
    seen.push(ids());
    seen
}

#[tta::primitive]
async fn part() -> (String, String) {
    ids()
}

#[tta::workflow]
async fn nested() -> (String, String) {
    ids()
}

fn ids() -> (String, String) {
    let context = tta::context();
    (context.workflow_id().to_owned(), context.correlation_id().to_owned())
}

#[tokio::test]
async fn a_workflow_opens_a_context_and_a_nested_one_keeps_the_correlation() {
    let capture = capture();
    let seen = whole().await;
    let (id, correlation) = &seen[0];
    assert_eq!(id, correlation);
    assert_eq!(id.len(), 36);
    assert_eq!(seen[1], seen[0], "a step sees its workflow");
    assert_ne!(&seen[2].0, id, "a nested workflow has an id of its own");
    assert_eq!(&seen[2].1, correlation);
    assert_eq!(seen[3], seen[0], "also after an await");
    assert_eq!(capture.span("part").attribute("tta.workflow.id").as_ref(), Some(id));
    assert_eq!(capture.span("invoke_workflow nested").attribute("tta.correlation.id").as_ref(), Some(id));
    assert!(tta::context().is_none());
    assert_eq!(tta::context().workflow_id(), "");
}

#[tokio::test]
async fn a_builder_gives_the_ids_of_the_workflow_that_runs_in_its_scope() {
    let seen = tta::WorkflowContext::builder()
        .workflow_id("order-7")
        .correlation_id("request-1")
        .scope(whole())
        .await;
    assert_eq!(seen[0], ("order-7".to_owned(), "request-1".to_owned()));
    assert_eq!(seen[2].1, "request-1");
    assert_ne!(seen[2].0, "order-7");
}

#[tokio::test]
async fn a_context_follows_a_spawned_call_without_telemetry_running() {
    let seen = tta::WorkflowContext::builder()
        .workflow_id("order-8")
        .scope(async { tokio::spawn(part()).await.expect("the task ends") })
        .await;
    assert_eq!(seen.0, "order-8");
}

#[tta::primitive]
async fn part_that_waits() -> [(String, String); 2] {
    tokio::task::yield_now().await;
    let own = ids();
    tokio::task::yield_now().await;
    [own, part().await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_spawned_call_keeps_what_it_took_over_for_all_of_its_polls() {
    // Nothing is recorded here, so the call has no span of its own to make current.
    let seen = tta::WorkflowContext::builder()
        .workflow_id("order-9")
        .scope(async { tokio::spawn(part_that_waits()).await.expect("the task ends") })
        .await;
    assert!(seen.iter().all(|(id, _)| id == "order-9"), "{seen:?}");
}

#[tokio::test]
async fn an_id_that_a_builder_made_is_for_the_first_workflow_and_a_given_one_for_all() {
    let twice = async || [nested().await.0, nested().await.0];
    let [first, second] = tta::WorkflowContext::builder().scope(twice()).await;
    assert_ne!(first, second);
    let [first, second] = tta::WorkflowContext::builder().workflow_id("given").scope(twice()).await;
    assert_eq!((first.as_str(), second.as_str()), ("given", "given"));
}
