//! What is refused, and in which words.

use super::*;

#[test]
fn a_call_that_does_not_fit_is_refused_with_what_there_was() {
    let ticket = Chain::new(budget("support_ticket", Limits::new().money(dollars("$0.50"))));
    spend(&ticket, "$0.20").expect("it fits");
    let _in_flight = ticket.reserve(&call("$0.25")).expect("it fits");
    let refusal = ticket.reserve(&call("$0.10")).expect_err("$0.05 are left");
    assert_eq!(
        refusal.to_string(),
        "budget `support_ticket` of $0.50 would be passed: $0.20 spent, $0.25 reserved, $0.10 asked for"
    );
    ticket.reserve(&call("$0.05")).expect("all of it can be spent").refund();
}

#[test]
fn each_quantity_has_a_limit_of_its_own() {
    let limits = Limits::new().money(dollars("$1")).tokens(100).calls(2);
    let said =
        |chain: &Chain, estimate: &Estimate<'_>| chain.reserve(estimate).map_err(|error| error.to_string());
    let chain = Chain::new(budget("run", limits));
    assert_eq!(
        said(&chain, &tokens(101)).expect_err("too many tokens"),
        "budget `run` of 100 tokens would be passed: 0 tokens spent, 0 tokens reserved, 101 tokens asked for"
    );
    spend(&chain, "$0.10").expect("one call");
    spend(&chain, "$0.10").expect("two calls");
    assert_eq!(
        said(&chain, &call("$0.10")).expect_err("a third call"),
        "budget `run` of 2 calls would be passed: 2 calls spent, 0 calls reserved, 1 calls asked for"
    );
}

#[test]
fn what_one_quantity_refuses_is_not_held_in_the_others() {
    let limits = Limits::new().money(dollars("$1")).tokens(1_000).calls(10);
    let (outer, inner) = (budget("outer", limits), budget("inner", limits));
    let chain = Chain::new(outer.clone()).with(inner.clone());
    let _most = Chain::new(outer.clone()).reserve(&call("$0.80")).expect("it fits");
    for _ in 0..20 {
        let refusal = chain.reserve(&Estimate { tokens: 50, ..call("$0.30") });
        assert!(matches!(refusal, Err(PolicyError::BudgetExceeded { ref budget, .. }) if budget == "outer"));
    }
    assert_eq!(money_of(&inner), (Money::ZERO, Money::ZERO));
    let reserved = |budget: &Budget| {
        (budget.calls().map(|calls| calls.reserved()), budget.tokens().map(|tokens| tokens.reserved()))
    };
    assert_eq!(reserved(&inner), (Some(0), Some(0)));
    assert_eq!(reserved(&outer), (Some(1), Some(0)));
}

#[test]
fn a_call_without_a_price_is_refused_where_money_counts_unless_that_is_allowed() {
    let unpriced = Estimate { tokens: 10, ..Estimate::call_of("llama-9") };
    let strict = Chain::new(budget("process", Limits::new().tokens(100)));
    let run = budget("run", Limits::new().money(dollars("$0.5")));
    let refusal = strict.with(run).reserve(&unpriced).expect_err("its price is not known");
    assert_eq!(
        refusal.to_string(),
        "budget `run` of $0.50 takes no call of `llama-9`, whose price is not known"
    );
    assert_eq!(crate::ErrorKind::kind(&refusal).name(), "price_unknown");
    strict.reserve(&unpriced).expect("tokens have no price").refund();

    let lenient = budget("run", Limits::new().money(dollars("$0.5")).allow_unpriced());
    let chain = strict.with(lenient.clone());
    let first = chain.reserve(&unpriced).expect("it is allowed");
    first.settle(Actual { money: Some(dollars("$0.40")), tokens: Some(9) }, |_| {});
    assert_eq!(money_of(&lenient), (dollars("$0.40"), Money::ZERO), "the answer's model had a price");
    chain.reserve(&unpriced).expect("it is allowed").settle(Actual::default(), |_| {});
    assert_eq!(money_of(&lenient), (dollars("$0.40"), Money::ZERO), "what nobody knows is not guessed");
}

#[test]
fn a_free_call_passes_where_all_the_money_is_spent() {
    let chain = Chain::new(budget("run", Limits::new().money(dollars("$1"))));
    spend(&chain, "$1").expect("it fits");
    chain.reserve(&call("$0")).expect("it costs nothing").refund();
    assert!(chain.reserve(&Estimate { money: Some(Money::from_pico(1)), ..call("$0") }).is_err());
}

#[test]
fn a_free_call_passes_where_more_than_all_the_money_is_spent() {
    let run = budget("run", Limits::new().money(dollars("$1")));
    let chain = Chain::new(run.clone());
    chain.reserve(&call("$0.90")).expect("it fits").settle(cost("$1.50"), |_| {});
    chain.reserve(&call("$0")).expect("it costs nothing").settle(cost("$0"), |_| {});
    assert_eq!(money_of(&run), (dollars("$1.50"), Money::ZERO));
    assert!(chain.reserve(&Estimate { money: Some(Money::from_pico(1)), ..call("$0") }).is_err());
}

#[test]
fn a_guess_takes_what_the_budget_with_the_least_has_left_and_what_is_known_is_refused() {
    let (outer, inner) = (
        budget("outer", Limits::new().money(dollars("$1"))),
        budget("inner", Limits::new().money(dollars("$0.50"))),
    );
    let chain = Chain::new(outer.clone()).with(inner.clone());
    spend(&Chain::new(outer.clone()), "$0.70").expect("it fits");
    let guess =
        |known, guessed| chain.reserve_guessed(&call(known), &call(guessed)).map_err(|refused| refused.error);
    let refusal = guess("$0.31", "$0.60").expect_err("$0.30 are left of the outer one");
    assert_eq!(
        refusal.to_string(),
        "budget `outer` of $1.00 would be passed: $0.70 spent, $0.00 reserved, $0.31 asked for"
    );
    let in_flight = guess("$0.10", "$0.60").expect("something is left");
    assert_eq!(money_of(&outer), (dollars("$0.70"), dollars("$0.30")));
    assert_eq!(money_of(&inner), (Money::ZERO, dollars("$0.30")), "of both the same");
    guess("$0", "$0.01").expect_err("nothing is left of the outer one");
    assert_eq!(money_of(&inner), (Money::ZERO, dollars("$0.30")), "what it had taken is given back");
    in_flight.settle(cost("$0.10"), |_| {});
    drop(guess("$0.20", "$0.60").expect("all that is left"));
    assert_eq!(money_of(&outer), (dollars("$0.80"), Money::ZERO));
    assert_eq!(money_of(&inner), (dollars("$0.10"), Money::ZERO));
}

#[test]
fn no_call_begins_when_the_time_is_over() {
    let chain = Chain::new(budget("ticket", Limits::new().time(Duration::from_secs(30))));
    let_pass(Duration::from_millis(29_999));
    let in_time = chain.reserve(&call("$1")).expect("in time");
    assert_eq!(chain.deadline(), Some(clock() + Duration::from_millis(1)));
    let_pass(Duration::from_millis(1_201));
    let refusal = chain.reserve(&call("$1")).expect_err("too late");
    assert_eq!(refusal.to_string(), "budget `ticket` of 30s is over: 31.2s have gone by");
    in_time.settle(cost("$1"), |_| {});
}

#[test]
fn what_a_limit_cannot_be_is_the_most_that_it_can() {
    let endless = budget("run", Limits::new().money(Money::MAX).tokens(u64::MAX));
    let chain = Chain::new(endless.clone());
    for _ in 0..5 {
        let reservation = chain.reserve(&Estimate { tokens: 1 << 62, ..call("$1") });
        if let Ok(reservation) = reservation {
            // Nobody uses that many, but a server may say so.
            reservation.settle(Actual { money: Some(Money::MAX), tokens: Some(u64::MAX) }, |_| {});
        }
    }
    let counts = endless.tokens().expect("a limit");
    assert_eq!((counts.spent(), counts.remaining()), (counts.limit(), 0));
    assert!(chain.reserve(&tokens(1)).is_err(), "what is too much to count does not become little");
}

#[test]
fn a_budget_that_is_in_a_chain_already_counts_a_call_once() {
    let shared = budget("session", Limits::new().calls(2));
    let chain = Chain::new(shared.clone()).with(budget("run", Limits::new().calls(9))).with(shared.clone());
    assert_eq!(format!("{chain:?}"), r#"Chain(["session", "run"])"#);
    spend(&chain, "$0").expect("it fits");
    assert_eq!(shared.calls().map(|calls| calls.spent()), Some(1));
}

#[test]
fn a_chain_of_any_length_can_be_dropped() {
    let mut chain = Chain::new(budget("process", Limits::new()));
    for _ in 0..200_000 {
        chain = Chain::link(Some(chain), budget("step", Limits::new()));
    }
    let reservation = chain.reserve(&call("$1")).expect("there is no limit");
    drop(chain);
    drop(reservation);
}
