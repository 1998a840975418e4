//! What a collector's answer means.

use std::error::Error;
use std::time::Duration;

/// A request that was not accepted.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    /// One sentence: who said what.
    pub(super) message: String,
    pub(super) again: Again,
}

/// Whether the same request may be accepted later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Never,
    /// When the backoff says.
    Later,
    /// Not before the collector's own word.
    After(Duration),
}

/// The innermost cause of an error: "connection refused" and not that an error occurred.
pub(super) fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
