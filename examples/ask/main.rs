//! `cargo run --example ask -- "how do I add a label to a metric?"`
//!
//! Answers questions from Markdown documents with a chat model, and shows what `tta` makes of it: the trace of
//! every question as a tree, and metrics for Prometheus. Read `workflow` and `steps` next: they are the annotated code.
#![allow(
    clippy::print_stderr,
    reason = "a program talks to its user: the answer on stdout, the rest on stderr"
)]

mod answer;
mod cli;
mod corpus;
mod error;
mod extract;
mod metrics;
mod model;
mod rank;
mod server;
mod steps;
mod telemetry;
mod workflow;

use std::{error::Error, future, process::ExitCode, time::Duration};

use clap::Parser as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tta::budget::{Budgets, Limits};

use crate::{
    cli::Args,
    error::AskError,
    model::Model,
    workflow::{Answered, Settings, ask},
};

/// How long to wait for a trace to reach the terminal and the collector.
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

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let telemetry = telemetry::start("ask")?;
    #[cfg(unix)] // Elsewhere Ctrl-C ends the process at once, with all traces but the last exported.
    telemetry.shutdown_on_signal()?;
    if let Some(budget) = args.budget {
        tta::budget::install(Budgets::new().process(Limits::new().money(budget)))?;
    }
    let model = Model::connect().await?;
    eprintln!("Model: {model}");

    let question = args.question();
    let settings = Settings { corpus: args.corpus, top: args.top.into(), tier: args.model };
    let answered = match question {
        Some(question) => answer(&question, &model, &settings, &telemetry).await,
        None => Ok(()),
    };
    if let Some(address) = telemetry.prometheus_addr() {
        let url = format!("http://{address}/metrics");
        let until =
            if args.serve { "until Ctrl-C" } else { "while this process runs; add --serve to keep it" };
        eprintln!("\nMetrics: {url} {until}");
        eprint!("{}", metrics::excerpt(&url).await.unwrap_or_default());
    }
    if !args.serve {
        return Ok(answered?);
    }
    report(answered);
    eprintln!("Type a question, or Ctrl-C to end.");
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut line = Vec::new();
    while stdin.read_until(b'\n', &mut line).await.is_ok_and(|bytes| bytes > 0) {
        let question = String::from_utf8_lossy(&line).trim().to_owned();
        line.clear();
        if !question.is_empty() {
            report(answer(&question, &model, &settings, &telemetry).await);
        }
    }
    // No more questions, but the metrics stay. A signal ends the process.
    future::pending().await
}

async fn answer(
    question: &str,
    model: &Model,
    settings: &Settings,
    telemetry: &tta::Telemetry,
) -> Result<(), AskError> {
    eprintln!();
    let answered = ask(question, model, settings).await;
    // The trace comes before whatever follows on the terminal. What cannot be flushed, `tta` reports itself.
    let _ = telemetry.force_flush(FLUSH_TIMEOUT);
    let Answered { spent, .. } = answered?;
    let known = if spent.is_complete() { "" } else { " and what has no price" };
    eprintln!(
        "\nBill: {}{known}; {} tokens read, {} written; {} saved by the cheaper model",
        spent.total(),
        spent.input_tokens(),
        spent.output_tokens(),
        spent.saved()
    );
    if let Some(left) =
        tta::budget::installed().and_then(Budgets::of_process).and_then(|budget| budget.money())
    {
        eprintln!("Budget: {} of {} left", left.remaining(), left.limit());
    }
    Ok(())
}

fn report(answered: Result<(), AskError>) {
    if let Err(error) = answered {
        eprintln!("error: {error}");
    }
}
