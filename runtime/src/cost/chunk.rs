//! What one chunk of a stream tells, as far as tta looks at it.

#[cfg(feature = "llm")]
use std::borrow::Cow;

#[cfg(feature = "llm")]
use serde_json::Value;

#[cfg(feature = "llm")]
use super::Usage;
use super::response::Response;
#[cfg(feature = "llm")]
use super::response::described;

/// An item of a stream that a function with `llm(..)` returns: a part of the answer of a model.
///
/// Providers tell what was used in the first or the last chunks, and what they tell is what was used until then. So a chunk
/// says what it knows, and tta puts that together: of each number of tokens the largest counts, of names the last one.
/// A chunk that knows nothing, as most do, says nothing, which is what [`chunk`](Self::chunk) does of itself.
///
/// For a client of your own it is a few lines:
///
/// ```
/// use tta::{LlmChunk, Usage, llm::Response};
///
/// /// A piece of text, or at last what the answer has used.
/// enum Piece {
///     Text(String),
///     Used { prompt_tokens: u64, completion_tokens: u64 },
/// }
///
/// impl LlmChunk for Piece {
///     fn chunk(&self) -> Response<'_> {
///         match self {
///             Piece::Text(_) => Response::new(),
///             Piece::Used { prompt_tokens, completion_tokens } => {
///                 Response::new().usage(Usage::openai(*prompt_tokens, *completion_tokens))
///             }
///         }
///     }
/// }
/// ```
///
/// Texts are chunks that tell nothing of what was used: a stream of them is counted, with the time that its first one took,
/// and what it has cost is not known. Where a server never tells, the feature `tiktoken` estimates it from the text of the
/// chunks. That is their [`content`](Response::content), of which the answer is made where answers are recorded.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell what the stream has used",
    label = "not a chunk of a model's answer",
    note = "implement `tta::LlmChunk` for `{Self}`: its one method returns `tta::llm::Response::new()`, and `.usage(..)` where \
            it is known"
)]
pub trait LlmChunk {
    /// What the chunk says of the answer that it is a part of.
    fn chunk(&self) -> Response<'_> {
        Response::new()
    }

    /// The same, of a chunk in the form of a provider, as `llm(provider = ..)` names it.
    fn chunk_from(&self, provider: &str) -> Response<'_> {
        let _ = provider;
        self.chunk()
    }
}

macro_rules! pointers {
    ($($pointer:ty)*) => {$(
        impl<T: LlmChunk + ?Sized> LlmChunk for $pointer {
            fn chunk(&self) -> Response<'_> {
                (**self).chunk()
            }

            fn chunk_from(&self, provider: &str) -> Response<'_> {
                (**self).chunk_from(provider)
            }
        }
    )*};
}

pointers!(&T Box<T> std::sync::Arc<T> std::rc::Rc<T>);

/// A text, which tells nothing of what was used.
impl LlmChunk for str {
    #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
    fn chunk(&self) -> Response<'_> {
        if super::said::is_wanted() { Response::new().content(self) } else { Response::new() }
    }
}

/// A text, which tells nothing of what was used.
impl LlmChunk for String {
    #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
    fn chunk(&self) -> Response<'_> {
        self.as_str().chunk()
    }
}

/// A chunk that need not be there, as where a stream ends with a mark.
impl<T: LlmChunk> LlmChunk for Option<T> {
    fn chunk(&self) -> Response<'_> {
        self.as_ref().map_or_else(Response::new, T::chunk)
    }

    fn chunk_from(&self, provider: &str) -> Response<'_> {
        self.as_ref().map_or_else(Response::new, |chunk| chunk.chunk_from(provider))
    }
}

/// An event of a stream of OpenAI, Anthropic, Gemini and those who speak as they do, by `llm(provider = ..)`.
#[cfg(feature = "llm")]
impl LlmChunk for Value {
    fn chunk(&self) -> Response<'_> {
        self.chunk_from("openai")
    }

    fn chunk_from(&self, provider: &str) -> Response<'_> {
        let body = match self.get("type").and_then(Value::as_str) {
            Some("message_start") => self.get("message"),
            // The extractors look for these within their event.
            Some("response.done") => None,
            Some(event) if event.starts_with("response.") => self.get("response"),
            _ => None,
        };
        let body = body.unwrap_or(self);
        let mut response = described(body);
        let stopped = [("delta", "stop_reason"), ("delta", "finish_reason"), ("messageStop", "stopReason")];
        let stopped = stopped.into_iter().filter_map(|(part, key)| body.get(part)?.get(key)?.as_str());
        response.finish_reasons.extend(stopped.map(Cow::Borrowed));
        // Groq, Bedrock and Cohere have it in a part of their last event.
        let parts = ["x_groq", "metadata", "delta"].into_iter().filter_map(|part| body.get(part));
        response.usage = std::iter::once(body).chain(parts).find_map(|body| used(body, provider));
        response.cost = super::cost_in(provider, body);
        #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
        {
            response.content = super::said::pieces(self);
        }
        response
    }
}

/// The usage in an event. Most have none, which is told without asking what it looks like.
#[cfg(feature = "llm")]
fn used(body: &Value, provider: &str) -> Option<Usage> {
    let is_there = |place: &str| body.pointer(place).is_some_and(Value::is_object);
    if !["/usage", "/usageMetadata", "/response/usage"].into_iter().any(is_there) {
        return None;
    }
    super::usage_in(provider, body).or_else(|| {
        // The last event of Anthropic's need not repeat what the first one has told.
        let mut usage = body.get("usage")?.as_object()?.clone();
        usage.retain(|_, value| !value.is_null());
        let known = |pair: &&[&str; 2]| pair.iter().any(|key| usage.contains_key(*key));
        let pair = [["input_tokens", "output_tokens"], ["prompt_tokens", "completion_tokens"]];
        for key in pair.iter().find(known)? {
            usage.entry(*key).or_insert_with(|| 0.into());
        }
        super::usage_in(provider, &serde_json::json!({ "usage": usage }))
    })
}
