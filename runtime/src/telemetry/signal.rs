//! Signals that end the process, after a flush.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Running;

/// What a signal flushes. A handler cannot be taken back to what was there before it, so there is one
/// thread for the rest of the process, and it looks here for what is running then.
static FLUSHED: Mutex<Option<Weak<Running>>> = Mutex::new(None);

/// Flushes `running`, and nothing that ran before it, when a signal comes.
pub(super) fn flush_and_end(running: &Arc<Running>) -> io::Result<()> {
    let mut flushed = FLUSHED.lock().unwrap_or_else(PoisonError::into_inner);
    if flushed.is_none() {
        let signals = Signals::new([SIGTERM, SIGINT].into_iter().filter(|signal| !is_ignored(*signal)))?;
        std::thread::Builder::new().name("tta-signal".to_owned()).spawn(|| wait(signals))?;
    }
    *flushed = Some(Arc::downgrade(running));
    Ok(())
}

fn wait(mut signals: Signals) {
    for signal in signals.forever() {
        let running = FLUSHED.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(running) = running.and_then(|running| running.upgrade()) {
            running.end();
        }
        // Returns only if the default action could not be taken; the next signal tries again.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
}

/// Whether the process was told to ignore the signal. Only Linux says so without a system call.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
