//! The example with every policy shows each of them at work, in its traces and in its metrics.

use tta_tests::{Program, example};

/// What the policies have done while this was wrong: lines of traces, and of metrics.
fn suffer(faults: &[&str]) -> String {
    let variables = [("OTEL_EXPORTER_PROMETHEUS_PORT", "0")];
    let (status, stdout, stderr) = Program::start(&example("resilient"), faults, &variables).finish();
    let said = stderr.join("\n");
    assert!(status.success() && stdout.is_empty(), "{said}");
    said
}

/// A counter of one of its two functions.
fn counted(said: &str, family: &str, labels: &str) -> u32 {
    let begins = format!("  {family}{{{labels}}} ");
    let line = said.lines().find_map(|line| line.strip_prefix(begins.as_str()));
    line.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no {begins}in {said}"))
}

#[test]
fn what_is_wrong_is_named_and_what_each_policy_does_is_seen() {
    let all = suffer(&[]);
    assert_eq!(all.matches("\n== ").count(), 5, "{all}");
    assert_eq!(all.matches("not ordered").count(), 0, "{all}");

    // The second price comes from the cache; and once the warehouse is broken, from before it was.
    let operation =
        |operation: &str| format!("primitive_name=\"price\",backend=\"memory\",operation=\"{operation}\"");
    assert!(counted(&all, "tta_cache_operations_total", &operation("hit")) >= 1);
    assert!(all.contains("tta.cache.outcome=hit"), "{all}");
    // Two of three are refused: the third attempt is the one, after the wait that was asked for.
    assert!(counted(&all, "tta_retries_total", "primitive_name=\"price\"") >= 2);
    assert!(all.contains("tta.retry.attempts=3"), "{all}");
    assert!(all.contains("tta.attempt.wait_ms=40"), "{all}");
    // Two seconds are longer than either waits.
    assert!(counted(&all, "tta_hedges_total", "primitive_name=\"price\",outcome=\"second\"") >= 1);
    assert!(counted(&all, "tta_timeouts_total", "primitive_name=\"reserve\",phase=\"deadline\"") >= 1);
    // Two of six have no room.
    assert!(
        counted(&all, "tta_bulkhead_rejections_total", "primitive_name=\"reserve\",reason=\"full\"") >= 2
    );
    assert!(counted(&all, "tta_fallbacks_total", "primitive_name=\"reserve\",member=\"reserve_later\"") >= 4);
    // It opens, is tried, and closes.
    for (from, to) in [("closed", "open"), ("open", "half_open"), ("half_open", "closed")] {
        let labels = format!("primitive_name=\"reserve\",from=\"{from}\",to=\"{to}\"");
        assert!(counted(&all, "tta_circuit_breaker_transitions_total", &labels) >= 1);
    }
    assert!(counted(&all, "tta_circuit_breaker_rejections_total", "primitive_name=\"reserve\"") >= 1);

    let slow = suffer(&["slow"]);
    assert_eq!(slow.matches("\n== ").count(), 1, "{slow}");
    assert!(!slow.contains("tta_bulkhead_rejections_total"), "{slow}");
}
