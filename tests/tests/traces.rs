//! One attribute gives one connected trace.

use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, TraceContextExt as _, Tracer as _, TracerProvider as _};
use tta::assert_trace;
use tta::testing::{Capture, capture};
use tta_tests_library::{PackError, Seal};

#[tta::workflow]
async fn three_steps() -> u32 {
    let first = first().await;
    let second = second(first).await;
    third(second).await
}

#[tta::primitive]
async fn first() -> u32 {
    1
}

#[tta::primitive]
async fn second(n: u32) -> u32 {
    tokio::task::yield_now().await;
    n + 1
}

#[tta::primitive]
async fn third(n: u32) -> u32 {
    n + 1
}

/// How many traces the captured spans belong to.
fn traces(capture: &Capture) -> usize {
    let mut ids: Vec<_> = capture.spans().iter().map(|span| span.span_context.trace_id()).collect();
    ids.sort_by_key(|id| id.to_bytes());
    ids.dedup();
    ids.len()
}

#[tokio::test]
async fn the_steps_of_a_workflow_are_siblings_in_one_trace() {
    let capture = capture();
    assert_eq!(three_steps().await, 3);
    assert_trace!(capture, { "invoke_workflow three_steps" { "first" "second" "third" } });
    assert_eq!((traces(&capture), capture.spans().len()), (1, 4));
    let index = |name| capture.span(name).attribute("tta.step.index");
    assert_eq!(["first", "second", "third"].map(index), ["0", "1", "2"].map(|n| Some(n.to_owned())));
}

#[tokio::test]
async fn a_library_that_gives_the_crate_another_name_is_observed_as_any_other() {
    let capture = capture();
    assert_eq!(tta_tests_library::pack(2, Seal::Wax).await, Ok(4));
    assert_eq!(tta_tests_library::pack(30, Seal::Wax).await, Err(PackError::TooHeavy));
    assert_trace!(capture, {
        "invoke_workflow pack_parcel" { "execute_tool weigh" "wrap" "seal" }
        "invoke_workflow pack_parcel" { "execute_tool weigh" "wrap" "seal" }
    });
    let metric = |name: &str, labels: &[(&str, &str)]| capture.metric(name, labels);
    let seal = |heavy, status| {
        let labels = [("primitive_name", "seal"), ("with", "wax"), ("heavy", heavy), ("status", status)];
        metric("tta_primitive_executions_total", &labels)
    };
    assert_eq!((seal("false", "success"), seal("true", "error")), (Some(1.0), Some(1.0)));
    let errors = [("workflow_name", "pack_parcel"), ("error_type", "too_heavy"), ("category", "permanent")];
    assert_eq!(metric("tta_workflow_errors_total", &errors), Some(1.0));
    let torn = [("primitive_name", "wrap"), ("error_type", "torn_paper"), ("category", "transient")];
    assert_eq!(metric("tta_primitive_errors_total", &torn), Some(1.0));
}

#[tta::workflow(kind = "parallel")]
async fn fan_out() {
    tokio::join!(branch(3), branch(2), branch(1));
}

#[tta::primitive(fields(polls))]
async fn branch(polls: u32) {
    for _ in 0..polls {
        tokio::task::yield_now().await;
    }
    leaf().await;
}

#[tta::primitive]
async fn leaf() {}

#[tokio::test]
async fn branches_that_interleave_stay_in_one_trace_and_keep_their_own_children() {
    let capture = capture();
    fan_out().await;
    assert_trace!(capture, { "invoke_workflow fan_out" { "branch" { "leaf" } "branch" { "leaf" } "branch" { "leaf" } } });
    assert_eq!(traces(&capture), 1);
}

#[tta::workflow]
async fn spawning() {
    let tasks = [tokio::spawn(leaf()), tokio::spawn(async { leaf().await })];
    for task in tasks {
        task.await.expect("the task ends");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_handed_to_another_task_stays_below_its_caller() {
    let capture = capture();
    spawning().await;
    // The second call is made on the other side, in a task that nobody gave a context.
    assert_trace!(capture, { "invoke_workflow spawning" { "leaf" } });
}

#[tta::workflow]
async fn spawning_one() {
    tokio::spawn(leaf()).await.expect("the task ends");
}

#[tokio::test]
async fn a_spawned_step_is_where_it_is_in_production_on_the_thread_of_the_test_too() {
    let capture = capture();
    spawning_one().await;
    assert_trace!(capture, { "invoke_workflow spawning_one" { "leaf" } });
    let steps = [("workflow_name", "spawning_one"), ("primitive_name", "leaf")];
    assert_eq!(capture.metric("tta_workflow_steps_total", &steps), Some(1.0));
}

#[tokio::test]
async fn a_scope_takes_the_span_with_it_to_another_task() {
    let capture = capture();
    with_scope().await;
    assert_trace!(capture, { "invoke_workflow with_scope" { "leaf" } });
}

#[tta::workflow]
async fn with_scope() {
    let scoped = tta::context().scope(async { leaf().await });
    tokio::spawn(scoped).await.expect("the task ends");
}

#[tta::workflow]
async fn with_third_party() {
    third_party().await;
}

#[tracing::instrument]
async fn third_party() {
    leaf().await;
}

#[tokio::test]
async fn a_tracing_span_between_two_of_ours_is_in_the_same_tree() {
    use tracing_subscriber::layer::SubscriberExt as _;
    let subscriber = tracing_subscriber::registry().with(tta::tracing_layer());
    let _subscriber = tracing::subscriber::set_default(subscriber);
    let capture = capture();
    with_third_party().await;
    assert_trace!(capture, { "invoke_workflow with_third_party" { "third_party" { "leaf" } } });
    assert_eq!(capture.span("leaf").attribute("tta.workflow.name").as_deref(), Some("with_third_party"));
}

#[tta::workflow]
async fn with_raw_spans() {
    let tracer = tta::Provider::default().tracer("elsewhere");
    tracer.in_span("raw", |_| futures::executor::block_on(leaf()));
}

#[tokio::test]
async fn spans_of_the_opentelemetry_api_nest_in_both_directions() {
    use opentelemetry::context::FutureExt as _;
    let capture = capture();
    let tracer = tta::Provider::default().tracer("elsewhere");
    let span = tracer.span_builder("outside").with_kind(SpanKind::Server).start(&tracer);
    let outside = Context::current_with_span(span);
    with_raw_spans().with_context(outside.clone()).await;
    outside.span().end();
    assert_trace!(capture, { "outside" { "invoke_workflow with_raw_spans" { "raw" { "leaf" } } } });
    assert_eq!(capture.span("outside").span_kind, SpanKind::Server);
    assert_eq!(traces(&capture), 1);
}

#[tta::primitive]
async fn annotating() {
    Context::current().span().set_attribute(opentelemetry::KeyValue::new("from.api", 1));
    tokio::task::yield_now().await;
    tta::span().set("from.handle", "two").event("halfway", [("percent", 50.into())]);
    tta::span().set("nothing", None::<u32>);
}

#[tokio::test]
async fn the_body_can_add_to_its_span_by_the_api_and_by_the_handle() {
    let capture = capture();
    annotating().await;
    let span = capture.span("annotating");
    assert_eq!(span.attribute("from.api").as_deref(), Some("1"));
    assert_eq!(span.attribute("from.handle").as_deref(), Some("two"));
    assert_eq!(span.attribute("nothing"), None);
    assert_eq!(span.event_names(), ["halfway"]);
}

#[tta::primitive(fields(n, code.line.number = 7))]
async fn overruling(n: u32) {
    let _ = n;
    tta::span().set("tta.status", "mine");
    for key in ["k0", "k1", "k2"] {
        tta::span().set(key, n);
    }
}

#[tokio::test]
async fn a_key_stands_once_and_what_is_known_of_a_call_is_not_overruled() {
    let capture = capture();
    overruling(1).await;
    let span = capture.span("overruling");
    let mut keys: Vec<_> = span.attributes.iter().map(|attribute| attribute.key.as_str()).collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all, "{keys:?}");
    assert_eq!(span.attribute("tta.status").as_deref(), Some("success"));
    assert_ne!(span.attribute("code.line.number").as_deref(), Some("7"));
}

fn descend(depth: u32) -> std::pin::Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(descending(depth))
}

#[tta::primitive(fields(depth))]
async fn descending(depth: u32) -> u32 {
    if depth == 0 { 0 } else { descend(depth - 1).await + 1 }
}

#[tokio::test]
async fn a_boxed_recursion_nests_as_deep_as_it_goes() {
    let capture = capture();
    assert_eq!(descend(3).await, 3);
    assert_trace!(capture, { "descending" { "descending" { "descending" { "descending" } } } });
}

#[tta::primitive(kind = "tool", fields(word = word, length = word.len(), shown = %word.len(), debugged = ?word))]
async fn look_up(word: &str) -> Option<usize> {
    Some(word.len()).filter(|length| *length > 3)
}

#[tta::primitive(kind = "llm", ret(answer = ret.as_str()))]
async fn ask_model() -> Result<String, String> {
    Ok("42".to_owned())
}

#[tta::primitive(kind = "agent")]
fn act() {}

#[tokio::test]
async fn names_kinds_and_typed_attributes_follow_the_conventions() {
    let capture = capture();
    look_up("word").await;
    ask_model().await.expect("it answers");
    act();
    let look_up = capture.span("execute_tool look_up");
    assert_eq!(look_up.value("length"), Some(&opentelemetry::Value::I64(4)));
    assert_eq!(look_up.attribute("word").as_deref(), Some("word"));
    assert_eq!(look_up.value("shown"), Some(&opentelemetry::Value::from("4".to_owned())));
    assert_eq!(look_up.attribute("debugged").as_deref(), Some("\"word\""));
    assert_eq!(look_up.attribute("tta.primitive.kind").as_deref(), Some("tool"));
    assert_eq!(look_up.attribute("code.function.name").as_deref(), Some("traces::look_up"));
    assert_eq!(look_up.span_kind, SpanKind::Internal);
    let ask_model = capture.span("ask_model");
    assert_eq!(ask_model.attribute("answer").as_deref(), Some("42"));
    assert_eq!(ask_model.span_kind, SpanKind::Client);
    assert!(capture.spans().iter().any(|span| span.name == "invoke_agent act"));
}

#[test]
fn two_captures_in_one_process_do_not_see_each_other() {
    let run = || {
        let capture = capture();
        for _ in 0..50 {
            futures::executor::block_on(three_steps());
        }
        capture.spans().len()
    };
    let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(run)).collect();
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), 200);
    }
}

#[tokio::test]
async fn ids_are_the_same_in_every_run_on_request() {
    let capture = Capture::builder().deterministic_ids().start();
    first().await;
    let span = capture.span("first");
    assert_eq!(span.span_context.trace_id().to_string(), "00000000000000010000000000000002");
    assert_eq!(span.id().to_string(), "0000000000000003");
}

#[test]
#[should_panic(
    expected = "expected:\n  \"invoke_workflow three_steps\"\n    \"third\"\nfound:\n  \"first\"\n"
)]
fn a_trace_that_differs_is_shown_beside_the_expected_one() {
    let capture = capture();
    futures::executor::block_on(first());
    assert_trace!(capture, { "invoke_workflow three_steps" { "third" } });
}
