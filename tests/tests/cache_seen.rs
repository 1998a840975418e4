//! What is seen of caches: what each did for a call, in its span and in series that exist before the first call.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{advance, sleep};
use tta::testing::{Capture, capture};

static CALLS: AtomicU32 = AtomicU32::new(0);

#[tta::workflow]
async fn report(numbers: Vec<u32>) -> Vec<Result<u32, String>> {
    let mut found = Vec::new();
    for number in numbers {
        found.push(price(number).await);
    }
    found
}

#[tta::primitive(cache(ttl = "1m", stale = "1h", negative_ttl = "1m"))]
async fn price(number: u32) -> Result<u32, String> {
    look(number).await;
    sleep(Duration::from_millis(10)).await;
    if number == 0 { Err("nothing".to_owned()) } else { Ok(number) }
}

#[tta::primitive]
async fn look(_number: u32) {
    CALLS.fetch_add(1, Relaxed);
}

fn operations(seen: &Capture, operation: &str) -> Option<f64> {
    let labels = [("primitive_name", "price"), ("backend", "memory"), ("operation", operation)];
    seen.metric("tta_cache_operations_total", &labels)
}

#[tokio::test(start_paused = true)]
async fn each_call_says_what_its_cache_did() {
    let seen = capture();
    for operation in ["hit", "miss", "stale", "coalesced", "negative", "eviction", "error"] {
        assert_eq!(operations(&seen, operation), Some(0.0), "{operation}, before the first call");
    }
    assert_eq!(seen.metric("tta_cache_entries", &[("primitive_name", "price")]), Some(0.0));

    seen.scope(report(vec![1, 1, 0, 0])).await;
    let two = tokio::join!(seen.scope(price(2)), seen.scope(price(2)));
    assert_eq!(two, (Ok(2), Ok(2)));
    advance(Duration::from_mins(2)).await;
    seen.scope(report(vec![1])).await;
    sleep(Duration::from_secs(1)).await;
    seen.scope(report(vec![1])).await;

    let spans = seen.spans();
    let outcomes: Vec<_> = spans
        .iter()
        .filter(|span| span.name == "price")
        .map(|span| span.attribute("tta.cache.outcome").expect("each says so"))
        .collect();
    assert_eq!(outcomes, ["miss", "hit", "miss", "negative", "miss", "coalesced", "stale", "hit"]);
    assert!(
        spans
            .iter()
            .filter(|span| span.name == "price")
            .all(|span| span.attribute("tta.cache.backend").as_deref() == Some("memory"))
    );
    let counted = ["hit", "miss", "stale", "coalesced", "negative", "eviction", "error"]
        .map(|operation| operations(&seen, operation).expect("there is one"));
    assert_eq!(counted, [2.0, 3.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    assert_eq!(CALLS.load(Relaxed), 4, "three that were missed, and one anew");

    // What is fetched anew belongs to the trace of the call that found it too old.
    let stale = spans.iter().rfind(|span| span.attribute("tta.cache.outcome").as_deref() == Some("stale"));
    let stale = stale.expect("there is one");
    let anew = spans.iter().rfind(|span| span.name == "look").expect("it was fetched");
    assert_eq!(anew.span_context.trace_id(), stale.span_context.trace_id());
    assert_eq!(anew.parent_span_id, stale.id());

    let seconds = |operation| {
        let labels = [("primitive_name", "price"), ("operation", operation)];
        seen.metric("tta_cache_operation_duration_seconds_count", &labels).expect("there is one")
    };
    assert!(seconds("get") >= 8.0 && seconds("set") == 4.0, "{} and {}", seconds("get"), seconds("set"));
    assert_eq!(seen.metric("tta_cache_entries", &[("primitive_name", "price")]), Some(3.0));
    assert!(seen.metric("tta_cache_size_bytes", &[("primitive_name", "price")]) > Some(0.0));
}

#[tta::primitive(cache(ttl = "1m", backend = "redis"))]
async fn remote(number: u32) -> u32 {
    number
}

#[test]
fn a_redis_is_taken_to_be_there_until_somebody_asks() {
    let seen = capture();
    let redis = |name: &str| seen.metric(name, &[("backend", "redis")]);
    assert_eq!(redis("tta_cache_backend_health_up"), Some(1.0));
    assert_eq!(
        (redis("tta_cache_connections_active"), redis("tta_cache_connections_max")),
        (Some(0.0), Some(1.0))
    );
    assert_eq!(
        (redis("tta_cache_memory_bytes"), redis("tta_cache_memory_max_bytes")),
        (Some(0.0), Some(0.0))
    );
    assert_eq!(redis("tta_cache_operations_total"), Some(0.0));
    drop(remote(1));
}

#[test]
fn the_catalog_knows_the_values_of_all_labels() {
    let catalog = tta::catalog();
    let family = catalog.families().iter().find(|family| family.name() == "tta_cache_operations_total");
    let labels = catalog.labels(family.expect("it is emitted"));
    let values = |name: &str| {
        labels.iter().find(|label| label.name() == name).expect("it has this label").values().to_vec()
    };
    assert_eq!(values("backend"), ["memory", "redis"]);
    assert_eq!(values("primitive_name"), ["price", "remote"]);
    assert_eq!(values("operation"), ["coalesced", "error", "eviction", "hit", "miss", "negative", "stale"]);
}
