//! What can be asked for, and how it is answered.

// What is said of an argument is what --help shows, as it is.
#![expect(clippy::doc_markdown)]
// Arguments that are given or not.
#![expect(clippy::struct_excessive_bools)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use crate::catalog::{Catalog, SiteKind};
use crate::doctor;
use crate::explain;
use crate::generate;
use crate::lint::{self, Lint};
use crate::terminal::Terminal;

const EXIT_CODES: &str = "Exit codes:
  0  done, and nothing was found
  1  something was found: a file that differs, a change to accept, a check that fails, an unknown name
  2  it could not be done: a mistake in the arguments, a file that cannot be read or written";

/// From the catalog of a program to its dashboards, recording rules, alerts and their tests.
#[derive(Debug, Parser)]
#[command(name = "tta", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write what the catalog says into a folder: rules, alerts and their tests, dashboards, the configuration of
    /// what runs them, and the reference of the metrics.
    #[command(after_help = EXIT_CODES)]
    Generate(Box<Generate>),
    /// Check a running Prometheus against the catalog.
    #[command(after_help = EXIT_CODES)]
    Doctor(Doctor),
    /// Look at rules and dashboards of your own for what the catalog lacks, and what can show nothing.
    #[command(after_help = EXIT_CODES)]
    Lint(Lint),
    /// Say everything about a metric, a label, a recorded series, an alert, or a function of the program.
    #[command(after_help = EXIT_CODES)]
    Explain(Explain),
}

/// What `tta generate` is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Generate {
    /// The catalog, as `tta::testing::assert_catalog` keeps it.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: PathBuf,
    /// The folder to write into.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Write nothing, and fail if a file is not as it would be written.
    #[arg(long)]
    pub(crate) check: bool,
    /// Overwrite files that tta did not write.
    #[arg(long, conflicts_with = "check")]
    pub(crate) overwrite: bool,
    /// Accept that something in metrics.lock.json is gone or is otherwise now: a family, a label, a value, a function,
    /// an objective.
    #[arg(long, conflicts_with = "check")]
    pub(crate) accept_changes: bool,
    /// With --accept-changes: the family OLD is called NEW now, so that a rule keeps OLD alive.
    #[arg(long = "rename", value_name = "OLD=NEW", requires = "accept_changes", value_parser = pair)]
    pub(crate) renames: Vec<(String, String)>,
    /// Answer with JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(flatten)]
    pub(crate) stack: StackOptions,
}

/// What `tta doctor` is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {
    /// The catalog, as `tta::testing::assert_catalog` keeps it.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: PathBuf,
    /// Where Prometheus is, such as http://127.0.0.1:9090. A user and a password in it are used and never shown.
    #[arg(long, value_name = "URL")]
    pub(crate) prometheus: String,
    /// Where spans are sent to: http://host:4318 for OTLP over HTTP, grpc://host:4317 for a connection only.
    #[arg(long, value_name = "URL")]
    pub(crate) otlp: Option<String>,
    /// A folder that tta generate has written: its rules and dashboards are checked, not those of the catalog.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) files: Option<PathBuf>,
    /// Also fail if a query that may be empty is not.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Also fail if a family has never had a value but 0: for a program that has done everything it can.
    #[arg(long)]
    pub(crate) used: bool,
    /// How long to wait for one answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Answer with JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What `tta explain` is given.
#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// A metric, a label, a recorded series, an alert, a workflow or a primitive.
    #[arg(value_name = "METRIC|LABEL|SITE")]
    pub(crate) name: String,
    /// The catalog, as `tta::testing::assert_catalog` keeps it.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: PathBuf,
    /// Answer with JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What generated files depend on besides the catalog.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The `job` under which Prometheus scrapes the program.
    #[arg(long, default_value = "tta", value_parser = not_empty)]
    pub(crate) job: String,
    /// The program pushes its metrics (OTLP) and is not scraped: there is no `up` of it, and alerts ask for what it sends.
    #[arg(long)]
    pub(crate) pushed: bool,
    /// The page that alerts link to, by the name of the alert. Without a scheme and a host (https://..) Alertmanager has
    /// no link, only the path of the page in the repository.
    #[arg(long, value_name = "URL", default_value = "docs/runbook.md")]
    pub(crate) runbook_url: String,
    /// Where Grafana is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    pub(crate) grafana_url: String,
    /// A workflow whose rate, latency and cost of a call have an alert on what is unusual; can be repeated.
    #[arg(long, value_name = "WORKFLOW")]
    pub(crate) anomaly: Vec<String>,
    /// The same for every workflow.
    #[arg(long)]
    pub(crate) anomaly_all: bool,
    /// What may be spent on models in thirty days, in dollars: alerts tell when it goes too fast. Without it there are none.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub(crate) monthly_budget: Option<f64>,
    /// Leave out the rules that record today's families under the names that older TTA dashboards ask for.
    #[arg(long)]
    pub(crate) no_older_names: bool,
}

/// What the configuration around rules and dashboards depends on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StackOptions {
    /// Files for servers on this machine, or objects for Kubernetes.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Where the program's metrics are scraped; may be given several times.
    #[arg(long = "target", value_name = "HOST:PORT", default_value = "127.0.0.1:9464", value_parser = host_and_port,
        conflicts_with = "pushed")]
    pub(crate) targets: Vec<String>,
    /// What keeps the traces.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) traces: Traces,
    /// With --format k8s: the namespace of the objects.
    #[arg(long, default_value = "monitoring", value_parser = dns_label)]
    pub(crate) namespace: String,
    /// With --format k8s: the namespace of the program's Service; that of the objects if not said.
    #[arg(long, value_name = "NAMESPACE", value_parser = dns_label)]
    pub(crate) service_namespace: Option<String>,
    /// With --format k8s: a label of the program's Service, by which the ServiceMonitor finds it; may be given several
    /// times. `app.kubernetes.io/name=JOB` if not said.
    #[arg(long = "selector", value_name = "KEY=VALUE", value_parser = label)]
    pub(crate) selectors: Vec<(String, String)>,
    /// With --format k8s: the name of the Service's port.
    #[arg(long, default_value = "metrics", value_parser = dns_label)]
    pub(crate) port_name: String,
    /// With --format k8s: a label for every object, such as the one by which an operator selects rules; may be given
    /// several times.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    pub(crate) labels: Vec<(String, String)>,
}

/// For what the generated files are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Prometheus, Alertmanager, Grafana and a Collector, by themselves or with Docker Compose.
    #[default]
    Files,
    /// A ServiceMonitor, PrometheusRules and ConfigMaps.
    K8s,
}

/// What keeps the traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Traces {
    /// Jaeger, which keeps them for seven days.
    #[default]
    Jaeger,
    /// Tempo, which keeps them for seven days and is asked in Grafana.
    Tempo,
    /// Zipkin, which keeps them in memory.
    Zipkin,
}

/// How a command ended that could be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Found,
}

/// Why one could not.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Runs the program.
pub(crate) fn run() -> ExitCode {
    let command = Cli::parse().command;
    let json = match &command {
        Command::Generate(generate) => generate.json,
        Command::Doctor(doctor) => doctor.json,
        Command::Lint(lint) => lint.json,
        Command::Explain(explain) => explain.json,
    };
    let mut terminal = Terminal::new(json);
    let code = match command.run(&mut terminal) {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Found) => 1,
        Err(error) => {
            terminal.error(error.as_ref());
            2
        }
    };
    match terminal.finish() {
        Ok(()) => ExitCode::from(code),
        Err(error) => {
            Terminal::new(false).error(&error);
            ExitCode::from(2)
        }
    }
}

impl Command {
    fn run(&self, terminal: &mut Terminal) -> Result<Outcome, Failure> {
        match self {
            Command::Generate(asked) => {
                generate::run(asked, &read(&asked.catalog, &asked.options)?, terminal)
            }
            Command::Doctor(asked) => doctor::run(asked, &read(&asked.catalog, &asked.options)?, terminal),
            Command::Lint(asked) => lint::run(asked, &read(&asked.catalog, &asked.options)?, terminal),
            Command::Explain(asked) => explain::run(asked, &read(&asked.catalog, &asked.options)?, terminal),
        }
    }
}

/// The catalog, of which the options name what it has.
fn read(path: &Path, options: &Options) -> Result<Catalog, Failure> {
    let catalog = Catalog::read(path)?;
    for name in &options.anomaly {
        if !catalog.of_kind(SiteKind::Workflow).any(|site| site.name == *name) {
            return Err(format!("--anomaly {name}: the catalog has no workflow of this name").into());
        }
    }
    Ok(catalog)
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => Ok((old.to_owned(), new.to_owned())),
        _ => Err("expected OLD=NEW, two names of families".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds".to_owned())?;
    if (0.001..=3600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("expected 0.001 to 3600 seconds".to_owned())
    }
}

fn dollars(text: &str) -> Result<f64, String> {
    let dollars: f64 =
        text.trim_start_matches('$').parse().map_err(|_| "expected dollars, such as 500".to_owned())?;
    if (0.01..=1e9).contains(&dollars) {
        Ok(dollars)
    } else {
        Err("expected 0.01 to 1000000000 dollars".to_owned())
    }
}

fn host_and_port(text: &str) -> Result<String, String> {
    let expected = || "expected HOST:PORT without a scheme or a path, such as 127.0.0.1:9464".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(expected)?;
    let is_host = !host.is_empty()
        && !host.contains(|letter: char| letter.is_whitespace() || "/@?#'\"".contains(letter));
    match port.parse::<u16>() {
        Ok(1..) if is_host => Ok(text.to_owned()),
        _ => Err(expected()),
    }
}

/// A name as RFC 1123 has it, which is what Kubernetes calls things by.
fn dns_label(text: &str) -> Result<String, String> {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let is_label = (1..=63).contains(&text.len())
        && text.chars().all(|letter| is_inner(letter) || letter == '-')
        && text.starts_with(is_inner)
        && text.ends_with(is_inner);
    if is_label {
        Ok(text.to_owned())
    } else {
        Err("expected 1 to 63 lower-case letters, digits and `-`, with a letter or digit at both ends"
            .to_owned())
    }
}

/// A label of a Kubernetes object.
fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    let is_name = |name: &str| {
        name.len() <= 63
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
            && name.starts_with(|letter: char| letter.is_ascii_alphanumeric())
            && name.ends_with(|letter: char| letter.is_ascii_alphanumeric())
    };
    let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_prefix = |prefix: &str| {
        prefix.len() <= 253 && !prefix.is_empty() && prefix.split('.').all(|part| dns_label(part).is_ok())
    };
    if !is_name(name) || !prefix.is_none_or(is_prefix) {
        return Err(format!("{key:?} is no key of a Kubernetes label"));
    }
    if !value.is_empty() && !is_name(value) {
        return Err(format!("{value:?} is no value of a Kubernetes label"));
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
impl Options {
    /// What these arguments of `tta generate` say.
    pub(crate) fn of(arguments: &[&str]) -> Self {
        let needed = ["tta", "generate", "--catalog", "c", "--out", "o"];
        match Cli::try_parse_from(needed.iter().chain(arguments)).map(|cli| cli.command) {
            Ok(Command::Generate(generate)) => generate.options,
            other => panic!("{arguments:?} are no arguments of generate: {other:?}"),
        }
    }
}
