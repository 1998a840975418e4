//! The one place that writes to standard output and standard error.

use std::fmt::Write as _;
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

    /// A line for a person, or several.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        if !self.json {
            let lines: Vec<String> = text.as_ref().split('\n').map(plain).collect();
            self.write(&lines.join("\n"));
        }
    }

    /// One line for a person, whatever is in it: what was read somewhere cannot begin another one.
    pub(crate) fn one_line(&mut self, text: impl AsRef<str>) {
        if !self.json {
            self.write(&plain(text.as_ref()));
        }
    }

    /// The answer for a program.
    pub(crate) fn answer(&mut self, answer: &impl Serialize) {
        if self.json {
            match serde_json::to_string_pretty(answer) {
                Ok(text) => self.write(&of_json(&text)),
                Err(error) => self.closed = Some(error.into()),
            }
        }
    }

    /// Why the command could not do what was asked; on standard error, and as an answer for a program.
    pub(crate) fn error(&mut self, error: &dyn std::error::Error) {
        let text = error.to_string().split('\n').map(plain).collect::<Vec<_>>().join("\n");
        let text = format!("tta: {text}\n");
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

/// `text` with letters in place of what a terminal acts on, or shows elsewhere than where it is: catalogs, rules and
/// answers of servers may hold anything.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_acted_on(letter) {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// JSON as it was, with what a terminal acts on written as JSON writes it in strings, where alone it can be.
fn of_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter != '\n' && is_acted_on(letter) {
            // None of them needs a second unit of UTF-16. Writing to a String cannot fail.
            let _ = write!(shown, "\\u{:04x}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Control characters, ends of lines that are none to others, and what turns the direction of writing.
fn is_acted_on(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_shown_as_letters() {
        assert_eq!(plain("a\u{1b}[31m\nb\u{9b}\u{202e}ü"), "a\\u{1b}[31m\\nb\\u{9b}\\u{202e}ü");
        let json = serde_json::json!({ "a": "\u{1b}\u{9b}\u{202e}\n" }).to_string();
        let shown = of_json(&json);
        assert!(!shown.contains(is_acted_on), "{shown}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
        assert_eq!(read(&shown), read(&json));
    }
}
