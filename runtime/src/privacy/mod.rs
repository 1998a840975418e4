//! What may leave the process: prompts and answers where that was asked for, and text without secrets.
//!
//! All of it happens where a finished span is written out for exporters, on their thread: calls pay nothing.

#[cfg(feature = "llm")]
pub(crate) mod content;
mod scan;

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use arc_swap::ArcSwapOption;
use opentelemetry::trace::Status;
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::trace::SpanEvents;

use crate::diagnostics::warn;
use crate::names::CONTENT;

/// What stands in the place of text that the program's own redaction has failed on.
const FAILED: &str = "[redaction failed]";

/// Text, and what is shown in its place.
type Shown = dyn for<'a> Fn(&'a str) -> Cow<'a, str> + Send + Sync;

/// The program's own redaction.
pub(crate) struct Redact(Box<Shown>);

impl Redact {
    pub(crate) fn new(redact: impl for<'a> Fn(&'a str) -> Cow<'a, str> + Send + Sync + 'static) -> Self {
        Redact(Box::new(redact))
    }
}

impl fmt::Debug for Redact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redact").finish_non_exhaustive()
    }
}

/// Whether prompts, answers and arguments of tools are recorded.
static CAPTURES: AtomicBool = AtomicBool::new(false);

static OWN: ArcSwapOption<Redact> = ArcSwapOption::const_empty();

/// Chooses what is recorded, and what else is taken out of text.
pub(crate) fn choose(captures: bool, own: Option<Redact>) {
    OWN.store(own.map(Arc::new));
    CAPTURES.store(captures, Relaxed);
}

/// Whether prompts, answers and arguments of tools are recorded.
#[cfg_attr(not(feature = "llm"), allow(dead_code))]
#[inline]
pub(crate) fn captures() -> bool {
    CAPTURES.load(Relaxed)
}

/// Whether an attribute holds what people or models have said.
pub(crate) fn is_content(key: &str) -> bool {
    key.starts_with("gen_ai.") && CONTENT.contains(&key)
}

/// The beginning of a text from outside that is kept, at most so many bytes of it: no half of a secret, which would not be
/// known as one when it leaves.
pub(crate) fn beginning(text: &str, most: usize) -> &str {
    scan::beginning(text, most)
}

/// The redaction of one span.
pub(crate) struct Redaction {
    own: Option<Arc<Redact>>,
}

impl Redaction {
    /// As it was last chosen.
    pub(crate) fn current() -> Self {
        Redaction { own: OWN.load_full() }
    }

    /// The text without secrets; `None` where it has none.
    pub(crate) fn clean(&self, text: &str) -> Option<String> {
        let known = scan::redacted(text);
        let Some(own) = &self.own else { return known };
        let shown = known.as_deref().unwrap_or(text);
        // Watching must not end what is watched; what could not be looked at is not shown.
        let Ok(clean) = catch_unwind(AssertUnwindSafe(|| (own.0)(shown).into_owned())) else {
            warn_of_panic();
            return Some(FAILED.to_owned());
        };
        (clean != text).then_some(clean)
    }

    /// The attribute, unless it holds what must not be recorded.
    pub(crate) fn attribute(&self, attribute: &mut KeyValue) -> bool {
        let is_content = is_content(attribute.key.as_str());
        if is_content && !captures() {
            return false;
        }
        #[cfg(feature = "llm")]
        if is_content && let Value::String(text) = &mut attribute.value {
            if let Some(clean) = content::redacted(text.as_str(), self) {
                *text = clean.into();
            }
            return true;
        }
        match &mut attribute.value {
            Value::String(text) => self.text(text),
            Value::Array(Array::String(texts)) => texts.iter_mut().for_each(|text| self.text(text)),
            _ => {}
        }
        true
    }

    fn text(&self, text: &mut StringValue) {
        if let Some(clean) = self.clean(text.as_str()) {
            *text = clean.into();
        }
    }

    /// A name; one that is written in the program is no secret.
    pub(crate) fn name(&self, name: &mut Cow<'static, str>) {
        if let Cow::Owned(text) = name
            && let Some(clean) = self.clean(text)
        {
            *name = clean.into();
        }
    }

    pub(crate) fn events(&self, events: &mut SpanEvents) {
        for event in &mut events.events {
            self.name(&mut event.name);
            event.attributes.retain_mut(|attribute| self.attribute(attribute));
        }
    }

    /// What somebody says of an error.
    pub(crate) fn status(&self, status: &mut Status) {
        if let Status::Error { description } = status {
            self.name(description);
        }
    }
}

/// Says once that the program's redaction panics.
fn warn_of_panic() {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !SAID.swap(true, Relaxed) {
        warn(format_args!("the redaction panicked; what it panics on is exported as `{FAILED}`"));
    }
}
