//! Budgets of users and sessions.

use super::*;

fn users(kept: usize) -> Budgets {
    Budgets::new().per_user(Limits::new().money(dollars("$1"))).keep(kept)
}

fn of_user(budgets: &Budgets, user: &str) -> Chain {
    budgets.chain(Some(user), None).expect("users have budgets")
}

#[test]
fn the_session_lies_in_the_user_s_and_that_in_the_process_s() {
    let limits = Limits::new().calls(10);
    let budgets = Budgets::new().process(limits).per_user(limits).per_session(limits);
    let names = |user, session| budgets.chain(user, session).map(|chain| format!("{chain:?}"));
    assert_eq!(names(Some("u"), Some("s")).as_deref(), Some(r#"Chain(["process", "user", "session"])"#));
    assert_eq!(names(None, Some("s")).as_deref(), Some(r#"Chain(["process", "session"])"#));
    assert_eq!(names(None, None).as_deref(), Some(r#"Chain(["process"])"#));
    assert!(Budgets::new().per_user(limits).chain(None, Some("s")).is_none());
    assert!(Budgets::new().chain(Some("u"), Some("s")).is_none());
}

#[test]
fn each_user_has_one_budget_in_all_sessions() {
    let budgets =
        users(10).process(Limits::new().money(dollars("$1.50"))).per_session(Limits::new().calls(2));
    let chain = |user, session| budgets.chain(Some(user), Some(session)).expect("there are budgets");
    spend(&chain("a", "1"), "$0.60").expect("it fits");
    assert!(spend(&chain("a", "2"), "$0.60").is_err(), "the user's");
    spend(&chain("b", "3"), "$0.60").expect("it is another user");
    assert!(spend(&chain("c", "4"), "$0.60").is_err(), "the process's");
    spend(&chain("a", "1"), "$0.01").expect("it fits");
    assert!(spend(&chain("a", "1"), "$0.01").is_err(), "the session's");
    let process = budgets.of_process().expect("there is one");
    assert_eq!(money_of(process).0, dollars("$1.21"));
}

#[test]
fn a_refusal_does_not_say_whose_budget_it_is() {
    let budgets = users(10);
    let refusal = spend(&of_user(&budgets, "jane@example.com"), "$2").expect_err("too much");
    assert!(!format!("{refusal} {refusal:?}").contains("jane"));
}

#[test]
fn of_more_than_are_kept_the_one_not_used_for_longest_is_forgotten_and_counted() {
    let budgets = users(2);
    for user in ["a", "b", "a", "c"] {
        spend(&of_user(&budgets, user), "$0.40").expect("it fits");
    }
    assert_eq!(budgets.forgotten(), 1);
    let spent = |user| of_user(&budgets, user).budgets().next().map(|budget| money_of(budget).0);
    assert_eq!(spent("a"), Some(dollars("$0.80")));
    assert_eq!(spent("c"), Some(dollars("$0.40")));
    assert_eq!(spent("b"), Some(Money::ZERO), "it begins again");
    assert_eq!(budgets.forgotten(), 2, "for which `a` had to go");
}

#[test]
fn one_with_nothing_spent_is_not_counted_as_forgotten() {
    let budgets = users(1);
    for user in 0..100 {
        drop(of_user(&budgets, &user.to_string()));
    }
    assert_eq!(budgets.forgotten(), 0);
}

#[test]
fn one_with_a_call_in_flight_is_not_forgotten() {
    let budgets = users(1);
    let in_flight = of_user(&budgets, "a").reserve(&call("$0.90")).expect("it fits");
    for user in 0..100 {
        spend(&of_user(&budgets, &user.to_string()), "$0.10").expect("it fits");
    }
    assert!(of_user(&budgets, "a").reserve(&call("$0.20")).is_err(), "what is reserved is remembered");
    in_flight.settle(cost("$0.90"), |_| {});
    assert!(of_user(&budgets, "a").reserve(&call("$0.20")).is_err(), "what was spent is, too");
    spend(&of_user(&budgets, "b"), "$0.10").expect("it fits");
    of_user(&budgets, "a").reserve(&call("$0.20")).expect("now it is forgotten").refund();
}

#[test]
fn more_than_are_kept_are_so_only_while_they_are_in_use() {
    let budgets = users(4);
    let in_use: Vec<_> = (0..100).map(|user| of_user(&budgets, &user.to_string())).collect();
    for chain in &in_use {
        spend(chain, "$0.10").expect("it fits");
    }
    drop(in_use);
    for user in 0..100 {
        drop(of_user(&budgets, &format!("later {user}")));
    }
    assert_eq!(budgets.forgotten(), 100, "all but four are gone, and those are of later users");
}
