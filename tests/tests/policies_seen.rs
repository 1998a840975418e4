//! What is seen of policies: attempts and their waits in the trace, and series that exist before the first call.
#![allow(clippy::unused_async, reason = "a policy asks for an async function, whatever is in it")]

use std::future::pending;
use std::time::Duration;

use tta::testing::{Capture, capture};
use tta::{PolicyError, testing};

#[derive(Clone, Debug, PartialEq, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Busy,
    #[error_kind(transparent)]
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

#[tta::workflow]
async fn order(fails: u32) -> Result<u32, Failure> {
    charge(fails).await
}

#[tta::primitive(
    kind = "http",
    fallback = other_bank,
    bulkhead(max = 4),
    breaker(failures = 1, min_calls = 5),
    retry(max = 2, backoff = "10ms..10ms", jitter = "none"),
    timeout("1s", grace = "1s")
)]
async fn charge(fails: u32) -> Result<u32, Failure> {
    let attempts = fails_so_far().await;
    match attempts {
        _ if fails > 90 => pending().await,
        number if number < fails => Err(Failure::Busy),
        number => Ok(number),
    }
}

#[tta::primitive]
async fn other_bank(fails: u32) -> Result<u32, Failure> {
    if fails > 10 { Err(Failure::Busy) } else { Ok(0) }
}

/// How many attempts of this call's have been made before.
#[tta::primitive]
async fn fails_so_far() -> u32 {
    ATTEMPTS.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// Of the one test that makes them.
static ATTEMPTS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

fn metric(capture: &Capture, name: &str, label: &str, value: &str) -> Option<f64> {
    capture.metric(name, &[("primitive_name", "charge"), (label, value)])
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_a_span_below_the_call_with_its_number_and_its_wait() {
    let seen = capture();
    assert_eq!(seen.scope(order(2)).await, Ok(2));
    testing::assert_trace_matches(
        &seen,
        &[testing::Expected::new(
            "invoke_workflow order",
            vec![testing::Expected::new(
                "charge",
                vec![
                    testing::Expected::new(
                        "charge attempt",
                        vec![testing::Expected::new("fails_so_far", vec![])],
                    ),
                    testing::Expected::new(
                        "charge attempt",
                        vec![testing::Expected::new("fails_so_far", vec![])],
                    ),
                    testing::Expected::new(
                        "charge attempt",
                        vec![testing::Expected::new("fails_so_far", vec![])],
                    ),
                ],
            )],
        )],
    );
    let attempts: Vec<_> = seen.spans().into_iter().filter(|span| span.name == "charge attempt").collect();
    let of = |key: &str| -> Vec<_> { attempts.iter().map(|span| span.attribute(key)).collect() };
    let text = |values: [&str; 3]| values.map(|value| Some(value.to_owned())).to_vec();
    assert_eq!(of("tta.attempt.number"), text(["1", "2", "3"]));
    assert_eq!(of("tta.status"), text(["error", "error", "success"]));
    assert_eq!(of("error.type"), [Some("busy".to_owned()), Some("busy".to_owned()), None]);
    assert_eq!(of("tta.attempt.wait_ms"), text(["0", "10", "10"]));
    assert_eq!(seen.span("charge").attribute("tta.retry.attempts"), Some("3".to_owned()));
    assert_eq!(seen.span("invoke_workflow order").attribute("tta.degraded"), None);

    assert_eq!(metric(&seen, "tta_retry_attempts_total", "outcome", "error"), Some(2.0));
    assert_eq!(metric(&seen, "tta_retry_attempts_total", "outcome", "success"), Some(1.0));
    assert_eq!(metric(&seen, "tta_retry_attempts_total", "outcome", "exhausted"), Some(0.0));
    assert_eq!(metric(&seen, "tta_retries_total", "primitive_name", "charge"), Some(2.0));
}

#[tokio::test(start_paused = true)]
async fn series_of_every_policy_exist_at_zero_and_one_circuit_is_closed() {
    #[tta::primitive(timeout("1s"), bulkhead(max = 1), breaker(failures = 1), retry(max = 1), fallback = there)]
    async fn here() -> Result<u32, Failure> {
        Ok(1)
    }
    async fn there() -> Result<u32, Failure> {
        Ok(2)
    }
    let seen = capture();
    assert_eq!(seen.scope(here()).await, Ok(1));
    let metric = |name: &str, labels: &[(&str, &str)]| {
        let labels: Vec<_> = [("primitive_name", "here")].into_iter().chain(labels.iter().copied()).collect();
        seen.metric(name, &labels)
    };
    for phase in ["deadline", "grace"] {
        assert_eq!(metric("tta_timeouts_total", &[("phase", phase)]), Some(0.0), "{phase}");
    }
    assert_eq!(metric("tta_fallbacks_total", &[("member", "there")]), Some(0.0));
    for reason in ["full", "wait"] {
        assert_eq!(metric("tta_bulkhead_rejections_total", &[("reason", reason)]), Some(0.0), "{reason}");
    }
    for (state, circuits) in [("closed", 1.0), ("open", 0.0), ("half_open", 0.0)] {
        assert_eq!(metric("tta_circuit_breaker_state", &[("state", state)]), Some(circuits), "{state}");
    }
    assert_eq!(
        metric("tta_circuit_breaker_transitions_total", &[("from", "closed"), ("to", "open")]),
        Some(0.0)
    );
    assert_eq!(metric("tta_circuit_breaker_rejections_total", &[]), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_is_named_on_the_step_and_degrades_its_workflow() {
    #[tta::workflow]
    async fn degraded() -> Result<u32, Failure> {
        broken().await
    }
    #[tta::primitive(fallback(other_bank_of, last))]
    async fn broken() -> Result<u32, Failure> {
        Err(Failure::Busy)
    }
    async fn other_bank_of() -> Result<u32, Failure> {
        Err(Failure::Busy)
    }
    async fn last() -> Result<u32, Failure> {
        Ok(5)
    }
    let seen = capture();
    assert_eq!(seen.scope(degraded()).await, Ok(5));
    assert_eq!(seen.span("broken").attribute("tta.fallback.member").as_deref(), Some("last"));
    assert_eq!(seen.span("broken").attribute("tta.status").as_deref(), Some("success"));
    assert_eq!(seen.span("invoke_workflow degraded").attribute("tta.degraded").as_deref(), Some("true"));
    for member in ["other_bank_of", "last"] {
        let labels = [("primitive_name", "broken"), ("member", member)];
        assert_eq!(seen.metric("tta_fallbacks_total", &labels), Some(1.0), "{member}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_error_of_its_own_kind() {
    #[tta::primitive(timeout("1s", grace = "1s"))]
    async fn hangs() -> Result<u32, Failure> {
        pending().await
    }
    let seen = capture();
    assert!(seen.scope(hangs()).await.is_err());
    assert_eq!(seen.span("hangs").attribute("error.type").as_deref(), Some("timeout"));
    assert_eq!(seen.span("hangs").attribute("tta.timeout_seconds").as_deref(), Some("1"));
    for phase in ["deadline", "grace"] {
        let labels = [("primitive_name", "hangs"), ("phase", phase)];
        assert_eq!(seen.metric("tta_timeouts_total", &labels), Some(1.0), "{phase}");
    }
    let labels = |kind, category| [("primitive_name", "hangs"), ("error_type", kind), ("category", category)];
    assert_eq!(seen.metric("tta_primitive_errors_total", &labels("timeout", "transient")), Some(1.0));
    assert_eq!(seen.metric("tta_primitive_errors_total", &labels("breaker_open", "transient")), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_tells_of_each_change_and_each_refusal() {
    #[tta::primitive(breaker(failures = 1, window = 1, min_calls = 1, open = "10s", probes = 1))]
    async fn unsteady(fails: bool) -> Result<u32, Failure> {
        if fails { Err(Failure::Busy) } else { Ok(1) }
    }
    let seen = capture();
    seen.scope(async {
        assert!(unsteady(true).await.is_err());
        assert!(unsteady(false).await.is_err());
        let state = |state| {
            seen.metric("tta_circuit_breaker_state", &[("primitive_name", "unsteady"), ("state", state)])
        };
        assert_eq!([state("closed"), state("open"), state("half_open")], [Some(0.0), Some(1.0), Some(0.0)]);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(unsteady(false).await.is_ok());
        assert_eq!([state("closed"), state("open"), state("half_open")], [Some(1.0), Some(0.0), Some(0.0)]);
    })
    .await;
    for (from, to) in [("closed", "open"), ("open", "half_open"), ("half_open", "closed")] {
        let labels = [("primitive_name", "unsteady"), ("from", from), ("to", to)];
        assert_eq!(seen.metric("tta_circuit_breaker_transitions_total", &labels), Some(1.0), "{from} {to}");
    }
    let labels = [("primitive_name", "unsteady")];
    assert_eq!(seen.metric("tta_circuit_breaker_rejections_total", &labels), Some(1.0));
    let spans = seen.spans();
    let kinds: Vec<_> = spans.iter().map(|span| span.attribute("error.type")).collect();
    assert_eq!(kinds, [Some("busy".to_owned()), Some("breaker_open".to_owned()), None]);
    assert_eq!(spans[0].event_names(), ["breaker"]);
    assert_eq!(spans[1].attribute("tta.breaker.state").as_deref(), Some("open"));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_dropped_and_one_that_panics_end_as_that() {
    #[tta::primitive(retry(max = 1))]
    async fn attempted(how: &str) -> Result<u32, Failure> {
        if how == "panic" { panic!("it does") } else { pending().await }
    }
    let seen = capture();
    seen.scope(async {
        assert!(tokio::time::timeout(Duration::from_secs(1), attempted("hang")).await.is_err());
    })
    .await;
    assert_eq!(seen.span("attempted attempt").attribute("tta.status").as_deref(), Some("cancelled"));
    let seen = capture();
    assert!(tokio::spawn(attempted("panic")).await.is_err());
    let attempt = seen.span("attempted attempt");
    assert_eq!(attempt.attribute("tta.status").as_deref(), Some("error"));
    assert_eq!(attempt.attribute("error.type").as_deref(), Some("panic"));
}

#[tokio::test(start_paused = true)]
async fn each_call_of_a_hedge_is_a_span_and_the_loser_is_cancelled() {
    #[tta::primitive(hedge(after = "1s", share = 1))]
    async fn hedged(first: std::sync::Arc<std::sync::atomic::AtomicBool>) -> Result<u32, Failure> {
        if first.swap(false, std::sync::atomic::Ordering::Relaxed) { pending().await } else { Ok(2) }
    }
    let seen = capture();
    let first = std::sync::Arc::new(true.into());
    assert_eq!(seen.scope(hedged(first)).await, Ok(2));
    let mut calls: Vec<_> = seen.spans().into_iter().filter(|span| span.name == "hedged hedge").collect();
    calls.sort_by_key(|span| span.attribute("tta.attempt.number"));
    let of = |key: &str| -> Vec<_> { calls.iter().filter_map(|span| span.attribute(key)).collect() };
    assert_eq!(of("tta.attempt.number"), ["1", "2"]);
    assert_eq!(of("tta.attempt.wait_ms"), ["0", "1000"]);
    assert_eq!(of("tta.status"), ["cancelled", "success"]);
    for (outcome, number) in [("first", 0.0), ("second", 1.0), ("both_failed", 0.0)] {
        let labels = [("primitive_name", "hedged"), ("outcome", outcome)];
        assert_eq!(seen.metric("tta_hedges_total", &labels), Some(number), "{outcome}");
    }
}

/// Polls a call so many times, with time going on in between, and drops it; whether it had ended by then.
async fn dropped_after<F: Future>(polls: u32, call: F) -> bool {
    let mut call = Box::pin(call);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|task| std::task::Poll::Ready(call.as_mut().poll(task))).await;
        if polled.is_ready() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn wherever_a_call_is_dropped_everything_is_given_back_and_counted_once() {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static CALLS: AtomicU32 = AtomicU32::new(0);

    /// Waits for room, is a probe, fails once, is hedged, and times out once.
    #[tta::primitive(
        fallback = instead,
        bulkhead(max = 1, queue = 1),
        breaker(failures = 1, window = 1, min_calls = 1, open = "1ms", probes = 1, when = |_| true),
        retry(max = 2, backoff = "5ms..5ms", jitter = "none", when = |_| true),
        hedge(after = "20ms", share = 1),
        timeout("40ms", grace = "10ms")
    )]
    async fn guarded() -> Result<u32, Failure> {
        tokio::task::yield_now().await;
        match CALLS.fetch_add(1, Relaxed) % 5 {
            0 => Err(Failure::Busy),
            1 | 2 => pending().await,
            _ => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Err(Failure::Busy)
            }
        }
    }
    async fn instead() -> Result<u32, Failure> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(0)
    }

    // A level that held the rest of the chain twice would double it, six times over.
    assert!(std::mem::size_of_val(&guarded()) < 5 * 1024, "{} bytes", std::mem::size_of_val(&guarded()));
    let seen = capture();
    seen.scope(async {
        let (mut polls, mut longest) = (0, 0);
        loop {
            CALLS.store(0, Relaxed);
            // Another one has the only permit at first.
            let (first, second) =
                tokio::join!(dropped_after(polls, guarded()), dropped_after(polls + 3, guarded()));
            let active = seen.metric("tta_primitives_active", &[("primitive_name", "guarded")]);
            assert_eq!(active, Some(0.0), "after {polls} polls");
            // The permit, the place in the queue and the probe are there again.
            tokio::time::sleep(Duration::from_millis(2)).await;
            let next = tokio::time::timeout(Duration::from_secs(1), guarded()).await;
            assert_eq!(next.expect("it does not hang"), Ok(0), "after {polls} polls");
            let refused = [("primitive_name", "guarded")];
            assert_eq!(
                seen.metric("tta_bulkhead_rejections_total", &[refused[0], ("reason", "full")]),
                Some(0.0),
                "after {polls} polls"
            );
            if first && second {
                break;
            }
            longest = longest.max(polls);
            polls += 1;
        }
        assert!(longest > 20, "it was dropped at {longest} places");
        let count = |status| {
            let labels = [("primitive_name", "guarded"), ("primitive_type", "lambda"), ("status", status)];
            seen.metric("tta_primitive_executions_total", &labels).unwrap_or_default()
        };
        let all = count("success") + count("error") + count("cancelled");
        // Of each round the first and the one at the end; a call that is never polled has not run.
        assert_eq!(
            all,
            f64::from(3 * (polls + 1) - 1),
            "{} {} {}",
            count("success"),
            count("error"),
            count("cancelled")
        );
    })
    .await;
}

#[test]
fn the_catalog_has_what_policies_count() {
    let catalog = tta::catalog();
    let family = |name: &str| {
        let family = catalog.families().iter().find(|family| family.name() == name);
        family.copied().unwrap_or_else(|| panic!("{name} is in the catalog"))
    };
    let values = |name: &str, label: &str| {
        let labels = catalog.labels(family(name));
        labels.iter().find(|own| own.name() == label).expect("it has the label").values().to_vec()
    };
    assert!(values("tta_fallbacks_total", "member").contains(&"other_bank"));
    assert_eq!(values("tta_timeouts_total", "phase"), ["deadline", "grace"]);
    assert!(values("tta_retry_attempts_total", "primitive_name").contains(&"charge"));
    assert!(!values("tta_retry_attempts_total", "primitive_name").contains(&"other_bank"));
    assert_eq!(family("tta_circuit_breaker_state").producer().as_str(), "policies");
    let site = catalog.sites().iter().find(|site| site.name() == "charge").expect("it is linked");
    let families: Vec<_> = site.families().iter().map(|family| family.name()).collect();
    assert!(families.contains(&"tta_bulkhead_wait_seconds"), "{families:?}");
}
