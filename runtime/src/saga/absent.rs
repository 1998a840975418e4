//! What stands for sagas where their feature is not compiled in: a compile error that names it.

use super::kept::Undone;
use crate::outcome::Outcome;
use crate::policy::{Aspect, Observed};

/// `kind = "saga"`, which is a feature. Its static does not compile.
#[derive(Debug)]
pub struct Saga(());

/// Nothing is reported.
#[derive(Debug)]
pub struct SagaReport(());

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Saga {
    /// Says what is missing.
    ///
    /// # Panics
    /// At compile time.
    pub const fn new(_name: &'static str) -> Self {
        panic!(
            "a saga needs a feature of tta: write `features = [\"saga\"]` where tta is among the dependencies, or \
             another `kind`"
        )
    }

    /// A setting.
    pub const fn report<T: Copy>(self, _report: T) -> Self {
        self
    }
}

/// Never called.
pub async fn saga<R>(_: &'static Saga, body: impl Future<Output = R>, _outcome: impl Fn(&R) -> Outcome) -> R {
    body.await
}

/// `compensate`, which is a feature. Its static does not compile.
#[derive(Debug)]
pub struct Compensate(());

#[allow(clippy::must_use_candidate, reason = "called by expansions only")]
impl Compensate {
    /// Says what is missing.
    ///
    /// # Panics
    /// At compile time.
    pub const fn new(_name: &'static str) -> Self {
        panic!(
            "`compensate` needs a feature of tta: write `features = [\"saga\"]` where tta is among the dependencies"
        )
    }
}

impl Aspect for Compensate {
    fn observed(&self) -> Vec<&Observed> {
        Vec::new()
    }
}

/// Never called.
pub fn keep<U>(_undo: impl FnOnce() -> U) -> Option<U> {
    None
}

/// Never called.
pub async fn compensated<R, U, T, F>(
    _: &'static Compensate,
    _kept: Option<U>,
    body: impl Future<Output = R>,
    _outcome: impl Fn(&R) -> Outcome,
    _output: impl Fn(&R) -> Option<T>,
) -> R
where
    U: FnOnce(T) -> F,
    F: Future<Output = Undone> + Send + 'static,
{
    body.await
}
