//! A warehouse that does not behave: each fault is switched on and off while it is asked.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

/// What is wrong with the warehouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Fault {
    /// Nothing, and the same is asked again.
    None,
    /// Two of three requests are refused, with a time to come back at.
    Busy,
    /// Every other request takes two seconds.
    Slow,
    /// It is there, and has room for few at a time.
    Crowded,
    /// Every request fails.
    Away,
}

impl Fault {
    /// In the order in which they are shown.
    pub(crate) const ALL: [Fault; 5] = [Fault::None, Fault::Busy, Fault::Slow, Fault::Crowded, Fault::Away];
}

/// What is wrong, and how many requests there have been since.
#[derive(Debug)]
pub(crate) struct Warehouse(Mutex<(Fault, u32)>);

impl Warehouse {
    pub(crate) const fn new() -> Self {
        Warehouse(Mutex::new((Fault::None, 0)))
    }

    pub(crate) fn suffer(&self, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (fault, 0);
    }

    /// What a request meets.
    fn next(&self) -> (Fault, u32) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fault, number) = *state;
        state.1 += 1;
        (fault, number)
    }
}

pub(crate) fn router(warehouse: &'static Warehouse) -> Router {
    Router::new()
        .route("/price/{item}", get(price))
        .route("/reserve/{item}", post(reserve))
        .with_state(warehouse)
}

async fn price(warehouse: State<&'static Warehouse>, Path(item): Path<u32>) -> Response {
    answer(&warehouse, (100 * item).to_string()).await
}

async fn reserve(warehouse: State<&'static Warehouse>, Path(item): Path<u32>) -> Response {
    answer(&warehouse, format!("shelf {}", item % 7)).await
}

async fn answer(warehouse: &Warehouse, text: String) -> Response {
    tokio::time::sleep(Duration::from_millis(5)).await;
    match warehouse.next() {
        (Fault::Busy, number) if number % 3 < 2 => {
            let soon = [("retry-after-ms", HeaderValue::from_static("40"))];
            (StatusCode::SERVICE_UNAVAILABLE, soon).into_response()
        }
        (Fault::Slow, number) if number % 2 == 0 => {
            tokio::time::sleep(Duration::from_secs(2)).await;
            text.into_response()
        }
        (Fault::Crowded, _) => {
            tokio::time::sleep(Duration::from_millis(60)).await;
            text.into_response()
        }
        (Fault::Away, _) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => text.into_response(),
    }
}
