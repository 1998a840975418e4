//! Budgets that begin anew.

use super::*;

const HOUR: Duration = Duration::from_hours(1);

fn hourly() -> (Arc<Budget>, Chain) {
    let hourly = budget("process", Limits::new().money(dollars("$1")).per_hour());
    (hourly.clone(), Chain::new(hourly))
}

#[test]
fn what_was_spent_in_a_window_does_not_count_in_the_next() {
    let (hourly, chain) = hourly();
    spend(&chain, "$1").expect("it fits");
    let_pass(Duration::from_nanos(HOUR.as_nanos() as u64 - 1));
    assert!(spend(&chain, "$0.01").is_err());
    let_pass(Duration::from_nanos(1));
    assert_eq!(money_of(&hourly), (Money::ZERO, Money::ZERO), "also where nobody has called yet");
    spend(&chain, "$1").expect("a new window");
    assert!(spend(&chain, "$0.01").is_err());
}

#[test]
fn windows_begin_by_the_clock_and_not_by_the_calls() {
    let (hourly, chain) = hourly();
    let_pass(5 * HOUR + HOUR / 2);
    spend(&chain, "$0.70").expect("it fits");
    let_pass(HOUR / 2);
    assert_eq!(money_of(&hourly).0, Money::ZERO, "the sixth hour is over");
}

#[test]
fn a_call_counts_in_the_window_in_which_it_is_settled_and_is_reserved_until_then() {
    let (hourly, chain) = hourly();
    spend(&chain, "$0.40").expect("it fits");
    let over_the_hour = chain.reserve(&call("$0.60")).expect("it fits");
    let_pass(HOUR);
    assert_eq!(money_of(&hourly), (Money::ZERO, dollars("$0.60")));
    assert!(chain.reserve(&call("$0.50")).is_err(), "$0.60 may still be spent in this hour");
    over_the_hour.settle(cost("$0.55"), |_| {});
    assert_eq!(money_of(&hourly), (dollars("$0.55"), Money::ZERO));
    let over_the_next = chain.reserve(&call("$0.45")).expect("it fits");
    let_pass(HOUR);
    over_the_next.refund();
    assert_eq!(money_of(&hourly), (Money::ZERO, Money::ZERO));
}

#[test]
fn a_call_that_is_settled_as_the_first_of_a_window_counts_in_that_one() {
    let (hourly, chain) = hourly();
    let over_the_hour = chain.reserve(&call("$0.60")).expect("it fits");
    let_pass(HOUR);
    over_the_hour.settle(cost("$0.60"), |_| {});
    assert_eq!(money_of(&hourly), (dollars("$0.60"), Money::ZERO));
    assert!(chain.reserve(&call("$0.50")).is_err());
}

#[test]
fn the_threshold_is_told_once_more_in_each_window() {
    let (_, chain) = hourly();
    for _ in 0..3 {
        assert_eq!(spend(&chain, "$0.9").map(|told| told.len()), Ok(1));
        assert_eq!(spend(&chain, "$0.1").map(|told| told.len()), Ok(0));
        let_pass(HOUR);
    }
}

#[test]
fn an_age_is_not_begun_anew() {
    let limits = Limits::new().calls(1).time(2 * HOUR).per_hour();
    let chain = Chain::new(budget("session", limits));
    spend(&chain, "$0").expect("the first hour");
    let_pass(HOUR);
    spend(&chain, "$0").expect("the second hour");
    let_pass(HOUR);
    assert!(spend(&chain, "$0").is_err());
}

#[test]
fn a_window_without_length_is_one_that_is_always_new() {
    let chain = Chain::new(budget("process", Limits::new().calls(1).per(Duration::ZERO)));
    for _ in 0..3 {
        spend(&chain, "$0").expect("a new window");
        let_pass(Duration::from_nanos(1));
    }
}
