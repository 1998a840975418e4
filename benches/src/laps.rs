//! Runs the same work in several threads at once, and says how long that takes.

use std::error::Error;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, yield_now};
use std::time::{Duration, Instant};

/// One lap of every thread; the time from the first one's start to the last one's end.
pub(crate) type Lap<'a> = &'a dyn Fn() -> Result<Duration, Box<dyn Error>>;

/// Keeps `threads` threads ready, the caller's included, while `body` asks them for laps of `run`.
pub(crate) fn with_threads<R>(threads: usize, run: impl Fn() + Sync, body: impl FnOnce(Lap) -> R) -> R {
    let start_line = StartLine { threads, arrived: AtomicUsize::new(0) };
    let own_lap = || start_line.time(&run);
    thread::scope(|scope| {
        let (laps, times) = mpsc::channel();
        // Dropped at the end of this block, which is how the helpers learn that there is no more lap.
        let helpers: Vec<Sender<()>> = (1..threads)
            .map(|_| {
                let (go, going) = mpsc::channel();
                let laps = laps.clone();
                scope.spawn(move || help(&going, &laps, own_lap));
                go
            })
            .collect();
        body(&|| {
            helpers.iter().try_for_each(|helper| helper.send(()))?;
            let own = own_lap();
            let (mut first, mut last) = own;
            for _ in &helpers {
                let (start, end) = times.recv()?;
                first = first.min(start);
                last = last.max(end);
            }
            Ok(last - first)
        })
    })
}

/// A further thread: one lap for each word from the first.
fn help(going: &Receiver<()>, laps: &Sender<(Instant, Instant)>, lap: impl Fn() -> (Instant, Instant)) {
    while let Ok(()) = going.recv() {
        if laps.send(lap()).is_err() {
            return;
        }
    }
}

/// Lets every thread of a lap start at the same moment.
struct StartLine {
    threads: usize,
    arrived: AtomicUsize,
}

impl StartLine {
    /// When `run` starts, which is once every thread is here, and when it ends.
    fn time(&self, run: impl Fn()) -> (Instant, Instant) {
        self.arrived.fetch_add(1, SeqCst);
        while !self.arrived.load(SeqCst).is_multiple_of(self.threads) {
            // More threads than cores never meet while each spins.
            if self.threads > 2 { yield_now() } else { spin_loop() }
        }
        let start = Instant::now();
        run();
        (start, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_runs_every_lap() {
        let runs = AtomicUsize::new(0);
        let run = || {
            runs.fetch_add(1, SeqCst);
        };
        with_threads(2, run, |lap| {
            for laps in 1..=50 {
                lap().expect("both threads live");
                assert_eq!(runs.load(SeqCst), 2 * laps);
            }
        });
    }
}
