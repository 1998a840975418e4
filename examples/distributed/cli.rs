//! The command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};

/// Answers questions from Markdown documents in two processes: a front that takes them over HTTP, and a worker
#[derive(Parser)]
#[command(name = "distributed", after_help = AFTER)]
pub(crate) struct Args {
    /// Where the front listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,

    /// Redis to use, as redis://HOST:PORT/DATABASE [default: a redis-server that is started, and ends with this]
    #[arg(long, value_name = "URL", env = "REDIS_URL", hide_env_values = true)]
    pub(crate) redis: Option<String>,

    /// Folder whose *.md files are searched [default: the documents of this project]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) corpus: Option<PathBuf>,

    /// How many passages the model is given
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub(crate) top: u8,

    /// How long a caller waits for an answer, as in 90s
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = humantime::parse_duration)]
    pub(crate) patience: Duration,

    #[command(subcommand)]
    pub(crate) role: Option<Role>,
}

#[derive(Subcommand)]
pub(crate) enum Role {
    /// What the front starts: searches and answers until its standard input ends
    #[command(hide = true)]
    Worker {
        /// Whose jobs it finds again
        #[arg(long)]
        name: String,

        /// In the environment, since it may hold a password
        #[arg(long, env = "REDIS_URL", hide_env_values = true)]
        redis: String,
    },
}

const AFTER: &str = "\
Ask it:
  curl -H 'content-type: application/json' -d '{\"question\": \"what is a workflow?\"}' localhost:8080/ask

Environment:
  OPENAI_BASE_URL, OPENAI_API_KEY     chat-completions service to ask; without both, a server
                                      inside the worker answers with sentences of the passages
  ASK_FAST_MODEL, ASK_QUALITY_MODEL   models of that service [default: gpt-5-mini, gpt-5]
  OTEL_EXPORTER_OTLP_ENDPOINT         collector that both send traces and metrics to
  OTEL_EXPORTER_PROMETHEUS_PORT       port of the front's metrics [default: 9464]; the worker has one of its own";
