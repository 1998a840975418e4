//! What the chunks of a stream have told so far, together.

use std::borrow::Cow;

use super::LlmChunk;
use super::llm::Asked;
use super::request::{cut, name};
use super::response::{LlmResponse, Response};
#[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
use super::said::Said;
#[cfg(feature = "telemetry")]
use crate::privacy::content::MAX_CONTENT;

/// Reasons to stop of one answer that are kept. They are few, and come from outside.
const MAX_REASONS: usize = 16;

/// Beyond what is recorded of an answer, so that it is seen where a word ends.
#[cfg(feature = "telemetry")]
const ROOM: usize = 1024;

/// What the chunks of a stream have told so far.
#[derive(Debug, Default)]
pub struct Heard {
    pub(super) said: Response<'static>,
    /// A chunk has come.
    pub(super) has_begun: bool,
    /// An error has told what was used.
    pub(super) has_complained: bool,
    /// What has come, in case that nobody tells what was used.
    #[cfg(feature = "tiktoken")]
    text: super::tokens::Text,
    /// What was said, where that is recorded.
    #[cfg(feature = "telemetry")]
    answer: String,
}

/// Looks at a chunk.
pub fn heard<T: LlmChunk + ?Sized>(asked: &Asked, chunk: &T, heard: &mut Heard) {
    heard.has_begun = true;
    let chunk = chunk.chunk_from(&asked.0.request.provider);
    #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
    heard.keep_content(&chunk.content);
    heard.hear(chunk);
}

/// Looks at an error that tells what was used.
pub fn complained<T: LlmResponse + ?Sized>(asked: &Asked, error: &T, heard: &mut Heard) {
    let now = error.response_from(&asked.0.request.provider);
    heard.has_complained |= now.usage.is_some();
    heard.hear(now);
}

impl Heard {
    #[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
    fn keep_content(&mut self, content: &[Said<'_>]) {
        for said in content {
            #[cfg(feature = "tiktoken")]
            said.text().into_iter().for_each(|text| self.text.add(text));
            #[cfg(feature = "telemetry")]
            if let Said::Text(text) = said
                && self.answer.len() <= MAX_CONTENT
                && crate::privacy::captures()
            {
                let room = text.floor_char_boundary(MAX_CONTENT + ROOM - self.answer.len());
                self.answer.push_str(&text[..room]);
            }
        }
    }

    /// Hands over what was said.
    #[cfg(feature = "telemetry")]
    pub(super) fn take_content(&mut self) {
        if !self.answer.is_empty() {
            self.said.content = vec![Said::Text(Cow::Owned(std::mem::take(&mut self.answer)))];
        }
    }

    /// Takes what has come for what was used; says whether it can.
    #[cfg(feature = "tiktoken")]
    pub(super) fn estimate(&mut self, begun: &super::llm::Begun) -> bool {
        let usage = if self.has_begun { self.text.usage(begun, &self.said) } else { None };
        self.said.usage = usage.or(self.said.usage);
        usage.is_some()
    }

    fn hear(&mut self, now: Response<'_>) {
        let said = &mut self.said;
        keep(&mut said.model, now.model);
        keep(&mut said.id, now.id);
        keep(&mut said.service_tier, now.service_tier);
        // Some servers repeat them in every chunk.
        for reason in &now.finish_reasons {
            let reason = cut(reason);
            if said.finish_reasons.len() < MAX_REASONS
                && !said.finish_reasons.iter().any(|known| known == reason)
            {
                said.finish_reasons.push(name(reason));
            }
        }
        said.is_batch |= now.is_batch;
        said.usage = match (said.usage, now.usage) {
            (Some(so_far), Some(now)) => Some(so_far.together(&now)),
            (so_far, now) => now.or(so_far),
        };
        said.cost = now.cost.or(said.cost);
        said.remaining_requests = now.remaining_requests.or(said.remaining_requests);
        said.remaining_tokens = now.remaining_tokens.or(said.remaining_tokens);
    }
}

/// Every chunk names the same again: it is copied once.
fn keep(kept: &mut Option<Cow<'static, str>>, now: Option<Cow<'_, str>>) {
    if let Some(now) = now.filter(|now| !now.is_empty() && kept.as_deref() != Some(cut(now))) {
        *kept = Some(name(&now));
    }
}
