//! The worker: searches when it is asked over HTTP, and answers the jobs of the queue.

use std::{error::Error, net::Ipv4Addr, path::PathBuf, process, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use tta::http::ServerLayer;

use crate::{
    answer::Answer,
    cli::Args,
    error::AskError,
    lifetime,
    message::{Job, Refusal, Reply, Search},
    model::Model,
    queue::{Queue, QueueError, Taken, Taker},
    steps::{Ranking, cite, load_corpus, rank, split},
};

/// How many jobs it does at the same time: they wait for a model most of the time.
const LANES: usize = 4;

/// How long the jobs that are being done may take when the worker is told to end. The next one does what is left.
const LAST_JOBS: Duration = Duration::from_secs(10);

struct Worker {
    name: String,
    queue: Queue,
    model: Model,
    corpus: Option<PathBuf>,
}

pub(crate) async fn run(args: &Args, name: &str, redis: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let end = lifetime::until_told_or_abandoned()?;
    let worker = Arc::new(Worker {
        name: name.to_owned(),
        queue: Queue::connect(redis).await?,
        model: Model::connect().await?,
        corpus: args.corpus.clone(),
    });
    info!(model = %worker.model, "model");

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let served =
        axum::serve(listener, router(worker.clone())).with_graceful_shutdown(end.clone().cancelled_owned());
    let served = tokio::spawn(served.into_future());

    let put_back = worker.queue.taker(name).await?.put_back().await?;
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        lanes.spawn(serve(worker.clone(), worker.queue.taker(name).await?, end.clone()));
    }
    info!(name, put_back, "ready");
    worker.queue.announce(&url).await?;

    // A lane that has lost Redis ends the worker: the next one begins with connections of its own.
    let mut outcome = Ok(());
    tokio::select! {
        () = end.cancelled() => {}
        Some(lane) = lanes.join_next() => outcome = lane?,
    }
    if timeout(LAST_JOBS, async { while lanes.join_next().await.is_some() {} }).await.is_err() {
        warn!("jobs are left for the next worker");
    }
    served.abort();
    Ok(outcome?)
}

/// Takes and does one job after the other.
async fn serve(worker: Arc<Worker>, mut taker: Taker, end: CancellationToken) -> Result<(), QueueError> {
    loop {
        let Taken { receipt, attempt, message } = tokio::select! {
            // What Redis hands out in this moment stays on the list of what was taken, for the next worker.
            () = end.cancelled() => return Ok(()),
            taken = taker.take() => taken?,
        };
        let reply = message.scope(|job| done(job, attempt, &worker)).await;
        worker.queue.settle(&receipt, &reply).await?;
    }
}

async fn done(job: Job, attempt: u32, worker: &Worker) -> Reply {
    match answer(job, attempt, &worker.model).await {
        Ok(answer) => Reply::Answered(answer),
        Err(error) => Reply::Refused(error.into()),
    }
}

/// Within the trace of who has put the job into the queue.
#[tta::workflow(fields(attempt, passages = job.passages.len()), ret(sources = ret.sources.len()))]
async fn answer(job: Job, attempt: u32, model: &Model) -> Result<Answer, AskError> {
    info!(attempt, "answering");
    let completion = model.complete(job.tier, &job.question, &job.passages).await?;
    let sources = cite(&completion.text, &job.passages);
    Ok(Answer { text: completion.text, sources })
}

fn router(worker: Arc<Worker>) -> Router {
    let observed = ServerLayer::new().skip(|request| request.uri.path() == "/healthz");
    Router::new()
        .route("/search", post(searched))
        .route("/healthz", get(health))
        .layer(observed)
        .with_state(worker)
}

async fn searched(
    State(worker): State<Arc<Worker>>,
    Json(search): Json<Search>,
) -> Result<Json<Ranking>, Refusal> {
    Ok(Json(retrieve(search, &worker).await?))
}

#[tta::workflow(ret(found = ret.passages.len()))]
async fn retrieve(search: Search, worker: &Worker) -> Result<Ranking, AskError> {
    let documents = load_corpus(worker.corpus.as_deref()).await?;
    let passages = split(&documents);
    info!(documents = documents.len(), passages = passages.len(), "searching");
    rank(&search.question, passages, search.top).await
}

async fn health(State(worker): State<Arc<Worker>>) -> (StatusCode, Json<Value>) {
    let status = match worker.queue.ping().await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(json!({ "worker": worker.name, "pid": process::id(), "redis": status.is_success() })))
}
