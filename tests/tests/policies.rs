//! What policies do with calls. All of it holds where nothing is observed, too.
#![allow(clippy::unused_async, reason = "a policy asks for an async function, whatever is in it")]

use std::cell::Cell;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::Instant;
use tta::{Category, ErrorKind, Kind, PolicyError};

/// What the functions here fail with.
#[derive(Clone, Debug, PartialEq)]
enum Failure {
    Busy,
    Wrong,
    After(Duration),
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

impl ErrorKind for Failure {
    const KINDS: &'static [Kind] = &[
        Kind::new("busy", Category::Transient),
        Kind::new("wrong", Category::Permanent),
        Kind::new("refused", Category::Transient),
    ];

    fn kind(&self) -> &'static Kind {
        &Self::KINDS[match self {
            Failure::Busy | Failure::After(_) => 0,
            Failure::Wrong => 1,
            Failure::Refused(_) => 2,
        }]
    }
}

fn is_timeout(result: &Result<u32, Failure>) -> bool {
    matches!(result, Err(Failure::Refused(PolicyError::Timeout { .. })))
}

/// Counts calls, and when they were made.
#[derive(Clone, Debug, Default)]
struct Calls(Arc<std::sync::Mutex<Vec<Instant>>>);

impl Calls {
    fn count(&self) -> u32 {
        let mut calls = self.0.lock().expect("nobody panics with it");
        calls.push(Instant::now());
        u32::try_from(calls.len()).expect("few")
    }

    fn number(&self) -> usize {
        self.0.lock().expect("nobody panics with it").len()
    }

    fn waits(&self) -> Vec<Duration> {
        let calls = self.0.lock().expect("nobody panics with it");
        calls.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

mod timeout {
    use super::*;

    #[tta::primitive(timeout("2s"))]
    async fn slow(seconds: u64) -> Result<u32, Failure> {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok(7)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_in_time_is_returned() {
        assert_eq!(slow(1).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_is_refused_when_its_time_is_over() {
        let begun = Instant::now();
        let result = slow(3).await;
        assert!(is_timeout(&result), "{result:?}");
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
        assert_eq!(
            result.map_err(|failure| match failure {
                Failure::Refused(refusal) => refusal.to_string(),
                other => format!("{other:?}"),
            }),
            Err("`slow` did not end within 2s".to_owned())
        );
    }

    /// As a client does that has been told how much time there is.
    #[tta::primitive(timeout("2s"))]
    async fn gives_up(early: Duration) -> Result<u32, Failure> {
        let deadline = tta::deadline().expect("there is one");
        tokio::time::sleep_until(Instant::from_std(deadline) - early).await;
        Err(Failure::Busy)
    }

    #[tokio::test(start_paused = true)]
    async fn what_gives_up_at_the_deadline_was_too_late_and_before_it_has_failed() {
        let result = gives_up(Duration::ZERO).await;
        assert!(is_timeout(&result), "{result:?}");
        assert_eq!(gives_up(Duration::from_millis(1)).await, Err(Failure::Busy));
    }

    #[tta::primitive(timeout = "10s")]
    async fn outer(seconds: u64) -> Result<u32, Failure> {
        inner(seconds).await
    }

    #[tta::primitive(timeout("1h"))]
    async fn inner(seconds: u64) -> Result<u32, Failure> {
        let left = tta::deadline().expect("there is one").duration_since(Instant::now().into_std());
        assert_eq!(left, Duration::from_secs(10));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok(1)
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_within_another_ends_no_later() {
        assert_eq!(tta::deadline(), None);
        let begun = Instant::now();
        assert!(is_timeout(&outer(60).await));
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        assert_eq!(outer(5).await, Ok(1));
        assert_eq!(tta::deadline(), None);
    }

    #[tta::primitive(timeout("10s"))]
    async fn elsewhere() -> Result<u32, Failure> {
        use tta::CarryExt as _;
        let here = tta::deadline();
        assert!(here.is_some());
        let left = async { tta::deadline() };
        assert_eq!(tokio::spawn(left.carried()).await.expect("it does not panic"), here);
        let thread = std::thread::spawn(tta::carry(tta::deadline));
        assert_eq!(thread.join().expect("it does not panic"), here);
        assert_eq!(
            tokio::spawn(async { tta::deadline() }).await.expect("it does not panic"),
            None,
            "nobody said so"
        );
        Ok(1)
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadline_goes_along_to_other_tasks_and_threads_and_no_further() {
        assert_eq!(elsewhere().await, Ok(1));
        assert_eq!(tta::deadline(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_of_a_workflow_holds_too() {
        let begun = Instant::now();
        let at = begun.into_std() + Duration::from_secs(3);
        let workflow = tta::WorkflowContext::builder().deadline(at);
        workflow
            .scope(async {
                assert_eq!(tta::deadline(), Some(at));
                assert!(is_timeout(&told(9).await), "whose own would be over sooner");
                assert_eq!(begun.elapsed(), Duration::from_secs(3));
                assert!(is_timeout(&slow(1).await), "there is no time any more");
                assert_eq!(begun.elapsed(), Duration::from_secs(3));
            })
            .await;
    }

    #[tta::primitive(timeout("1s", grace = "2s"))]
    async fn told(tidies: u64) -> Result<u32, Failure> {
        tta::cancelled().await;
        tokio::time::sleep(Duration::from_secs(tidies)).await;
        Ok(9)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_told_may_tidy_up_for_as_long_as_the_grace() {
        let begun = Instant::now();
        assert_eq!(told(1).await, Ok(9));
        assert_eq!(begun.elapsed(), Duration::from_secs(2));
        let begun = Instant::now();
        assert!(is_timeout(&told(5).await));
        assert_eq!(begun.elapsed(), Duration::from_secs(3));
    }

    #[test]
    fn without_a_runtime_a_body_that_awaits_is_refused_and_one_that_does_not_runs() {
        #[tta::primitive(timeout("1s"))]
        async fn at_once() -> Result<u32, Failure> {
            Ok(1)
        }
        #[tta::primitive(timeout("1s"))]
        async fn never() -> Result<u32, Failure> {
            pending().await
        }
        let task = &mut Context::from_waker(Waker::noop());
        assert_eq!(pin!(at_once()).poll(task), Poll::Ready(Ok(1)));
        let Poll::Ready(Err(Failure::Refused(refusal))) = pin!(never()).poll(task) else {
            panic!("it is refused")
        };
        assert_eq!(
            refusal.to_string(),
            "`timeout` of `never` needs a tokio runtime with time enabled, and none is running"
        );
    }

    #[test]
    fn a_runtime_without_time_is_none() {
        #[tta::primitive(timeout("1s"))]
        async fn never() -> Result<u32, Failure> {
            pending().await
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let result = runtime.block_on(never());
        assert!(matches!(result, Err(Failure::Refused(PolicyError::NoRuntime { .. }))), "{result:?}");
    }
}

mod retry {
    use super::*;

    #[tta::primitive(retry(max = 3, backoff = "100ms..300ms", jitter = "none"))]
    async fn flaky(calls: Calls, fails: u32, with: Failure) -> Result<u32, Failure> {
        let number = calls.count();
        if number <= fails { Err(with) } else { Ok(number) }
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_succeed_later_is_called_again_after_longer_and_longer_waits() {
        let calls = Calls::default();
        assert_eq!(flaky(calls.clone(), 3, Failure::Busy).await, Ok(4));
        // The clock of tests ticks in milliseconds.
        let waits: Vec<_> = calls.waits().iter().map(|wait| wait.as_millis() / 10 * 10).collect();
        assert_eq!(waits, [100, 200, 300]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_error_is_returned_when_the_retries_are_used_up() {
        let calls = Calls::default();
        assert_eq!(flaky(calls.clone(), 9, Failure::Busy).await, Err(Failure::Busy));
        assert_eq!(calls.number(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_for_good_is_not_called_again() {
        let calls = Calls::default();
        assert_eq!(flaky(calls.clone(), 9, Failure::Wrong).await, Err(Failure::Wrong));
        assert_eq!(calls.number(), 1);
    }

    #[tta::primitive(retry(max = 40, backoff = "100ms..100ms"))]
    async fn jittery(calls: Calls) -> Result<u32, Failure> {
        calls.count();
        Err(Failure::Busy)
    }

    #[tokio::test(start_paused = true)]
    async fn full_jitter_is_anything_up_to_the_wait() {
        let calls = Calls::default();
        assert_eq!(jittery(calls.clone()).await, Err(Failure::Busy));
        let waits = calls.waits();
        assert_eq!(waits.len(), 40);
        assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(101)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(40)), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(60)), "{waits:?}");
    }

    #[tta::primitive(retry(
        max = 2,
        backoff = "100ms..100ms",
        jitter = "none",
        when = |error| *error != Failure::Busy,
        after = |error| if let Failure::After(wait) = error { Some(*wait) } else { None },
    ))]
    async fn asked(calls: Calls, with: Failure) -> Result<u32, Failure> {
        calls.count();
        Err(with)
    }

    #[tokio::test(start_paused = true)]
    async fn a_closure_says_what_is_worth_a_retry_and_another_when() {
        let calls = Calls::default();
        assert!(asked(calls.clone(), Failure::Busy).await.is_err());
        assert_eq!(calls.number(), 1);
        assert!(asked(calls.clone(), Failure::After(Duration::from_secs(30))).await.is_err());
        assert_eq!(calls.waits()[1..], [Duration::from_secs(30); 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_for_more_than_a_minute_is_not_waited_for() {
        let calls = Calls::default();
        assert!(asked(calls.clone(), Failure::After(Duration::from_secs(61))).await.is_err());
        assert_eq!(calls.number(), 1);
    }

    #[tta::primitive(
        retry(max = 100, backoff = "900ms..900ms", jitter = "none", deadline = "5s"),
        timeout("3s")
    )]
    async fn until_a_deadline(calls: Calls, seconds: u64) -> Result<u32, Failure> {
        calls.count();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Err(Failure::Busy)
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempt_begins_after_the_deadline_and_none_goes_on() {
        let (calls, begun) = (Calls::default(), Instant::now());
        // It fails at 1, 2.9 and 4.8 seconds, and there is no time for another.
        assert_eq!(until_a_deadline(calls.clone(), 1).await, Err(Failure::Busy));
        assert_eq!((calls.number(), begun.elapsed()), (3, Duration::from_millis(4800)));

        let (calls, begun) = (Calls::default(), Instant::now());
        assert!(is_timeout(&until_a_deadline(calls.clone(), 60).await));
        assert_eq!((calls.number(), begun.elapsed()), (2, Duration::from_secs(5)));
    }

    #[tta::primitive(retry(max = 100, backoff = "1ms..1ms", budget = 0.5))]
    async fn frugal(calls: Calls) -> Result<u32, Failure> {
        calls.count();
        Err(Failure::Busy)
    }

    #[tokio::test(start_paused = true)]
    async fn retries_have_a_budget_that_all_calls_share() {
        let calls = Calls::default();
        let _ = frugal(calls.clone()).await;
        assert_eq!(calls.number(), 1 + 10, "the reserve");
        for _ in 0..20 {
            let _ = frugal(calls.clone()).await;
        }
        assert_eq!(calls.number(), 11 + 20 + 10, "and half of the calls");
    }

    struct Client {
        calls: Calls,
    }

    impl Client {
        #[tta::primitive(retry(max = 1, backoff = "1ms..1ms"))]
        async fn get(&self, path: &str, mut tries: u32, _unused: Vec<u8>) -> Result<String, Failure> {
            tries += self.calls.count();
            if tries < 12 { Err(Failure::Busy) } else { Ok(format!("{path} {tries}")) }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_attempt_has_the_arguments_as_they_were() {
        let client = Client { calls: Calls::default() };
        assert_eq!(client.get("/a", 10, vec![1]).await, Ok("/a 12".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_dropped_is_not_repeated() {
        let calls = Calls::default();
        {
            let mut call = pin!(flaky(calls.clone(), 9, Failure::Busy));
            let task = &mut Context::from_waker(Waker::noop());
            assert!(call.as_mut().poll(task).is_pending());
        }
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(calls.number(), 1);
    }
}

mod hedge {
    use super::*;

    /// Seconds that each of its calls takes, or never; and what it returns.
    type Plan = &'static [(Option<u64>, Result<u32, Failure>)];

    #[tta::primitive(hedge(after = "2s", max = 2, share = 1))]
    async fn planned(calls: Calls, plan: Plan) -> Result<u32, Failure> {
        let (seconds, result) = &plan[calls.count() as usize - 1];
        match seconds {
            Some(seconds) => tokio::time::sleep(Duration::from_secs(*seconds)).await,
            None => pending().await,
        }
        result.clone()
    }

    async fn run(plan: Plan) -> (Result<u32, Failure>, usize, u64) {
        let (calls, begun) = (Calls::default(), Instant::now());
        let result = planned(calls.clone(), plan).await;
        (result, calls.number(), begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_long_is_made_once_more_and_the_first_success_wins() {
        assert_eq!(run(&[(Some(1), Ok(1))]).await, (Ok(1), 1, 1));
        assert_eq!(run(&[(None, Ok(1)), (Some(1), Ok(2))]).await, (Ok(2), 2, 3));
        assert_eq!(run(&[(Some(3), Ok(1)), (Some(9), Ok(2))]).await, (Ok(1), 2, 3));
        assert_eq!(
            run(&[(None, Ok(1)), (None, Ok(2)), (Some(1), Ok(3))]).await,
            (Ok(3), 3, 5),
            "two at most"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_waits_for_the_others_and_the_last_one_is_told() {
        let busy = || Err(Failure::Busy);
        assert_eq!(
            run(&[(Some(1), Err(Failure::Busy))]).await,
            (busy(), 1, 1),
            "an error is no reason for another"
        );
        assert_eq!(run(&[(Some(3), Err(Failure::Busy)), (Some(2), Ok(2))]).await, (Ok(2), 2, 4));
        let both: Plan = &[(Some(3), Err(Failure::Wrong)), (Some(2), Err(Failure::Busy)), (Some(9), Ok(3))];
        assert_eq!(run(both).await, (busy(), 2, 4), "nothing is left to wait for");
    }

    #[tta::primitive(hedge(after = "1s", share = 0.1))]
    async fn frugal(calls: Calls) -> Result<u32, Failure> {
        calls.count();
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(1)
    }

    #[tokio::test(start_paused = true)]
    async fn further_calls_are_a_share_of_all() {
        let calls = Calls::default();
        for _ in 0..100 {
            assert_eq!(frugal(calls.clone()).await, Ok(1));
        }
        assert_eq!(calls.number(), 100 + 10 + 10, "the reserve, and a tenth");
    }

    #[tta::primitive(hedge(after = "p90", share = 1))]
    async fn usual(calls: Calls, milliseconds: u64) -> Result<u32, Failure> {
        let number = calls.count();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        Ok(number)
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_may_be_known_from_the_calls_before() {
        let calls = Calls::default();
        // Nothing is known yet.
        assert!(usual(calls.clone(), 10_000).await.is_ok());
        assert_eq!(calls.number(), 1);
        for milliseconds in 1..=30 {
            assert!(usual(calls.clone(), milliseconds).await.is_ok());
        }
        let before = calls.number();
        let begun = Instant::now();
        assert!(usual(calls.clone(), 1_000).await.is_ok());
        assert_eq!(calls.number(), before + 2);
        assert_eq!(begun.elapsed().as_millis(), 1_000, "both take as long");
    }

    /// Takes up to 100 milliseconds, and where it is slow a second unless it is called once more.
    #[tta::primitive(hedge(after = "p90", share = 1))]
    async fn varied(calls: Calls, is_slow: Arc<AtomicBool>) -> Result<u32, Failure> {
        let usual = u64::from(calls.count()) * 37 % 100;
        let waits = if is_slow.swap(false, Relaxed) { 1_000 } else { usual };
        tokio::time::sleep(Duration::from_millis(waits)).await;
        Ok(1)
    }

    #[tokio::test(start_paused = true)]
    async fn what_would_have_been_slow_without_a_hedge_stays_known_as_slow() {
        let calls = Calls::default();
        for number in 0..1_000 {
            let is_slow = Arc::new(AtomicBool::new(number % 11 == 7));
            assert!(varied(calls.clone(), is_slow).await.is_ok());
        }
        // As quick as their second calls, the slow ones would hide among the others, and a fifth be called once more.
        let further = calls.number() - 1_000;
        assert!(
            (60..=130).contains(&further),
            "{further} further calls, where a tenth is slower than nine tenths"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_loser_is_dropped() {
        struct Dropped(Arc<AtomicU32>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                self.0.fetch_add(1, Relaxed);
            }
        }
        #[tta::primitive(hedge(after = "1s", share = 1))]
        async fn loses(calls: Calls, drops: Arc<AtomicU32>) -> Result<u32, Failure> {
            let _dropped = Dropped(drops);
            if calls.count() == 1 { pending().await } else { Ok(2) }
        }
        let drops = Arc::new(AtomicU32::new(0));
        assert_eq!(loses(Calls::default(), drops.clone()).await, Ok(2));
        assert_eq!(drops.load(Relaxed), 2);
    }
}

mod fallback {
    use super::*;

    async fn second(number: u32) -> Result<u32, Failure> {
        if number > 1 { Err(Failure::Busy) } else { Ok(20 + number) }
    }

    mod other {
        pub(super) async fn third(number: u32) -> Result<u32, super::Failure> {
            if number > 2 { Err(super::Failure::Wrong) } else { Ok(30 + number) }
        }
    }

    #[tta::primitive(fallback(second, self::other::third))]
    async fn first(number: u32) -> Result<u32, Failure> {
        if number > 0 { Err(Failure::Busy) } else { Ok(10) }
    }

    #[tokio::test]
    async fn one_member_after_the_other_is_asked_until_one_succeeds() {
        assert_eq!(first(0).await, Ok(10));
        assert_eq!(first(1).await, Ok(21));
        assert_eq!(first(2).await, Ok(32));
        assert_eq!(first(3).await, Err(Failure::Wrong));
    }

    #[tta::primitive(fallback = empty, ok_if = |found: &Vec<u32>| !found.is_empty())]
    async fn found(any: bool) -> Vec<u32> {
        if any { vec![1] } else { vec![] }
    }

    async fn empty(_any: bool) -> Vec<u32> {
        vec![0]
    }

    #[tokio::test]
    async fn what_fails_may_be_something_else_than_a_result() {
        assert_eq!(found(true).await, [1]);
        assert_eq!(found(false).await, [0]);
    }
}

mod bulkhead {
    use super::*;

    fn is_full(result: &Result<u32, Failure>) -> bool {
        matches!(result, Err(Failure::Refused(PolicyError::BulkheadFull { .. })))
    }

    #[tta::primitive(bulkhead(max = 2, queue = 1, wait = "1s"))]
    async fn narrow(running: Arc<AtomicU32>) -> Result<u32, Failure> {
        let now = running.fetch_add(1, Relaxed) + 1;
        tokio::time::sleep(Duration::from_secs(5)).await;
        running.fetch_sub(1, Relaxed);
        Ok(now)
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_run_so_many_wait_and_the_rest_is_refused() {
        let running = Arc::new(AtomicU32::new(0));
        let begun = Instant::now();
        let first = tokio::spawn(narrow(running.clone()));
        let second = tokio::spawn(narrow(running.clone()));
        tokio::task::yield_now().await;
        let waits = tokio::spawn(narrow(running.clone()));
        tokio::task::yield_now().await;
        let refused = narrow(running.clone()).await;
        assert!(is_full(&refused), "{refused:?}");
        assert_eq!(begun.elapsed(), Duration::ZERO, "at once");
        let waited = waits.await.expect("it does not panic");
        assert!(is_full(&waited), "{waited:?}");
        assert_eq!(begun.elapsed(), Duration::from_secs(1), "after its wait");
        assert!(first.await.expect("it does not panic").is_ok());
        assert!(second.await.expect("it does not panic").is_ok());
        // Everything was given back.
        assert_eq!(narrow(running.clone()).await, Ok(1));
    }

    #[tta::primitive(bulkhead(max = 1))]
    async fn one(fails: &str) -> Result<u32, Failure> {
        match fails {
            "panic" => panic!("it does"),
            "hang" => pending().await,
            _ => Ok(1),
        }
    }

    #[tokio::test]
    async fn a_permit_comes_back_from_a_call_that_panics_and_from_one_that_is_dropped() {
        assert!(tokio::spawn(one("panic")).await.is_err());
        assert_eq!(one("").await, Ok(1));
        {
            let mut hangs = pin!(one("hang"));
            let task = &mut Context::from_waker(Waker::noop());
            assert!(hangs.as_mut().poll(task).is_pending());
            let refused = one("").await;
            assert!(is_full(&refused), "{refused:?}");
        }
        assert_eq!(one("").await, Ok(1));
    }
}

mod breaker {
    use super::*;

    fn is_open(result: &Result<u32, Failure>) -> bool {
        matches!(result, Err(Failure::Refused(PolicyError::BreakerOpen { .. })))
    }

    #[tta::primitive(breaker(failures = 0.5, window = "10s", min_calls = 4, open = "15s", probes = 2))]
    async fn guarded(with: Option<Failure>) -> Result<u32, Failure> {
        with.map_or(Ok(1), Err)
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_when_too_many_fail_and_closes_when_probes_succeed() {
        for with in [None, Some(Failure::Busy), None] {
            assert!(!is_open(&guarded(with).await));
        }
        assert_eq!(guarded(Some(Failure::Busy)).await, Err(Failure::Busy), "half of four");
        let refused = guarded(None).await;
        assert!(is_open(&refused), "{refused:?}");
        tokio::time::sleep(Duration::from_secs(14)).await;
        assert!(is_open(&guarded(None).await), "for fifteen seconds");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(guarded(Some(Failure::Busy)).await, Err(Failure::Busy), "a probe");
        assert!(is_open(&guarded(None).await), "which failed");
        tokio::time::sleep(Duration::from_secs(15)).await;
        assert_eq!(guarded(None).await, Ok(1));
        assert_eq!(guarded(None).await, Ok(1));
        for _ in 0..3 {
            assert_eq!(guarded(Some(Failure::Busy)).await, Err(Failure::Busy), "closed, and nothing is left");
        }
    }

    #[tta::primitive(breaker(failures = 0.5, window = 4, min_calls = 4))]
    async fn permanent(with: Failure) -> Result<u32, Failure> {
        Err(with)
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_wrong_with_the_call_says_nothing_of_the_other_side() {
        for _ in 0..20 {
            assert_eq!(permanent(Failure::Wrong).await, Err(Failure::Wrong));
        }
        for _ in 0..2 {
            assert_eq!(permanent(Failure::Busy).await, Err(Failure::Busy));
        }
        assert!(is_open(&permanent(Failure::Busy).await));
    }

    #[tta::primitive(breaker(failures = 1, window = 3, min_calls = 3, slow = "1s", slow_calls = 1))]
    async fn slow(seconds: u64) -> Result<u32, Failure> {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        Ok(1)
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_when_too_many_are_slow_even_if_nobody_waits_for_them() {
        assert_eq!(slow(1).await, Ok(1));
        assert_eq!(slow(1).await, Ok(1));
        assert!(tokio::time::timeout(Duration::from_millis(500), slow(9)).await.is_err(), "says nothing");
        assert!(tokio::time::timeout(Duration::from_millis(1500), slow(9)).await.is_err());
        assert!(is_open(&slow(0).await));
    }

    #[tta::primitive(breaker(failures = 1, window = 1, min_calls = 1, open = "10s", probes = 1))]
    async fn panics(how: &str) -> Result<u32, Failure> {
        match how {
            "panic" => panic!("it does"),
            "hang" => pending().await,
            _ => Ok(1),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_a_failure_and_a_probe_that_is_dropped_makes_room_for_another() {
        assert!(tokio::spawn(panics("panic")).await.is_err());
        assert!(is_open(&panics("").await));
        tokio::time::sleep(Duration::from_secs(10)).await;
        {
            let mut probe = pin!(panics("hang"));
            let task = &mut Context::from_waker(Waker::noop());
            assert!(probe.as_mut().poll(task).is_pending());
            assert!(is_open(&panics("").await), "one probe at a time");
        }
        assert_eq!(panics("").await, Ok(1));
        assert_eq!(panics("").await, Ok(1));
    }

    #[tta::primitive(breaker(failures = 1, window = 1, min_calls = 1, key = tenant))]
    async fn of_tenant(tenant: &str, with: Option<Failure>) -> Result<u32, Failure> {
        with.map_or(Ok(1), Err)
    }

    #[tokio::test(start_paused = true)]
    async fn each_key_has_a_circuit_of_its_own() {
        assert_eq!(of_tenant("a", Some(Failure::Busy)).await, Err(Failure::Busy));
        assert!(is_open(&of_tenant("a", None).await));
        assert_eq!(of_tenant("b", None).await, Ok(1));
    }

    #[tta::primitive(name = "forced", breaker(failures = 1, window = 1, min_calls = 1, key = tenant))]
    async fn forced(tenant: u32) -> Result<u32, Failure> {
        Ok(tenant)
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_opened_and_closed_by_hand_for_every_key() {
        assert_eq!(forced(1).await, Ok(1));
        let breaker = tta::breaker("forced").expect("it has been called");
        breaker.force_open();
        assert!(is_open(&forced(1).await));
        assert_eq!(breaker.state(), tta::BreakerState::Open);
        tokio::time::sleep(Duration::from_hours(2)).await;
        assert!(is_open(&forced(1).await), "until it is closed by hand");
        assert!(is_open(&forced(2).await), "of keys that come later, too");
        breaker.force_closed();
        assert_eq!(forced(1).await, Ok(1));
        assert_eq!(forced(2).await, Ok(2));
        assert!(tta::breaker("nobody").is_none());
    }

    #[tta::primitive(breaker(failures = 1, window = 1, min_calls = 1, open = "1s", probes = 2))]
    async fn told(end: tokio::sync::oneshot::Receiver<bool>) -> Result<u32, Failure> {
        if end.await.unwrap_or_default() { Ok(1) } else { Err(Failure::Busy) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_left_over_says_nothing_of_a_later_opening() {
        let ends = async |well: bool| {
            let (end, told_of) = tokio::sync::oneshot::channel();
            end.send(well).expect("it is there");
            told(told_of).await
        };
        let after_a_second = async || tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(ends(false).await.is_err());
        after_a_second().await;
        let (end, told_of) = tokio::sync::oneshot::channel();
        let left_over = tokio::spawn(told(told_of));
        tokio::task::yield_now().await;
        assert!(!is_open(&ends(false).await), "the other probe, which fails");
        after_a_second().await;
        assert_eq!((ends(true).await, ends(true).await), (Ok(1), Ok(1)), "closed");
        assert!(!is_open(&ends(false).await), "and opened anew");
        after_a_second().await;
        assert_eq!(ends(true).await, Ok(1));
        end.send(false).expect("it is there");
        assert!(left_over.await.expect("it does not panic").is_err());
        assert_eq!((ends(true).await, ends(true).await), (Ok(1), Ok(1)), "the second probe, and closed");
    }

    #[tta::primitive(breaker(failures = 1, window = 1, min_calls = 1, when = |error| *error == Failure::Wrong))]
    async fn chosen(with: Failure) -> Result<u32, Failure> {
        Err(with)
    }

    #[tokio::test(start_paused = true)]
    async fn a_closure_says_what_counts() {
        for _ in 0..3 {
            assert_eq!(chosen(Failure::Busy).await, Err(Failure::Busy));
        }
        assert_eq!(chosen(Failure::Wrong).await, Err(Failure::Wrong));
        assert!(is_open(&chosen(Failure::Busy).await));
    }
}

mod together {
    use super::*;

    #[tta::primitive(
        fallback = instead,
        bulkhead(max = 1),
        breaker(failures = 1, window = 2, min_calls = 2, open = "1h"),
        retry(max = 2, backoff = "10ms..10ms", when = |_| true),
        timeout("1s")
    )]
    async fn all(calls: Calls) -> Result<u32, Failure> {
        calls.count();
        pending().await
    }

    async fn instead(_calls: Calls) -> Result<u32, Failure> {
        Ok(0)
    }

    #[tokio::test(start_paused = true)]
    async fn the_order_is_fallback_bulkhead_breaker_retry_timeout() {
        let calls = Calls::default();
        let begun = Instant::now();
        assert_eq!(all(calls.clone()).await, Ok(0), "the fallback hides it");
        assert!(begun.elapsed() >= Duration::from_secs(3), "each attempt had its time");
        assert_eq!(calls.number(), 3, "the timeout was retried");
        assert_eq!(all(calls.clone()).await, Ok(0));
        assert_eq!(calls.number(), 6, "the breaker has seen one failure of each call, not of each attempt");
        assert_eq!(all(calls.clone()).await, Ok(0));
        assert_eq!(calls.number(), 6, "it is open, and that is not retried");
    }

    #[async_trait::async_trait]
    trait Store {
        async fn read(&self, key: String) -> Result<String, Failure>;
    }

    struct Memory(Calls);

    #[async_trait::async_trait]
    impl Store for Memory {
        #[tta::primitive(retry(max = 2, backoff = "1ms..1ms"), timeout("1s"))]
        async fn read(&self, key: String) -> Result<String, Failure> {
            if self.0.count() < 3 { Err(Failure::Busy) } else { Ok(key) }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn methods_of_async_traits_have_them_too() {
        assert_eq!(Memory(Calls::default()).read("k".to_owned()).await, Ok("k".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_future_that_is_sent_elsewhere_stays_send() {
        #[tta::primitive(retry(max = 1, backoff = "1ms..1ms"), fallback = other)]
        async fn send(cell: Cell<u32>) -> Result<u32, Failure> {
            Err(Failure::After(Duration::from_millis(u64::from(cell.get()))))
        }
        async fn other(cell: Cell<u32>) -> Result<u32, Failure> {
            Ok(cell.get())
        }
        assert_eq!(tokio::spawn(send(Cell::new(3))).await.expect("it does not panic"), Ok(3));
    }

    #[tta::primitive(retry(max = 1), timeout("1s"))]
    async fn generic<T>(value: T, many: impl IntoIterator<Item = T> + Clone) -> Result<Vec<T>, Failure>
    where
        T: Clone + PartialEq + Send,
    {
        let mut all: Vec<T> = many.into_iter().collect();
        all.push(value);
        Ok(all)
    }

    #[tokio::test(start_paused = true)]
    async fn functions_may_be_generic() {
        assert_eq!(generic(1, [2, 3]).await, Ok(vec![2, 3, 1]));
    }
}
