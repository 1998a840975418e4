//! How a reservation ends: once.

use super::*;

fn run() -> (Arc<Budget>, Chain) {
    let run = budget("run", Limits::new().money(dollars("$1")).calls(10));
    (run.clone(), Chain::new(run))
}

fn calls_of(budget: &Budget) -> (u64, u64) {
    budget.calls().map(|calls| (calls.spent(), calls.reserved())).expect("a limit of calls")
}

#[test]
fn what_is_settled_takes_the_place_of_what_was_reserved() {
    let (run, chain) = run();
    let reservation = chain.reserve(&call("$0.30")).expect("it fits");
    assert_eq!((money_of(&run), calls_of(&run)), ((Money::ZERO, dollars("$0.30")), (0, 1)));
    reservation.settle(cost("$0.12"), |_| {});
    assert_eq!((money_of(&run), calls_of(&run)), ((dollars("$0.12"), Money::ZERO), (1, 0)));
}

#[test]
fn more_than_was_reserved_counts_in_full() {
    let (run, chain) = run();
    chain.reserve(&call("$0.90")).expect("it fits").settle(cost("$1.50"), |_| {});
    let counts = run.money().expect("a limit");
    assert_eq!((counts.spent(), counts.remaining()), (dollars("$1.50"), Money::ZERO));
}

#[test]
fn what_is_dropped_before_it_was_sent_is_given_back() {
    let (run, chain) = run();
    drop(chain.reserve(&call("$0.30")).expect("it fits"));
    chain.reserve(&call("$0.30")).expect("it fits").refund();
    assert_eq!((money_of(&run), calls_of(&run)), ((Money::ZERO, Money::ZERO), (0, 0)));
}

#[test]
fn what_is_dropped_after_it_was_sent_counts_as_it_was_reserved() {
    let (run, chain) = run();
    let mut cancelled = chain.reserve(&call("$0.30")).expect("it fits");
    cancelled.sent();
    drop(cancelled);
    assert_eq!((money_of(&run), calls_of(&run)), ((dollars("$0.30"), Money::ZERO), (1, 0)));
    let mut abandoned = chain.reserve(&call("$0.20")).expect("it fits");
    abandoned.sent();
    abandoned.waste(|_| {});
    assert_eq!((money_of(&run), calls_of(&run)), ((dollars("$0.50"), Money::ZERO), (2, 0)));
}

#[test]
fn what_is_known_to_have_cost_nothing_is_given_back_even_after_it_was_sent() {
    let (run, chain) = run();
    let mut rate_limited = chain.reserve(&call("$0.30")).expect("it fits");
    rate_limited.sent();
    rate_limited.refund();
    assert_eq!((money_of(&run), calls_of(&run)), ((Money::ZERO, Money::ZERO), (0, 0)));
}

#[test]
fn a_panic_of_who_is_told_changes_no_count() {
    let (run, chain) = run();
    let mut reservation = chain.reserve(&call("$0.90")).expect("it fits");
    reservation.sent();
    let settled =
        std::panic::AssertUnwindSafe(|| reservation.settle(cost("$0.85"), |_| panic!("of the test")));
    assert!(std::panic::catch_unwind(settled).is_err());
    assert_eq!((money_of(&run), calls_of(&run)), ((dollars("$0.85"), Money::ZERO), (1, 0)));
}

#[test]
fn four_fifths_are_told_once_for_each_budget_and_quantity() {
    let outer = budget("process", Limits::new().money(dollars("$2")));
    let chain = Chain::new(outer).with(budget("run", Limits::new().money(dollars("$1")).calls(4)));
    assert_eq!(spend(&chain, "$0.79"), Ok(vec![]));
    let reserved_is_not_spent = chain.reserve(&call("$0.01")).expect("it fits");
    let mut passed: Vec<_> = spend(&chain, "$0.01").expect("it fits").iter().map(Passed::to_string).collect();
    assert_eq!(passed, ["$0.80 of budget `run` of $1.00 are spent"]);
    passed = spend(&chain, "$0.01").expect("it fits").iter().map(Passed::to_string).collect();
    assert!(
        passed.is_empty(),
        "three of four calls are not four fifths, and the money has been told: {passed:?}"
    );
    drop(reserved_is_not_spent);
    passed = spend(&chain, "$0.01").expect("it fits").iter().map(Passed::to_string).collect();
    assert_eq!(passed, ["4 calls of budget `run` of 4 calls are spent"]);
}

#[test]
fn what_nobody_listened_to_is_told_to_who_listens_next() {
    let (_, chain) = run();
    let mut cancelled = chain.reserve(&call("$0.90")).expect("it fits");
    cancelled.sent();
    drop(cancelled);
    let passed = spend(&chain, "$0.01").expect("it fits");
    assert_eq!(passed.len(), 1);
    assert_eq!((passed[0].budget, passed[0].unit), ("run", BudgetUnit::PicoDollars));
    assert_eq!(spend(&chain, "$0.01"), Ok(vec![]));
}
