//! What stands for `llm(..)` where its feature is not compiled in: its expressions are checked, and nothing is asked.

use futures_core::Stream;

use crate::outcome::Outcome;
use crate::policy::{Aspect, Observed, PolicyError};
use crate::span::Fields;

use super::request::Request;

/// What `llm(..)` says of a function.
#[derive(Debug)]
pub struct Llm(());

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Llm {
    /// Of a function.
    pub const fn new(_primitive: &'static str) -> Self {
        Llm(())
    }

    /// `operation = "embeddings"`
    pub const fn operation(self, _operation: &'static str) -> Self {
        self
    }

    /// It returns a stream.
    pub const fn stream(self) -> Self {
        self
    }

    /// `provider = "openai"`
    pub const fn provider(self, _provider: &'static str) -> Self {
        self
    }

    /// `models = ["gpt-5", ..]`
    pub const fn models(self, _models: &'static [&'static str]) -> Self {
        self
    }
}

impl Aspect for Llm {
    fn observed(&self) -> Vec<&Observed> {
        Vec::new()
    }
}

/// What a budget allows, of which there is none. Its site does not compile.
#[derive(Clone, Copy, Debug)]
pub struct Limits(());

#[allow(
    clippy::must_use_candidate,
    clippy::new_without_default,
    clippy::return_self_not_must_use,
    reason = "called by expansions only"
)]
impl Limits {
    /// Says what is missing.
    ///
    /// # Panics
    /// Always, while it is compiled.
    pub const fn new() -> Self {
        panic!(
            "`budget` needs a feature of tta: write `features = [\"llm\"]` where tta is among the dependencies"
        )
    }

    /// `usd = "$0.50"`
    pub const fn money(self, _limit: super::Money) -> Self {
        self
    }

    /// `tokens = 100_000`
    pub const fn tokens(self, _limit: u64) -> Self {
        self
    }

    /// `calls = 20`
    pub const fn calls(self, _limit: u64) -> Self {
        self
    }

    /// `time = "1m"`
    pub const fn time(self, _limit: std::time::Duration) -> Self {
        self
    }

    /// `unpriced = "allow"`
    pub const fn allow_unpriced(self) -> Self {
        self
    }
}

/// A request that nobody makes.
#[derive(Debug)]
pub struct Asking(());

#[allow(clippy::unused_self, reason = "with the feature it is asked")]
impl Asking {
    /// Of a call that begins.
    #[must_use]
    pub fn new(_llm: &'static Llm) -> Self {
        Asking(())
    }

    /// Nobody looks at the arguments.
    pub fn ask(&self, _ask: impl FnOnce(&mut Request)) {}

    /// Nothing is said.
    pub fn record(&self, _fields: &mut Fields) {}

    /// The call has begun.
    #[must_use]
    pub fn begun(self) -> Asked {
        Asked(())
    }
}

/// A request that nobody makes.
#[derive(Clone, Debug)]
pub struct Asked(());

/// What an answer tells, if somebody looks at it.
#[derive(Debug)]
pub struct Answer(());

/// Nobody looks at it, and whose trait the feature implements need not have it here.
pub fn answered<T: ?Sized>(_asked: &Asked, _value: &T, _answer: &mut Answer) {}

/// The body is all.
pub async fn attempt_of<R>(
    _asked: Asked,
    body: impl Future<Output = R>,
    _look: impl Fn(&R, &Asked, &mut Answer),
    _outcome: impl Fn(&R) -> Outcome,
    _refuse: Option<fn(PolicyError) -> R>,
) -> R {
    body.await
}

/// What chunks tell, if somebody looks at them.
#[derive(Debug)]
pub struct Heard(());

/// Nobody looks at it.
pub fn heard<T: ?Sized>(_asked: &Asked, _chunk: &T, _heard: &mut Heard) {}

/// Nobody looks at it.
pub fn complained<T: ?Sized>(_asked: &Asked, _error: &T, _heard: &mut Heard) {}

/// What goes on when the body has returned.
#[derive(Debug)]
pub struct Opened(());

impl Opened {
    /// Nobody looks.
    #[must_use]
    pub fn returned<R>(
        self,
        _result: &R,
        _look: impl FnOnce(&R, &Asked, &mut Answer),
        _outcome: impl FnOnce(&R) -> Outcome,
    ) -> Self {
        self
    }

    /// The stream as it is.
    pub fn stream<T, S, L, O>(self, stream: S, _look: L, _outcome: O) -> S
    where
        S: Stream<Item = T>,
        L: Fn(&T, &Asked, &mut Heard),
        O: Fn(&T) -> Outcome,
    {
        stream
    }
}

/// The body is all.
pub fn streamed<R>(
    _asked: Asked,
    body: impl FnOnce() -> R,
    _refuse: Option<fn(PolicyError) -> R>,
    _next: impl FnOnce(R, Opened) -> R,
) -> R {
    body()
}

/// The body is all.
pub async fn streamed_of<R>(
    _asked: Asked,
    body: impl Future<Output = R>,
    _refuse: Option<fn(PolicyError) -> R>,
    _next: impl FnOnce(R, Opened) -> R,
) -> R {
    body.await
}

/// The body is all.
pub fn streamed_items<T, S, L, O>(
    _asked: Asked,
    body: impl FnOnce() -> S,
    _refuse: Option<fn(PolicyError) -> T>,
    _look: L,
    _outcome: O,
) -> S
where
    S: Stream<Item = T>,
    L: Fn(&T, &Asked, &mut Heard),
    O: Fn(&T) -> Outcome,
{
    body()
}

/// The body is all.
pub async fn streamed_items_of<T, S, L, O>(
    _asked: Asked,
    body: impl Future<Output = S>,
    _refuse: Option<fn(PolicyError) -> T>,
    _look: L,
    _outcome: O,
) -> S
where
    S: Stream<Item = T>,
    L: Fn(&T, &Asked, &mut Heard),
    O: Fn(&T) -> Outcome,
{
    body.await
}
