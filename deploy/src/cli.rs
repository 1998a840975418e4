//! What can be asked for, and how it is answered.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::catalog::{Catalog, SiteKind};
use crate::files::Files;
use crate::{dashboards, lint, rule_tests, rules};

/// From the catalog of a program to its dashboards, recording rules, alerts and their tests.
#[derive(Debug, Parser)]
#[command(name = "tta", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write what the catalog says into a folder.
    Generate(Generate),
    /// Look at rules and dashboards of your own for what the catalog lacks, and what can show nothing.
    Lint(lint::Lint),
}

#[derive(Debug, clap::Args)]
struct Generate {
    /// The catalog, as `tta::testing::assert_catalog` keeps it.
    #[arg(long)]
    catalog: PathBuf,
    /// The folder to write into.
    #[arg(long)]
    out: PathBuf,
    /// Write nothing, and fail if a file is not as it would be written.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    options: Options,
}

/// What generated files depend on besides the catalog.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The `job` under which Prometheus scrapes the program.
    #[arg(long, default_value = "tta")]
    pub(crate) job: String,
    /// The page that alerts link to, by the name of the alert.
    #[arg(long, default_value = "docs/runbook.md")]
    pub(crate) runbook_url: String,
    /// Where Grafana is.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    pub(crate) grafana_url: String,
    /// A workflow whose rate and latency have an alert on what is unusual; can be repeated.
    #[arg(long, value_name = "WORKFLOW")]
    pub(crate) anomaly: Vec<String>,
    /// The same for every workflow.
    #[arg(long)]
    pub(crate) anomaly_all: bool,
}

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Generate(generate) => generate.run().map(|()| true),
        Command::Lint(lint) => lint.run().map(|(text, is_clean)| {
            // Whoever closes the pipe has seen enough.
            let _ = writeln!(io::stdout(), "{text}");
            is_clean
        }),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("tta: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Generate {
    fn run(&self) -> Result<(), Box<dyn std::error::Error>> {
        let catalog = Catalog::read(&self.catalog)?;
        for name in &self.options.anomaly {
            if !catalog.of_kind(SiteKind::Workflow).any(|site| site.name == *name) {
                return Err(format!("--anomaly {name}: the catalog has no workflow of this name").into());
            }
        }
        let rules = rules::generate(&catalog, &self.options);
        let mut files = Files::default();
        for file in &rules {
            files.add(file.path.as_str(), file.to_yaml()?);
        }
        for file in rule_tests::generate(&catalog, &self.options, &rules) {
            files.add(file.path.as_str(), file.to_yaml()?);
        }
        let dashboards = dashboards::generate(&catalog, &self.options, &rules);
        for dashboard in &dashboards {
            files.add(dashboard.path(), dashboard.to_json()?);
        }
        let findings = lint::check(&catalog, &self.options, &rules, &dashboards)?;
        if !findings.is_empty() {
            return Err(format!(
                "nothing is written, since what would be is wrong\n{}",
                lint::text(&findings)
            )
            .into());
        }
        if self.check {
            files.differences(&self.out)?
        } else {
            files.write(&self.out)?
        };
        Ok(())
    }
}

#[cfg(test)]
impl Options {
    /// What these arguments of `tta generate` say.
    pub(crate) fn of(arguments: &[&str]) -> Self {
        let needed = ["tta", "generate", "--catalog", "c", "--out", "o"];
        match Cli::try_parse_from(needed.iter().chain(arguments)).map(|cli| cli.command) {
            Ok(Command::Generate(generate)) => generate.options,
            #[allow(unreachable_patterns, reason = "until there is another command")]
            other => panic!("{arguments:?} are no arguments of generate: {other:?}"),
        }
    }
}
