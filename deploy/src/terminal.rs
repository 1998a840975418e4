//! The one place that writes to standard output and standard error.

use std::io::{self, ErrorKind, Write as _};

use serde::Serialize;

/// What a command says: lines for a person, or one JSON document for a program.
#[derive(Debug)]
pub(crate) struct Terminal {
    json: bool,
    /// Why nothing can be said any more.
    closed: Option<io::Error>,
}

impl Terminal {
    pub(crate) fn new(json: bool) -> Self {
        Terminal { json, closed: None }
    }

    /// A line for a person.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        if !self.json {
            self.write(text.as_ref());
        }
    }

    /// The answer for a program.
    pub(crate) fn answer(&mut self, answer: &impl Serialize) {
        if self.json {
            match serde_json::to_string_pretty(answer) {
                Ok(text) => self.write(&text),
                Err(error) => self.closed = Some(error.into()),
            }
        }
    }

    /// Why the command could not do what was asked; on standard error, and as an answer for a program.
    pub(crate) fn error(&mut self, error: &dyn std::error::Error) {
        let text = format!("tta: {error}\n");
        // Nobody is left to tell.
        let _ = io::stderr().write_all(text.as_bytes());
        self.answer(&serde_json::json!({ "ok": false, "error": error.to_string() }));
    }

    /// Whether everything was said. Whoever stops reading has read what they wanted.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match self.closed.take() {
            Some(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    fn write(&mut self, text: &str) {
        if self.closed.is_some() {
            return;
        }
        let mut out = io::stdout().lock();
        let written =
            out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
        self.closed = written.err();
    }
}
