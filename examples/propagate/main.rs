//! `cargo run --example propagate -- --listen 127.0.0.1:5000`
//!
//! A service that does as it is told: `POST /test` with `[{"url": …, "arguments": …}, …]` sends each `arguments` to its
//! `url`, and passes on the trace, the baggage and the workflow's ids that came with the request. The validation
//! suite of W3C Trace Context drives it (github.com/w3c/trace-context, folder `test`):
//! `SPEC_LEVEL=2 python test.py http://127.0.0.1:5000/test`.
#![allow(clippy::print_stdout, reason = "says where it listens")]

use std::{error::Error, net::SocketAddr};

use axum::{
    Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    middleware::{Next, from_fn},
    response::Response,
    routing::post,
};
use clap::Parser;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tta::{
    opentelemetry::trace::FutureExt as _,
    propagation::{HeaderExtractor, HeaderInjector, extract, inject},
};

/// Passes on the context of each request that it is sent
#[derive(Parser)]
struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5000")]
    listen: SocketAddr,
}

#[derive(Deserialize)]
struct Call {
    url: String,
    arguments: Value,
}

#[derive(Debug, thiserror::Error, tta::ErrorKind)]
#[error(transparent)]
#[error_kind(transient)]
struct Unreachable(#[from] reqwest::Error);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let telemetry = tta::Telemetry::builder().service_name("propagate").otlp(false).init()?;
    #[cfg(unix)]
    telemetry.shutdown_on_signal()?;
    // Which of its cryptography reqwest uses is for the program to say.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let router = Router::new()
        .route("/test", post(answer))
        .layer(from_fn(within_caller))
        .with_state(reqwest::Client::new());
    let listener = TcpListener::bind(args.listen).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    drop(telemetry);
    Ok(())
}

/// Answers each request within the trace of whoever sent it.
async fn within_caller(request: Request, next: Next) -> Response {
    let caller = extract(&HeaderExtractor(request.headers()));
    next.run(request).with_context(caller).await
}

async fn answer(State(client): State<reqwest::Client>, Json(calls): Json<Vec<Call>>) -> StatusCode {
    match do_as_told(&client, &calls).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::BAD_GATEWAY,
    }
}

#[tta::workflow(fields(calls = calls.len()))]
async fn do_as_told(client: &reqwest::Client, calls: &[Call]) -> Result<(), Unreachable> {
    for call in calls {
        send(client, call).await?;
    }
    Ok(())
}

#[tta::primitive(kind = "http", fields(url = call.url))]
async fn send(client: &reqwest::Client, call: &Call) -> Result<(), Unreachable> {
    let mut headers = HeaderMap::new();
    inject(&mut HeaderInjector(&mut headers));
    let request = client.post(&call.url).headers(headers).header(CONTENT_TYPE, "application/json");
    request.body(call.arguments.to_string()).send().await?.error_for_status()?;
    Ok(())
}
