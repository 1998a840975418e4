//! Calls of models and their budgets, where nobody observes them.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tta::budget::{Budgets, Limits};
use tta::llm::{Response, Spent};
use tta::{BudgetUnit, CarryExt as _, LlmResponse, Money, PolicyError, Usage};

#[derive(Clone, Debug, PartialEq)]
struct Answer(Usage);

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().usage(self.0)
    }
}

static CALLS: AtomicU32 = AtomicU32::new(0);

/// A call costs $0.0025 for its prompt and $0.001 for its answer.
#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
async fn ask() -> Result<Answer, PolicyError> {
    CALLS.fetch_add(1, Relaxed);
    tokio::task::yield_now().await;
    Ok(Answer(Usage::openai(1_000, 100)))
}

fn money(text: &str) -> Money {
    text.parse().expect("it is money")
}

#[tta::workflow(budget = "$0.01")]
async fn frugal(calls: u32) -> (u32, Result<(), PolicyError>, Spent) {
    for made in 0..calls {
        if let Err(refusal) = ask().await {
            return (made, Err(refusal), tta::context().spent());
        }
    }
    (calls, Ok(()), tta::context().spent())
}

#[tokio::test]
async fn a_call_that_would_pass_a_budget_is_not_made() {
    let (made, result, spent) = frugal(3).await;
    assert_eq!((made, spent.total()), (2, money("$0.007")));
    let Err(PolicyError::BudgetExceeded { budget, unit, limit, spent, reserved, asked, .. }) = result else {
        panic!("{result:?}")
    };
    let pico = |text| money(text).pico();
    assert_eq!((&*budget, unit), ("frugal", BudgetUnit::PicoDollars));
    assert_eq!((limit, spent, reserved, asked), (pico("$0.01"), pico("$0.007"), 0, pico("$0.0035")));
    assert_eq!(frugal(2).await.1, Ok(()), "each call of the workflow has a budget of its own");
}

#[tta::workflow(budget(usd = "$1", calls = 100))]
async fn hammered() -> (usize, Spent) {
    let calls = (0..64).map(|_| {
        let calls = async {
            let mut made = 0;
            while ask().await.is_ok() {
                made += 1;
            }
            made
        };
        tokio::spawn(calls.carried())
    });
    let calls: Vec<_> = calls.collect();
    let mut made = 0;
    for calls in calls {
        made += calls.await.expect("it does not panic");
    }
    (made, tta::context().spent())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_that_hammer_one_budget_do_not_pass_it_together() {
    let (made, spent) = hammered().await;
    assert_eq!((made, spent.calls()), (100, 100));
    assert_eq!(spent.total(), money("$0.35"));
}

#[tta::primitive(budget(tokens = 2_500))]
async fn tokens() -> Result<(), PolicyError> {
    ask().await?;
    ask().await?;
    ask().await.map(drop)
}

#[tta::primitive(llm(provider = "openai", model = "a-model-without-a-price"))]
async fn unpriced() -> Result<Answer, PolicyError> {
    Ok(Answer(Usage::openai(10, 10)))
}

#[tta::workflow(budget = "$1")]
async fn hard() -> Result<Answer, PolicyError> {
    unpriced().await
}

#[tta::workflow(budget(usd = "$1", unpriced = "allow"))]
async fn soft() -> Result<Answer, PolicyError> {
    unpriced().await
}

#[tokio::test]
async fn tokens_are_limited_and_what_has_no_price_is_refused_unless_that_is_allowed() {
    assert!(matches!(tokens().await, Err(PolicyError::BudgetExceeded { unit: BudgetUnit::Tokens, .. })));
    assert!(matches!(hard().await, Err(PolicyError::PriceUnknown { .. })), "{:?}", hard().await);
    assert!(soft().await.is_ok());
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn learns(input: u64) -> Result<Answer, PolicyError> {
    Ok(Answer(Usage::openai(input, 0)))
}

#[tta::workflow(budget = "$0.031")]
async fn unsaid(input: u64) -> u32 {
    let mut made = 0;
    while learns(input).await.is_ok() {
        made += 1;
    }
    made
}

#[tokio::test]
async fn where_nobody_says_how_much_a_call_will_use_it_is_as_much_as_the_last_one() {
    // What is asked for is $0.0125 at first, then $0.005 each, and a token for the answer; of $0.001 the seventh takes all.
    assert_eq!(unsaid(2_000).await, 7);
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn rambles() -> Result<Answer, PolicyError> {
    Ok(Answer(Usage::openai(0, 60_000)))
}

#[tta::workflow(budget = "$0.50")]
async fn rambling() -> [bool; 2] {
    [rambles().await.is_ok(), rambles().await.is_ok()]
}

#[tokio::test]
async fn an_answer_dearer_than_the_budget_does_not_refuse_the_calls_of_later_ones() {
    for _ in 0..3 {
        assert_eq!(rambling().await, [true, false], "$0.60 of $0.50");
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn brief() -> Result<Answer, PolicyError> {
    Ok(Answer(Usage::openai(100, 100)))
}

/// The first guess is 1 000 tokens of either kind.
#[tta::workflow(budget(tokens = 1_500))]
async fn within_the_first_guess() -> bool {
    brief().await.is_ok()
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", max_tokens = 1_000))]
async fn half_said() -> Result<Answer, PolicyError> {
    Ok(Answer(Usage::openai(100, 100)))
}

#[tta::workflow(budget(tokens = 999))]
async fn within_less_than_is_said() -> Result<Answer, PolicyError> {
    half_said().await
}

#[tta::workflow(budget(tokens = 1_000))]
async fn within_what_is_said() -> Result<Answer, PolicyError> {
    half_said().await
}

#[tokio::test]
async fn what_is_guessed_refuses_no_call_where_something_is_left_and_what_is_said_does() {
    assert!(within_the_first_guess().await);
    assert!(within_what_is_said().await.is_ok(), "all of it");
    let Err(PolicyError::BudgetExceeded { unit, asked, .. }) = within_less_than_is_said().await else {
        panic!("an answer may have 1 000 tokens");
    };
    assert_eq!((unit, asked), (BudgetUnit::Tokens, 1_000));
}

static RUSHED: AtomicU32 = AtomicU32::new(0);

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn rushed() -> Result<Answer, PolicyError> {
    RUSHED.fetch_add(1, Relaxed);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    Ok(Answer(Usage::openai(0, 100)))
}

/// The first guess is $0.0125.
#[tta::workflow(budget = "$0.03")]
async fn rush() -> usize {
    let calls: Vec<_> = (0..64).map(|_| tokio::spawn(rushed().carried())).collect();
    let mut made = 0;
    for call in calls {
        made += usize::from(call.await.expect("it does not panic").is_ok());
    }
    made
}

#[tokio::test(start_paused = true)]
async fn of_tasks_that_guess_no_more_are_let_through_than_the_budget_has_room_for() {
    assert_eq!((rush().await, RUSHED.load(Relaxed)), (3, 3), "two guesses, and one that takes what is left");
}

struct Unbilled;

impl LlmResponse for Unbilled {
    fn response(&self) -> Response<'_> {
        Response::unbilled()
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn for_nothing() -> Result<Unbilled, PolicyError> {
    Ok(Unbilled)
}

#[tta::workflow(budget = "$0.02")]
async fn exhausted() -> [bool; 4] {
    let first = for_nothing().await.is_ok();
    let paid = [ask().await.is_ok(), ask().await.is_ok(), ask().await.is_ok(), ask().await.is_ok()];
    assert!(paid.iter().all(|is_ok| *is_ok) && ask().await.is_ok());
    [first, for_nothing().await.is_ok(), for_nothing().await.is_ok(), ask().await.is_ok()]
}

#[tokio::test]
async fn what_has_cost_nothing_so_far_is_not_free() {
    // Five calls are $0.0175, and another is $0.0035; one that is expected to cost next to nothing fits.
    assert_eq!(exhausted().await, [true, true, true, false]);
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_000, max_tokens = 100))]
async fn never() -> Result<Answer, PolicyError> {
    std::future::pending().await
}

#[tta::workflow(budget = "$0.01")]
async fn gives_up() -> (Spent, bool) {
    drop(never());
    for _ in 0..2 {
        let waited = tokio::time::timeout(std::time::Duration::from_millis(1), never()).await;
        assert!(waited.is_err());
    }
    (tta::context().spent(), ask().await.is_ok())
}

#[tokio::test(start_paused = true)]
async fn what_is_dropped_after_it_was_sent_counts_as_it_was_estimated() {
    let (spent, is_more_allowed) = gives_up().await;
    assert_eq!((spent.wasted(), spent.total(), spent.calls()), (money("$0.007"), money("$0.007"), 2));
    assert!(!is_more_allowed, "$0.003 is less than a call");
}

#[derive(Clone, Debug)]
struct Garbled;

impl From<PolicyError> for Garbled {
    fn from(_: PolicyError) -> Self {
        Garbled
    }
}

#[tta::primitive]
async fn asks_and_fails() -> Result<(), Garbled> {
    ask().await?;
    Err(Garbled)
}

#[tta::workflow]
async fn shrugs() -> Spent {
    let _ = asks_and_fails().await;
    ask().await.expect("nobody refuses it");
    tta::context().spent()
}

#[tokio::test]
async fn what_is_spent_in_a_primitive_that_fails_is_wasted_without_a_span() {
    let spent = shrugs().await;
    assert_eq!((spent.wasted(), spent.total()), (money("$0.0035"), money("$0.007")));
}

/// No primitive, so that it has no account of its own.
async fn plainly(is_failing: bool) -> Result<u32, Garbled> {
    ask().await?;
    if is_failing { Err(Garbled) } else { Ok(1) }
}

async fn first_member() -> Result<u32, Garbled> {
    plainly(true).await
}

async fn second_member() -> Result<u32, Garbled> {
    plainly(false).await
}

#[tta::primitive(fallback(first_member, second_member))]
async fn falls_back() -> Result<u32, Garbled> {
    plainly(true).await
}

#[tta::workflow]
async fn with_members() -> (u32, Spent) {
    (falls_back().await.unwrap_or_default(), tta::context().spent())
}

#[tokio::test]
async fn what_a_member_of_a_fallback_has_spent_that_fails_is_wasted() {
    let (served, spent) = with_members().await;
    assert_eq!(served, 1);
    assert_eq!((spent.wasted(), spent.total()), (money("$0.007"), money("$0.0105")), "two of three");
}

/// The budgets of a process are for good, so this is the only test of them.
#[tokio::test]
async fn users_have_budgets_of_their_own() {
    let limits = Limits::new().calls(3);
    tta::budget::install(Budgets::new().per_user(limits)).expect("nobody has before");
    assert!(tta::budget::install(Budgets::new()).is_err());
    let of = |user: &str| tta::WorkflowContext::builder().user_id(user.to_owned()).scope(frugal(2));
    assert_eq!(of("ann").await.0, 2);
    assert_eq!(of("ann").await.0, 1);
    assert_eq!(of("bob").await.0, 2);
}
