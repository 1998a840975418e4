//! The command line.

use std::path::PathBuf;

use clap::Parser;
use tta::Money;

use crate::model::Tier;

/// Answers a question from Markdown documents, and shows how the answer came about
#[derive(Parser)]
#[command(name = "ask", after_help = ENVIRONMENT)]
pub(crate) struct Args {
    /// The question, in plain words
    #[arg(required_unless_present = "serve")]
    question: Vec<String>,

    /// Folder whose *.md files are searched [default: the documents of this project]
    #[arg(long, value_name = "DIR")]
    pub(crate) corpus: Option<PathBuf>,

    /// Model to ask [default: decided by the question and the passages found]
    #[arg(long)]
    pub(crate) model: Option<Tier>,

    /// How many passages the model is given
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=20))]
    pub(crate) top: u8,

    /// Dollars that all questions together may cost; a model that would cost more is not asked
    #[arg(long, value_name = "DOLLARS")]
    pub(crate) budget: Option<Money>,

    /// Answer further questions, one a line of stdin, and serve the metrics until Ctrl-C
    #[arg(long)]
    pub(crate) serve: bool,
}

impl Args {
    /// The question of the command line, with or without quotes around it.
    pub(crate) fn question(&self) -> Option<String> {
        (!self.question.is_empty()).then(|| self.question.join(" "))
    }
}

const ENVIRONMENT: &str = "\
Environment:
  OPENAI_BASE_URL, OPENAI_API_KEY     chat-completions service to ask; without both, a server
                                      inside this process answers with sentences of the passages
  ASK_FAST_MODEL, ASK_QUALITY_MODEL   models of that service [default: gpt-5-mini, gpt-5]
  OTEL_EXPORTER_OTLP_ENDPOINT         collector that traces and metrics are also sent to
  OTEL_EXPORTER_PROMETHEUS_PORT       port of the metrics [default: 9464]";
