//! What a call of a model returns, as far as tta looks at it.

use std::borrow::Cow;

#[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
use super::said::Said;
#[cfg(all(feature = "llm", feature = "telemetry"))]
use super::said::said;
use super::{Money, Usage};

/// A value that a function with `llm(..)` returns: the answer of a model.
///
/// For a client of your own it is a few lines:
///
/// ```
/// use tta::{LlmResponse, Usage, llm::Response};
///
/// struct Answer {
///     id: String,
///     model: String,
///     text: String,
///     prompt_tokens: u64,
///     completion_tokens: u64,
/// }
///
/// impl LlmResponse for Answer {
///     fn response(&self) -> Response<'_> {
///         Response::new()
///             .id(&self.id)
///             .model(&self.model)
///             .usage(Usage::openai(self.prompt_tokens, self.completion_tokens))
///     }
/// }
/// ```
///
/// An error type can implement it too, where a failed call tells what it used. An error that was not billed says so
/// with [`Response::unbilled`]; of any other nobody knows what it cost, and the call is counted as unpriced.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not tell what the call has used",
    label = "not an answer of a model",
    note = "implement `tta::LlmResponse` for `{Self}`: its one method returns `tta::llm::Response::new().usage(..)`"
)]
pub trait LlmResponse {
    /// What the answer says of itself.
    fn response(&self) -> Response<'_>;

    /// The same, of an answer in the form of a provider, as `llm(provider = ..)` names it.
    fn response_from(&self, provider: &str) -> Response<'_> {
        let _ = provider;
        self.response()
    }
}

/// What an answer says of itself; everything in it is optional.
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct Response<'a> {
    pub(crate) model: Option<Cow<'a, str>>,
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) finish_reasons: Vec<Cow<'a, str>>,
    pub(crate) service_tier: Option<Cow<'a, str>>,
    pub(crate) is_batch: bool,
    /// What is said in each of its choices.
    #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
    pub(crate) content: Vec<Said<'a>>,
    pub(crate) usage: Option<Usage>,
    pub(crate) cost: Option<Money>,
    pub(crate) remaining_requests: Option<u64>,
    pub(crate) remaining_tokens: Option<u64>,
}

impl<'a> Response<'a> {
    /// Nothing is known yet.
    pub const fn new() -> Self {
        Response {
            model: None,
            id: None,
            finish_reasons: Vec::new(),
            service_tier: None,
            is_batch: false,
            #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
            content: Vec::new(),
            usage: None,
            cost: None,
            remaining_requests: None,
            remaining_tokens: None,
        }
    }

    /// Of a call that was not billed, as one that was refused for its rate.
    pub const fn unbilled() -> Self {
        Response::new().usage(Usage::openai(0, 0))
    }

    /// The model that has answered, which may be another than was asked for: `gpt-5-2025-08-07`. The price is its.
    pub fn model(mut self, model: impl Into<Cow<'a, str>>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The id that the provider has given to the answer.
    pub fn id(mut self, id: impl Into<Cow<'a, str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Why the model stopped: `stop`, `length`, `tool_calls`; one for each choice.
    pub fn finish_reason(mut self, reason: impl Into<Cow<'a, str>>) -> Self {
        self.finish_reasons.push(reason.into());
        self
    }

    /// What the model has said; once for each choice. It is recorded only where prompts and answers are, with
    /// `TTA_CAPTURE_CONTENT=true`.
    #[cfg_attr(
        not(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken")),
        allow(unused_mut, unused_variables, clippy::needless_pass_by_value)
    )]
    pub fn content(mut self, text: impl Into<Cow<'a, str>>) -> Self {
        #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
        self.content.push(Said::Text(text.into()));
        self
    }

    /// How it was served: `priority`, `flex`. As the answer says, and not as was asked for: the price is its.
    pub fn service_tier(mut self, tier: impl Into<Cow<'a, str>>) -> Self {
        self.service_tier = Some(tier.into());
        self
    }

    /// It was one of a batch, at the price of those.
    pub const fn batch(mut self) -> Self {
        self.is_batch = true;
        self
    }

    /// What it has used.
    pub const fn usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    /// What it has cost, where whoever answers tells, as `OpenRouter` does in `usage.cost`. It wins over every price.
    pub const fn cost(mut self, cost: Money) -> Self {
        self.cost = Some(cost);
        self
    }

    /// How many requests may be made until the limit is reset: `x-ratelimit-remaining-requests`.
    pub const fn remaining_requests(mut self, requests: u64) -> Self {
        self.remaining_requests = Some(requests);
        self
    }

    /// How many tokens may be used until then: `x-ratelimit-remaining-tokens`.
    pub const fn remaining_tokens(mut self, tokens: u64) -> Self {
        self.remaining_tokens = Some(tokens);
        self
    }
}

macro_rules! pointers {
    ($($pointer:ty)*) => {$(
        impl<T: LlmResponse + ?Sized> LlmResponse for $pointer {
            fn response(&self) -> Response<'_> {
                (**self).response()
            }

            fn response_from(&self, provider: &str) -> Response<'_> {
                (**self).response_from(provider)
            }
        }
    )*};
}

pointers!(&T Box<T> std::sync::Arc<T> std::rc::Rc<T>);

/// The body of a response of OpenAI, Anthropic, Gemini and those who speak as they do, by `llm(provider = ..)`. What it
/// does not tell is not known; without a usage that can be read, the call is unpriced.
#[cfg(feature = "llm")]
impl LlmResponse for serde_json::Value {
    fn response(&self) -> Response<'_> {
        self.response_from("openai")
    }

    fn response_from(&self, provider: &str) -> Response<'_> {
        Response {
            usage: super::usage_in(provider, self),
            cost: super::cost_in(provider, self),
            #[cfg(feature = "telemetry")]
            content: said(self),
            ..described(self)
        }
    }
}

/// What a body, or an event of a stream, says of itself besides its usage.
#[cfg(feature = "llm")]
pub(super) fn described(body: &serde_json::Value) -> Response<'_> {
    let text = |key: &str| body.get(key).and_then(serde_json::Value::as_str);
    let mut response = Response::new();
    response.model = text("model").or_else(|| text("modelVersion")).map(Cow::Borrowed);
    response.id = text("id").or_else(|| text("responseId")).map(Cow::Borrowed);
    let usage = body.get("usage");
    let tier = text("service_tier").or_else(|| usage?.get("service_tier")?.as_str());
    response.service_tier = tier.map(Cow::Borrowed);
    let each = |list: &str, key: &'static str| {
        let list = body.get(list).and_then(serde_json::Value::as_array);
        list.into_iter().flatten().filter_map(move |item| item.get(key)?.as_str())
    };
    let reasons = each("choices", "finish_reason").chain(each("candidates", "finishReason"));
    let alone = ["stop_reason", "stopReason", "finish_reason"].into_iter().filter_map(text);
    let incomplete = body.get("incomplete_details").and_then(|details| details.get("reason")?.as_str());
    response.finish_reasons = reasons.chain(alone).chain(incomplete).map(Cow::Borrowed).collect();
    response
}
