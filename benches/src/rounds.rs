//! The harness: a process per line, measured in turn, round after round.
//!
//! Interleaved rounds, so that what slows the machine for a while slows every line; medians, so that
//! one bad round tells nothing.

use crate::rows::{Build, Row, delivers_spans, name};
use clap::ValueEnum;
use serde_json::Value;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Spans that wait for export, for every line: what one batch of the longest chain leaves in two
/// threads fits.
const QUEUE: &str = "32768";

/// What a user's environment may hold that would change what a line does.
const ENVIRONMENT: [&str; 5] = ["OTEL_", "TTA_", "AUTOMETRICS_", "ENVIRONMENT", "RUST_LOG"];

/// A row, and what was measured of it.
pub(crate) struct Measured {
    pub(crate) row: Row,
    /// Nanoseconds per call, a figure for each round, in ascending order.
    pub(crate) rounds: Vec<f64>,
    /// On the thread that calls.
    pub(crate) allocations_per_call: f64,
    /// Size of the future of one request.
    pub(crate) future_bytes: usize,
}

impl Measured {
    pub(crate) fn ns_per_call(&self) -> f64 {
        self.percentile(50)
    }

    /// The round that `percent` of the rounds are faster than.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        self.rounds[(self.rounds.len() - 1) * percent / 100]
    }
}

/// Measures every row in `rounds` rounds.
///
/// # Errors
/// When a line lost a span or a call, or cannot be run.
pub(crate) fn measure(rows: Vec<Row>, rounds: u32) -> Result<Vec<Measured>, Box<dyn Error>> {
    let enabled = env::current_exe()?;
    let disabled = build_disabled(&enabled)?;
    let mut lines = rows
        .into_iter()
        .map(|row| {
            let program = match row.build {
                Build::Enabled => &enabled,
                Build::Disabled => &disabled,
            };
            LineProcess::start(row, program)
        })
        .collect::<Result<Vec<_>, _>>()?;
    progress(&format!("{} lines, {rounds} rounds", lines.len()))?;
    for _ in 0..rounds {
        for line in &mut lines {
            let ns = line.ask("round")?;
            line.rounds.push(ns.parse()?);
        }
    }
    lines.into_iter().map(LineProcess::finish).collect()
}

/// Builds this package without features and returns its program. tta with and without features are
/// two builds, so they have two target directories, or each would undo the other.
fn build_disabled(enabled: &Path) -> Result<PathBuf, Box<dyn Error>> {
    progress("building the line without features")?;
    let profile = enabled.parent().ok_or("expected a program in a directory")?;
    let built = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--quiet", "--release", "--no-default-features"])
        .arg("--message-format=json")
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(profile.with_file_name("disabled"))
        .stderr(Stdio::inherit())
        .output()?;
    if !built.status.success() {
        return Err("the line without features does not build".into());
    }
    let messages = serde_json::Deserializer::from_slice(&built.stdout).into_iter::<Value>();
    messages
        .filter_map(|message| Some(message.ok()?.get("executable")?.as_str()?.into()))
        .last()
        .ok_or_else(|| "expected a program from cargo, found none".into())
}

/// A line in its own process.
struct LineProcess {
    row: Row,
    rounds: Vec<f64>,
    future_bytes: usize,
    child: Child,
    requests: ChildStdin,
    replies: Lines<BufReader<ChildStdout>>,
}

impl LineProcess {
    /// Returns when the line has warmed up.
    fn start(row: Row, program: &Path) -> Result<Self, Box<dyn Error>> {
        let sampler =
            if delivers_spans(row.system) { "parentbased_always_on" } else { "parentbased_always_off" };
        let ending = row.load.ending.to_possible_value().expect("none is skipped");
        let mut child = Command::new(program)
            .args(["line", &name(row.system)])
            .args(["--depth", &row.load.depth.to_string()])
            .args(["--threads", &row.load.threads.to_string()])
            .args(["--ending", ending.get_name()])
            .env_clear()
            .envs(env::vars_os().filter(|(key, _)| !changes_a_line(key)))
            .env("OTEL_BSP_MAX_QUEUE_SIZE", QUEUE)
            .env("OTEL_TRACES_SAMPLER", sampler)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let requests = child.stdin.take().ok_or("expected a pipe")?;
        let replies = child.stdout.take().ok_or("expected a pipe")?;
        let mut line = Self {
            row,
            rounds: Vec::new(),
            future_bytes: 0,
            child,
            requests,
            replies: BufReader::new(replies).lines(),
        };
        line.future_bytes = line.reply()?.parse()?;
        Ok(line)
    }

    fn ask(&mut self, question: &str) -> Result<String, Box<dyn Error>> {
        writeln!(self.requests, "{question}")?;
        self.reply()
    }

    fn reply(&mut self) -> Result<String, Box<dyn Error>> {
        let reply = self.replies.next();
        Ok(reply.ok_or_else(|| format!("the line {} ended early", self.row.name))??)
    }

    /// Counts allocations, lets the line check that its metrics saw every call, and ends it.
    fn finish(mut self) -> Result<Measured, Box<dyn Error>> {
        let allocations_per_call = self.ask("allocations")?.parse()?;
        self.ask("finish")?;
        drop(self.requests);
        self.child.wait()?;
        self.rounds.sort_by(f64::total_cmp);
        Ok(Measured {
            row: self.row,
            rounds: self.rounds,
            allocations_per_call,
            future_bytes: self.future_bytes,
        })
    }
}

fn changes_a_line(key: &OsString) -> bool {
    let key = key.to_string_lossy();
    ENVIRONMENT.iter().any(|prefix| key.starts_with(prefix))
}

fn progress(what: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{what}")
}
