//! What can go wrong, as one readable sentence each, and whether trying again can help.

use std::{error::Error, io, path::PathBuf};

use async_openai::error::OpenAIError;

/// The name of a variant is its `error.type` on spans and metrics; its kind says what a retry is worth.
#[derive(Debug, thiserror::Error, tta::ErrorKind)]
pub(crate) enum AskError {
    #[error("no Markdown documents in {}", .0.display())]
    #[error_kind(permanent)]
    NoDocuments(PathBuf),

    #[error("cannot read {}: {cause}", path.display())]
    #[error_kind(permanent)]
    Unreadable { path: PathBuf, cause: io::Error },

    #[error("no document mentions any word of the question")]
    #[error_kind(permanent)]
    NothingFound,

    #[error("{0}")]
    #[error_kind(permanent)]
    Setup(String),

    #[error("{service} refused the API key (HTTP {status}): check OPENAI_API_KEY")]
    #[error_kind(permanent)]
    BadKey { service: String, status: u16 },

    #[error("{service} refused the request (HTTP {status}): {reason}")]
    #[error_kind(permanent)]
    Refused { service: String, status: u16, reason: String },

    #[error("{service} did not answer with a chat completion: check OPENAI_BASE_URL")]
    #[error_kind(permanent)]
    NotACompletion { service: String },

    #[error("{service} is busy or failing (HTTP {status})")]
    #[error_kind(transient)]
    Busy { service: String, status: u16 },

    #[error("cannot reach {service}: {cause}")]
    #[error_kind(transient)]
    Unreachable { service: String, cause: String },

    #[error("{service} took too long to answer")]
    #[error_kind(transient)]
    Timeout { service: String },

    #[error("{0}")]
    #[error_kind(transparent)]
    Policy(#[from] tta::PolicyError),
}

impl AskError {
    /// What the client met at `service`, without what may repeat the key: the full address and the answer's body.
    pub(crate) fn from_client(error: OpenAIError, service: &str, api_key: &str) -> Self {
        let service = service.to_owned();
        match error {
            OpenAIError::Reqwest(error) if error.is_timeout() => Self::Timeout { service },
            OpenAIError::Reqwest(error) => Self::Unreachable { service, cause: root_cause(&error) },
            OpenAIError::ApiError(answer) => {
                let status = answer.status_code.as_u16();
                let out_of_quota = answer.api_error.code.as_deref() == Some("insufficient_quota");
                match status {
                    401 | 403 => Self::BadKey { service, status },
                    408 | 429 | 500.. if !out_of_quota => Self::Busy { service, status },
                    _ => {
                        let words: Vec<_> = answer.api_error.message.split_whitespace().collect();
                        let reason = words.join(" ").replace(api_key, "***").chars().take(200).collect();
                        Self::Refused { service, status, reason }
                    }
                }
            }
            _ => Self::NotACompletion { service },
        }
    }
}

/// The innermost cause, such as "Connection refused": what wraps it repeats the whole address.
pub(crate) fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
