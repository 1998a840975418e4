//! What a collector's answer means.

use std::time::Duration;

use crate::export::client::readable;
use crate::pipeline::Accepted;

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

/// What a partial success says.
pub(super) fn accepted(rejected: i64, why: &str) -> Accepted {
    Accepted { rejected: u64::try_from(rejected).unwrap_or(0), why: readable(why) }
}
