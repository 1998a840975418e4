//! The current span, as the program sees it.

use std::fmt;

use super::value::{ToValue, Value};

/// A handle to the span that is current where [`span()`] was called.
///
/// It follows the OpenTelemetry context, so it is the span of the innermost annotated function, or of
/// third-party code that opened one of its own since. Without telemetry, before
/// [`init`](crate) and in a trace that is not sampled, it does nothing.
#[derive(Clone, Debug)]
#[must_use = "a handle does nothing by itself"]
pub struct Span {
    #[cfg(feature = "context")]
    context: opentelemetry::Context,
}

/// The current span.
///
/// ```
/// #[tta::primitive(kind = "retrieval")]
/// async fn search(query: String) -> Vec<String> {
///     let hits = vec![query];
///     tta::span().set("hits", hits.len()).event("ranked", [("method", "bm25".into())]);
///     hits
/// }
/// ```
pub fn span() -> Span {
    Span {
        #[cfg(feature = "context")]
        context: super::local::current(Clone::clone),
    }
}

/// The span of the call that runs here, if what is set on it is kept. Where it is not, nothing is counted up for it.
#[cfg(any(feature = "cache", feature = "llm", feature = "router", feature = "telemetry"))]
pub(crate) fn recording() -> Option<Span> {
    use opentelemetry::trace::TraceContextExt as _;
    let is_recording = |context: &opentelemetry::Context| context.span().is_recording();
    super::local::current(|context| is_recording(context).then(|| Span { context: context.clone() }))
}

#[cfg_attr(not(feature = "context"), allow(clippy::unused_self, unused_variables))]
impl Span {
    /// Sets an attribute, in place of an earlier value of the same key.
    #[allow(clippy::needless_pass_by_value, reason = "a literal reads better than a reference to one")]
    #[allow(clippy::return_self_not_must_use, reason = "chaining is optional")]
    pub fn set(&self, key: &'static str, value: impl ToValue) -> &Self {
        #[cfg(feature = "context")]
        if let Some(value) = value.to_value() {
            use opentelemetry::trace::TraceContextExt as _;
            self.context.span().set_attribute(opentelemetry::KeyValue::new(key, value));
        }
        self
    }

    /// Sets an attribute that is a list of words.
    #[cfg(feature = "llm")]
    #[cfg_attr(not(feature = "telemetry"), allow(clippy::needless_pass_by_value, unused_variables))]
    pub(crate) fn set_all(
        &self,
        key: &'static str,
        words: impl Iterator<Item = std::borrow::Cow<'static, str>>,
    ) -> &Self {
        use opentelemetry::trace::TraceContextExt as _;
        self.context.span().set_attribute(opentelemetry::KeyValue::new(key, list(words)));
        self
    }

    /// Adds an event at this moment.
    #[allow(clippy::needless_pass_by_value, reason = "consumed where there is telemetry")]
    pub fn event(
        &self,
        name: &'static str,
        attributes: impl IntoIterator<Item = (&'static str, Value)>,
    ) -> &Self {
        #[cfg(feature = "context")]
        {
            use opentelemetry::trace::TraceContextExt as _;
            let attributes =
                attributes.into_iter().map(|(key, value)| opentelemetry::KeyValue::new(key, value));
            self.context.span().add_event(name, attributes.collect());
        }
        self
    }

    /// Adds an `exception` event with the error's message and sources.
    ///
    /// The status of a call comes from what the function returns; this only adds the detail, which
    /// is never recorded unasked since messages can hold what must not leave the process.
    pub fn error(&self, error: &dyn std::error::Error) -> &Self {
        #[cfg(feature = "context")]
        {
            use opentelemetry::trace::TraceContextExt as _;
            use std::fmt::Write as _;

            let span = self.context.span();
            if span.is_recording() {
                let mut message = error.to_string();
                let mut source = error.source();
                while let Some(cause) = source {
                    // Writing to a String cannot fail.
                    let _ = write!(message, ": {cause}");
                    source = cause.source();
                }
                span.add_event(
                    "exception",
                    vec![opentelemetry::KeyValue::new(crate::names::attribute::EXCEPTION_MESSAGE, message)],
                );
            }
        }
        self
    }

    /// The event of a checkpoint.
    #[cfg(feature = "context")]
    pub(crate) fn checkpoint(&self, name: &str, elapsed: std::time::Duration) {
        use crate::names::attribute;
        use opentelemetry::trace::TraceContextExt as _;
        let span = self.context.span();
        if span.is_recording() {
            let elapsed = opentelemetry::KeyValue::new(attribute::ELAPSED, elapsed.as_nanos() as f64 / 1e6);
            span.add_event(name.to_owned(), vec![elapsed]);
        }
    }

    /// Links to another span, which is neither parent nor child: the producer of a message, say.
    #[cfg(feature = "context")]
    pub fn link(&self, to: &opentelemetry::trace::SpanContext) -> &Self {
        use opentelemetry::trace::TraceContextExt as _;
        self.context.span().add_link(to.clone(), Vec::new());
        self
    }

    /// Whether what is set here is kept.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        #[cfg(feature = "context")]
        {
            use opentelemetry::trace::TraceContextExt as _;
            self.context.span().is_recording()
        }
        #[cfg(not(feature = "context"))]
        false
    }

    /// The trace id as 32 hexadecimal digits, for an answer's header or a log line; `None` outside a trace.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        #[cfg(feature = "context")]
        {
            use opentelemetry::trace::TraceContextExt as _;
            let span = self.context.span();
            let context = span.span_context();
            context.is_valid().then(|| context.trace_id().to_string())
        }
        #[cfg(not(feature = "context"))]
        None
    }
}

/// A list of words.
#[cfg(feature = "llm")]
fn list(words: impl Iterator<Item = std::borrow::Cow<'static, str>>) -> opentelemetry::Value {
    let words: Vec<opentelemetry::StringValue> = words.map(Into::into).collect();
    opentelemetry::Value::Array(words.into())
}

/// Collects the attributes of `fields(..)` and `ret(..)`.
#[derive(Debug)]
pub struct Fields {
    /// `None` where nobody would see them.
    #[cfg(feature = "telemetry")]
    attributes: Option<Vec<opentelemetry::KeyValue>>,
    /// What the span is called instead.
    #[cfg(all(feature = "llm", feature = "telemetry"))]
    name: Option<String>,
}

#[cfg(feature = "context")]
impl Fields {
    #[cfg_attr(not(feature = "telemetry"), allow(unused_variables))]
    pub(crate) fn new(recording: bool) -> Self {
        Fields {
            #[cfg(feature = "telemetry")]
            attributes: recording.then(Vec::new),
            #[cfg(all(feature = "llm", feature = "telemetry"))]
            name: None,
        }
    }
}

#[cfg(feature = "telemetry")]
impl Fields {
    pub(crate) fn as_slice(&self) -> &[opentelemetry::KeyValue] {
        self.attributes.as_deref().unwrap_or_default()
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = opentelemetry::KeyValue> + '_ {
        self.attributes.iter_mut().flat_map(|attributes| attributes.drain(..))
    }

    /// Collects into `room`.
    pub(crate) fn with_room(room: Vec<opentelemetry::KeyValue>) -> Self {
        Fields {
            attributes: Some(room),
            #[cfg(feature = "llm")]
            name: None,
        }
    }

    /// What the span is called instead.
    #[cfg(feature = "llm")]
    pub(crate) fn take_name(&mut self) -> Option<String> {
        self.name.take()
    }

    pub(crate) fn into_attributes(self) -> Vec<opentelemetry::KeyValue> {
        self.attributes.unwrap_or_default()
    }
}

#[cfg_attr(not(feature = "telemetry"), allow(clippy::unused_self, unused_variables))]
impl Fields {
    /// What `ret` is bound to; nothing where its attributes would not be seen, so that they are not computed.
    #[must_use]
    pub fn wanted<'a, T: ?Sized>(&self, value: Option<&'a T>) -> Option<&'a T> {
        #[cfg(feature = "telemetry")]
        {
            value.filter(|_| self.attributes.is_some())
        }
        #[cfg(not(feature = "telemetry"))]
        None
    }

    /// Has the span be called so.
    #[cfg(all(feature = "llm", feature = "telemetry"))]
    pub(crate) fn rename(&mut self, name: String) {
        self.name = Some(name);
    }

    /// An attribute that is a list of words.
    #[cfg(feature = "llm")]
    #[cfg_attr(not(feature = "telemetry"), allow(clippy::needless_pass_by_value, unused_variables))]
    pub(crate) fn set_all(
        &mut self,
        key: &'static str,
        words: impl Iterator<Item = std::borrow::Cow<'static, str>>,
    ) {
        #[cfg(feature = "telemetry")]
        if let Some(attributes) = &mut self.attributes {
            attributes.push(opentelemetry::KeyValue::new(key, list(words)));
        }
    }

    /// `key = value`.
    pub fn set<V: ToValue + ?Sized>(&mut self, key: &'static str, value: &V) {
        #[cfg(feature = "telemetry")]
        if let Some(attributes) = &mut self.attributes
            && let Some(value) = value.to_value()
        {
            attributes.push(opentelemetry::KeyValue::new(key, value));
        }
    }

    /// Whether somebody wants to see what people, models and tools have said.
    #[must_use]
    pub fn wants_content(&self) -> bool {
        #[cfg(all(feature = "llm", feature = "telemetry"))]
        return self.attributes.is_some() && crate::privacy::captures();
        #[cfg(not(all(feature = "llm", feature = "telemetry")))]
        false
    }

    /// `gen_ai.input.messages = value`, and its like.
    #[cfg(feature = "llm")]
    pub fn set_content<V: serde::Serialize + ?Sized>(&mut self, key: &'static str, value: &V) {
        #[cfg(feature = "telemetry")]
        if let Some(attributes) = &mut self.attributes
            && let Some(text) = crate::privacy::content::of(key, value)
        {
            attributes.push(opentelemetry::KeyValue::new(key, text));
        }
    }

    /// The same in a build that cannot tell what it would look like.
    #[cfg(not(feature = "llm"))]
    pub fn set_content<V: ?Sized>(&mut self, _key: &'static str, _value: &V) {}

    /// `key = "text"`.
    pub fn set_text(&mut self, key: &'static str, text: &'static str) {
        #[cfg(feature = "telemetry")]
        if let Some(attributes) = &mut self.attributes {
            attributes.push(opentelemetry::KeyValue::new(key, text));
        }
    }

    /// `key = %value`.
    pub fn set_display<V: fmt::Display + ?Sized>(&mut self, key: &'static str, value: &V) {
        #[cfg(feature = "telemetry")]
        if let Some(attributes) = &mut self.attributes {
            attributes.push(opentelemetry::KeyValue::new(key, value.to_string()));
        }
    }

    /// `key = ?value`.
    pub fn set_debug<V: fmt::Debug + ?Sized>(&mut self, key: &'static str, value: &V) {
        #[cfg(feature = "telemetry")]
        if let Some(attributes) = &mut self.attributes {
            attributes.push(opentelemetry::KeyValue::new(key, format!("{value:?}")));
        }
    }
}
