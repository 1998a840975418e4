//! The shop's door: a route for each workflow, and for breaking and mending them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use tokio::sync::watch;
use tta::http::ServerLayer;

use crate::models::spent;
use crate::shop::{check_out, nightly_report, refund, search, support_ticket};
use crate::steps::Request;

/// The workflows that customers begin, by their routes and their names.
pub(crate) const WORKFLOWS: [&str; 5] = ["check_out", "nightly_report", "refund", "search", "support_ticket"];

/// What is known of the shop from outside of its telemetry.
pub(crate) struct Front {
    counters: [Counter; WORKFLOWS.len()],
    load: watch::Sender<Load>,
}

/// Whether customers come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    Coming,
    /// Nobody may come any more; those who are there are still served.
    Ending,
    Gone,
}

#[derive(Default)]
struct Counter {
    begun: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
    broken: AtomicBool,
}

impl Front {
    pub(crate) fn new() -> Self {
        Front { counters: Default::default(), load: watch::Sender::new(Load::Coming) }
    }

    /// Whether customers come, for those who let them.
    pub(crate) fn load(&self) -> &watch::Sender<Load> {
        &self.load
    }

    pub(crate) fn router(self: Arc<Self>) -> Router {
        let observed = ServerLayer::new().skip(|request| !request.uri.path().starts_with("/run/"));
        Router::new()
            .route("/run/{workflow}", post(run))
            .route("/break/{workflow}", post(set_broken::<true>))
            .route("/mend/{workflow}", post(set_broken::<false>))
            .route("/close", post(close))
            .route("/done", get(done))
            .route("/spent", get(async || Json(spent())))
            .layer(observed)
            .with_state(self)
    }

    /// Without the way through the network.
    pub(crate) async fn search(&self) {
        let [.., searches, _] = &self.counters;
        let request = searches.begin();
        // The name says what is searched for; nobody may wait for the answer.
        let _ = searches.ended(Ok::<_, StatusCode>(search(request).await));
    }

    fn counter(&self, workflow: &str) -> Option<&Counter> {
        let at = WORKFLOWS.iter().position(|name| *name == workflow)?;
        self.counters.get(at)
    }
}

impl Counter {
    fn begin(&self) -> Request {
        Request { number: self.begun.fetch_add(1, Relaxed), broken: self.broken.load(Relaxed) }
    }

    fn ended<T, E>(&self, result: Result<T, E>) -> Result<StatusCode, E> {
        let ended = if result.is_ok() { &self.succeeded } else { &self.failed };
        ended.fetch_add(1, Relaxed);
        result.map(|_| StatusCode::OK)
    }
}

async fn run(State(front): State<Arc<Front>>, Path(workflow): Path<String>) -> impl IntoResponse {
    let Some(counter) = front.counter(&workflow) else {
        return (StatusCode::NOT_FOUND, format!("no such workflow; there are: {}\n", WORKFLOWS.join(", ")))
            .into_response();
    };
    let request = counter.begin();
    match workflow.as_str() {
        "check_out" => counter.ended(check_out(request).await).into_response(),
        "refund" => counter.ended(refund(request).await).into_response(),
        "support_ticket" => counter.ended(support_ticket(request).await).into_response(),
        "search" => counter.ended(Ok::<_, StatusCode>(search(request).await)).into_response(),
        _ => counter.ended(nightly_report(request).await).into_response(),
    }
}

async fn set_broken<const BROKEN: bool>(
    State(front): State<Arc<Front>>,
    Path(workflow): Path<String>,
) -> StatusCode {
    match front.counter(&workflow) {
        Some(counter) => {
            counter.broken.store(BROKEN, Relaxed);
            StatusCode::NO_CONTENT
        }
        None => StatusCode::NOT_FOUND,
    }
}

/// Lets nobody in any more, and answers when everybody has gone: from then on no number changes.
async fn close(State(front): State<Arc<Front>>) -> StatusCode {
    front.load.send_if_modified(|load| {
        let is_open = *load == Load::Coming;
        if is_open {
            *load = Load::Ending;
        }
        is_open
    });
    match front.load.subscribe().wait_for(|load| *load == Load::Gone).await {
        Ok(_) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// How many calls of each workflow have succeeded, failed, and ended in neither.
async fn done(State(front): State<Arc<Front>>) -> Json<BTreeMap<&'static str, [u64; 3]>> {
    let counters = WORKFLOWS.iter().zip(&front.counters);
    Json(
        counters
            .map(|(name, counter)| {
                let [succeeded, failed] =
                    [&counter.succeeded, &counter.failed].map(|count| count.load(Relaxed));
                let others = counter.begun.load(Relaxed).saturating_sub(succeeded + failed);
                (*name, [succeeded, failed, others])
            })
            .collect(),
    )
}
