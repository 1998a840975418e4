//! What the tests of `tta` share: the program, folders, and servers on the loopback interface.

// No test uses all of it.
#![allow(dead_code)]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take that is waited for. It ends as soon as that is there; where others work too, rules of long
/// groups are recorded late.
pub(crate) const PATIENCE: Duration = Duration::from_mins(5);

/// The sample catalog.
pub(crate) const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/catalog.json");

/// A folder of its own, removed with this value.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("tta-deploy-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the folder for temporary files can be written");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("a path in UTF-8")
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("it can be made");
        std::fs::write(&path, text).expect("it can be written");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Every file in it, with its text.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("it can be read") {
                let path = entry.expect("it can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&self.0).expect("it is within").to_str().expect("UTF-8");
                    files.push((name.to_owned(), self.read(name)));
                }
            }
        }
        files.sort();
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Left behind if it cannot be removed; it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Both, for what does not depend on where it is said.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Runs `tta`.
pub(crate) fn tta(args: &[&str]) -> Said {
    let output = command(args).output().expect("it starts");
    said(output)
}

/// `tta` to be run, without what the surroundings say of proxies.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tta"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.to_lowercase().ends_with("_proxy")) {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().expect("no signal ended it"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The sample catalog, changed.
pub(crate) fn catalog(change: impl FnOnce(&mut Value)) -> String {
    let text = std::fs::read_to_string(CATALOG).expect("the sample is there");
    let mut catalog: Value = serde_json::from_str(&text).expect("it is JSON");
    change(&mut catalog);
    serde_json::to_string_pretty(&catalog).expect("it is JSON")
}

/// The family of a catalog.
pub(crate) fn family<'a>(catalog: &'a mut Value, name: &str) -> &'a mut Value {
    let families = catalog["families"].as_array_mut().expect("an array");
    families.iter_mut().find(|family| family["name"] == name).unwrap_or_else(|| panic!("no family {name}"))
}

/// What a program of the checks of Debian's packages says of a file.
///
/// # Panics
/// When it finds a mistake, or is not installed; `tests/run` installs it.
pub(crate) fn check(program: &str, args: &[&str], file: &Path) -> String {
    let output = Command::new(program).args(args).arg(file).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {args:?} {}: {text}", file.display());
    text
}

/// Status and body that answer a head and a body.
type Answer = dyn Fn(&str, &[u8]) -> (u16, String) + Send + Sync;

/// An HTTP server whose answers are made by a function of the request's head and body.
#[derive(Debug)]
pub(crate) struct Http {
    address: String,
    stopped: Arc<std::sync::atomic::AtomicBool>,
}

impl Http {
    pub(crate) fn start(answer: impl Fn(&str, &[u8]) -> (u16, String) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let stopped = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (answer, stop) = (Arc::new(answer), Arc::clone(&stopped));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let answer = Arc::clone(&answer);
                std::thread::spawn(move || serve(&stream, answer.as_ref()));
            }
        });
        Http { address, stopped }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The listener waits for one connection more.
        let _ = TcpStream::connect(&self.address);
    }
}

fn serve(stream: &TcpStream, answer: &Answer) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        match reader.read_line(&mut head) {
            Ok(1..) => {}
            _ => return,
        }
    }
    let length = head.lines().find_map(|line| {
        line.to_lowercase().strip_prefix("content-length:").and_then(|length| length.trim().parse().ok())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let (status, text) = answer(&head, &body);
    let mut stream = stream;
    // Whoever asked may have gone.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
}

/// A program that emits everything a catalog says: each series of a counter and of a histogram's buckets grows with each
/// scrape.
pub(crate) fn exposition(catalog: &str) -> impl Fn(&str, &[u8]) -> (u16, String) + Send + Sync + 'static {
    let catalog: Value = serde_json::from_str(catalog).expect("it is JSON");
    let scrapes = AtomicU64::new(0);
    move |_, _| {
        let scrape = scrapes.fetch_add(1, Ordering::Relaxed) + 1;
        (200, expose(&catalog, scrape))
    }
}

/// The same program while nothing calls it, until it is told that somebody does: what counts is 0.
pub(crate) fn idle_exposition(
    catalog: &str,
    is_called: Arc<AtomicBool>,
) -> impl Fn(&str, &[u8]) -> (u16, String) + Send + Sync + 'static {
    let (catalog, calls): (Value, _) =
        (serde_json::from_str(catalog).expect("it is JSON"), AtomicU64::new(0));
    move |_, _| {
        let more = u64::from(is_called.load(Ordering::Relaxed));
        (200, expose(&catalog, calls.fetch_add(more, Ordering::Relaxed) + more))
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a String takes everything");
}

fn expose(catalog: &Value, scrape: u64) -> String {
    let mut text = String::new();
    for family in catalog["families"].as_array().expect("an array") {
        let (name, type_) =
            (family["name"].as_str().expect("a name"), family["type"].as_str().expect("a type"));
        line(&mut text, format_args!("# TYPE {name} {type_}"));
        let mut all = vec![String::new()];
        for label in family["labels"].as_array().expect("an array") {
            let values: Vec<String> = match label["values"].as_array() {
                Some(values) => {
                    values.iter().map(|value| value.as_str().expect("a string").to_owned()).collect()
                }
                None => vec!["some".to_owned()],
            };
            let with = |before: &String| {
                let name = label["name"].as_str().expect("a name");
                let comma = if before.is_empty() { "" } else { "," };
                values.iter().map(|value| format!("{before}{comma}{name}=\"{value}\"")).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(with).collect();
        }
        for labels in all {
            match type_ {
                "histogram" => {
                    let bounds = family["buckets"].as_array().expect("an array").iter().map(Value::to_string);
                    let comma = if labels.is_empty() { "" } else { "," };
                    for (at, bound) in bounds.chain(["+Inf".to_owned()]).enumerate() {
                        let count = scrape * (at as u64 + 1);
                        line(
                            &mut text,
                            format_args!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {count}"),
                        );
                    }
                    let count = scrape * (family["buckets"].as_array().map_or(0, Vec::len) as u64 + 1);
                    line(&mut text, format_args!("{name}_sum{{{labels}}} {scrape}"));
                    line(&mut text, format_args!("{name}_count{{{labels}}} {count}"));
                }
                "counter" => line(&mut text, format_args!("{name}{{{labels}}} {scrape}")),
                _ => line(&mut text, format_args!("{name}{{{labels}}} 1")),
            }
        }
    }
    text
}

/// Debian's Prometheus, killed with this value.
#[derive(Debug)]
pub(crate) struct Prometheus {
    child: Child,
    url: String,
    _folder: Folder,
}

impl Prometheus {
    /// Starts it with a configuration and more arguments.
    pub(crate) fn start(config: &str, more: &[&str]) -> Self {
        let folder = Folder::new();
        let config = folder.write("prometheus.yml", config);
        loop {
            // Somebody else may take the port first. Then it ends, and the next one is tried.
            let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
            let address = listener.local_addr().expect("a listener has an address").to_string();
            drop(listener);
            let mut child = Command::new("prometheus")
                .arg(format!("--config.file={}", config.display()))
                .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
                .arg(format!("--web.listen-address={address}"))
                .args(more)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap_or_else(|error| panic!("cannot start prometheus, which tests/run installs: {error}"));
            let mut lines =
                BufReader::new(child.stderr.take().expect("it is piped")).lines().map_while(Result::ok);
            let mut log = String::new();
            let ready = lines
                .by_ref()
                .inspect(|said| line(&mut log, format_args!("{said}")))
                .any(|line| line.contains("Server is ready"));
            if ready {
                // It ends if nobody reads what it says.
                std::thread::spawn(move || lines.count());
                return Prometheus { child, url: format!("http://{address}"), _folder: folder };
            }
            // It has closed its output, so it ends.
            let _ = child.wait();
            assert!(log.contains("already in use"), "{log}");
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks until `tta doctor` has said something that is wanted; what it said last.
    pub(crate) fn until(&self, args: &[&str], wanted: impl Fn(&Said) -> bool) -> Said {
        let mut all = vec!["doctor", "--prometheus", self.url()];
        all.extend(args);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = tta(&all);
            if wanted(&said) || Instant::now() > deadline {
                return said;
            }
            // It scrapes by the clock; there is no event to wait for.
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Both fail if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
