//! Child processes whose output is read line by line.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::PATIENCE;

/// A child process that is killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Program {
    /// Starts it with none of the telemetry variables of this process.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(path: &str, args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut command = Command::new(path);
        for (name, _) in std::env::vars().filter(|(name, _)| {
            ["ASK_", "CLOUD_RUN_", "GOOGLE_CLOUD_", "K_", "OPENAI_", "OTEL_", "REDIS_", "TTA_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        }) {
            command.env_remove(name);
        }
        command.env_remove("ENVIRONMENT").env("NO_COLOR", "1");
        command.args(args).envs(env.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {path}: {error}"));
        Program {
            stdin: child.stdin.take(),
            stdout: lines(child.stdout.take()),
            stderr: lines(child.stderr.take()),
            child,
        }
    }

    /// The next line of standard output.
    ///
    /// # Panics
    /// When there is none; the message is what standard error says.
    #[must_use]
    pub fn line(&self) -> String {
        self.line_within(PATIENCE)
    }

    /// The next line of standard output, which may take so long.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn line_within(&self, patience: Duration) -> String {
        self.stdout.recv_timeout(patience).unwrap_or_else(|_| {
            let said: Vec<String> = self.stderr.try_iter().collect();
            panic!("no further line on standard output; standard error: {said:#?}")
        })
    }

    /// What standard error has said that nobody has read yet.
    #[must_use]
    pub fn error_lines(&self) -> Vec<String> {
        self.stderr.try_iter().collect()
    }

    /// The resident memory in KiB: now, and at most so far.
    ///
    /// # Panics
    /// Where the system does not tell, which is anywhere but on Linux.
    #[must_use]
    pub fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("it runs");
        let read = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it is on Linux");
            line.trim().trim_end_matches(" kB").parse().expect("a number")
        };
        (read("VmRSS:"), read("VmHWM:"))
    }

    /// The next line of standard error that is `wanted`.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn error_line(&self, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.stderr.recv_timeout(PATIENCE).expect("no such line on standard error");
            if wanted(&line) {
                return line;
            }
        }
    }

    /// Writes a line to standard input.
    ///
    /// # Panics
    /// When that is closed.
    pub fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("standard input is open");
        writeln!(stdin, "{line}").expect("the program reads its standard input");
    }

    /// Closes standard input.
    pub fn close(&mut self) {
        self.stdin = None;
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Closes standard input and waits for the end; the rest of standard output and all of standard error.
    ///
    /// # Panics
    /// When it does not end.
    #[must_use]
    pub fn finish(mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
        self.stdin = None;
        let deadline = Instant::now() + PATIENCE;
        let stdout = until(&self.stdout, deadline);
        let stderr = until(&self.stderr, deadline);
        let status = self.child.wait().expect("the child is ours to wait for");
        (status, stdout, stderr)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(from: Option<impl Read + Send + 'static>) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(from) = from {
        std::thread::spawn(move || {
            for line in BufReader::new(from).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
    }
    receiver
}

/// Everything up to the end of the stream.
fn until(lines: &Receiver<String>, deadline: Instant) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => all.push(line),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return all,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                panic!("the program does not end; so far: {all:#?}")
            }
        }
    }
}

/// The binary of an example, built as `cargo test --workspace --all-features` has built it already.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn example(name: &str) -> String {
    built("--example", name, "examples")
}

/// A binary of the workspace, built as `cargo test --workspace --all-features` has built it already.
///
/// # Panics
/// When it does not build.
#[must_use]
pub fn binary(name: &str) -> String {
    built("--bin", name, "")
}

fn built(kind: &str, name: &str, folder: &str) -> String {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--workspace", "--all-features", kind, name]);
    // What cargo says to a test of its package; build scripts of dependencies would take it for a change, and run again.
    for (name, _) in std::env::vars()
        .filter(|(name, _)| name.starts_with("CARGO_MANIFEST") || name.starts_with("CARGO_PKG"))
    {
        build.env_remove(name);
    }
    assert!(build.status().expect("cargo runs").success());
    let test = std::env::current_exe().expect("a test has a path");
    let profile = test.ancestors().nth(2).expect("it is in target/debug/deps");
    profile.join(folder).join(name).to_str().expect("a path in UTF-8").to_owned()
}

/// Status, content type and body of a GET.
///
/// # Panics
/// When nobody answers.
#[must_use]
pub fn http_get(url: &str, accept: &str) -> (u16, String, String) {
    let agent = ureq::Agent::new_with_config(
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build(),
    );
    let request = agent.get(url).header("Accept", accept);
    let mut response = request.call().unwrap_or_else(|error| panic!("GET {url}: {error}"));
    let header = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    let content_type = header.unwrap_or_default().to_owned();
    let body = response.body_mut().read_to_string().unwrap_or_else(|error| panic!("GET {url}: {error}"));
    (response.status().as_u16(), content_type, body)
}

/// Status and body of a POST without a body.
///
/// # Panics
/// When nobody answers.
#[must_use]
pub fn http_post(url: &str) -> (u16, String) {
    let agent = ureq::Agent::new_with_config(
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build(),
    );
    let mut response = agent.post(url).send_empty().unwrap_or_else(|error| panic!("POST {url}: {error}"));
    let body = response.body_mut().read_to_string().unwrap_or_else(|error| panic!("POST {url}: {error}"));
    (response.status().as_u16(), body)
}
