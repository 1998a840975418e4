//! The ways in which the shop fails.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// What can go wrong with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, tta::ErrorKind)]
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
}

impl IntoResponse for OrderError {
    fn into_response(self) -> Response {
        let status = match self {
            OrderError::Declined => StatusCode::PAYMENT_REQUIRED,
            OrderError::OutOfStock => StatusCode::CONFLICT,
            OrderError::BankTimeout => StatusCode::GATEWAY_TIMEOUT,
        };
        (status, format!("{self}\n")).into_response()
    }
}

/// What can go wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, tta::ErrorKind)]
pub(crate) enum ModelError {
    #[error("too many requests")]
    #[error_kind(transient, code = "429", severity = "warning")]
    RateLimited,
    #[error("the prompt is too long")]
    #[error_kind(permanent)]
    ContextTooLong,
}

impl IntoResponse for ModelError {
    fn into_response(self) -> Response {
        let status = match self {
            ModelError::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ModelError::ContextTooLong => StatusCode::UNPROCESSABLE_ENTITY,
        };
        (status, format!("{self}\n")).into_response()
    }
}
