//! What the library has to say of itself: rare, one line each, never an error of the program's.

use std::fmt;
use std::io::Write as _;

/// Says that something is lost, or no longer.
///
/// Goes to the program's `tracing` subscriber if there is one, else to stderr.
pub(crate) fn warn(message: fmt::Arguments<'_>) {
    #[cfg(any(feature = "log", feature = "tracing"))]
    if tracing::dispatcher::has_been_set() {
        let said = || tracing::warn!(target: "tta", "{message}");
        // A subscriber that panics must not end the exporters' thread, nor reach a caller.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(said));
        return;
    }
    // A program whose stderr is closed still runs.
    let _ = writeln!(std::io::stderr(), "tta: warning: {message}");
}
