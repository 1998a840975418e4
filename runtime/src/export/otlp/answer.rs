//! What a collector's answer means.

use std::error::Error;
use std::time::Duration;

use crate::pipeline::Accepted;

/// Characters of a receiver's reason that are shown.
const LONGEST_REASON: usize = 200;

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

/// What a partial success says. Its sentence comes from outside, so it is bounded and cannot move a cursor.
pub(super) fn accepted(rejected: i64, why: &str) -> Accepted {
    let why = why.chars().take(LONGEST_REASON).flat_map(|char| {
        let (shown, escaped) =
            if char.is_control() { (None, Some(char.escape_default())) } else { (Some(char), None) };
        shown.into_iter().chain(escaped.into_iter().flatten())
    });
    Accepted { rejected: u64::try_from(rejected).unwrap_or(0), why: why.collect() }
}
