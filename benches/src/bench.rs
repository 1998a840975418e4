//! One line in a process of its own: measures a round whenever the parent asks for one.
//!
//! A process per line, because a subscriber, a recorder, a reporter and a `Telemetry` are each one
//! per process, and because no line then runs beside another's threads.

use crate::alloc;
use crate::laps::{Lap, with_threads};
use crate::lines::{Answer, Ending, Order};
use std::error::Error;
use std::fmt::Display;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::mem::size_of_val;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Requests between two flushes. What ten nested calls in two threads leave behind fits every queue
/// (`process::QUEUE`, and fastrace's fixed 10 240 commands per thread), so that nothing is dropped.
const REQUESTS: u64 = 1_000;
/// A round is at least this many batches, and at least this much time in them: a line of two
/// nanoseconds needs more of them than one of two thousand. The flush behind each is not timed.
const BATCHES: u64 = 10;
const ROUND: Duration = Duration::from_millis(5);
/// Batches that are run before the first round: caches, branch predictors, lazily made statics.
const WARM_UP: u64 = 20;

/// A batch that is counted: its spans are too few to wake the exporters' thread, so that every count of
/// it finds the same state.
const COUNTED_REQUESTS: u64 = 100;
const COUNTED_BATCHES: u64 = 50;

/// Requests that are timed one by one, with a flush after each batch of them so that no span is lost.
const SINGLE_REQUESTS: usize = 1_000;
const SINGLE_BATCHES: usize = 200;
/// More than every queue holds (`process::QUEUE`), and what an exporter takes out of it besides.
const FILLING: u64 = 50_000;

/// What a request is made of, and how many threads send requests.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Load {
    /// Annotated functions that one request passes through.
    #[arg(long, default_value_t = 4)]
    pub(crate) depth: u64,
    /// Threads that send requests at once.
    #[arg(long, default_value_t = 1)]
    pub(crate) threads: usize,
    /// How the innermost function ends.
    #[arg(long, value_enum, default_value_t = Ending::Success)]
    pub(crate) ending: Ending,
}

/// Where the telemetry of a line goes.
pub(crate) trait Backend: Sync {
    /// Whether every call is to arrive as a span.
    const SPANS: bool;

    /// Waits until all that was recorded has left the process, and returns how many spans that is
    /// since the start.
    fn flush(&self) -> u64;

    /// Makes exports wait, or lets them go on.
    fn hold(&self, _hold: bool) {}

    /// How many calls the metrics tell of since the start, where the line has metrics.
    fn calls(&self) -> Option<u64>;
}

/// Measures `request` until standard input ends.
pub(crate) fn serve<B: Backend, F: Future<Output = Answer>>(
    load: Load,
    backend: &B,
    request: impl Fn(Order) -> F + Sync,
) -> Result<(), Box<dyn Error>> {
    let order = Order { id: 0, ending: load.ending };
    let send = |requests| {
        for id in 0..requests {
            let order = black_box(Order { id, ..order });
            let _ = black_box(poll_once(request(order)));
        }
    };
    let batch = || send(REQUESTS);
    let mut line = Line { load, backend, requests: 0 };
    let first = poll_once(request(order));
    if !load.ending.is(&first) {
        return Err(format!("expected the ending {:?}, found {first:?}", load.ending).into());
    }
    line.settle(1)?;

    with_threads(load.threads, batch, |lap| {
        for _ in 0..WARM_UP {
            line.batch(lap)?;
        }
        reply(size_of_val(&request(order)))?;
        for command in io::stdin().lock().lines() {
            match command?.as_str() {
                "round" => reply(line.round(lap)?)?,
                "allocations" => reply(line.allocations(batch)?)?,
                "single" => reply(line.single_calls(Beside::Nothing, || send(1)))?,
                "single_scraped" => reply(line.single_calls(Beside::Scrapes, || send(1)))?,
                "single_full" => reply(line.single_calls(Beside::FullQueue, || send(1)))?,
                "count" => reply(line.count(&|| send(COUNTED_REQUESTS))?)?,
                "finish" => {
                    line.check_metrics()?;
                    reply("done")?;
                }
                other => return Err(format!("unknown command {other:?}").into()),
            }
        }
        Ok(())
    })
}

/// What happens while calls are timed one by one.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    /// Only what always does: batches are exported.
    Nothing,
    /// One scrape of the metrics after another.
    Scrapes,
    /// Exports stand still, and every span finds the queue full.
    FullQueue,
}

struct Line<'a, B> {
    load: Load,
    backend: &'a B,
    /// Requests since the start, in every thread.
    requests: u64,
}

impl<B: Backend> Line<'_, B> {
    /// Times requests one by one: p50, p99, p99.9 and the maximum, in nanoseconds.
    fn single_calls(&self, beside: Beside, request: impl Fn()) -> String {
        if beside == Beside::FullQueue {
            self.backend.hold(true);
            (0..FILLING).for_each(|_| request());
        }
        let is_over = AtomicBool::new(false);
        let mut times = Vec::with_capacity(SINGLE_BATCHES * SINGLE_REQUESTS);
        thread::scope(|scope| {
            if beside == Beside::Scrapes {
                scope.spawn(|| {
                    while !is_over.load(Relaxed) {
                        black_box(self.backend.calls());
                    }
                });
            }
            for _ in 0..SINGLE_BATCHES {
                for _ in 0..SINGLE_REQUESTS {
                    let start = Instant::now();
                    request();
                    times.push(start.elapsed().as_nanos());
                }
                if beside != Beside::FullQueue {
                    self.backend.flush();
                }
            }
            is_over.store(true, Relaxed);
        });
        self.backend.hold(false);
        times.sort_unstable();
        let last = times.len() - 1;
        let at = [last / 2, last * 99 / 100, last * 999 / 1000, last];
        at.map(|index| times[index].to_string()).join(" ")
    }

    /// Nanoseconds per call.
    fn round(&mut self, lap: Lap) -> Result<f64, Box<dyn Error>> {
        let before = self.calls();
        let mut elapsed = Duration::ZERO;
        let mut batches = 0;
        while batches < BATCHES || elapsed < ROUND {
            elapsed += self.batch(lap)?;
            batches += 1;
        }
        Ok(elapsed.as_nanos() as f64 / (self.calls() - before) as f64)
    }

    /// How long one batch takes in every thread at once, without the flush behind it.
    fn batch(&mut self, lap: Lap) -> Result<Duration, Box<dyn Error>> {
        let elapsed = lap()?;
        self.settle(REQUESTS * self.load.threads as u64)?;
        Ok(elapsed)
    }

    /// Allocations per call on this thread.
    fn allocations(&mut self, batch: impl Fn()) -> Result<f64, Box<dyn Error>> {
        let before = self.calls();
        let allocations = alloc::allocations(batch);
        self.settle(REQUESTS)?;
        Ok(allocations as f64 / (self.calls() - before) as f64)
    }

    /// Lets callgrind count batches on this thread, and returns how many calls that were.
    fn count(&mut self, batch: &dyn Fn()) -> Result<u64, Box<dyn Error>> {
        // What the larger batches left behind has been used up after as many again.
        for _ in 0..COUNTED_BATCHES {
            batch();
            self.settle(COUNTED_REQUESTS)?;
        }
        let before = self.calls();
        for _ in 0..COUNTED_BATCHES {
            count_instructions(batch);
            self.settle(COUNTED_REQUESTS)?;
        }
        Ok(self.calls() - before)
    }

    /// Flushes what `requests` more requests left behind; an error if a span is missing.
    fn settle(&mut self, requests: u64) -> Result<(), Box<dyn Error>> {
        self.requests += requests;
        let arrived = self.backend.flush();
        let expected = if B::SPANS { self.calls() } else { 0 };
        if arrived == expected {
            return Ok(());
        }
        Err(format!("expected {expected} spans in the exporter, found {arrived}").into())
    }

    fn check_metrics(&self) -> Result<(), Box<dyn Error>> {
        match self.backend.calls() {
            Some(counted) if counted != self.calls() => {
                Err(format!("expected {} calls in the metrics, found {counted}", self.calls()).into())
            }
            _ => Ok(()),
        }
    }

    /// Calls since the start.
    fn calls(&self) -> u64 {
        self.requests * self.load.depth
    }
}

/// Callgrind counts what happens in here, and finds it by this name.
#[inline(never)]
fn count_instructions(batch: &dyn Fn()) {
    batch();
    // Behind it, so that the call is not made a jump.
    black_box(());
}

/// Polls `future` as an executor does, once: no line's future waits for anything but the cancelled
/// ones, which are dropped while they wait.
fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn reply(word: impl Display) -> io::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "{word}")?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    /// Loses one of ten spans.
    struct Lossy;

    impl Backend for Lossy {
        const SPANS: bool = true;

        fn flush(&self) -> u64 {
            9
        }

        fn calls(&self) -> Option<u64> {
            Some(10)
        }
    }

    #[test]
    fn a_missing_span_ends_the_run() {
        let mut line = Line {
            load: Load { depth: 5, threads: 1, ending: Ending::Success },
            backend: &Lossy,
            requests: 0,
        };
        let error = line.settle(2).expect_err("one of ten spans is missing");
        assert_eq!(error.to_string(), "expected 10 spans in the exporter, found 9");
        assert!(line.check_metrics().is_ok(), "all ten calls are counted");
    }

    #[test]
    fn a_cancelled_request_is_dropped_while_it_waits() {
        let held = Rc::new(());
        let holder = Rc::clone(&held);
        let seen = poll_once(async move {
            let answer = std::future::pending::<Answer>().await;
            drop(holder);
            answer
        });
        assert!(Ending::Cancelled.is(&seen));
        assert_eq!(Rc::strong_count(&held), 1);
    }
}
