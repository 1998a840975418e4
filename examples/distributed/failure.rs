//! What the front can fail with, as one readable sentence each.

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use humantime::format_duration;
use tta::{Category, ErrorKind as _};

use crate::{error::root_cause, message::Refusal, queue::QueueError};

#[derive(Debug, thiserror::Error, tta::ErrorKind)]
pub(crate) enum Failure {
    #[error(transparent)]
    #[error_kind(transient)]
    Queue(#[from] QueueError),

    #[error("the worker cannot be reached: {}", root_cause(.0))]
    #[error_kind(transient)]
    Unreachable(#[from] reqwest_middleware::Error),

    #[error("no worker is there")]
    #[error_kind(transient)]
    NoWorker,

    /// Of one attempt: the next worker finds the job again.
    #[error("the worker has ended in the middle of the work")]
    #[error_kind(transient)]
    WorkerLost,

    #[error("{0} workers have ended in the middle of the work, so it is given up")]
    #[error_kind(permanent, severity = "critical")]
    GivenUp(u32),

    #[error("no answer after {}", format_duration(*.0))]
    #[error_kind(transient)]
    NoReply(Duration),

    #[error("{}", .0.reason)]
    #[error_kind(transient)]
    Unavailable(Refusal),

    #[error("{}", .0.reason)]
    #[error_kind(permanent)]
    Refused(Refusal),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        if refusal.is_transient { Failure::Unavailable(refusal) } else { Failure::Refused(refusal) }
    }
}

/// As the caller of the front sees it.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let kind = self.kind();
        let is_transient = kind.category() == Category::Transient;
        let status = match &self {
            Failure::Unavailable(refusal) | Failure::Refused(refusal) => refusal.status,
            Failure::NoReply(_) => StatusCode::GATEWAY_TIMEOUT.as_u16(),
            _ if is_transient => StatusCode::SERVICE_UNAVAILABLE.as_u16(),
            _ => StatusCode::BAD_GATEWAY.as_u16(),
        };
        let said = match self {
            Failure::Unavailable(refusal) | Failure::Refused(refusal) => refusal,
            other => {
                Refusal { status, kind: kind.name().to_owned(), reason: other.to_string(), is_transient }
            }
        };
        said.into_response()
    }
}
