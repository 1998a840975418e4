//! The models that the shop asks, and what their providers write down of it. Nobody is asked over a network.
//!
//! What is billed is reckoned here by itself, in the integers of a price list: what tta says that it was has to be the
//! same.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;
use tta::llm::Response;
use tta::{LlmChunk, LlmResponse, Usage};

/// A model, with its prices in pico-dollars (1e-12 $) for a token.
pub(crate) struct Model {
    id: &'static str,
    prompt: u64,
    /// Of a prompt, what was read from the provider's cache.
    cached: u64,
    completion: u64,
}

/// $0.15 for a million tokens, $0.075 of those that were cached, $0.60 of an answer's.
pub(crate) const SMALL: Model =
    Model { id: "gpt-4o-mini-2024-07-18", prompt: 150_000, cached: 75_000, completion: 600_000 };

/// $1, $0.10 and $5.
pub(crate) const LARGE: Model =
    Model { id: "claude-haiku-4-5-20251001", prompt: 1_000_000, cached: 100_000, completion: 5_000_000 };

/// $3, $0.30 and $15.
pub(crate) const BEST: Model =
    Model { id: "claude-sonnet-4-5-20250929", prompt: 3_000_000, cached: 300_000, completion: 15_000_000 };

/// What all calls have cost and saved, and how many there were that nobody knows it of.
#[derive(Debug, Serialize)]
pub(crate) struct Spent {
    /// In pico-dollars.
    useful: u64,
    /// The same.
    wasted: u64,
    unpriced: u64,
    /// By answers that were kept, in pico-dollars.
    cache_saved: u64,
    /// By asking a cheaper model than usual, and what dearer ones have cost more.
    router_saved: u64,
    router_extra: u64,
}

static USEFUL: AtomicU64 = AtomicU64::new(0);
static WASTED: AtomicU64 = AtomicU64::new(0);
static UNPRICED: AtomicU64 = AtomicU64::new(0);
static CACHE_SAVED: AtomicU64 = AtomicU64::new(0);
static ROUTER_SAVED: AtomicU64 = AtomicU64::new(0);
static ROUTER_EXTRA: AtomicU64 = AtomicU64::new(0);

/// So far.
pub(crate) fn spent() -> Spent {
    let [useful, wasted, unpriced] = [&USEFUL, &WASTED, &UNPRICED].map(|count| count.load(Relaxed));
    let [cache_saved, router_saved, router_extra] =
        [&CACHE_SAVED, &ROUTER_SAVED, &ROUTER_EXTRA].map(|count| count.load(Relaxed));
    Spent { useful, wasted, unpriced, cache_saved, router_saved, router_extra }
}

/// An answer was there, and nobody was asked for it.
pub(crate) fn kept(model: &Model, prompt: u64, completion: u64) {
    CACHE_SAVED.fetch_add(model.price(prompt, 0, completion), Relaxed);
}

/// One model was asked where it would usually have been another.
pub(crate) fn asked_instead(model: &Model, usual: &Model, prompt: u64, completion: u64) {
    let [cost, usual] = [model, usual].map(|model| model.price(prompt, 0, completion));
    ROUTER_SAVED.fetch_add(usual.saturating_sub(cost), Relaxed);
    ROUTER_EXTRA.fetch_add(cost.saturating_sub(usual), Relaxed);
}

/// What a model has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    model: &'static str,
    usage: Usage,
}

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().model(self.model).finish_reason("stop").usage(self.usage)
    }
}

/// A request that a provider has got. It is billed once: as what is answered, or else, when whoever asked has gone, for
/// the whole of the prompt and of the longest answer there may be.
#[must_use]
pub(crate) struct Sent {
    model: &'static Model,
    prompt: u64,
    longest: u64,
    is_billed: bool,
}

impl Model {
    /// Sends so many tokens of a prompt, for an answer of so many at most.
    pub(crate) const fn send(&'static self, prompt: u64, longest: u64) -> Sent {
        Sent { model: self, prompt, longest, is_billed: false }
    }

    const fn price(&self, prompt: u64, cached: u64, completion: u64) -> u64 {
        (prompt - cached) * self.prompt + cached * self.cached + completion * self.completion
    }
}

impl Sent {
    /// It is answered; of the prompt so many tokens were cached.
    pub(crate) fn answered(self, cached: u64, completion: u64) -> Answer {
        USEFUL.fetch_add(self.model.price(self.prompt, cached, completion), Relaxed);
        let usage = Usage::openai(self.prompt, completion).cached(cached);
        self.end(|model| Answer { model, usage })
    }

    /// It is answered, and what was answered is withheld.
    pub(crate) fn withheld(self, completion: u64) -> Usage {
        WASTED.fetch_add(self.model.price(self.prompt, 0, completion), Relaxed);
        let usage = Usage::openai(self.prompt, completion);
        self.end(|_| usage)
    }

    /// It is not taken on.
    pub(crate) fn refused(self) {
        self.end(drop);
    }

    fn end<T>(mut self, answer: impl FnOnce(&'static str) -> T) -> T {
        self.is_billed = true;
        answer(self.model.id)
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if !self.is_billed {
            WASTED.fetch_add(self.model.price(self.prompt, 0, self.longest), Relaxed);
        }
    }
}

/// A part of an answer that is being written, with what all of it so far has used.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    model: &'static str,
    usage: Usage,
}

impl LlmChunk for Chunk {
    fn chunk(&self) -> Response<'_> {
        Response::new().model(self.model).usage(self.usage)
    }
}

/// An answer that is being written for whoever reads it. It is billed once: all of it, or, when nobody reads on, what was
/// written until then.
#[must_use]
pub(crate) struct Writing {
    model: &'static Model,
    prompt: u64,
    whole: u64,
    written: u64,
    is_begun: bool,
    is_billed: bool,
}

impl Model {
    /// Answers so many tokens of a prompt by so many, one at a time.
    pub(crate) const fn write(&'static self, prompt: u64, whole: u64) -> Writing {
        Writing { model: self, prompt, whole, written: 0, is_begun: false, is_billed: false }
    }
}

impl Writing {
    /// It is on the way.
    pub(crate) fn begin(&mut self) {
        self.is_begun = true;
    }

    /// The next token, unless that was all.
    pub(crate) fn next(&mut self) -> Option<Chunk> {
        if self.written == self.whole {
            self.is_billed = true;
            USEFUL.fetch_add(self.model.price(self.prompt, 0, self.whole), Relaxed);
            return None;
        }
        self.written += 1;
        Some(Chunk { model: self.model.id, usage: Usage::openai(self.prompt, self.written) })
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        match (self.is_begun && !self.is_billed, self.written) {
            (false, _) => {}
            (true, 0) => {
                UNPRICED.fetch_add(1, Relaxed);
            }
            (true, written) => {
                WASTED.fetch_add(self.model.price(self.prompt, 0, written), Relaxed);
            }
        }
    }
}

/// The answer of a model of the shop's own, of which nobody has said what it costs.
pub(crate) fn of_our_own(prompt: u64, completion: u64) -> Answer {
    UNPRICED.fetch_add(1, Relaxed);
    Answer { model: "shop-translate", usage: Usage::openai(prompt, completion) }
}
