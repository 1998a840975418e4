//! The ways in which the shop fails.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use tta::llm::Response;
use tta::{LlmResponse, PolicyError, Usage};

/// What can go wrong with an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, tta::ErrorKind)]
pub(crate) enum OrderError {
    #[error("the card is declined")]
    #[error_kind(permanent, code = "402", severity = "warning")]
    Declined,
    #[error("there is none left")]
    #[error_kind(permanent, code = "409")]
    OutOfStock,
    #[error("the bank does not answer")]
    #[error_kind(transient, code = "504", severity = "critical")]
    BankTimeout,
    #[error("the warehouse has no time")]
    #[error_kind(transient, code = "503", severity = "warning")]
    WarehouseBusy,
    #[error(transparent)]
    #[error_kind(transparent)]
    Refused(#[from] PolicyError),
}

impl IntoResponse for OrderError {
    fn into_response(self) -> axum::response::Response {
        let status = match self {
            OrderError::Declined => StatusCode::PAYMENT_REQUIRED,
            OrderError::OutOfStock => StatusCode::CONFLICT,
            OrderError::BankTimeout => StatusCode::GATEWAY_TIMEOUT,
            OrderError::WarehouseBusy | OrderError::Refused(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, format!("{self}\n")).into_response()
    }
}

/// What can go wrong with a parcel.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, tta::ErrorKind)]
pub(crate) enum ShippingError {
    #[error("nobody has said what it weighs")]
    #[error_kind(permanent, severity = "warning")]
    NoWeight,
    #[error("it cannot leave today")]
    #[error_kind(transient, severity = "warning")]
    CannotLeave,
}

/// What can go wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, tta::ErrorKind)]
pub(crate) enum ModelError {
    #[error("too many requests")]
    #[error_kind(transient, code = "429", severity = "warning")]
    RateLimited,
    #[error("the prompt is too long")]
    #[error_kind(permanent)]
    ContextTooLong,
    /// It was written all the same, and is billed.
    #[error("the provider withholds the answer")]
    #[error_kind(permanent, severity = "warning")]
    Withheld(Usage),
    #[error(transparent)]
    #[error_kind(transparent)]
    Refused(#[from] PolicyError),
}

impl LlmResponse for ModelError {
    fn response(&self) -> Response<'_> {
        match self {
            ModelError::Withheld(usage) => Response::new().usage(*usage),
            ModelError::RateLimited | ModelError::ContextTooLong => Response::unbilled(),
            ModelError::Refused(_) => Response::new(),
        }
    }
}

impl IntoResponse for ModelError {
    fn into_response(self) -> axum::response::Response {
        let status = match self {
            ModelError::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ModelError::ContextTooLong | ModelError::Withheld(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ModelError::Refused(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        (status, format!("{self}\n")).into_response()
    }
}
