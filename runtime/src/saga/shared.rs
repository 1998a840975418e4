//! What the steps of one saga share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry::Context;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::Here;
use super::report::SagaCause;
use super::run::Saga;
use super::step::Step;
use super::undoing::Undoing;
use crate::context::WorkflowContext;
use crate::span::call::Place;

/// A saga, as those see it who do its steps and those who undo them.
pub(super) struct Shared {
    pub(super) policy: &'static Saga,
    /// The saga that this one is a part of.
    pub(super) parent: Option<Arc<Shared>>,
    /// Where it is compensated: within its workflow, outside of its steps.
    pub(super) place: Place,
    pub(super) workflow_id: String,
    /// Its runtime, if it has one: it may be dropped elsewhere.
    pub(super) runtime: Option<Handle>,
    state: Mutex<State>,
}

/// How far a saga has come.
enum State {
    /// Its body runs.
    Open(Vec<Done>),
    /// What it did is undone, the last first.
    Undoing(Vec<Done>),
    /// It has succeeded.
    Succeeded,
    /// It has failed, and was undone.
    Failed(SagaCause),
}

/// What was done, and can be undone.
pub(super) enum Done {
    /// A step.
    Step(Step),
    /// A saga that undoes itself on a task of its own. It is waited for, since what it did came later.
    Inner(oneshot::Receiver<()>),
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Saga").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Shared {
    /// A saga that begins here.
    pub(super) fn here(policy: &'static Saga) -> Arc<Self> {
        let (workflow_id, parent, place) = crate::span::local::current(|context| {
            let workflow = WorkflowContext::of(context);
            let lifted = workflow.and_then(WorkflowContext::deadline);
            let undoing = context.with_value(Here::Compensations { lifted });
            let id = workflow.map_or("", WorkflowContext::workflow_id).to_owned();
            (id, Here::saga(context).cloned(), Place::here().to(undoing))
        });
        let (runtime, state) = (Handle::try_current().ok(), Mutex::new(State::Open(Vec::new())));
        Arc::new(Shared { policy, parent, place, workflow_id, runtime, state })
    }

    /// The context in which its steps run.
    pub(super) fn of_steps(self: &Arc<Self>) -> Context {
        Context::map_current(|context| context.with_value(Here::Steps(self.clone())))
    }

    /// Something was done. Where the saga is over it belongs to the one around it, or is undone at once.
    pub(super) fn register(self: &Arc<Self>, done: Done) {
        let mut state = self.lock();
        let cause = match &mut *state {
            State::Open(all) | State::Undoing(all) => {
                if let Done::Step(step) = &done {
                    step.open(self.policy);
                }
                return all.push(done);
            }
            State::Succeeded => {
                drop(state);
                if let Some(parent) = &self.parent {
                    parent.register(done);
                }
                return;
            }
            // There is nothing left to be done before it.
            State::Failed(_) if matches!(done, Done::Inner(_)) => return,
            State::Failed(cause) => *cause,
        };
        *state = State::Undoing(vec![done]);
        drop(state);
        Undoing::of(self.clone(), cause).detach();
    }

    /// Its body has succeeded: what it did is a part of what the saga around it did.
    pub(super) fn succeed(&self) {
        let all = match std::mem::replace(&mut *self.lock(), State::Succeeded) {
            State::Open(all) => all,
            _ => Vec::new(),
        };
        if let Some(parent) = &self.parent {
            for done in all {
                parent.register(done);
            }
        }
    }

    /// Its body has failed. How much there is to undo.
    pub(super) fn fail(&self) -> usize {
        let mut state = self.lock();
        let all = match &mut *state {
            State::Open(all) => std::mem::take(all),
            _ => Vec::new(),
        };
        let steps = all.iter().filter(|done| matches!(done, Done::Step(_))).count();
        *state = State::Undoing(all);
        steps
    }

    /// What is to be undone next; if there is nothing it is over.
    pub(super) fn next(&self, cause: SagaCause) -> Option<Done> {
        let mut state = self.lock();
        let State::Undoing(all) = &mut *state else { return None };
        let next = all.pop();
        if next.is_none() {
            *state = State::Failed(cause);
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
