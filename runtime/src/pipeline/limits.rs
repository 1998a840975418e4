//! How much one span may hold.

use opentelemetry::{Array, StringValue, Value};

/// Bounds of one span, `OTEL_SPAN_*_LIMIT` and `OTEL_ATTRIBUTE_*_LIMIT`; the defaults are the specification's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Attributes that the program may add to a span or an event.
    pub(crate) attributes: usize,
    pub(crate) events: usize,
    pub(crate) links: usize,
    /// Characters of a text value.
    pub(crate) value_length: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { attributes: 128, events: 128, links: 128, value_length: None }
    }
}

impl Limits {
    /// Cuts text that is longer than the limit.
    pub(crate) fn shorten(&self, value: &mut Value) {
        let Some(limit) = self.value_length else { return };
        let shorten = |text: &mut StringValue| {
            if let Some((at, _)) = text.as_str().char_indices().nth(limit) {
                *text = text.as_str()[..at].to_owned().into();
            }
        };
        match value {
            Value::String(text) => shorten(text),
            Value::Array(Array::String(texts)) => texts.iter_mut().for_each(shorten),
            _ => {}
        }
    }
}
