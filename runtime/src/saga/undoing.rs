//! What was done is undone, the last first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::caught::Boxed;
use super::report::{Compensation, SagaCause, SagaReport, SagaStep};
use super::shared::{Done, Shared};
use super::tasks::Task;
use crate::diagnostics::warn;
use crate::names::attribute;
#[cfg(feature = "timeout")]
use crate::span::local::Until;

/// Undoes a saga. Where this is dropped before it is over, what is left is reported.
pub(super) struct Undoing {
    saga: Arc<Shared>,
    cause: SagaCause,
    /// What is being done.
    now: Now,
    steps: Vec<SagaStep>,
    /// Whether its workflow still waits for it, and its span is open.
    is_attached: bool,
    is_over: bool,
    /// Told when it is over.
    ended: Option<oneshot::Sender<()>>,
    task: Option<Task>,
}

enum Now {
    Nothing,
    Step(&'static str, Boxed<Compensation>),
    /// What is a part of it undoes itself.
    Inner(oneshot::Receiver<()>),
}

impl Undoing {
    /// Of a saga whose body has just failed, and whose span is open.
    pub(super) fn begin(saga: Arc<Shared>, cause: SagaCause) -> Self {
        let steps = saga.fail();
        let entered = saga.place.enter();
        let steps = (attribute::SAGA_STEPS, steps.into());
        crate::span().event("compensate", [(attribute::SAGA_CAUSE, cause.as_str().into()), steps]);
        drop(entered);
        let mut undoing = Undoing::of(saga, cause);
        undoing.is_attached = true;
        undoing
    }

    /// Of a saga that has failed.
    pub(super) fn of(saga: Arc<Shared>, cause: SagaCause) -> Self {
        Undoing {
            saga,
            cause,
            now: Now::Nothing,
            steps: Vec::new(),
            is_attached: false,
            is_over: false,
            ended: None,
            task: None,
        }
    }

    /// Goes on with it on a task, or reports what is left where there is no runtime for one.
    pub(super) fn detach(mut self) {
        self.is_attached = false;
        if matches!(self.now, Now::Nothing)
            && let Some(next) = self.saga.next(self.cause)
        {
            self.begin_with(next);
        }
        let saga = self.saga.clone();
        let entered = saga.place.enter();
        if matches!(self.now, Now::Nothing) {
            return self.over();
        }
        drop(entered);
        // That of the saga may be another one than this thread's.
        let Some(runtime) = Handle::try_current().ok().or_else(|| saga.runtime.clone()) else { return };
        if let Some(parent) = &saga.parent {
            let (ended, inner) = oneshot::channel();
            self.ended = Some(ended);
            parent.register(Done::Inner(inner));
        }
        self.task = Some(Task::begin());
        runtime.spawn(self);
    }

    fn begin_with(&mut self, done: Done) {
        self.now = match done {
            Done::Step(step) => Now::Step(step.name(), step.undo()),
            Done::Inner(inner) => Now::Inner(inner),
        };
    }

    fn told(&mut self, name: &'static str, compensation: Compensation) {
        super::step::count(self.saga.policy.name, name, compensation.status());
        self.steps.push(SagaStep { name, compensation });
    }

    /// Says what became of it.
    fn over(&mut self) {
        self.is_over = true;
        let report = SagaReport {
            workflow: self.saga.policy.name,
            workflow_id: self.saga.workflow_id.clone(),
            cause: self.cause,
            steps: std::mem::take(&mut self.steps),
        };
        if self.is_attached {
            let done = report.steps.iter().filter(|step| step.compensation == Compensation::Done).count();
            let failed = report.steps.len() - done;
            crate::span().set(attribute::SAGA_COMPENSATED, done).set(attribute::SAGA_FAILED, failed);
        }
        match self.saga.policy.report {
            Some(tell) => {
                if catch_unwind(AssertUnwindSafe(|| tell(&report))).is_err() {
                    warn(format_args!("the report of a saga panicked: {report}"));
                }
            }
            None if report.is_complete() => {}
            None => warn(format_args!("a saga is not undone: {report}")),
        }
        if let Some(ended) = self.ended.take() {
            // The saga around it may have succeeded, and have forgotten it.
            let _ = ended.send(());
        }
    }
}

impl Future for Undoing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        let saga = self.saga.clone();
        #[cfg(feature = "timeout")]
        let _lifted = Until::lift();
        #[cfg(feature = "telemetry")]
        let _aside = crate::span::local::Aside::enter();
        let _entered = saga.place.enter();
        loop {
            match &mut self.now {
                Now::Nothing => {}
                Now::Step(name, undo) => {
                    let (name, compensation) = (*name, ready!(undo.as_mut().poll(task)));
                    self.now = Now::Nothing;
                    self.told(name, compensation);
                }
                Now::Inner(inner) => {
                    // However it ends.
                    let _ = ready!(Pin::new(inner).poll(task));
                    self.now = Now::Nothing;
                }
            }
            let Some(next) = saga.next(self.cause) else {
                self.over();
                return Poll::Ready(());
            };
            self.begin_with(next);
        }
    }
}

impl Drop for Undoing {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let saga = self.saga.clone();
        let _entered = saga.place.enter();
        if let Now::Step(name, undo) = std::mem::replace(&mut self.now, Now::Nothing) {
            // Its calls end as cancelled, where they belong.
            drop(undo);
            self.told(name, Compensation::Interrupted);
        }
        while let Some(done) = saga.next(self.cause) {
            if let Done::Step(step) = done {
                self.told(step.name(), Compensation::NotRun);
            }
        }
        self.over();
    }
}
