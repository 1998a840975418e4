//! Wherever the work goes, it stays in its trace, its workflow and its step.

use std::future::{Future, ready};
use std::time::Duration;

use futures::stream::{self, FuturesUnordered, StreamExt as _};
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use tta::testing::{Capture, capture};
use tta::{CarryExt as _, JoinSetExt as _};

/// The workflow's id as it is seen here.
#[tta::primitive]
async fn work() -> String {
    tokio::task::yield_now().await;
    tta::context().workflow_id().to_owned()
}

#[tta::primitive]
fn blocking_work() -> String {
    tta::context().workflow_id().to_owned()
}

/// Hands its work to somebody else, and says by which workflow it was done.
#[tta::primitive]
async fn step<F: Future<Output = Vec<String>>>(hand_over: impl FnOnce() -> F) -> Vec<String> {
    hand_over().await
}

#[tta::workflow]
async fn whole<F: Future<Output = Vec<String>>>(hand_over: impl FnOnce() -> F) -> (String, Vec<String>) {
    (tta::context().workflow_id().to_owned(), step(hand_over).await)
}

/// Whether all that `step` has handed over is below it, in its workflow, and no step of its own.
fn assert_connected(capture: &Capture, (own, seen): &(String, Vec<String>)) {
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen == own), "{seen:?} within {own}");
    let step = capture.span("step").id();
    let spans = capture.spans();
    let below: Vec<_> = spans.iter().filter(|span| span.parent_span_id == step).collect();
    assert_eq!(below.len(), seen.len(), "{spans:#?}");
    for span in below {
        assert!(span.name == "work" || span.name == "blocking_work");
        assert_eq!(span.span_context.trace_id(), spans[0].span_context.trace_id());
        assert_eq!(span.attribute("tta.step.index"), None, "part of a step, and none of its own");
    }
    for name in ["work", "blocking_work"] {
        let steps = capture
            .metric("tta_workflow_steps_total", &[("workflow_name", "whole"), ("primitive_name", name)]);
        assert_eq!(steps.unwrap_or(0.0), 0.0, "{name}");
    }
}

macro_rules! handed_over {
    ($($(#[$attribute:meta])* $name:ident: $hand_over:expr;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        $(#[$attribute])*
        async fn $name() {
            let capture = capture();
            let done = whole($hand_over).await;
            assert_connected(&capture, &done);
        }
    )*};
}

handed_over! {
    by_spawning_a_block: async || vec![tta::spawn(async { work().await }).await.expect("a result")];
    by_spawning_blocking_work: async || {
        vec![tta::spawn_blocking(blocking_work).await.expect("a result")]
    };
    by_spawning_from_a_spawned_block: async || {
        let outer = tta::spawn(async { tta::spawn(async { work().await }).await });
        vec![outer.await.expect("a result").expect("a result")]
    };
    by_a_join_set: async || {
        let mut set = tokio::task::JoinSet::new();
        set.spawn_carried(async { work().await });
        set.spawn_blocking_carried(blocking_work);
        set.spawn(async { work().await }.carried());
        set.join_all().await
    };
    by_a_thread: async || vec![std::thread::spawn(tta::carry(blocking_work)).join().expect("a result")];
    by_a_task_of_rayon_s: async || {
        let (give, take) = tokio::sync::oneshot::channel();
        rayon::spawn(tta::carry(move || give.send(blocking_work()).expect("somebody waits")));
        vec![take.await.expect("a result")]
    };
    by_a_scope_of_rayon_s: async || {
        let mut done = vec![String::new(); 3];
        // What is within the scope runs on rayon's threads already.
        let work = tta::carry_each(|()| blocking_work());
        rayon::scope(|scope| {
            for done in &mut done {
                scope.spawn(|_| *done = work(()));
            }
        });
        done
    };
    by_a_parallel_iterator: async || {
        (0..3_u8).into_par_iter().map(tta::carry_each(|_| blocking_work())).collect()
    };
    by_another_executor: async || {
        let there = async { work().await }.carried();
        let thread = std::thread::spawn(|| tokio::runtime::Runtime::new().expect("a runtime").block_on(there));
        vec![thread.join().expect("a result")]
    };
    by_join: async || {
        let (a, b) = tokio::join!(async { work().await }, work());
        vec![a, b]
    };
    by_select: async || {
        tokio::select! {
            done = work() => vec![done],
            () = std::future::pending() => vec![],
        }
    };
    by_a_timeout: async || vec![tokio::time::timeout(Duration::from_mins(1), work()).await.expect("in time")];
    by_futures_unordered: async || (0..3).map(|_| work()).collect::<FuturesUnordered<_>>().collect().await;
    by_a_buffered_stream: async || {
        stream::iter(0..3).map(|_| async { work().await }).buffer_unordered(2).collect().await
    };
    by_a_channel_of_futures: async || {
        let (give, mut take) = tokio::sync::mpsc::channel(1);
        let worker = tokio::spawn(async move {
            let future: tta::CarriedFuture<_> = take.recv().await.expect("a future");
            future.await
        });
        give.send(async { work().await }.carried()).await.expect("a worker");
        vec![worker.await.expect("a result")]
    };
}

#[tokio::test]
async fn rayon_s_threads_know_of_nobody_by_themselves() {
    let capture = capture();
    let (_, seen) = whole(async || {
        let (give, take) = tokio::sync::oneshot::channel();
        rayon::spawn(move || give.send(blocking_work()).expect("somebody waits"));
        let mut seen = vec![take.await.expect("a result")];
        let mut scoped = None;
        rayon::scope(|scope| scope.spawn(|_| scoped = Some(blocking_work())));
        seen.extend(scoped);
        seen.extend((0..3_u8).into_par_iter().map(|_| blocking_work()).collect::<Vec<_>>());
        seen
    })
    .await;
    assert_eq!(seen, [""; 5], "no workflow");
    let spans = capture.spans();
    assert!(spans.iter().all(|span| span.name != "blocking_work"), "{spans:#?}");
}

#[tokio::test]
async fn by_spawning_on_a_local_set() {
    let capture = capture();
    let local = tokio::task::LocalSet::new();
    let done = local
        .run_until(whole(async || vec![tta::spawn_local(async { work().await }).await.expect("a result")]))
        .await;
    assert_connected(&capture, &done);
}

#[tokio::test]
async fn what_is_carried_is_current_nowhere_else() {
    let capture = capture();
    let (carried, _) = whole(async || {
        let _ = tta::spawn(async { work().await }).await;
        vec![]
    })
    .await;
    assert!(!carried.is_empty());
    let after = tta::spawn(async { work().await }).await.expect("a result");
    assert_eq!(after, "", "outside of the workflow again");
    drop(ready(()));
    let outside: Vec<_> =
        capture.spans().into_iter().filter(|span| span.attribute("tta.workflow.id").is_none()).collect();
    assert_eq!(outside.len(), 1);
}

#[tta::workflow]
async fn produced() -> (String, tta::Carried<u8>) {
    (tta::context().workflow_id().to_owned(), sent(7).await)
}

#[tta::primitive]
async fn sent(value: u8) -> tta::Carried<u8> {
    tta::Carried::new(value)
}

#[tta::workflow]
async fn consumed(value: u8) -> (u8, tta::WorkflowContext) {
    work().await;
    (value, tta::context())
}

/// Whether what was received belongs to who sent it.
fn assert_received(capture: &Capture, producer: &str, (value, context): &(u8, tta::WorkflowContext)) {
    assert_eq!(*value, 7);
    assert_eq!((context.causation_id(), context.correlation_id()), (Some(producer), producer));
    let (sender, receiver) = (capture.span("sent"), capture.span("invoke_workflow consumed"));
    assert_eq!(receiver.parent_span_id, sender.id());
    assert_eq!(receiver.span_context.trace_id(), sender.span_context.trace_id());
    let links: Vec<_> = receiver.links.iter().map(|link| link.span_context.span_id()).collect();
    assert_eq!(links, [sender.id()]);
    assert!(capture.span("work").links.is_empty(), "only the first span has the link");
}

#[tokio::test]
async fn by_a_message_through_a_channel() {
    let capture = capture();
    let (give, mut take) = tokio::sync::mpsc::channel(1);
    let worker = tokio::spawn(async move {
        let message: tta::Carried<u8> = take.recv().await.expect("a message");
        message.scope(consumed).await
    });
    let (producer, message) = produced().await;
    give.send(message).await.expect("a worker");
    assert_received(&capture, &producer, &worker.await.expect("a result"));
}

#[tokio::test]
async fn by_a_message_to_another_process() {
    let capture = capture();
    let (producer, message) = produced().await;
    let text = serde_json::to_string(&message).expect("JSON");
    assert!(text.contains("traceparent") && text.contains("\"value\":7"), "{text}");
    let received: tta::Carried<u8> = serde_json::from_str(&text).expect("a message");
    assert_received(&capture, &producer, &received.scope(consumed).await);
}

#[tokio::test]
async fn a_message_that_somebody_else_has_sent_is_received_all_the_same() {
    for text in [r#"{"value":7}"#, r#"{"value":7,"context":{"traceparent":"garbage","baggage":"\u0000"}}"#] {
        let capture = capture();
        let received: tta::Carried<u8> = serde_json::from_str(text).expect("a message");
        assert_eq!(received.run(|value| value), 7);
        let received: tta::Carried<u8> = serde_json::from_str(text).expect("a message");
        let (value, context) = received.scope(consumed).await;
        assert_eq!((value, context.causation_id()), (7, None));
        assert!(capture.span("invoke_workflow consumed").links.is_empty());
    }
}
