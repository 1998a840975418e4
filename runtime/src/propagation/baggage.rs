//! W3C Baggage, and the ids of a workflow in it.

use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt as _, KeyValueMetadata};
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::blank_trimmed;
use super::fault::{Fault, count};
use crate::context::WorkflowContext;
use crate::names::propagator::BAGGAGE;

const HEADER: &str = "baggage";

/// The members that say by which workflow a request is made, and for which request that works.
const WORKFLOW_ID: &str = "tta-workflow-id";
const CORRELATION_ID: &str = "tta-correlation-id";

/// <https://www.w3.org/TR/baggage/#limits>
const MOST_MEMBERS: usize = 64;
const MOST_BYTES: usize = 8192;

/// Characters of an id. A UUID has 36.
const LONGEST_ID: usize = 128;

/// What may not stand in a value as it is: <https://www.w3.org/TR/baggage/#value>.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%').add(b',').add(b';').add(b'\\');

/// Passes baggage on by W3C Baggage (<https://www.w3.org/TR/baggage/>), in the header `baggage`, and with it the ids
/// of the workflow that makes the request: `tta-workflow-id`, `tta-correlation-id`.
///
/// In both directions at most 64 members and 8 192 bytes; what does not fit, and members that are none, are left out
/// and the others kept. Members are written in the order of their keys. An id that is longer than 128 characters or
/// not printable ASCII is left out.
#[derive(Clone, Debug, Default)]
pub struct BaggagePropagator {
    _private: (),
}

impl BaggagePropagator {
    /// There is nothing to choose.
    #[must_use]
    pub fn new() -> Self {
        BaggagePropagator::default()
    }
}

impl TextMapPropagator for BaggagePropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let mut header = String::new();
        let mut room = Room::default();
        let mut push = |member: &str| {
            if room.takes(member.len()) {
                let comma = if header.is_empty() { "" } else { "," };
                header.extend([comma, member]);
            } else {
                room.is_exceeded = true;
            }
        };
        if let Some(workflow) = WorkflowContext::of(context) {
            for (key, id) in
                [(WORKFLOW_ID, workflow.workflow_id()), (CORRELATION_ID, workflow.correlation_id())]
            {
                if is_id(id) {
                    push(&format!("{key}={}", encoded(id)));
                } else if !id.is_empty() {
                    count(BAGGAGE, Fault::Id);
                }
            }
        }
        for (key, value, metadata) in members(context) {
            if [WORKFLOW_ID, CORRELATION_ID].contains(&key) {
                continue;
            }
            match metadata {
                "" => push(&format!("{key}={}", encoded(value))),
                metadata if is_metadata(metadata) => push(&format!("{key}={};{metadata}", encoded(value))),
                _ => count(BAGGAGE, Fault::Member),
            }
        }
        if room.is_exceeded {
            count(BAGGAGE, Fault::Limit);
        }
        if !header.is_empty() {
            injector.set(HEADER, header);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let headers = extractor.get_all(HEADER).unwrap_or_default();
        let mut room = Room::default();
        let (mut kept, mut workflow_id, mut correlation_id) = (Vec::new(), None, None);
        for member in headers.iter().flat_map(|header| header.split(',')) {
            let member = blank_trimmed(member);
            if member.is_empty() {
                continue;
            }
            if !room.takes(member.len()) {
                room.is_exceeded = true;
                continue;
            }
            let Some((key, value, metadata)) = read(member) else {
                count(BAGGAGE, Fault::Member);
                continue;
            };
            let id = match key {
                WORKFLOW_ID => &mut workflow_id,
                CORRELATION_ID => &mut correlation_id,
                _ => {
                    kept.push(KeyValueMetadata::new(key.to_owned(), value, metadata));
                    continue;
                }
            };
            if is_id(&value) {
                *id = Some(value);
            } else {
                count(BAGGAGE, Fault::Id);
            }
        }
        if room.is_exceeded {
            count(BAGGAGE, Fault::Limit);
        }
        let mut context = context.clone();
        if !kept.is_empty() {
            context = context.with_baggage(kept);
        }
        if workflow_id.is_some() || correlation_id.is_some() {
            context = context.with_value(WorkflowContext::remote(workflow_id, correlation_id));
        }
        context
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 1]> = LazyLock::new(|| [HEADER.to_owned()]);
        FieldIter::new(&*FIELDS)
    }
}

/// What is left of the limits.
#[derive(Default)]
pub(super) struct Room {
    members: usize,
    bytes: usize,
    pub(super) is_exceeded: bool,
}

impl Room {
    /// Makes room for a member, if there is.
    pub(super) fn takes(&mut self, length: usize) -> bool {
        // Each but the first has a comma before it.
        let bytes = self.bytes + usize::from(self.members > 0) + length;
        if self.members == MOST_MEMBERS || bytes > MOST_BYTES {
            return false;
        }
        self.members += 1;
        self.bytes = bytes;
        true
    }
}

/// Key, value and metadata of the baggage, by key.
pub(super) fn members(context: &Context) -> Vec<(&str, &str, &str)> {
    let mut members: Vec<_> = context
        .baggage()
        .iter()
        .map(|(key, (value, metadata))| (key.as_str(), value.as_str(), metadata.as_str()))
        .collect();
    members.sort_unstable();
    members
}

pub(super) fn encoded(value: &str) -> impl std::fmt::Display + '_ {
    utf8_percent_encode(value, ENCODED)
}

pub(super) fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8_lossy().into_owned()
}

/// Key, value and metadata of a member, `key=value;property;property=value`.
fn read(member: &str) -> Option<(&str, String, &str)> {
    let (key, rest) = member.split_once('=')?;
    let (value, metadata) = rest.split_once(';').unwrap_or((rest, ""));
    let (key, value, metadata) = (blank_trimmed(key), blank_trimmed(value), blank_trimmed(metadata));
    let is_value = value.bytes().all(|byte| byte.is_ascii_graphic() && !br#"",;\"#.contains(&byte));
    (is_key(key) && is_value && is_metadata(metadata)).then(|| (key, decoded(value), metadata))
}

/// A token of HTTP's: <https://www.rfc-editor.org/rfc/rfc9110#name-tokens>.
pub(super) fn is_key(key: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_graphic() && !br#"(),/:;<=>?@[\]{}""#.contains(&byte);
    !key.is_empty() && key.bytes().all(is_token)
}

fn is_metadata(metadata: &str) -> bool {
    metadata.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~') && byte != b',')
}

fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
