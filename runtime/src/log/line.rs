//! One event as one line.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::time::SystemTime;

use opentelemetry::Context as OtelContext;
use opentelemetry::trace::TraceContextExt as _;
use serde::ser::{SerializeMap as _, Serializer as _};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::executed::TARGET;
use crate::catalog::SiteKind;
use crate::context::WorkflowContext;

/// How lines look.
#[derive(Clone, Copy, Debug)]
pub(super) enum Style {
    Json,
    Human { color: bool },
}

/// What a line says.
pub(super) struct Line<'a> {
    time: SystemTime,
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) message: String,
    /// Where the event happened: keys in the order of the line, each with its text if it is known.
    place: [(&'static str, Option<String>); 6],
    /// What an error among the fields says, with its sources.
    pub(super) error: Option<String>,
    pub(super) fields: Vec<(&'static str, Value)>,
    /// Whether the fields say where the event happened: a call that has ended is not current any more.
    is_of_call: bool,
}

impl<'a> Line<'a> {
    pub(super) fn of(event: &Event<'a>) -> Self {
        let metadata = event.metadata();
        let mut line = Line::new(*metadata.level(), metadata.target());
        line.is_of_call = metadata.target() == TARGET;
        if !line.is_of_call {
            line.place = here();
        }
        event.record(&mut line);
        line
    }

    /// A line of the log's own.
    pub(super) fn new(level: Level, target: &'a str) -> Self {
        Line {
            time: SystemTime::now(),
            level,
            target,
            message: String::new(),
            place: PLACE.map(|key| (key, None)),
            error: None,
            fields: Vec::new(),
            is_of_call: false,
        }
    }

    pub(super) fn written(&self, style: Style) -> Vec<u8> {
        let mut line = match style {
            // Nothing in a line fails to be written to memory.
            Style::Json => self.json().unwrap_or_default(),
            Style::Human { color } => self.human(color).into_bytes(),
        };
        line.push(b'\n');
        line
    }

    fn json(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = Vec::with_capacity(256);
        let mut serializer = serde_json::Serializer::new(&mut line);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &timestamp(self.time))?;
        map.serialize_entry("level", self.level.as_str())?;
        map.serialize_entry("target", self.target)?;
        map.serialize_entry("message", &self.message)?;
        for (key, text) in &self.place {
            if let Some(text) = text {
                map.serialize_entry(key, text)?;
            }
        }
        map.serialize_entry("service", &*service())?;
        for (key, value) in &self.fields {
            // What the line says of itself is not overruled.
            if FIXED.contains(key) || PLACE.contains(key) {
                map.serialize_entry(&format!("event.{key}"), value)?;
            } else {
                map.serialize_entry(key, value)?;
            }
        }
        map.end()?;
        Ok(line)
    }

    fn human(&self, color: bool) -> String {
        let paint = match self.level {
            Level::ERROR => "31",
            Level::WARN => "33",
            Level::INFO => "32",
            _ => "34",
        };
        let (on, off) = if color { (format!("\u{1b}[{paint}m"), "\u{1b}[0m") } else { (String::new(), "") };
        let mut line = format!("{} {on}{:>5}{off} {}: ", timestamp(self.time), self.level, self.target);
        escape(&self.message, &mut line);
        for (key, value) in &self.fields {
            // Writing to a String cannot fail.
            let _ = write!(line, " {key}=");
            match value {
                Value::String(text) => escape(text, &mut line),
                other => escape(&other.to_string(), &mut line),
            }
        }
        for (key, text) in &self.place {
            if let Some(text) = text {
                let _ = write!(line, " {key}=");
                escape(text, &mut line);
            }
        }
        line
    }

    fn set(&mut self, field: &Field, value: Value) {
        let name = field.name();
        if self.is_of_call
            && let Some((_, place)) = self.place.iter_mut().find(|(key, _)| *key == name)
        {
            *place = Some(match value {
                Value::String(text) => text,
                other => other.to_string(),
            });
            return;
        }
        if name == "message" {
            self.message = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
        } else {
            self.fields.push((name, value));
        }
    }
}

/// Keys of a line that are none of a place.
const FIXED: [&str; 5] = ["timestamp", "level", "target", "message", "service"];

const PLACE: [&str; 6] = ["trace_id", "span_id", "workflow", "workflow_id", "correlation_id", "primitive"];

/// What is current where this is called.
fn here() -> [(&'static str, Option<String>); 6] {
    let (span, workflow) = crate::span::local::current(|context: &OtelContext| {
        (context.span().span_context().clone(), WorkflowContext::of(context).cloned().unwrap_or_default())
    });
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let within = crate::span::local::within().filter(|site| site.kind() == SiteKind::Primitive);
    let texts = [
        span.is_valid().then(|| span.trace_id().to_string()),
        span.is_valid().then(|| span.span_id().to_string()),
        workflow.run().map(|run| run.site.name().to_owned()),
        known(workflow.workflow_id()),
        known(workflow.correlation_id()),
        within.map(|site| site.name().to_owned()),
    ];
    let mut texts = texts.into_iter();
    PLACE.map(|key| (key, texts.next().flatten()))
}

fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_micros(time).to_string()
}

/// The service's name, as `init` has found it, or as the environment says before that.
fn service() -> std::sync::Arc<String> {
    crate::telemetry::service_name()
}

/// Text without what a terminal would take for a command.
fn escape(text: &str, line: &mut String) {
    for letter in text.chars() {
        if letter.is_control() {
            line.extend(letter.escape_default());
        } else {
            line.push(letter);
        }
    }
}

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for what is no number.
        let number = serde_json::Number::from_f64(value);
        self.set(field, number.map_or_else(|| value.to_string().into(), Value::Number));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        self.set(field, text.clone().into());
        self.error.get_or_insert(text);
    }
}
