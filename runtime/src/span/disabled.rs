//! The call path of a build without telemetry: nothing.

use crate::catalog::{Maturity, Promise};
use crate::metric::label::{LabelDecl, LabelValue};
use crate::outcome::Outcome;
use crate::policy::Aspect;
use crate::span::Fields;
use crate::span::probe::KnownErrors;

/// An annotated function, of which nothing is kept.
#[derive(Debug)]
pub struct Site(());

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use)]
impl Site {
    /// A `#[primitive]`.
    pub const fn primitive(_name: &'static str, _kind: &'static str) -> Self {
        Site(())
    }

    /// A `#[workflow]`.
    pub const fn workflow(_name: &'static str, _kind: &'static str) -> Self {
        Site(())
    }

    /// Where it is.
    pub const fn at(self, _function: &'static str, _file: &'static str, _line: u32) -> Self {
        self
    }

    /// Its labels.
    pub const fn labels(self, _labels: &'static [LabelDecl]) -> Self {
        self
    }

    /// The labels go on durations too.
    pub const fn labels_on_all(self) -> Self {
        self
    }

    /// The keys of its `fields(..)` and `ret(..)`.
    pub const fn fields(self, _fields: &'static [&'static str]) -> Self {
        self
    }

    /// Its errors.
    pub const fn errors(self, _known: fn() -> KnownErrors) -> Self {
        self
    }

    /// Its objectives.
    pub const fn slo(self, _promise: Promise) -> Self {
        self
    }

    /// Its policies.
    pub const fn aspects(self, _aspects: &'static [&'static dyn Aspect]) -> Self {
        self
    }

    /// What its calls may spend.
    pub const fn budget(self, _limits: crate::cost::private::Limits) -> Self {
        self
    }

    /// It calls a model.
    pub const fn purse(self) -> Self {
        self
    }

    /// Its maturity.
    pub const fn maturity(self, _maturity: Maturity) -> Self {
        self
    }
}

/// The body is about to run.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the promise is that nothing is left of it")]
pub fn begin(_site: &'static Site) {}

/// The same, where something is asked of the arguments.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the promise is that nothing is left of it")]
pub fn begin_with<const N: usize>(
    _site: &'static Site,
    _labels: impl FnOnce() -> [LabelValue; N],
    _fields: impl FnOnce(&mut Fields),
) {
}

/// The future as it is.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the promise is that nothing is left of it")]
pub fn future<F, C>(_site: &'static Site, future: F, _classify: C) -> F
where
    F: Future,
    C: Fn(&F::Output, &mut Fields) -> Outcome,
{
    future
}

/// The future as it is, except for what is in its result.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the promise is that nothing is left of it")]
pub fn future_then<F, N, R>(_site: &'static Site, future: F, _next: N) -> F
where
    F: Future,
    N: Fn(F::Output, Rest) -> R,
{
    future
}

/// Calls the function.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the promise is that nothing is left of it")]
pub fn call<R, F, C>(_site: &'static Site, body: F, _classify: C) -> R
where
    F: FnOnce() -> R,
    C: FnOnce(&R, &mut Fields) -> Outcome,
{
    body()
}

/// Calls the function.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the promise is that nothing is left of it")]
pub fn call_then<R, F, N>(_site: &'static Site, body: F, _next: N) -> R
where
    F: FnOnce() -> R,
    N: FnOnce(R, Rest) -> R,
{
    body()
}

/// A call that goes on after its body has returned: there is none.
#[derive(Debug)]
pub struct Rest(());

impl Rest {
    /// Nobody looks.
    #[must_use]
    pub fn returned<R>(self, _result: &R, _classify: impl FnOnce(&R) -> Outcome) -> Self {
        self
    }

    /// The future as it is.
    pub fn future<T, F, C>(self, future: F, _classify: C) -> F
    where
        F: Future<Output = T>,
        C: Fn(&T, &mut Fields) -> Outcome,
    {
        future
    }

    /// The future as it is, except for what is in its result.
    pub fn future_then<T, F, N>(self, future: F, _next: N) -> F
    where
        F: Future<Output = T>,
        N: Fn(T, Rest) -> T,
    {
        future
    }

    /// The stream as it is.
    pub fn stream<T, S, C>(self, stream: S, _classify: C) -> S
    where
        S: futures_core::Stream<Item = T>,
        C: Fn(&T, &mut Fields) -> Outcome,
    {
        stream
    }
}
