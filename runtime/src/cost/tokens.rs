//! Tokens of text, counted as OpenAI's models count them.

use std::panic::catch_unwind;

use tiktoken_rs::bpe_for_tokenizer;
use tiktoken_rs::tokenizer::get_tokenizer;

use super::Usage;
use super::llm::Begun;
use super::response::Response;

/// Text that is counted at once: what a word is may depend on all of it.
const PIECE: usize = 64 * 1024;

/// Text of one stream that is kept, to be counted if its end does not tell. Of a longer one nothing is estimated.
const MOST: usize = 1024 * 1024;

/// The tokens of a text, as a model of OpenAI's counts them; `None` of any other model, and of one that nobody knows.
///
/// To say what a prompt will use, so that a budget can reserve it: `llm(input_tokens = tta::count_tokens("gpt-5", &prompt))`.
/// A chat uses three or four more for each message.
///
/// The first text of each family of models takes some 100 ms, in which its vocabulary is read. After that it is about a
/// millisecond for each 10 kB. Text that is longer than 64 KiB is counted in pieces of that, each of which may add one token.
///
/// ```
/// assert_eq!(tta::count_tokens("gpt-4o", "Where is my parcel?"), Some(5));
/// assert_eq!(tta::count_tokens("claude-sonnet-4-5", "Where is my parcel?"), None);
/// ```
#[must_use]
pub fn count_tokens(model: &str, text: &str) -> Option<u64> {
    // Some name whose it is before what it is.
    let model = model.rsplit('/').next().unwrap_or(model);
    let tokenizer = get_tokenizer(model)?;
    let mut left = text;
    let mut count = 0;
    while !left.is_empty() {
        let (piece, rest) = left.split_at(left.floor_char_boundary(PIECE));
        // Its regular expressions give up on some texts.
        let tokens = catch_unwind(|| Some(bpe_for_tokenizer(tokenizer).ok()?.encode_ordinary(piece).len()));
        count += tokens.ok()?? as u64;
        left = rest;
    }
    Some(count)
}

/// The text that chunks have brought.
#[derive(Debug, Default)]
pub(super) struct Text {
    kept: String,
    is_too_long: bool,
}

impl Text {
    pub(super) fn add(&mut self, more: &str) {
        if self.kept.len() + more.len() > MOST {
            *self = Text { kept: String::new(), is_too_long: true };
        }
        if !self.is_too_long {
            self.kept.push_str(more);
        }
    }

    /// What the answer of which this came has used, if it was said how long its prompt is.
    pub(super) fn usage(&self, begun: &Begun, said: &Response<'_>) -> Option<Usage> {
        let input = begun.request.input_tokens.filter(|_| !self.kept.is_empty())?;
        let model = said.model.as_deref().unwrap_or(&begun.request.model);
        let count = |model| count_tokens(model, &self.kept);
        let output = count(model).or_else(|| count(&begun.request.model))?;
        Some(Usage::openai(input, output))
    }
}
