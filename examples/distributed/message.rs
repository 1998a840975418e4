//! What the front and the worker tell each other.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tta::{Category, ErrorKind as _};

use crate::{answer::Answer, corpus::Passage, error::AskError, model::Tier};

/// Asks for the passages that say most about a question, over HTTP: a `Ranking`, or a `Refusal`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Search {
    pub(crate) question: String,
    pub(crate) top: usize,
}

/// Asks for the answer, over the queue.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    /// That of the workflow that wants the answer.
    pub(crate) id: String,
    pub(crate) question: String,
    pub(crate) passages: Vec<Passage>,
    pub(crate) tier: Tier,
}

/// What becomes of a job. Only `Lost` is followed by another one.
#[derive(Serialize, Deserialize)]
pub(crate) enum Reply {
    Answered(Answer),
    Refused(Refusal),
    /// The worker has ended in the middle of it; the job is in the queue again.
    Lost,
    /// So many workers have ended in the middle of it that it is not tried again.
    GivenUp {
        attempts: u32,
    },
}

/// An error of the worker's, as others may read it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refusal {
    /// The HTTP status that says the same.
    pub(crate) status: u16,
    /// The kind, as in `error.type`.
    pub(crate) kind: String,
    pub(crate) reason: String,
    /// Whether trying again may help.
    pub(crate) is_transient: bool,
}

impl From<AskError> for Refusal {
    fn from(error: AskError) -> Self {
        let kind = error.kind();
        let is_transient = kind.category() == Category::Transient;
        let status = match error {
            AskError::NothingFound => StatusCode::NOT_FOUND,
            _ if is_transient => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_GATEWAY,
        };
        Refusal {
            status: status.as_u16(),
            kind: kind.name().to_owned(),
            reason: error.to_string(),
            is_transient,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self)).into_response()
    }
}
