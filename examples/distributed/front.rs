//! The front: takes questions over HTTP, has the worker search, and waits for what it answers.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use serde::Deserialize;
use tracing::{info, warn};
use tta::{Carried, WorkflowContext, http::ClientLayer, http::ServerLayer};

use crate::{
    answer::Answer,
    failure::Failure,
    message::{Job, Refusal, Reply, Search},
    queue::Queue,
    steps::{Ranking, choose_model},
};

/// How long a question waits for a worker to be there, as while one is started again.
const WORKER_PATIENCE: Duration = Duration::from_secs(15);

/// How long a search may take.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Front {
    queue: Queue,
    http: ClientWithMiddleware,
    top: usize,
    patience: Duration,
}

impl Front {
    pub(crate) fn new(queue: Queue, top: usize, patience: Duration) -> reqwest::Result<Self> {
        // An error means that a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Loopback needs neither a proxy nor certificates.
        let http =
            reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(SEARCH_TIMEOUT).build()?;
        // The worker may know whose question it is; no other host is asked for anything.
        let layer = ClientLayer::new().propagate_to(["127.0.0.1"]);
        Ok(Front { queue, http: ClientBuilder::new(http).with(layer).build(), top, patience })
    }

    pub(crate) fn router(self) -> Router {
        let observed = ServerLayer::new().skip(|request| request.uri.path() == "/healthz");
        Router::new()
            .route("/ask", post(asked))
            .route("/healthz", get(health))
            .layer(observed)
            .with_state(Arc::new(self))
    }
}

#[derive(Deserialize)]
struct Question {
    question: String,
}

async fn asked(
    State(front): State<Arc<Front>>,
    Json(Question { question }): Json<Question>,
) -> Result<Json<Answer>, Response> {
    let question = question.trim();
    if question.is_empty() {
        return Err((StatusCode::UNPROCESSABLE_ENTITY, "there is no question\n").into_response());
    }
    let deadline = WorkflowContext::builder().timeout(front.patience);
    deadline.scope(ask(question, &front)).await.map(Json).map_err(Failure::into_response)
}

async fn health(State(front): State<Arc<Front>>) -> StatusCode {
    match front.queue.ping().await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[tta::workflow(
    fields(question.words = question.split_whitespace().count()),
    ret(sources = ret.sources.len()),
)]
async fn ask(question: &str, front: &Front) -> Result<Answer, Failure> {
    let ranking = search(question, front).await?;
    let tier = choose_model(question, &ranking, None).into_route();
    let id = tta::context().workflow_id().to_owned();
    info!(?tier, passages = ranking.passages.len(), "submitting");
    let job = Job { id: id.clone(), question: question.to_owned(), passages: ranking.passages, tier };
    submit(job, front).await?;
    loop {
        match await_reply(&id, front).await {
            // It is in the queue again, and so is this.
            Err(Failure::WorkerLost) => warn!("the worker was lost, waiting for the next"),
            ended => return ended,
        }
    }
}

/// Over HTTP: the worker answers at once.
#[tta::primitive(kind = "http", fields(top = front.top), ret(found = ret.passages.len()))]
async fn search(question: &str, front: &Front) -> Result<Ranking, Failure> {
    let worker = front.queue.worker(WORKER_PATIENCE.min(time_left(front))).await?.ok_or(Failure::NoWorker)?;
    let search = Search { question: question.to_owned(), top: front.top };
    let response = front.http.post(format!("{worker}/search")).json(&search).send().await?;
    if response.status().is_success() {
        return Ok(response.json().await.map_err(reqwest_middleware::Error::from)?);
    }
    let refusal: Refusal = response.json().await.map_err(reqwest_middleware::Error::from)?;
    Err(refusal.into())
}

/// Over the queue, since models take their time: whoever takes the job goes on below this step.
#[tta::primitive(fields(job.id = job.id))]
async fn submit(job: Job, front: &Front) -> Result<(), Failure> {
    Ok(front.queue.submit(Carried::new(job)).await?)
}

/// One attempt of a worker's.
#[tta::primitive(fields(job.id = job))]
async fn await_reply(job: &str, front: &Front) -> Result<Answer, Failure> {
    match front.queue.reply(job, time_left(front)).await? {
        Some(Reply::Answered(answer)) => Ok(answer),
        Some(Reply::Refused(refusal)) => Err(refusal.into()),
        Some(Reply::Lost) => Err(Failure::WorkerLost),
        Some(Reply::GivenUp { attempts }) => Err(Failure::GivenUp(attempts)),
        None => Err(Failure::NoReply(front.patience)),
    }
}

fn time_left(front: &Front) -> Duration {
    tta::context().remaining().unwrap_or(front.patience)
}
