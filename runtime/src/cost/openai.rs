//! The types of async-openai are answers and chunks of answers.

use std::borrow::Cow;

use async_openai::error::OpenAIError;
use async_openai::types::chat::{
    CompletionUsage, CreateChatCompletionResponse, CreateChatCompletionStreamResponse, FinishReason,
};
use async_openai::types::embeddings::{
    CreateBase64EmbeddingResponse, CreateEmbeddingResponse, EmbeddingUsage,
};
use async_openai::types::responses::{self, ResponseStreamEvent, ResponseUsage};
use serde::Serialize;

#[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
use super::said::Said;
use super::{LlmChunk, LlmResponse, Response, Usage, UsageUnit};

impl LlmResponse for CreateChatCompletionResponse {
    fn response(&self) -> Response<'_> {
        let reasons = self.choices.iter().filter_map(|choice| choice.finish_reason);
        Response {
            #[cfg(feature = "telemetry")]
            content: super::said::said_by(self),
            ..chat(&self.id, &self.model, self.service_tier.as_ref(), reasons, self.usage.as_ref())
        }
    }
}

/// Ask for the usage with `stream_options.include_usage`: it is in the last chunk then.
impl LlmChunk for CreateChatCompletionStreamResponse {
    fn chunk(&self) -> Response<'_> {
        let reasons = self.choices.iter().filter_map(|choice| choice.finish_reason);
        #[allow(unused_mut, reason = "only some features change it")]
        let mut response =
            chat(&self.id, &self.model, self.service_tier.as_ref(), reasons, self.usage.as_ref());
        #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
        if super::said::is_wanted() {
            response.content = pieces(self);
        }
        response
    }
}

impl LlmResponse for responses::Response {
    fn response(&self) -> Response<'_> {
        let mut response = Response::new().id(&*self.id).model(&*self.model);
        response.service_tier = self.service_tier.as_ref().and_then(word);
        let reason = self.incomplete_details.as_ref().map(|details| Cow::Borrowed(&*details.reason));
        response.finish_reasons = reason.into_iter().collect();
        response.usage = self.usage.as_ref().map(of_response);
        #[cfg(feature = "telemetry")]
        {
            response.content = super::said::said_by(self);
        }
        response
    }
}

impl LlmChunk for ResponseStreamEvent {
    fn chunk(&self) -> Response<'_> {
        match self {
            ResponseStreamEvent::ResponseCreated(event) => event.response.response(),
            ResponseStreamEvent::ResponseInProgress(event) => event.response.response(),
            ResponseStreamEvent::ResponseCompleted(event) => event.response.response(),
            ResponseStreamEvent::ResponseFailed(event) => event.response.response(),
            ResponseStreamEvent::ResponseIncomplete(event) => event.response.response(),
            #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
            ResponseStreamEvent::ResponseOutputTextDelta(event) => delta(Said::Text, &event.delta),
            #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
            ResponseStreamEvent::ResponseFunctionCallArgumentsDelta(event) => {
                delta(Said::Aside, &event.delta)
            }
            _ => Response::new(),
        }
    }
}

impl LlmResponse for CreateEmbeddingResponse {
    fn response(&self) -> Response<'_> {
        embedded(&self.model, &self.usage)
    }
}

impl LlmResponse for CreateBase64EmbeddingResponse {
    fn response(&self) -> Response<'_> {
        embedded(&self.model, &self.usage)
    }
}

/// The text in a chunk.
#[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
fn pieces(chunk: &CreateChatCompletionStreamResponse) -> Vec<Said<'_>> {
    let mut said = Vec::new();
    for choice in &chunk.choices {
        let own = if choice.index == 0 { Said::Text } else { Said::Aside };
        said.extend(choice.delta.content.as_deref().map(|text| own(text.into())));
        let calls = choice.delta.tool_calls.iter().flatten().filter_map(|call| call.function.as_ref());
        let calls = calls.flat_map(|call| [call.name.as_deref(), call.arguments.as_deref()]);
        said.extend(calls.flatten().map(|text| Said::Aside(text.into())));
    }
    said
}

#[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
fn delta<'a>(said: fn(Cow<'a, str>) -> Said<'a>, text: &'a str) -> Response<'a> {
    let mut response = Response::new();
    if super::said::is_wanted() {
        response.content.push(said(text.into()));
    }
    response
}

fn is_of_service(error: &str) -> bool {
    let status = error.split(' ').next().unwrap_or_default();
    status.len() == 3 && status.bytes().all(|digit| digit.is_ascii_digit())
}

/// What is refused before it is answered is not billed. Of what else may have gone wrong, nobody knows.
impl LlmResponse for OpenAIError {
    fn response(&self) -> Response<'_> {
        // Which variants there are hangs on features of that crate. Those of the service begin with their status.
        let is_refused = match self {
            OpenAIError::InvalidArgument(_) => true,
            #[allow(unreachable_patterns, reason = "not with its client")]
            error => is_of_service(&error.to_string()),
        };
        if is_refused { Response::unbilled() } else { Response::new() }
    }
}

fn chat<'a>(
    id: &'a str,
    model: &'a str,
    tier: Option<&impl Serialize>,
    reasons: impl Iterator<Item = FinishReason>,
    usage: Option<&CompletionUsage>,
) -> Response<'a> {
    let mut response = Response::new().id(id).model(model);
    response.service_tier = tier.and_then(word);
    response.finish_reasons = reasons.filter_map(|reason| word(&reason)).collect();
    response.usage = usage.map(of_chat);
    response
}

fn embedded<'a>(model: &'a str, usage: &EmbeddingUsage) -> Response<'a> {
    Response::new().model(model).usage(Usage::openai(usage.prompt_tokens.into(), 0))
}

fn of_chat(usage: &CompletionUsage) -> Usage {
    let mut used = Usage::openai(usage.prompt_tokens.into(), usage.completion_tokens.into());
    let some = |tokens: Option<u32>| tokens.filter(|tokens| *tokens > 0).map(u64::from);
    if let Some(prompt) = &usage.prompt_tokens_details {
        let written = prompt.cache_write_tokens.and_then(|tokens| tokens.try_into().ok());
        used = used.cached(some(prompt.cached_tokens).unwrap_or_default());
        used = used.cache_written(written.unwrap_or_default());
        if let Some(tokens) = some(prompt.audio_tokens) {
            used = used.with(UsageUnit::InputAudioTokens, tokens);
        }
    }
    if let Some(completion) = &usage.completion_tokens_details {
        used = used.reasoning(some(completion.reasoning_tokens).unwrap_or_default());
        if let Some(tokens) = some(completion.audio_tokens) {
            used = used.with(UsageUnit::OutputAudioTokens, tokens);
        }
    }
    used
}

fn of_response(usage: &ResponseUsage) -> Usage {
    let written = usage.input_tokens_details.cache_write_tokens.and_then(|tokens| tokens.try_into().ok());
    Usage::openai(usage.input_tokens.into(), usage.output_tokens.into())
        .cached(usage.input_tokens_details.cached_tokens.into())
        .cache_written(written.unwrap_or_default())
        .reasoning(usage.output_tokens_details.reasoning_tokens.into())
}

/// What stands for a value on the wire.
fn word(value: &impl Serialize) -> Option<Cow<'static, str>> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Some(Cow::Owned(word)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_service;

    #[test]
    fn errors_of_the_service_begin_with_its_status() {
        assert!(is_of_service(
            "429 Too Many Requests requests: Rate limit reached (code: rate_limit_exceeded)"
        ));
        for other in [
            "http error: error sending request",
            "failed to deserialize api response: error:..",
            "stream failed: ..",
            "",
        ] {
            assert!(!is_of_service(other), "{other}");
        }
    }
}
