//! `#[workflow(kind = "saga", report = tell)]`: the body, and what is done when it fails.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::Context;

use super::report::{SagaCause, SagaReport};
use super::shared::Shared;
use super::undoing::Undoing;
use crate::outcome::{Kind, Outcome, Status};

/// A workflow that undoes what it has done where it cannot go on.
#[derive(Debug)]
pub struct Saga {
    pub(super) name: &'static str,
    pub(super) report: Option<fn(&SagaReport)>,
}

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Saga {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Saga { name, report: None }
    }

    /// Who is told what became of it.
    pub const fn report(mut self, report: fn(&SagaReport)) -> Self {
        self.report = Some(report);
        self
    }
}

/// Runs the body of a saga. Where it fails, what it has done is undone before this returns; where it panics or is
/// dropped, on a task.
pub fn saga<F, O>(policy: &'static Saga, body: F, outcome: O) -> Sagaed<F, F::Output, O>
where
    F: Future,
    O: Fn(&F::Output) -> Outcome,
{
    Sagaed { body: Some(body), policy, outcome, stage: Stage::Called }
}

pin_project_lite::pin_project! {
    /// The body of a saga.
    #[allow(missing_debug_implementations)]
    pub struct Sagaed<F, R, O> {
        #[pin]
        body: Option<F>,
        policy: &'static Saga,
        outcome: O,
        stage: Stage<R>,
    }

    impl<F, R, O> PinnedDrop for Sagaed<F, R, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            match std::mem::replace(this.stage, Stage::Over) {
                Stage::Running { saga, steps } => {
                    // Also where the body panics while it is dropped.
                    let _cancelled = Ends { saga: &saga, cause: SagaCause::Cancelled };
                    let _steps = steps.attach();
                    this.body.set(None);
                }
                Stage::Undoing { undoing, .. } => undoing.detach(),
                Stage::Called | Stage::Over => {}
            }
        }
    }
}

/// How far a saga has come.
enum Stage<R> {
    /// Not polled yet.
    Called,
    Running {
        saga: Arc<Shared>,
        /// The context of its steps.
        steps: Context,
    },
    /// The body has failed.
    Undoing {
        undoing: Undoing,
        result: R,
    },
    Over,
}

impl<F, O> Future for Sagaed<F, F::Output, O>
where
    F: Future,
    O: Fn(&F::Output) -> Outcome,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        loop {
            // Where the body panics it is over.
            match std::mem::replace(this.stage, Stage::Over) {
                Stage::Called => {
                    let saga = Shared::here(this.policy);
                    let steps = saga.of_steps();
                    *this.stage = Stage::Running { saga, steps };
                }
                Stage::Running { saga, steps } => {
                    let Some(body) = this.body.as_mut().as_pin_mut() else { return Poll::Pending };
                    let panics = Ends { saga: &saga, cause: SagaCause::Panic };
                    let polled = {
                        let _steps = steps.clone().attach();
                        body.poll(task).map(|result| ((this.outcome)(&result), result))
                    };
                    let Poll::Ready((outcome, result)) = polled else {
                        std::mem::forget(panics);
                        *this.stage = Stage::Running { saga, steps };
                        return Poll::Pending;
                    };
                    // What it holds is dropped before anything is undone.
                    this.body.set(None);
                    std::mem::forget(panics);
                    if outcome.status != Status::Error {
                        saga.succeed();
                        return Poll::Ready(result);
                    }
                    let cause = SagaCause::Error(outcome.error.as_ref().map_or("", Kind::name));
                    let undoing = Undoing::begin(saga, cause);
                    *this.stage = Stage::Undoing { undoing, result };
                }
                Stage::Undoing { mut undoing, result } => {
                    if Pin::new(&mut undoing).poll(task).is_pending() {
                        *this.stage = Stage::Undoing { undoing, result };
                        return Poll::Pending;
                    }
                    return Poll::Ready(result);
                }
                Stage::Over => return Poll::Pending,
            }
        }
    }
}

/// Has a saga undone on a task, when this is dropped.
struct Ends<'a> {
    saga: &'a Arc<Shared>,
    cause: SagaCause,
}

impl Drop for Ends<'_> {
    #[cold]
    fn drop(&mut self) {
        Undoing::begin(self.saga.clone(), self.cause).detach();
    }
}
