//! Lines wait in a bounded queue for a thread that writes them.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded, select};
use tracing::Level;

use super::line::{Line, Style};
use super::rate::Rates;
use crate::metric::Sharded;
use crate::metric::family;
use crate::metric::store::{Part, Store};
use crate::names::label;

/// What became of a line, in `tta_log_lines_total`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    Written,
    Dropped,
    SampledOut,
}

static LINES: LazyLock<Arc<Sharded>> = LazyLock::new(|| {
    let lines = Arc::new(Sharded::new(Outcome::ALL.len()));
    for outcome in Outcome::ALL {
        let labels = vec![(label::OUTCOME, outcome.as_str().into())];
        Store::global().show(&family::LOG_LINES, labels, &lines, Part::Count(outcome as usize));
    }
    lines
});

/// Makes the series of every outcome exist, at 0.
pub(crate) fn publish() {
    LazyLock::force(&LINES);
}

/// The values of the label `outcome`.
pub(crate) fn outcomes() -> impl Iterator<Item = &'static str> {
    Outcome::ALL.into_iter().map(Outcome::as_str)
}

impl Outcome {
    const ALL: [Outcome; 3] = [Outcome::Written, Outcome::Dropped, Outcome::SampledOut];

    const fn as_str(self) -> &'static str {
        match self {
            Outcome::Written => "written",
            Outcome::Dropped => "dropped",
            Outcome::SampledOut => "sampled_out",
        }
    }

    pub(super) fn count(self, n: u64) {
        LINES.count(|row| row.add(self as usize, n));
    }
}

/// The way to a thread that writes.
pub(super) struct Writer {
    queue: Sender<Vec<u8>>,
    /// Who waits until the lines before it are written; has a queue of its own, to take no line's room.
    flushes: Sender<Sender<()>>,
    /// Dropped, and not yet said.
    dropped: Arc<AtomicU64>,
}

/// All that write, for the end of the program.
static WRITERS: Mutex<Vec<Weak<Writer>>> = Mutex::new(Vec::new());

/// How often a thread looks whether a second is over in which lines were left out.
const SECOND: Duration = Duration::from_secs(1);

impl Writer {
    pub(super) fn start(
        out: Box<dyn Write + Send>,
        room: usize,
        style: Style,
        rates: Option<Arc<Rates>>,
    ) -> Arc<Self> {
        let (queue, lines) = bounded(room);
        let (flushes, waiting) = bounded(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Arc::new(Writer { queue, flushes, dropped: dropped.clone() });
        let thread = Thread { lines, waiting, out, style, rates, dropped };
        // Where no thread can be had, the queue is never emptied, and lines are counted as dropped.
        let _ = std::thread::Builder::new().name("tta-log".to_owned()).spawn(|| thread.run());
        WRITERS.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&writer));
        writer
    }

    /// Queues a line, if there is room for it.
    pub(super) fn write(&self, line: Vec<u8>) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.queue.try_send(line) {
            self.dropped.fetch_add(1, Relaxed);
            Outcome::Dropped.count(1);
        }
    }

    /// Waits until what is queued is written; whether it was in time.
    pub(super) fn flush(&self, until: Instant) -> bool {
        let (answer, answered) = bounded(1);
        self.flushes.send_deadline(answer, until).is_ok() && answered.recv_deadline(until).is_ok()
    }
}

/// Waits until all lines that were logged before are written, for at most `timeout`; whether they were.
///
/// [`Telemetry::shutdown`](crate::Telemetry::shutdown) and the end of [`Telemetry`](crate::Telemetry) do so, for at
/// most a second.
#[allow(clippy::must_use_candidate, reason = "not everybody wants to know")]
pub fn flush(timeout: Duration) -> bool {
    let until = Instant::now() + timeout;
    let writers: Vec<_> = {
        let mut all = WRITERS.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|writer| writer.strong_count() > 0);
        all.iter().filter_map(Weak::upgrade).collect()
    };
    let missing = writers.iter().filter(|writer| !writer.flush(until)).count();
    missing == 0
}

struct Thread {
    lines: Receiver<Vec<u8>>,
    waiting: Receiver<Sender<()>>,
    out: Box<dyn Write + Send>,
    style: Style,
    rates: Option<Arc<Rates>>,
    dropped: Arc<AtomicU64>,
}

impl Thread {
    fn run(mut self) {
        loop {
            select! {
                recv(self.lines) -> line => match line {
                    Ok(line) => self.write(&line),
                    Err(_) => return self.flush(),
                },
                recv(self.waiting) -> answer => {
                    // What came before whoever asks is among what waits now.
                    for _ in 0..self.lines.len() {
                        if let Ok(line) = self.lines.try_recv() {
                            self.write(&line);
                        }
                    }
                    self.flush();
                    // Whoever asked may have left, as may everybody: then the lines are over, too.
                    if let Ok(answer) = answer {
                        let _ = answer.send(());
                    }
                },
                default(SECOND) => {}
            }
            self.say_what_is_missing(false);
            if self.lines.is_empty() {
                let _ = self.out.flush();
            }
        }
    }

    fn flush(&mut self) {
        self.say_what_is_missing(true);
        // A writer that cannot be flushed has nobody to tell.
        let _ = self.out.flush();
    }

    fn write(&mut self, line: &[u8]) {
        let outcome = if self.out.write_all(line).is_ok() { Outcome::Written } else { Outcome::Dropped };
        outcome.count(1);
    }

    fn say_what_is_missing(&mut self, at_the_end: bool) {
        let dropped = self.dropped.swap(0, Relaxed);
        if dropped > 0 {
            let mut line = Line::new(Level::WARN, "tta::log");
            line.message = format!("{dropped} lines were dropped, since the log is written too slowly");
            line.fields.push(("dropped", dropped.into()));
            self.write(&line.written(self.style));
        }
        let rates = self.rates.clone();
        for line in rates.iter().flat_map(|rates| rates.over(at_the_end)) {
            self.write(&line.written(self.style));
        }
    }
}
