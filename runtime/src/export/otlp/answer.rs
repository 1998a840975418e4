//! What a collector's answer means.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;

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

/// An answer to spans. One to metrics has the same fields, and counts data points in place of spans.
pub(super) type Answer = ExportTraceServiceResponse;

/// What a partial success says.
pub(super) fn accepted(answer: Answer) -> Accepted {
    let partial = answer.partial_success.unwrap_or_default();
    let rejected = u64::try_from(partial.rejected_spans).unwrap_or(0);
    Accepted { rejected, why: readable(&partial.error_message) }
}
