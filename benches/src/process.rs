//! A line in a process of its own, which answers what it is asked through its standard input.

use crate::rows::{Row, delivers_spans, name};
use clap::ValueEnum;
use serde_json::Value;
use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;

/// Spans that wait for export, for every line: what one batch of the longest chain leaves in two
/// threads fits.
const QUEUE: &str = "32768";

/// What a user's environment may hold that would change what a line does.
const ENVIRONMENT: [&str; 5] = ["OTEL_", "TTA_", "AUTOMETRICS_", "ENVIRONMENT", "RUST_LOG"];

/// Builds this package without features and returns its program. tta with and without features are
/// two builds, so they have two target directories, or each would undo the other.
pub(crate) fn build_disabled(enabled: &Path) -> Result<PathBuf, Box<dyn Error>> {
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
pub(crate) struct LineProcess {
    name: String,
    child: Child,
    requests: ChildStdin,
    replies: Lines<BufReader<ChildStdout>>,
}

impl LineProcess {
    /// Runs `command`, which ends in a program of this package, as the line of `row`.
    ///
    /// Also returns the bytes of the future of one request, which is what a line says once it has warmed up.
    pub(crate) fn start(row: &Row, mut command: Command) -> Result<(Self, usize), Box<dyn Error>> {
        let sampler =
            if delivers_spans(row.system) { "parentbased_always_on" } else { "parentbased_always_off" };
        let ending = row.load.ending.to_possible_value().expect("none is skipped");
        let mut child = command
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
        let replies = BufReader::new(child.stdout.take().ok_or("expected a pipe")?).lines();
        let mut line = Self { name: row.name.clone(), child, requests, replies };
        let future_bytes = line.reply()?.parse()?;
        Ok((line, future_bytes))
    }

    /// Asks for a figure.
    pub(crate) fn ask<T: FromStr<Err: Error + 'static>>(
        &mut self,
        question: &str,
    ) -> Result<T, Box<dyn Error>> {
        writeln!(self.requests, "{question}")?;
        Ok(self.reply()?.parse()?)
    }

    fn reply(&mut self) -> Result<String, Box<dyn Error>> {
        let reply = self.replies.next();
        Ok(reply.ok_or_else(|| format!("the line {} ended early", self.name))??)
    }

    /// Lets the line check that its metrics saw every call, and ends it.
    pub(crate) fn finish(mut self) -> Result<(), Box<dyn Error>> {
        writeln!(self.requests, "finish")?;
        self.reply()?;
        self.end()
    }

    /// Ends the line and waits for that.
    pub(crate) fn end(mut self) -> Result<(), Box<dyn Error>> {
        drop(self.requests);
        let status = self.child.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(format!("expected the line {} to end well, found {status}", self.name).into())
    }
}

fn changes_a_line(key: &OsString) -> bool {
    let key = key.to_string_lossy();
    ENVIRONMENT.iter().any(|prefix| key.starts_with(prefix))
}

/// Says how far the measuring is.
pub(crate) fn progress(what: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{what}")
}
