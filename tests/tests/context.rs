//! Who a workflow is.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tta::WorkflowContext;
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

/// Left for the steps of a workflow.
#[derive(Debug, PartialEq)]
struct Customer(u64);

#[tta::workflow]
async fn ordered() -> (WorkflowContext, WorkflowContext) {
    tta::context().insert(Customer(17)).checkpoint("begun");
    let customer = shipped().await;
    assert_eq!(customer.as_deref(), Some(&Customer(18)));
    (tta::context(), billed().await)
}

#[tta::primitive]
async fn shipped() -> Option<Arc<Customer>> {
    let before = tta::context().get::<Customer>();
    assert_eq!(before.as_deref(), Some(&Customer(17)));
    tta::context().insert(Customer(18)).checkpoint("shipped");
    tokio::task::yield_now().await;
    tta::context().get()
}

#[tta::workflow]
async fn billed() -> WorkflowContext {
    assert!(tta::context().get::<Customer>().is_none(), "a nested workflow has a state of its own");
    tta::context()
}

#[tokio::test]
async fn a_nested_workflow_is_caused_by_the_outer_one_and_runs_on_its_behalf() {
    let deadline = Instant::now() + Duration::from_mins(1);
    let capture = capture();
    let (outer, inner) = WorkflowContext::builder()
        .session_id("session")
        .user_id("user")
        .deadline(deadline)
        .tag("channel", "mail")
        .tag("attempt", 2)
        .scope(ordered())
        .await;
    assert_eq!(outer.causation_id(), None);
    assert_eq!(inner.causation_id(), Some(outer.workflow_id()));
    assert_eq!(inner.correlation_id(), outer.workflow_id());
    for context in [&outer, &inner] {
        assert_eq!((context.session_id(), context.user_id()), (Some("session"), Some("user")));
        assert_eq!(context.deadline(), Some(deadline));
        assert!(context.remaining().is_some_and(|left| left <= Duration::from_mins(1)));
    }
    assert_eq!((outer.tags().count(), inner.tags().count()), (2, 0), "tags are a workflow's own");
    let span = capture.span("invoke_workflow ordered");
    assert_eq!(span.attribute("tta.tag.channel").as_deref(), Some("mail"));
    assert_eq!(span.attribute("tta.tag.attempt").as_deref(), Some("2"));
    assert_eq!(span.attribute("tta.causation.id"), None);
    let span = capture.span("invoke_workflow billed");
    assert_eq!(span.attribute("tta.causation.id").as_deref(), Some(outer.workflow_id()));
    assert_eq!(span.attribute("tta.tag.channel"), None);
    for span in capture.spans() {
        assert_eq!((span.attribute("user.id"), span.attribute("session.id")), (None, None), "unasked");
    }
    let shown = format!("{outer:?}{:?}", WorkflowContext::builder().user_id("user").session_id("session"));
    assert!(!shown.contains("\"user\"") && !shown.contains("\"session\""), "{shown}");
}

#[tokio::test]
async fn a_checkpoint_is_an_event_on_the_span_where_it_is_passed_and_stays_in_the_list() {
    let capture = capture();
    let before = SystemTime::now();
    let (outer, _) = ordered().await;
    let checkpoints = outer.checkpoints();
    let names: Vec<&str> = checkpoints.iter().map(tta::Checkpoint::name).collect();
    assert_eq!(names, ["begun", "shipped"]);
    assert!(checkpoints[0].elapsed() <= checkpoints[1].elapsed());
    assert!(checkpoints[1].elapsed() <= outer.elapsed());
    assert!(outer.start_time().is_some_and(|start| start + Duration::from_millis(5) >= before));
    assert_eq!(capture.span("invoke_workflow ordered").event_names(), ["begun"]);
    let shipped = capture.span("shipped");
    assert_eq!(shipped.event_names(), ["shipped"]);
    assert!(shipped.events.iter().all(|event| event.attributes[0].key.as_str() == "tta.elapsed_ms"));
}

#[tokio::test]
async fn a_builder_within_a_workflow_goes_on_where_that_is() {
    #[tta::workflow]
    async fn outer() -> [WorkflowContext; 2] {
        let soon = Instant::now() + Duration::from_hours(1);
        [tta::context(), WorkflowContext::builder().user_id("other").deadline(soon).scope(billed()).await]
    }

    let deadline = Instant::now() + Duration::from_mins(1);
    let builder =
        WorkflowContext::builder().correlation_id("request").session_id("session").deadline(deadline);
    let [outer, inner] = builder.scope(outer()).await;
    assert_eq!((inner.correlation_id(), inner.causation_id()), ("request", Some(outer.workflow_id())));
    assert_eq!(
        (inner.session_id(), inner.user_id(), outer.user_id()),
        (Some("session"), Some("other"), None)
    );
    assert_eq!(inner.deadline(), Some(deadline), "a deadline is not put off");
}

#[tokio::test]
async fn baggage_that_a_builder_gives_is_opentelemetrys_within_its_scope() {
    use opentelemetry::baggage::BaggageExt as _;

    let within = async || {
        let ours = tta::context().baggage("tenant");
        (ours, opentelemetry::Context::map_current(|context| context.baggage().len()))
    };
    let (ours, members) = WorkflowContext::builder()
        .baggage("tenant", "a/b")
        .scope(async { WorkflowContext::builder().baggage("plan", "x").scope(within()).await })
        .await;
    assert_eq!((ours.as_deref(), members), (Some("a/b"), 2));
    assert_eq!(within().await, (None, 0));
}

#[test]
fn outside_of_a_workflow_there_is_nothing_to_say() {
    let context = tta::context();
    context.insert(Customer(1)).checkpoint("nowhere");
    assert!(context.get::<Customer>().is_none() && context.checkpoints().is_empty());
    assert_eq!((context.causation_id(), context.start_time(), context.deadline()), (None, None, None));
    assert_eq!(context.elapsed(), Duration::ZERO);
}
