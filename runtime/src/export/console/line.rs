//! What there is to say of one span.

use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Event, Status};
use opentelemetry_sdk::trace::SpanData;

use super::plain::clean;
use super::render::since;
use super::unit;
use crate::names::attribute;

/// Columns of a key or a value; beyond, it is cut.
const LONGEST: usize = 80;
/// Events of one span.
const MOST_EVENTS: usize = 16;
/// What the conventions call the events and attributes of exceptions.
const EXCEPTION: &str = "exception";
const EXCEPTION_TYPE: &str = "exception.type";

/// Attributes that the tree says in another way, or that help machines only.
const LEFT_OUT: &[&str] = &[
    attribute::STATUS,
    attribute::ERROR_TYPE,
    attribute::ERROR_CATEGORY,
    attribute::ERROR_SEVERITY,
    attribute::CORRELATION_ID,
    attribute::STEP_INDEX,
    // tracing's own
    "busy_ns",
    "idle_ns",
    "level",
    "target",
];
const LEFT_OUT_PREFIXES: &[&str] = &["code.", "thread.", "tta.primitive.", "tta.workflow."];

/// How a span ended.
pub(super) enum Ending {
    Ok,
    Error(String),
    Cancelled,
}

impl Ending {
    pub(super) fn of(span: &SpanData) -> Self {
        if let Status::Error { description } = &span.status {
            // A foreign span's description is a sentence, and stands below.
            let kind = read(span, attribute::ERROR_TYPE);
            let ours = read(span, attribute::STATUS).is_some();
            return Ending::Error(
                kind.unwrap_or_else(|| if ours { clean(description, LONGEST) } else { String::new() }),
            );
        }
        match read(span, attribute::STATUS).as_deref() {
            Some("cancelled") => Ending::Cancelled,
            Some("error") => Ending::Error(read(span, attribute::ERROR_TYPE).unwrap_or_default()),
            _ => Ending::Ok,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Ending::Ok => "✓".to_owned(),
            Ending::Error(kind) => format!("✗ {kind}").trim_end().to_owned(),
            Ending::Cancelled => "⊘ cancelled".to_owned(),
        }
    }
}

/// A key and its value, cleaned.
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: String,
}

/// A line of its own below the span.
pub(super) enum Note {
    /// Something happened: a name and what belongs to it.
    Event { name: String, pairs: Vec<Pair> },
    /// A sentence about an error.
    Message(String),
    /// So many more are left out.
    More(usize),
}

/// The attributes that say something to a reader.
pub(super) fn pairs(span: &SpanData) -> Vec<Pair> {
    span.attributes.iter().filter(|attribute| matters(attribute)).map(pair).collect()
}

/// Exceptions' messages and other events, in order.
pub(super) fn notes(span: &SpanData) -> Vec<Note> {
    let mut notes: Vec<Note> =
        span.events.events.iter().take(MOST_EVENTS).map(|event| note(event, span.start_time)).collect();
    let missing = span.events.events.len().saturating_sub(MOST_EVENTS) + span.events.dropped_count as usize;
    if missing > 0 {
        notes.push(Note::More(missing));
    }
    if let Status::Error { description } = &span.status
        && !description.is_empty()
        && read(span, attribute::STATUS).is_none()
    {
        notes.push(Note::Message(description.to_string()));
    }
    notes
}

fn note(event: &Event, start: SystemTime) -> Note {
    let find = |key: &str| event.attributes.iter().find(|attribute| attribute.key.as_str() == key);
    if event.name == EXCEPTION
        && let Some(message) = find(attribute::EXCEPTION_MESSAGE)
    {
        let kind = find(EXCEPTION_TYPE).map_or_else(String::new, |kind| format!("{}: ", kind.value));
        return Note::Message(format!("{kind}{}", message.value));
    }
    let at = unit::duration(since(start, event.timestamp));
    Note::Event {
        name: format!("{} +{at}", clean(&event.name, LONGEST)),
        pairs: event.attributes.iter().map(pair).collect(),
    }
}

fn pair(attribute: &KeyValue) -> Pair {
    let value = attribute.value.to_string();
    // Where a value ends must be seen.
    let value = if value.is_empty() || value.contains(' ') { format!("\"{value}\"") } else { value };
    Pair { key: clean(attribute.key.as_str(), LONGEST), value: clean(&value, LONGEST) }
}

fn matters(attribute: &KeyValue) -> bool {
    let key = attribute.key.as_str();
    !LEFT_OUT.contains(&key) && !LEFT_OUT_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

pub(super) fn read(span: &SpanData, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key);
    found.map(|attribute| clean(&attribute.value.to_string(), LONGEST))
}
