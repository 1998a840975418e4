//! Wherever the work goes, it stays in its trace, its workflow and its step.

use std::future::{Future, ready};
use std::time::Duration;

use futures::stream::{self, FuturesUnordered, StreamExt as _};
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
