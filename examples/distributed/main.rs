//! `cargo run --example distributed`, and `curl -d '{"question": "what is a workflow?"}' localhost:8080/ask`
//!
//! The example `ask` in two processes. The front takes questions over HTTP, has the worker search the documents, over
//! HTTP as well, and puts a job on a list in Redis; the worker takes it from there and answers from what was found.
//! Each question is one trace through both, and the log lines of both have the same `correlation_id`.
//!
//! This one command is the front, and starts the rest: a Redis, if none is named, and the worker, which it starts
//! again whenever that ends. No job is lost with it; `queue` says why. Read `front` and `worker` next: they are the
//! annotated code, together with `ask/steps`.
#![allow(clippy::print_stderr, reason = "a program talks to its user on stderr; stdout has the log")]

mod broker;
mod cli;
mod failure;
mod front;
mod lifetime;
mod message;
mod queue;
mod supervisor;
mod worker;

#[path = "../ask/answer.rs"]
mod answer;
#[path = "../ask/corpus.rs"]
mod corpus;
#[path = "../ask/error.rs"]
mod error;
#[path = "../ask/extract.rs"]
mod extract;
#[path = "../ask/model.rs"]
mod model;
#[path = "../ask/rank.rs"]
mod rank;
#[path = "../ask/server.rs"]
mod server;
#[path = "../ask/steps.rs"]
mod steps;
#[path = "../ask/telemetry.rs"]
mod telemetry;

use std::{error::Error, process::ExitCode, time::Duration};

use clap::Parser as _;
use tracing::{info, level_filters::LevelFilter, subscriber::set_global_default};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::cli::{Args, Role};

/// How long the last spans may take to the collector, and the last lines to where they are read.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn Error + Send + Sync>> {
    set_global_default(tracing_subscriber::registry().with(tta::log::layer()).with(LevelFilter::INFO))?;
    let service = if args.role.is_some() { "worker" } else { "front" };
    let telemetry = telemetry::start(service)?;
    if let Some(address) = telemetry.prometheus_addr() {
        info!(url = %format_args!("http://{address}/metrics"), "metrics");
    }
    let ended = match args.role {
        None => supervisor::run(args).await,
        Some(Role::Worker { ref name, ref redis }) => worker::run(&args, name, redis).await,
    };
    let report = telemetry.shutdown(FLUSH_TIMEOUT);
    for exporter in report.exporters() {
        let tta::ExporterReport { exporter, exported, dropped, pending, .. } = exporter;
        info!(exporter, exported, dropped, pending, "spans");
    }
    tta::log::flush(FLUSH_TIMEOUT);
    ended
}
