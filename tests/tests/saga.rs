//! Sagas: what was done is undone. All of it holds where nothing is observed, too.
#![allow(clippy::unused_async, reason = "a policy asks for an async function, whatever is in it")]
#![allow(clippy::items_after_statements, reason = "a function stands where it is tried")]

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tta::PolicyError;
use tta::saga::{Compensation, SagaCause, SagaReport, drain};

/// What the functions here fail with.
#[derive(Clone, Debug, PartialEq)]
enum Failure {
    Declined,
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the card says: {self:?}")
    }
}

/// What was done, in order.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, what: impl Into<String>) {
        self.0.lock().expect("nobody panics with it").push(what.into());
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics with it").clone()
    }
}

thread_local! {
    static REPORTS: RefCell<Vec<SagaReport>> = const { RefCell::new(Vec::new()) };
}

/// Keeps reports; a test and what it cancels run on one thread.
fn keep(report: &SagaReport) {
    REPORTS.with_borrow_mut(|reports| reports.push(report.clone()));
}

fn reports() -> Vec<String> {
    REPORTS.take().iter().map(ToString::to_string).collect()
}

/// Awaits once.
async fn rest() {
    let mut has_rested = false;
    std::future::poll_fn(|task| {
        if std::mem::replace(&mut has_rested, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[tta::primitive(compensate = release)]
async fn reserve(log: Log, item: &str) -> Result<String, Failure> {
    rest().await;
    log.add(format!("reserve {item}"));
    rest().await;
    Ok(format!("reservation of {item}"))
}

#[tta::primitive]
async fn release(log: Log, item: &str, reservation: String) {
    rest().await;
    log.add(format!("release {item}, {reservation}"));
    rest().await;
}

#[tta::primitive(compensate = refund)]
async fn charge(log: Log, cents: u32) -> Result<(), Failure> {
    rest().await;
    if cents > 100 {
        return Err(Failure::Declined);
    }
    log.add(format!("charge {cents}"));
    Ok(())
}

#[tta::primitive]
async fn refund(log: Log, cents: u32) -> Result<(), Failure> {
    rest().await;
    log.add(format!("refund {cents}"));
    Ok(())
}

#[tta::workflow(kind = "saga", report = keep)]
async fn order(log: &Log, cents: &[u32]) -> Result<(), Failure> {
    reserve(log.clone(), "tea").await?;
    for cents in cents {
        charge(log.clone(), *cents).await?;
    }
    log.add("ordered");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn where_a_saga_fails_its_steps_are_undone_in_reverse_before_it_returns() {
    let log = Log::default();
    assert_eq!(order(&log, &[7, 9, 101, 3]).await, Err(Failure::Declined));
    assert_eq!(
        log.lines(),
        ["reserve tea", "charge 7", "charge 9", "refund 9", "refund 7", "release tea, reservation of tea"]
    );
    assert_eq!(
        reports(),
        ["order (error Failure): charge compensated, charge compensated, reserve compensated"]
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_undone_of_a_saga_that_succeeds_nor_outside_of_one() {
    let log = Log::default();
    assert_eq!(order(&log, &[7]).await, Ok(()));
    assert_eq!(log.lines(), ["reserve tea", "charge 7", "ordered"]);
    assert_eq!(reports(), [""; 0]);

    let log = Log::default();
    assert_eq!(charge(log.clone(), 8).await, Ok(()));
    assert_eq!(charge(log.clone(), 101).await, Err(Failure::Declined));
    assert_eq!(log.lines(), ["charge 8"]);
}

/// Polls a future so often, and drops it; whether it had ended by then.
fn poll_so_often<F: Future>(future: F, times: usize) -> bool {
    let mut future = pin!(future);
    let mut task = Context::from_waker(Waker::noop());
    (0..times).any(|_| future.as_mut().poll(&mut task).is_ready())
}

/// Every step that was done is undone once.
fn assert_undone(log: &Log, after: usize) {
    let lines = log.lines();
    let steps = [
        ("reserve tea", "release tea, reservation of tea"),
        ("charge 7", "refund 7"),
        ("charge 9", "refund 9"),
    ];
    let mut undone: Vec<&str> = Vec::new();
    for (done, undo) in steps {
        let of = |what: &str| lines.iter().filter(|line| *line == what).count();
        assert_eq!(of(done), of(undo), "dropped after {after} polls: {lines:?}");
        assert!(of(done) <= 1, "{lines:?}");
        if of(done) == 1 {
            undone.insert(0, undo);
        }
    }
    let own: Vec<_> =
        lines.iter().filter(|line| line.starts_with("re") && !line.starts_with("reserve")).collect();
    assert_eq!(own, undone, "dropped after {after} polls: {lines:?}");
}

#[tokio::test(start_paused = true)]
async fn wherever_a_saga_is_dropped_each_step_that_was_done_is_undone_once() {
    // While its steps run, while they are undone since it has failed, and when all of that is over.
    let mut has_ended = false;
    for times in 0..100 {
        let log = Log::default();
        has_ended = poll_so_often(order(&log, &[7, 9, 101]), times);
        drain().await;
        let steps = log.lines();
        // A step that was dropped after it has done something, and before it has returned, is in doubt.
        let in_doubt = times == 2;
        if in_doubt {
            assert_eq!(steps, ["reserve tea"]);
        } else {
            assert_undone(&log, times);
        }
        let reports = reports();
        let is_empty = times == 0;
        assert_eq!(reports.len(), usize::from(!is_empty), "{reports:?}");
        assert!(reports.iter().all(|report| !report.contains("not compensated")), "{reports:?}");
        if has_ended {
            assert!(reports[0].starts_with("order (error"), "{reports:?}");
            break;
        }
    }
    assert!(has_ended);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_undone_does_not_keep_the_rest_from_it() {
    #[tta::primitive(compensate = undo)]
    async fn step(log: Log, number: u32) -> u32 {
        log.add(format!("do {number}"));
        number
    }
    async fn undo(log: Log, number: u32, done: u32) -> Result<(), Failure> {
        assert_eq!(number, done);
        assert_ne!(number, 2, "this panic is wanted");
        if number == 3 {
            return Err(Failure::Declined);
        }
        log.add(format!("undo {number}"));
        Ok(())
    }
    #[tta::workflow(kind = "saga", report = keep)]
    async fn four(log: Log) -> Result<(), &'static str> {
        for number in 1..5 {
            step(log.clone(), number).await;
        }
        Err("no")
    }
    let log = Log::default();
    assert_eq!(four(log.clone()).await, Err("no"));
    assert_eq!(log.lines()[4..], ["undo 4", "undo 1"]);
    let report = REPORTS.take().remove(0);
    assert_eq!((report.workflow(), report.cause()), ("four", SagaCause::Error("str")));
    assert_eq!(report.workflow_id().len(), 36);
    assert!(!report.is_complete());
    let outcomes: Vec<_> = report.steps().iter().map(|step| step.compensation().clone()).collect();
    assert_eq!((&outcomes[0], &outcomes[3]), (&Compensation::Done, &Compensation::Done));
    assert_eq!(outcomes[2], Compensation::Panicked);
    let Compensation::Failed { kind, message, .. } = &outcomes[1] else { panic!("{outcomes:?}") };
    assert_eq!((*kind, message.as_deref()), ("Failure", Some("the card says: Declined")));
    assert_eq!(
        report.to_string(),
        "four (error str): step compensated, step not compensated (error Failure), step not compensated (panic), \
         step compensated"
    );
}

#[tokio::test(start_paused = true)]
async fn a_panic_goes_on_at_once_and_what_was_done_is_undone_meanwhile() {
    #[tta::workflow(kind = "saga", report = keep)]
    async fn breaks(log: &Log) {
        let _ = charge(log.clone(), 7).await;
        panic!("this panic is wanted");
    }
    let log = Log::default();
    let own = log.clone();
    let ended = tokio::spawn(async move {
        struct Seen(Log);
        impl Drop for Seen {
            fn drop(&mut self) {
                self.0.add("the panic is seen");
            }
        }
        let _seen = Seen(own.clone());
        breaks(&own).await;
    });
    assert!(ended.await.expect_err("it panics").is_panic());
    drain().await;
    assert_eq!(log.lines(), ["charge 7", "the panic is seen", "refund 7"]);
    assert_eq!(reports(), ["breaks (panic): charge compensated"]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_ends_a_saga_does_not_end_its_compensations() {
    #[tta::primitive(compensate = unlock)]
    async fn lock(log: Log) -> u32 {
        log.add("lock");
        7
    }
    // Longer than the caller's timeout, and shorter than its own.
    #[tta::primitive(timeout("10s"))]
    async fn unlock(log: Log, _locked: u32) -> Result<(), Failure> {
        let left = tta::deadline().expect("its own").saturating_duration_since(Instant::now().into_std());
        assert_eq!(left, Duration::from_secs(10));
        sleep(Duration::from_secs(5)).await;
        log.add("unlock");
        Ok(())
    }
    #[tta::workflow(kind = "saga", report = keep)]
    async fn slow(log: Log, fails: bool) -> Result<(), Failure> {
        lock(log.clone()).await;
        lock(log.clone()).await;
        if fails {
            return Err(Failure::Declined);
        }
        sleep(Duration::from_mins(1)).await;
        Ok(())
    }
    #[tta::primitive(timeout("1s"))]
    async fn serve(log: Log, fails: bool) -> Result<(), Failure> {
        slow(log, fails).await
    }
    let is_timeout =
        |result: &Result<(), Failure>| matches!(result, Err(Failure::Refused(PolicyError::Timeout { .. })));

    // While the body runs, and while it is compensated.
    for (fails, cause) in [(false, "cancelled"), (true, "error Failure")] {
        let log = Log::default();
        let begun = Instant::now();
        let result = serve(log.clone(), fails).await;
        assert!(is_timeout(&result), "{result:?}");
        assert_eq!(begun.elapsed(), Duration::from_secs(1));
        drain().await;
        assert_eq!(log.lines(), ["lock", "lock", "unlock", "unlock"]);
        assert_eq!(reports(), [format!("slow ({cause}): lock compensated, lock compensated")]);
    }

    // The deadline of a request is the workflow's, and over when it has failed.
    let log = Log::default();
    let deadline = (Instant::now() + Duration::from_secs(1)).into_std();
    let request = tta::WorkflowContext::builder().deadline(deadline).scope(slow(log.clone(), true));
    assert_eq!(request.await, Err(Failure::Declined));
    assert_eq!(log.lines(), ["lock", "lock", "unlock", "unlock"]);
    assert_eq!(reports(), ["slow (error Failure): lock compensated, lock compensated"]);
}

/// Runs steps in a saga that fails then, and returns what was undone.
async fn undone_of(log: &Log, steps: impl AsyncFnOnce(Log)) -> Vec<String> {
    #[tta::workflow(kind = "saga", report = keep)]
    async fn failing(log: Log, steps: impl AsyncFnOnce(Log)) -> Result<(), &'static str> {
        steps(log).await;
        Err("no")
    }
    assert!(failing(log.clone(), steps).await.is_err());
    reports();
    log.lines().into_iter().filter(|line| line.starts_with("undo")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_undone_once_whatever_its_policies_made_of_it() {
    #[tta::primitive(compensate = undo, retry(max = 3, when = |_| true))]
    async fn retried(log: Log, fails: Arc<AtomicU32>) -> Result<u32, Failure> {
        log.add("attempt");
        if fails.load(Relaxed) == 0 {
            return Ok(1);
        }
        fails.fetch_sub(1, Relaxed);
        Err(Failure::Declined)
    }
    async fn undo(log: Log, _: Arc<AtomicU32>, done: u32) {
        log.add(format!("undo {done}"));
    }
    let log = Log::default();
    let undone = undone_of(&log, async |log| _ = retried(log, Arc::new(2.into())).await).await;
    assert_eq!((undone, log.lines().len()), (vec!["undo 1".to_owned()], 4));
    // All attempts have failed.
    let undone = undone_of(&Log::default(), async |log| _ = retried(log, Arc::new(9.into())).await).await;
    assert_eq!(undone, [""; 0]);

    #[tta::primitive(compensate = undo, hedge(after = "10ms"))]
    async fn hedged(log: Log, calls: Arc<AtomicU32>) -> Result<u32, Failure> {
        let number = calls.fetch_add(1, Relaxed);
        if number == 0 {
            sleep(Duration::from_secs(1)).await;
        }
        log.add("call");
        Ok(number)
    }
    let log = Log::default();
    let undone = undone_of(&log, async |log| _ = hedged(log, Arc::new(0.into())).await).await;
    assert_eq!((undone, log.lines().len()), (vec!["undo 1".to_owned()], 2));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_served_is_undone_by_its_own_compensation() {
    #[tta::primitive(compensate = undo_first, fallback = second)]
    async fn first(log: Log, fails: bool) -> Result<u32, Failure> {
        let _ = log;
        if fails { Err(Failure::Declined) } else { Ok(1) }
    }
    #[tta::primitive(compensate = undo_second)]
    async fn second(log: Log, fails: bool) -> Result<u32, Failure> {
        let _ = log;
        assert!(fails);
        Ok(2)
    }
    async fn undo_first(log: Log, _: bool, done: u32) {
        log.add(format!("undo first {done}"));
    }
    async fn undo_second(log: Log, _: bool, done: u32) {
        log.add(format!("undo second {done}"));
    }
    let undone = undone_of(&Log::default(), async |log| _ = first(log, false).await).await;
    assert_eq!(undone, ["undo first 1"]);
    let undone = undone_of(&Log::default(), async |log| _ = first(log, true).await).await;
    assert_eq!(undone, ["undo second 2"]);
}

#[tokio::test(start_paused = true)]
async fn what_came_from_a_cache_was_not_done_and_is_not_undone() {
    #[tta::primitive(compensate = undo, cache(ttl = "1m", key = number))]
    async fn cached(log: Log, number: u32) -> Result<u32, Failure> {
        sleep(Duration::from_millis(5)).await;
        log.add("do");
        Ok(number)
    }
    async fn undo(log: Log, number: u32, done: u32) {
        assert_eq!(number, done);
        log.add(format!("undo {done}"));
    }
    let undone = undone_of(&Log::default(), async |log| {
        // The others wait for the call of the first, and then there are two hits.
        let all = tta::parallel((0..4).map(|_| cached(log.clone(), 1)), 4).await;
        assert!(all.iter().all(Result::is_ok));
        assert!(cached(log.clone(), 1).await.is_ok());
        assert!(cached(log.clone(), 2).await.is_ok());
    })
    .await;
    assert_eq!(undone, ["undo 2", "undo 1"]);
}

#[tokio::test(start_paused = true)]
async fn steps_of_branches_of_tasks_and_of_plain_primitives_are_steps_of_the_saga() {
    #[tta::primitive]
    async fn both(log: Log) {
        let (first, second) = tta::parallel!(step(log.clone(), 1, 20), step(log.clone(), 2, 10));
        assert_eq!((first, second), (1, 2));
        #[cfg(feature = "telemetry")]
        tta::spawn(step(log, 3, 1)).await.expect("no panic");
        // What is made within the saga is a step of it wherever it is polled.
        #[cfg(not(feature = "telemetry"))]
        tokio::spawn(step(log, 3, 1)).await.expect("no panic");
    }
    #[tta::primitive(compensate = undo)]
    async fn step(log: Log, number: u32, milliseconds: u64) -> u32 {
        sleep(Duration::from_millis(milliseconds)).await;
        log.add(format!("do {number}"));
        number
    }
    async fn undo(log: Log, _: u32, _: u64, number: u32) {
        log.add(format!("undo {number}"));
    }
    let undone = undone_of(&Log::default(), async |log| both(log).await).await;
    assert_eq!(undone, ["undo 3", "undo 1", "undo 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_saga_within_a_saga_is_a_part_of_it_once_it_has_succeeded() {
    #[tta::workflow(kind = "saga", report = keep)]
    async fn outer(log: &Log, inner_fails: bool) -> Result<(), Failure> {
        charge(log.clone(), 1).await?;
        let _ = inner(log, inner_fails).await;
        charge(log.clone(), 4).await?;
        log.add("outer fails");
        charge(log.clone(), 101).await
    }
    #[tta::workflow(kind = "saga", report = keep)]
    async fn inner(log: &Log, fails: bool) -> Result<(), Failure> {
        charge(log.clone(), 2).await?;
        charge(log.clone(), 3).await?;
        if fails { Err(Failure::Declined) } else { Ok(()) }
    }
    let log = Log::default();
    assert_eq!(outer(&log, false).await, Err(Failure::Declined));
    assert_eq!(log.lines()[5..], ["refund 4", "refund 3", "refund 2", "refund 1"]);
    assert_eq!(reports().len(), 1);

    let log = Log::default();
    assert_eq!(outer(&log, true).await, Err(Failure::Declined));
    let lines = log.lines();
    assert_eq!(lines[3..], ["refund 3", "refund 2", "charge 4", "outer fails", "refund 4", "refund 1"]);
    assert_eq!(reports().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn sagas_that_are_dropped_together_are_undone_inner_first() {
    #[tta::workflow(kind = "saga", report = keep)]
    async fn outer(log: &Log) -> Result<(), Failure> {
        charge(log.clone(), 1).await?;
        inner(log).await
    }
    #[tta::workflow(kind = "saga", report = keep)]
    async fn inner(log: &Log) -> Result<(), Failure> {
        charge(log.clone(), 2).await?;
        charge(log.clone(), 3).await?;
        sleep(Duration::from_mins(1)).await;
        Ok(())
    }
    let log = Log::default();
    let ended = tokio::time::timeout(Duration::from_secs(1), outer(&log)).await;
    assert!(ended.is_err());
    drain().await;
    assert_eq!(log.lines()[3..], ["refund 3", "refund 2", "refund 1"]);
    assert_eq!(
        reports(),
        [
            "inner (cancelled): charge compensated, charge compensated",
            "outer (cancelled): charge compensated"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn sagas_at_the_same_time_undo_their_own_steps() {
    let (fails, succeeds) = (Log::default(), Log::default());
    let (failed, succeeded) = tta::parallel!(order(&fails, &[7, 101]), order(&succeeds, &[8, 9]));
    assert!(failed.is_err() && succeeded.is_ok());
    assert_eq!(fails.lines(), ["reserve tea", "charge 7", "refund 7", "release tea, reservation of tea"]);
    assert_eq!(succeeds.lines(), ["reserve tea", "charge 8", "charge 9", "ordered"]);
}

#[tokio::test(start_paused = true)]
async fn what_undoes_a_step_is_no_step() {
    #[tta::primitive(compensate = put_back)]
    async fn take(log: Log) -> u32 {
        log.add("take");
        1
    }
    async fn put_back(log: Log, number: u32) -> Result<(), Failure> {
        log.add(format!("undo {number}"));
        charge(log, 5).await?;
        Err(Failure::Declined)
    }
    let log = Log::default();
    let undone = undone_of(&log, async |log| _ = take(log).await).await;
    assert_eq!(undone, ["undo 1"]);
    assert_eq!(log.lines(), ["take", "undo 1", "charge 5"]);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_ends_after_its_saga_has_failed_is_undone_then() {
    let log = Log::default();
    let own = log.clone();
    let undone = undone_of(&log, async |_| {
        // Made here, and not waited for.
        tokio::spawn(charge(own, 7));
    })
    .await;
    assert_eq!(undone, [""; 0]);
    while log.lines().len() < 2 {
        tokio::task::yield_now().await;
    }
    drain().await;
    assert_eq!(log.lines(), ["charge 7", "refund 7"]);
    assert_eq!(reports(), ["failing (error str): charge compensated"]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_says_whether_a_saga_or_a_step_has_failed() {
    #[tta::primitive(compensate = undo, error_if = |number: &u32| *number == 13)]
    async fn step(log: Log, number: u32) -> u32 {
        let _ = log;
        number
    }
    async fn undo(log: Log, _: u32, number: u32) {
        log.add(format!("undo {number}"));
    }
    #[tta::workflow(kind = "saga", ok_if = |ended: &Result<(), bool>| !matches!(ended, Err(true)), report = keep)]
    async fn ruled(log: Log, error: bool) -> Result<(), bool> {
        step(log.clone(), 12).await;
        step(log, 13).await;
        Err(error)
    }
    let log = Log::default();
    assert_eq!(ruled(log.clone(), false).await, Err(false));
    assert_eq!(log.lines(), [""; 0]);
    assert_eq!(ruled(log.clone(), true).await, Err(true));
    assert_eq!(log.lines(), ["undo 12"]);
    assert_eq!(reports(), ["ruled (error bool): step compensated"]);
}

/// A service with state that its clones share.
#[derive(Clone, Default)]
struct Shop {
    log: Log,
}

impl Shop {
    #[tta::primitive(compensate = Self::put_back)]
    async fn take(&self, item: Option<u32>) -> Option<u32> {
        item
    }

    async fn put_back(&self, asked: Option<u32>, item: u32) {
        assert_eq!(asked, Some(item));
        self.log.add(format!("put back {item}"));
    }

    #[tta::workflow(kind = "saga", report = |report| REPORTS.with_borrow_mut(|all| all.push(report.clone())))]
    async fn sell(&self) -> Result<(), Failure> {
        self.take(Some(7)).await;
        // It has taken nothing.
        self.take(None).await;
        Err(Failure::Declined)
    }
}

#[tokio::test(start_paused = true)]
async fn a_method_undoes_a_method_and_none_has_not_to_be_undone() {
    let shop = Shop::default();
    assert_eq!(shop.sell().await, Err(Failure::Declined));
    assert_eq!(shop.log.lines(), ["put back 7"]);
    assert_eq!(reports(), ["sell (error Failure): take compensated"]);
}

#[test]
fn without_a_runtime_a_saga_that_fails_is_undone_and_one_that_is_dropped_says_that_it_is_not() {
    let log = Log::default();
    let mut failing = Box::pin(order(&log, &[7, 101]));
    let mut task = Context::from_waker(Waker::noop());
    let ended = (0..50).find_map(|_| match Pin::new(&mut failing).poll(&mut task) {
        Poll::Ready(ended) => Some(ended),
        Poll::Pending => None,
    });
    assert_eq!(ended, Some(Err(Failure::Declined)));
    assert_eq!(log.lines()[2..], ["refund 7", "release tea, reservation of tea"]);
    assert_eq!(reports(), ["order (error Failure): charge compensated, reserve compensated"]);

    let log = Log::default();
    assert!(!poll_so_often(order(&log, &[7, 8, 9]), 5));
    assert_eq!(log.lines(), ["reserve tea", "charge 7", "charge 8"]);
    assert_eq!(
        reports(),
        [
            "order (cancelled): charge not compensated (interrupted), charge not compensated (not run), reserve not compensated (not run)"
        ]
    );
}

#[test]
fn a_runtime_that_ends_says_what_it_has_left() {
    #[tta::primitive(compensate = never)]
    async fn step(number: u32) -> u32 {
        number
    }
    async fn never(number: u32, _: u32) {
        if number == 2 {
            std::future::pending::<()>().await;
        }
    }
    #[tta::workflow(kind = "saga", report = keep)]
    async fn three() {
        for number in 1..4 {
            step(number).await;
        }
        std::future::pending::<()>().await;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        assert!(!poll_so_often(three(), 1));
        // It is undone up to the second.
        for _ in 0..5 {
            tokio::task::yield_now().await;
        }
    });
    drop(runtime);
    assert_eq!(
        reports(),
        [
            "three (cancelled): step compensated, step not compensated (interrupted), step not compensated (not run)"
        ]
    );
}

#[test]
fn a_saga_that_is_dropped_elsewhere_is_undone_on_its_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let log = Log::default();
    let own = log.clone();
    let mut saga = Box::pin(async move { order(&own, &[7, 8, 9]).await });
    runtime.block_on(async {
        let mut task = Context::from_waker(Waker::noop());
        for _ in 0..4 {
            assert!(saga.as_mut().poll(&mut task).is_pending());
        }
    });
    // Here there is none.
    drop(saga);
    runtime.block_on(drain());
    assert_eq!(log.lines(), ["reserve tea", "charge 7", "refund 7", "release tea, reservation of tea"]);
    assert_eq!(reports(), ["order (cancelled): charge compensated, reserve compensated"]);
}

#[tokio::test(start_paused = true)]
async fn a_saga_that_fails_or_is_dropped_with_nothing_done_is_reported() {
    #[tta::workflow(kind = "saga", report = keep)]
    async fn nothing(waits: bool) -> Result<(), Failure> {
        if waits {
            std::future::pending::<()>().await;
        }
        Err(Failure::Declined)
    }
    assert!(nothing(false).await.is_err());
    assert!(!poll_so_often(nothing(true), 1));
    // Never polled, so that it has not begun.
    drop(nothing(true));
    assert_eq!(
        reports(),
        ["nothing (error Failure): nothing to compensate", "nothing (cancelled): nothing to compensate"]
    );
}
