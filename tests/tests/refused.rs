//! What a budget or a caller's own time refuses is for that caller, and says nothing of the model.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{advance, sleep};
use tta::llm::Response;
use tta::{BreakerState, LlmResponse, PolicyError, Usage};

/// gpt-4o costs $2.50 for a million tokens of a prompt and $10 for a million of an answer: half a cent.
#[derive(Clone, Debug, PartialEq)]
struct Answer;

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().usage(Usage::openai(1_600, 100))
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 1_600, max_tokens = 100))]
async fn ask() -> Result<Answer, PolicyError> {
    Ok(Answer)
}

/// An error of which nobody has said what it is.
#[derive(Clone, Debug, PartialEq)]
struct Failed(String);

impl From<PolicyError> for Failed {
    fn from(refusal: PolicyError) -> Self {
        Failed(refusal.to_string())
    }
}

mod cached {
    use super::*;

    #[tta::primitive(cache(ttl = "10m", negative_ttl = "1m"))]
    async fn digest(_of: &'static str) -> Result<Answer, Failed> {
        sleep(Duration::from_secs(1)).await;
        Ok(ask().await?)
    }

    #[tta::workflow(budget = "$0.001")]
    async fn poor(of: &'static str) -> Result<Answer, Failed> {
        digest(of).await
    }

    #[tta::workflow(budget = "$1")]
    async fn rich(of: &'static str) -> Result<Answer, Failed> {
        digest(of).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_budget_refuses_is_not_kept_for_others() {
        assert!(poor("tea").await.is_err());
        assert_eq!(rich("tea").await, Ok(Answer));
        assert_eq!(poor("tea").await, Ok(Answer), "an answer is for all");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_call_that_a_budget_of_another_refuses_makes_it_himself() {
        let (first, second, third) = tokio::join!(poor("milk"), rich("milk"), rich("milk"));
        assert!(first.is_err());
        assert_eq!((second, third), (Ok(Answer), Ok(Answer)));
    }

    static ALONE: AtomicU32 = AtomicU32::new(0);

    /// Whoever calls it, it is too dear.
    #[tta::primitive(cache(ttl = "10m", negative_ttl = "1m"), budget = "$0.001")]
    async fn too_dear() -> Result<Answer, Failed> {
        ALONE.fetch_add(1, Relaxed);
        Ok(ask().await?)
    }

    #[tta::workflow(budget = "$1")]
    async fn spends() -> Result<Answer, Failed> {
        too_dear().await
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_functions_own_budget_refuses_is_kept_as_any_error() {
        for _ in 0..2 {
            assert!(spends().await.is_err() && too_dear().await.is_err());
        }
        assert_eq!(ALONE.load(Relaxed), 1);
    }

    static FAILED: AtomicU32 = AtomicU32::new(0);

    #[tta::primitive(cache(ttl = "10m", negative_ttl = "1m"))]
    async fn fails() -> Result<Answer, Failed> {
        FAILED.fetch_add(1, Relaxed);
        Err(Failed("of itself".to_owned()))
    }

    #[tta::workflow(budget = "$0.001")]
    async fn poor_but_for_nothing() -> Result<Answer, Failed> {
        fails().await
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_that_no_budget_has_caused_is_kept() {
        assert!(poor_but_for_nothing().await.is_err() && fails().await.is_err());
        assert_eq!(FAILED.load(Relaxed), 1);
    }

    #[tta::primitive(timeout("10s"))]
    async fn read(seconds: u64) -> Result<Answer, Failed> {
        sleep(Duration::from_secs(seconds)).await;
        Ok(Answer)
    }

    #[tta::primitive(cache(ttl = "10m", negative_ttl = "1m"))]
    async fn page(seconds: u64) -> Result<Answer, Failed> {
        read(seconds).await
    }

    #[tta::primitive(timeout("2s", grace = "1s"))]
    async fn in_a_hurry(seconds: u64) -> Result<Answer, Failed> {
        page(seconds).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_by_the_deadline_of_one_caller_is_not_kept_for_others() {
        let (hurried, patient) = tokio::join!(in_a_hurry(5), page(5));
        assert!(hurried.is_err());
        assert_eq!(patient, Ok(Answer), "he has waited for it");
        assert!(in_a_hurry(6).await.is_err());
        assert_eq!(page(6).await, Ok(Answer), "he comes later");
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_by_a_timeout_within_the_cached_call_is_kept() {
        let begun = tokio::time::Instant::now();
        assert!(page(11).await.is_err() && page(11).await.is_err());
        assert_eq!(begun.elapsed().as_secs(), 10);
    }

    static REFRESHED: AtomicU32 = AtomicU32::new(0);

    #[tta::primitive(cache(ttl = "1m", stale_if_error = "1h"))]
    async fn old() -> Result<u32, Failed> {
        sleep(Duration::from_secs(1)).await;
        ask().await?;
        Ok(REFRESHED.fetch_add(1, Relaxed))
    }

    #[tta::workflow(budget = "$0.001")]
    async fn poor_reader() -> Result<u32, Failed> {
        old().await
    }

    #[tokio::test(start_paused = true)]
    async fn who_can_pay_does_not_get_an_old_value_because_another_cannot() {
        assert_eq!(old().await, Ok(0));
        advance(Duration::from_mins(2)).await;
        let (poor, rich) = tokio::join!(poor_reader(), old());
        assert_eq!((poor, rich), (Ok(0), Ok(1)));
    }
}

mod broken {
    use super::*;

    /// It tells nobody that a budget was the reason.
    #[tta::primitive(breaker(failures = 1, window = 2, min_calls = 1, open = "10s", probes = 1))]
    async fn unkindly(is_down: bool) -> Result<Answer, Failed> {
        if is_down {
            return Err(Failed("it is down".to_owned()));
        }
        Ok(ask().await?)
    }

    #[tta::workflow(budget = "$0.001")]
    async fn poor(is_down: bool) -> Result<Answer, Failed> {
        unkindly(is_down).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_budget_refuses_is_no_failure_of_the_other_side_and_no_success() {
        let state = || tta::breaker("unkindly").map(tta::Breaker::state);
        assert!(poor(false).await.is_err());
        assert_eq!(state(), Some(BreakerState::Closed), "no failure");
        assert!(poor(true).await.is_err());
        assert_eq!(state(), Some(BreakerState::Open), "nothing was asked of a budget");
        advance(Duration::from_secs(10)).await;
        assert!(poor(false).await.is_err());
        assert_eq!(state(), Some(BreakerState::HalfOpen), "no success");
        assert_eq!(unkindly(false).await, Ok(Answer), "its place is free for another probe");
        assert_eq!(state(), Some(BreakerState::Closed));
    }

    #[derive(Debug, tta::ErrorKind)]
    enum Failure {
        #[error_kind(transient)]
        Down,
        #[error_kind(transparent)]
        Refused(PolicyError),
    }

    impl From<PolicyError> for Failure {
        fn from(refusal: PolicyError) -> Self {
            Failure::Refused(refusal)
        }
    }

    #[tta::primitive(
        llm(provider = "openai", model = "gpt-4o", input_tokens = 1_600, max_tokens = 100),
        breaker(failures = 1, window = 1, min_calls = 1, open = "10s", probes = 1)
    )]
    async fn kindly(is_down: bool) -> Result<Answer, Failure> {
        if is_down { Err(Failure::Down) } else { Ok(Answer) }
    }

    impl LlmResponse for Failure {
        fn response(&self) -> Response<'_> {
            Response::unbilled()
        }
    }

    #[tta::workflow(budget = "$0.001")]
    async fn poor_and_kind() -> Result<Answer, Failure> {
        kindly(false).await
    }

    /// It asks first, and does without where that is refused.
    #[tta::primitive(breaker(failures = 1, window = 1, min_calls = 1, open = "10s"))]
    async fn does_without() -> Result<Answer, Failure> {
        let _ = ask().await;
        Err(Failure::Down)
    }

    #[tta::workflow(budget = "$0.001")]
    async fn poor_and_down() -> Result<Answer, Failure> {
        does_without().await
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_closes_no_circuit_and_hides_no_failure() {
        let state = |name| tta::breaker(name).map(tta::Breaker::state);
        assert!(kindly(true).await.is_err());
        assert_eq!(state("kindly"), Some(BreakerState::Open));
        advance(Duration::from_secs(10)).await;
        assert!(matches!(poor_and_kind().await, Err(Failure::Refused(PolicyError::BudgetExceeded { .. }))));
        assert_eq!(state("kindly"), Some(BreakerState::HalfOpen));
        assert!(kindly(false).await.is_ok());
        assert_eq!(state("kindly"), Some(BreakerState::Closed));
        assert!(matches!(poor_and_down().await, Err(Failure::Down)));
        assert_eq!(state("does_without"), Some(BreakerState::Open), "it is known what has failed");
    }
}
