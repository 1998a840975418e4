//! `cache(backend = "redis")` against a real Redis: shared, away, dying, slow, and full of other things.
//!
//! A process has one Redis, which its environment names, so that each test here is run in a process of its own.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::time::sleep;
use tta_tests::{Redis, free_port};

/// What tells a process that it is one of its own, and which part it plays.
const PART: &str = "CACHE_REDIS_PART";

const SECRET: &str = "not-for-logs";

/// In the process that a test is run in, the port of its Redis, which is not there yet; in any other, runs that process.
fn alone(test: &str) -> Option<u16> {
    if std::env::var_os(PART).is_some() {
        let url = std::env::var("TTA_REDIS_URL").expect("it was given one");
        return Some(url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("with a port"));
    }
    let said = run(test, free_port(), "first");
    assert!(!said.contains(SECRET), "a password is said: {said}");
    let warnings: Vec<_> = said.lines().filter(|line| line.contains("tta: warning")).collect();
    let lost = warnings.iter().filter(|line| line.contains("is lost")).count();
    let back = warnings.len() - lost;
    assert!(warnings.iter().all(|line| line.ends_with("is back")), "{warnings:#?}");
    assert_eq!(lost, back, "one for each: {warnings:#?}");
    assert!(lost <= 1, "{warnings:#?}");
    None
}

/// Runs a test in a process of its own, and returns what it says.
fn run(test: &str, port: u16, part: &str) -> String {
    let program = std::env::current_exe().expect("it has a path");
    let output = Command::new(program)
        .args([test, "--exact", "--nocapture"])
        .env(PART, part)
        .env("TTA_REDIS_URL", format!("redis://:{SECRET}@127.0.0.1:{port}"))
        .output()
        .expect("it can be started");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{test} as {part}: {said}\n{}", String::from_utf8_lossy(&output.stdout));
    said
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Item {
    id: u64,
    tags: Vec<String>,
}

static CALLS: AtomicU32 = AtomicU32::new(0);

#[tta::primitive(name = "items:of", cache(ttl = "10m", backend = "redis", version = "2"))]
async fn items(owner: &str, limit: u64) -> Result<Vec<Item>, String> {
    CALLS.fetch_add(1, Relaxed);
    sleep(Duration::from_millis(1)).await;
    Ok((0..limit).map(|id| Item { id, tags: vec![owner.to_owned()] }).collect())
}

fn is_right(found: &Result<Vec<Item>, String>, owner: &str, limit: u64) -> bool {
    let expected: Vec<_> = (0..limit).map(|id| Item { id, tags: vec![owner.to_owned()] }).collect();
    *found == Ok(expected)
}

/// Calls until the Redis answers.
async fn back() {
    let begun = Instant::now();
    while items::cache().invalidate(&("nobody".to_owned(), 0)).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not come back");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn processes_share_entries_and_what_is_forgotten_is_forgotten_by_all() {
    let test = "processes_share_entries_and_what_is_forgotten_is_forgotten_by_all";
    let Some(port) = alone(test) else { return };
    if std::env::var(PART).as_deref() == Ok("second") {
        assert!(is_right(&items("ann", 2).await, "ann", 2));
        assert_eq!(
            (CALLS.load(Relaxed), items::cache().stats().hits),
            (0, 1),
            "the first process has called"
        );
        items::cache().invalidate(&("ann".to_owned(), 2)).await.expect("it is there");
        return;
    }
    let server = Redis::start(port, SECRET);
    for _ in 0..2 {
        assert!(is_right(&items("ann", 2).await, "ann", 2));
        assert!(is_right(&items("bob", 1).await, "bob", 1));
    }
    assert_eq!(CALLS.load(Relaxed), 2);
    assert_eq!(server.keys(), ["tta:items%3Aof:2:[\"ann\",2]", "tta:items%3Aof:2:[\"bob\",1]"]);
    run(test, port, "second");
    assert!(is_right(&items("ann", 2).await, "ann", 2));
    assert_eq!(CALLS.load(Relaxed), 3);
    server.say(&["SET", "tta:items%3Aof:20:", "another's"]);
    items::cache().clear().await.expect("it is there");
    assert_eq!(server.keys(), ["tta:items%3Aof:20:"]);
}

#[derive(Clone, Copy, Debug, PartialEq, tta::Route)]
enum Model {
    Small,
    Large,
}

static DECIDED: AtomicU32 = AtomicU32::new(0);

#[tta::router(cache(ttl = "10m", backend = "redis"))]
async fn pick(prompt: &str) -> tta::Decision<Model> {
    DECIDED.fetch_add(1, Relaxed);
    if prompt.len() > 5 {
        return tta::Decision::new(Model::Large, "long");
    }
    tta::Decision::new(Model::Small, "short")
}

#[tokio::test]
async fn decisions_of_routers_are_shared_by_the_names_of_their_routes() {
    let test = "decisions_of_routers_are_shared_by_the_names_of_their_routes";
    let Some(port) = alone(test) else { return };
    let is_large = async || {
        let decision = pick("a long one").await;
        assert_eq!((*decision.route(), decision.reason()), (Model::Large, "long"));
    };
    if std::env::var(PART).as_deref() == Ok("second") {
        is_large().await;
        assert_eq!(DECIDED.load(Relaxed), 0, "the first process has decided");
        return;
    }
    let server = Redis::start(port, SECRET);
    is_large().await;
    let key = "tta:pick:1:[\"a long one\"]";
    assert_eq!(server.keys(), [key]);
    run(test, port, "second");
    let unknown = server.say(&["GET", key]).lines().nth(1).expect("a value").replace("large", "huge");
    server.say(&["SET", key, &unknown]);
    is_large().await;
    assert_eq!(DECIDED.load(Relaxed), 2, "a route that this program does not have is none");
}

#[tokio::test]
async fn what_is_no_value_is_written_anew_and_other_versions_are_left_alone() {
    let Some(port) = alone("what_is_no_value_is_written_anew_and_other_versions_are_left_alone") else {
        return;
    };
    let server = Redis::start(port, SECRET);
    let (own, other) = ("tta:items%3Aof:2:[\"ann\",1]", "tta:items%3Aof:1:[\"ann\",1]");
    for garbage in ["garbage", "{\"at\":1}", "{\"at\":1,\"value\":[{\"id\":\"x\"}]}", ""] {
        server.say(&["SET", own, garbage]);
        server.say(&["SET", other, garbage]);
        assert!(is_right(&items("ann", 1).await, "ann", 1), "{garbage}");
        assert!(is_right(&items("ann", 1).await, "ann", 1), "{garbage}");
    }
    server.say(&["DEL", own]);
    server.say(&["LPUSH", own, "a list"]);
    assert!(is_right(&items("ann", 1).await, "ann", 1));
    let stats = items::cache().stats();
    assert_eq!((stats.misses, stats.hits, stats.errors), (5, 4, 5));
    assert!(server.say(&["GET", other]).starts_with("$0"));
    let life: u64 = server.say(&["PTTL", own]).trim().trim_start_matches(':').parse().expect("a number");
    assert!((590_000..=600_000).contains(&life), "{life}");
}

#[cfg(feature = "llm")]
mod costs {
    use super::{PART, Redis, SECRET, alone, run};

    #[tta::primitive(cache(ttl = "10m", backend = "redis"))]
    async fn asked(_question: &str) -> String {
        answer().await["id"].as_str().unwrap_or_default().to_owned()
    }

    /// A million tokens of a prompt, at $2.50.
    #[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
    #[allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]
    async fn answer() -> serde_json::Value {
        serde_json::json!({
            "id": "chatcmpl-1", "model": "gpt-4o", "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0}
        })
    }

    #[tta::workflow]
    async fn saved() -> String {
        asked("what").await;
        tta::context().spent().saved().to_string()
    }

    #[tokio::test]
    async fn what_another_process_has_paid_is_saved_and_what_is_no_money_is_none() {
        let test = "costs::what_another_process_has_paid_is_saved_and_what_is_no_money_is_none";
        let Some(port) = alone(test) else { return };
        if std::env::var(PART).as_deref() == Ok("second") {
            assert_eq!(saved().await, "$2.50");
            return;
        }
        let server = Redis::start(port, SECRET);
        // Nobody pays for it here who would say so.
        asked("what").await;
        let key = "tta:asked:1:[\"what\"]";
        let written = server.say(&["GET", key]).lines().nth(1).expect("a value").to_owned();
        assert!(written.contains("\"cost\":2500000000000"), "{written}");
        run(test, port, "second");
        let own = "\"cost\":2500000000000,";
        for other in
            ["", "\"cost\":null,", "\"cost\":-1,", "\"cost\":\"x\",", "\"cost\":18446744073709551615,"]
        {
            server.say(&["SET", key, &written.replace(own, other)]);
            assert_eq!(saved().await, "$0.00", "{other}");
        }
        let stats = tta::cache("asked").expect("it was called").stats();
        assert_eq!((stats.hits, stats.misses, stats.errors), (5, 1, 0), "the value is of use all the same");
        #[cfg(feature = "telemetry")]
        for (remote, counted) in [("1500000000000", 1.0), ("2500000000001", 0.0), ("null", 2.5)] {
            let capture = tta::testing::capture();
            server.say(&["SET", key, &written.replace(own, &format!("{own}\"remote\":{remote},"))]);
            assert_eq!(saved().await, "$2.50");
            let labels = [("primitive_name", "asked")];
            assert_eq!(capture.metric("tta_cache_savings_dollars_total", &labels), Some(counted), "{remote}");
        }
    }
}

#[tokio::test]
async fn a_redis_that_is_not_there_is_done_without_until_it_is() {
    let Some(port) = alone("a_redis_that_is_not_there_is_done_without_until_it_is") else { return };
    for calls in 1..=20 {
        let begun = Instant::now();
        assert!(is_right(&items("ann", 1).await, "ann", 1));
        assert!(begun.elapsed() < Duration::from_millis(500));
        assert_eq!(CALLS.load(Relaxed), calls);
    }
    assert!(items::cache().stats().errors >= 20);
    let error = items::cache().clear().await.map_err(|error| error.to_string());
    assert_eq!(error, Err("the cache of `items:of` is in a Redis, which has not answered".to_owned()));
    let _server = Redis::start(port, SECRET);
    back().await;
    assert!(is_right(&items("ann", 1).await, "ann", 1));
    assert!(is_right(&items("ann", 1).await, "ann", 1));
    assert_eq!(CALLS.load(Relaxed), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_dies_under_load_is_no_error_of_any_call() {
    let Some(port) = alone("a_redis_that_dies_under_load_is_no_error_of_any_call") else { return };
    let server = Redis::start(port, SECRET);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let callers: Vec<_> = (0..8_u64)
        .map(|caller| {
            let stopped = stopped.clone();
            tokio::spawn(async move {
                let mut calls = 0_u64;
                while !*stopped.borrow() {
                    let limit = (caller + calls) % 5;
                    assert!(is_right(&items("ann", limit).await, "ann", limit));
                    calls += 1;
                }
                calls
            })
        })
        .collect();
    sleep(Duration::from_millis(300)).await;
    drop(server);
    sleep(Duration::from_millis(700)).await;
    assert!(items::cache().stats().errors > 0);
    let _server = Redis::start(port, SECRET);
    back().await;
    let hits = items::cache().stats().hits;
    sleep(Duration::from_millis(300)).await;
    assert!(items::cache().stats().hits > hits);
    stop.send(true).expect("they listen");
    for caller in callers {
        assert!(caller.await.expect("no call fails") > 50);
    }
}

#[tokio::test]
async fn a_redis_that_hangs_is_waited_for_once_and_then_left_alone() {
    let Some(port) = alone("a_redis_that_hangs_is_waited_for_once_and_then_left_alone") else { return };
    let server = Redis::start(port, SECRET);
    assert!(is_right(&items("ann", 1).await, "ann", 1));
    server.signal("-STOP");
    let begun = Instant::now();
    assert!(is_right(&items("ann", 1).await, "ann", 1));
    let waited = begun.elapsed();
    assert!((250..450).contains(&waited.as_millis()), "{waited:?}");
    let begun = Instant::now();
    assert!(is_right(&items("ann", 1).await, "ann", 1));
    assert!(begun.elapsed() < Duration::from_millis(100));
    server.signal("-CONT");
    back().await;
    let calls = CALLS.load(Relaxed);
    assert!(is_right(&items("ann", 1).await, "ann", 1));
    assert_eq!(CALLS.load(Relaxed), calls, "what was there is there");
}

#[cfg(feature = "telemetry")]
#[tokio::test]
async fn the_health_of_a_redis_is_seen() {
    let Some(port) = alone("the_health_of_a_redis_is_seen") else { return };
    let seen = tta::testing::capture();
    let redis = |name: &str| seen.metric(name, &[("backend", "redis")]).expect("there is one");
    seen.scope(async {
        assert!(is_right(&items("ann", 1).await, "ann", 1));
        assert_eq!((redis("tta_cache_backend_health_up"), redis("tta_cache_connections_active")), (0.0, 0.0));
        let _server = Redis::start(port, SECRET);
        back().await;
        assert!(is_right(&items("ann", 1).await, "ann", 1));
        assert_eq!((redis("tta_cache_backend_health_up"), redis("tta_cache_connections_active")), (1.0, 1.0));
        let begun = Instant::now();
        while redis("tta_cache_memory_bytes") == 0.0 {
            assert!(begun.elapsed() < Duration::from_secs(10), "nobody asks");
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(redis("tta_cache_memory_max_bytes"), 64.0 * 1024.0 * 1024.0);
    })
    .await;
    let operations = |operation| {
        seen.metric("tta_cache_operations_total", &[("primitive_name", "items:of"), ("operation", operation)])
    };
    assert_eq!((operations("error"), operations("miss")), (Some(2.0), Some(2.0)));
    assert_eq!(
        seen.spans().first().and_then(|span| span.attribute("tta.cache.backend")).as_deref(),
        Some("redis")
    );
}

#[tta::primitive(cache(ttl = "100ms", stale = "1h", backend = "redis", key = ()))]
async fn aging() -> u32 {
    CALLS.fetch_add(1, Relaxed)
}

#[tokio::test]
async fn what_is_stale_in_a_redis_is_returned_and_fetched_anew() {
    let Some(port) = alone("what_is_stale_in_a_redis_is_returned_and_fetched_anew") else { return };
    let _server = Redis::start(port, SECRET);
    let unknown = aging::cache().invalidate(&()).await.map_err(|error| error.to_string());
    assert_eq!(
        unknown,
        Err("`aging` has not been called here, and what its keys are is not known before".to_owned())
    );
    assert_eq!(aging().await, 0);
    sleep(Duration::from_millis(150)).await;
    assert_eq!(aging().await, 0);
    let begun = Instant::now();
    while aging().await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "nobody fetches it");
        tokio::task::yield_now().await;
    }
    assert!(aging::cache().stats().stale > 0);
    aging::cache().invalidate(&()).await.expect("it is there");
}

#[tta::primitive(cache(ttl = "10m", negative_ttl = "10m", backend = "redis"))]
async fn failing(number: u32) -> Result<u32, String> {
    CALLS.fetch_add(1, Relaxed);
    Err(format!("no {number}"))
}

#[tokio::test]
async fn errors_are_kept_in_the_process_that_saw_them() {
    let Some(port) = alone("errors_are_kept_in_the_process_that_saw_them") else { return };
    let server = Redis::start(port, SECRET);
    for _ in 0..2 {
        assert_eq!(failing(7).await, Err("no 7".to_owned()));
    }
    assert_eq!((CALLS.load(Relaxed), failing::cache().stats().negative), (1, 1));
    assert_eq!(server.keys(), [""; 0]);
}

#[tta::primitive(cache(ttl = "10m", backend = "redis"))]
async fn plain(number: u32) -> u32 {
    number + 1
}

#[test]
fn without_a_runtime_calls_are_made() {
    let Some(_) = alone("without_a_runtime_calls_are_made") else { return };
    let task = &mut Context::from_waker(Waker::noop());
    assert_eq!(std::pin::pin!(plain(1)).poll(task), Poll::Ready(2));
    let without_network = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    assert_eq!(without_network.block_on(plain(2)), 3);
}
