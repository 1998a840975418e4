//! `compensate = undo`: a step of a saga, and how it is undone.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "telemetry")]
use opentelemetry::trace::{SpanContext, TraceContextExt as _};

use super::Here;
use super::caught::{Boxed, Caught, Panicked};
use super::kept::Undone;
use super::report::Compensation;
use super::run::Saga;
use super::shared::{Done, Shared};
#[cfg(feature = "telemetry")]
use crate::metric::{family, store::Store};
#[cfg(feature = "telemetry")]
use crate::names::label;
use crate::outcome::{Outcome, Status};
use crate::policy::{Aspect, Observed};
#[cfg(feature = "telemetry")]
use crate::testing::Recording;

/// A function that is undone where a saga that has called it fails.
#[derive(Debug)]
pub struct Compensate {
    name: &'static str,
}

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Compensate {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Compensate { name }
    }
}

impl Aspect for Compensate {
    /// Its series have the names of workflows, which are known when those call it.
    fn observed(&self) -> Vec<&Observed> {
        Vec::new()
    }
}

/// How to undo a step that is about to begin, with its arguments.
pub struct Kept<U> {
    saga: Arc<Shared>,
    undo: U,
}

impl<U> fmt::Debug for Kept<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("saga", &self.saga).finish_non_exhaustive()
    }
}

/// Keeps the arguments of a step of a saga; nothing elsewhere.
#[inline]
pub fn keep<U>(undo: impl FnOnce() -> U) -> Option<Kept<U>> {
    let saga = crate::span::local::current(|context| Here::saga(context).cloned())?;
    Some(Kept { saga, undo: undo() })
}

/// Runs a step. Where it succeeds within a saga, it is known how to undo it.
///
/// Nothing is awaited between the step's end and that.
pub async fn compensated<R, U, T, F>(
    policy: &'static Compensate,
    kept: Option<Kept<U>>,
    body: impl Future<Output = R>,
    outcome: impl Fn(&R) -> Outcome,
    output: impl Fn(&R) -> Option<T>,
) -> R
where
    U: FnOnce(T) -> F,
    F: Future<Output = Undone> + Send + 'static,
{
    let result = body.await;
    if let Some(Kept { saga, undo }) = kept
        && outcome(&result).status != Status::Error
        && let Some(output) = output(&result)
    {
        saga.register(Done::Step(Step {
            name: policy.name,
            #[cfg(feature = "telemetry")]
            forward: crate::span::local::current(|context| context.span().span_context().clone()),
            undo: Box::pin(undo(output)),
        }));
    }
    result
}

/// A step that has succeeded.
pub(super) struct Step {
    name: &'static str,
    /// Its span.
    #[cfg(feature = "telemetry")]
    forward: SpanContext,
    undo: Boxed<Undone>,
}

impl Step {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Opens its series, since only now it is known that there may be something to count.
    #[cfg_attr(not(feature = "telemetry"), allow(clippy::unused_self, unused_variables))]
    pub(super) fn open(&self, saga: &'static Saga) {
        #[cfg(feature = "telemetry")]
        for status in Status::ALL {
            add(saga.name, self.name, status, 0);
        }
    }

    /// Undoes it, in a span that is linked to its own.
    pub(super) fn undo(self) -> Boxed<Compensation> {
        let undo = Caught(self.undo);
        #[cfg(feature = "telemetry")]
        {
            let (name, forward) = (self.name, self.forward);
            Box::pin(async move {
                let undone = crate::span::attempt::compensation(name, forward, outcome, undo).await;
                compensation(undone)
            })
        }
        #[cfg(not(feature = "telemetry"))]
        Box::pin(async move { compensation(undo.await) })
    }
}

#[cfg(feature = "telemetry")]
fn outcome(undone: &Result<Undone, Panicked>) -> Outcome {
    match undone {
        Ok(Undone(Ok(()))) => Outcome::SUCCESS,
        Ok(Undone(Err((kind, _)))) => Outcome::error(*kind),
        Err(Panicked) => Outcome::PANIC,
    }
}

fn compensation(undone: Result<Undone, Panicked>) -> Compensation {
    match undone {
        Ok(Undone(Ok(()))) => Compensation::Done,
        Ok(Undone(Err((kind, message)))) => Compensation::Failed { kind: kind.name(), message },
        Err(Panicked) => Compensation::Panicked,
    }
}

/// Counts a compensation.
#[cfg_attr(not(feature = "telemetry"), allow(unused_variables))]
pub(super) fn count(workflow: &'static str, primitive: &'static str, status: Status) {
    #[cfg(feature = "telemetry")]
    add(workflow, primitive, status, 1);
}

#[cfg(feature = "telemetry")]
fn add(workflow: &'static str, primitive: &'static str, status: Status, by: u64) {
    let add = |store: &Store| {
        let labels = vec![
            (label::WORKFLOW_NAME, workflow.into()),
            (label::PRIMITIVE_NAME, primitive.into()),
            (label::STATUS, status.as_str().into()),
        ];
        store.counter(&family::SAGA_COMPENSATIONS, labels).add(by);
    };
    match Recording::current() {
        Some(recording) => add(recording.store()),
        None => add(Store::global()),
    }
}
