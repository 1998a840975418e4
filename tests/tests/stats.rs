//! `tta::stats()`: what the program has done, in process, with no backend and no `init`.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tta::Status;

#[derive(Debug, tta::ErrorKind)]
enum StockError {
    #[error_kind(permanent)]
    SoldOut,
    #[error_kind(transient)]
    Busy,
}

#[tta::workflow]
async fn sell(number: u32) -> Result<(), StockError> {
    take(number)
}

#[tta::primitive(labels(even: bool = number.is_multiple_of(2), on = "all"))]
fn take(number: u32) -> Result<(), StockError> {
    match number {
        0..=6 => Ok(()),
        7 | 8 => Err(StockError::SoldOut),
        _ => Err(StockError::Busy),
    }
}

#[tta::primitive]
async fn wait_for_ever() {
    std::future::pending::<()>().await;
}

#[tta::primitive]
#[allow(dead_code, reason = "in the table all the same")]
fn never_called() {}

#[tta::primitive]
fn slow() {
    std::thread::sleep(Duration::from_millis(3));
}

#[test]
fn calls_errors_and_active_ones_are_counted_over_all_labels() {
    for number in 0..10 {
        // What becomes of it is what the numbers tell.
        let _ = futures::executor::block_on(sell(number));
    }
    let mut waiting = Box::pin(wait_for_ever());
    let mut cancelled = Box::pin(wait_for_ever());
    for future in [&mut waiting, &mut cancelled] {
        assert!(futures::FutureExt::now_or_never(future).is_none());
    }
    drop(cancelled);

    let stats = tta::stats();
    for site in [stats.workflow("sell").expect("linked in"), stats.primitive("take").expect("linked in")] {
        assert_eq!(site.calls(), 10, "{stats}");
        assert_eq!((site.count(Status::Success), site.count(Status::Error)), (7, 3), "{stats}");
        let mut errors: Vec<_> =
            site.errors().iter().map(|error| (&*error.error_type, &*error.category, error.count)).collect();
        errors.sort_unstable();
        assert_eq!(errors, [("busy", "transient", 1), ("sold_out", "permanent", 2)]);
    }
    let waits = stats.primitive("wait_for_ever").expect("linked in");
    assert_eq!((waits.calls(), waits.count(Status::Cancelled), waits.active()), (1, 1, 1), "{stats}");
    let never = stats.primitive("never_called").expect("linked in");
    assert_eq!((never.calls(), never.p50(), never.mean()), (0, None, None));
    assert!(stats.workflow("take").is_none(), "it is a primitive");

    let table = stats.to_string();
    let lines: Vec<&str> = table.lines().collect();
    let of = |name: &str| *lines.iter().find(|line| line.starts_with(name)).expect("every site has a line");
    let cells: Vec<&str> = of("workflow sell").split_whitespace().collect();
    assert_eq!(cells[2..6], ["10", "3", "0", "0"], "\n{table}");
    assert!(
        of("workflow sell").contains("busy 1") && of("workflow sell").contains("sold_out 2"),
        "\n{table}"
    );
    let end = |line: &str, word: &str| line.find(word).map(|at| at + word.len());
    assert_eq!(end(lines[0], "calls"), end(of("workflow sell"), "10"), "columns are aligned\n{table}");
    drop(waiting);
}

#[test]
fn a_percentile_lies_in_the_bucket_of_the_calls_that_it_is_of() {
    let mut measured: Vec<_> = (0..9)
        .map(|_| {
            let begun = Instant::now();
            slow();
            begun.elapsed()
        })
        .collect();
    measured.sort_unstable();
    let bounds = tta::catalog()
        .families()
        .iter()
        .find(|family| family.name() == "tta_primitive_duration_seconds")
        .expect("it is declared")
        .buckets();
    let upper = |duration: Duration| {
        let bound = bounds.iter().find(|bound| **bound >= duration.as_secs_f64());
        Duration::from_secs_f64(*bound.expect("nobody slept for minutes"))
    };
    let stats = tta::stats();
    let site = stats.primitive("slow").expect("linked in");
    for (found, real) in
        [(site.quantile(0.0), measured[0]), (site.p50(), measured[4]), (site.p99(), measured[8])]
    {
        let found = found.expect("it was called");
        assert!(found <= upper(real), "{found:?} for {real:?}");
    }
    assert!(site.p50() >= Some(Duration::from_millis(1)), "3 ms is above the bound of 1 ms\n{stats}");
    assert!(site.p50() <= site.p95() && site.p95() <= site.p99());
    let mean = site.mean().expect("it was called");
    assert!(mean >= Duration::from_millis(3) && mean <= measured[8], "{mean:?} of {measured:?}");
}

#[tta::primitive]
async fn moves() {
    let mut is_first = true;
    std::future::poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) })
        .await;
}

#[test]
fn calls_that_end_on_another_thread_are_all_counted_while_theirs_counts_on() {
    const CALLS: u64 = 100_000;
    let (give, given) = std::sync::mpsc::sync_channel(64);
    let poll = |call: Pin<&mut _>| Future::poll(call, &mut Context::from_waker(Waker::noop()));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for mut call in given {
                assert!(poll(Pin::as_mut(&mut call)).is_ready());
            }
        });
        for _ in 0..CALLS {
            let mut call = Box::pin(moves());
            assert!(poll(call.as_mut()).is_pending());
            give.send(call).expect("the other thread takes them");
            let mut own = Box::pin(moves());
            while poll(own.as_mut()).is_pending() {}
        }
        drop(give);
    });
    let moves = tta::stats().primitive("moves").expect("linked in").clone();
    assert_eq!((moves.calls(), moves.count(Status::Success), moves.active()), (2 * CALLS, 2 * CALLS, 0));
}
