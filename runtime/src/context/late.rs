//! What is added to a workflow's context while it runs.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;

/// A place that a workflow has passed: [`WorkflowContext::checkpoint`](crate::WorkflowContext::checkpoint).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Checkpoint {
    name: Cow<'static, str>,
    elapsed: Duration,
}

impl Checkpoint {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The time from the workflow's begin.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// The most checkpoints that are kept.
const MOST: usize = 1_000;

/// Made when the first thing is added.
#[derive(Default)]
pub(super) struct Late {
    checkpoints: Mutex<Vec<Checkpoint>>,
    state: ArcSwapOption<HashMap<TypeId, Value>>,
}

/// One value of the state, and how it looks in a snapshot.
#[derive(Clone)]
pub(super) struct Value {
    value: Arc<dyn Any + Send + Sync>,
    #[cfg(feature = "serde")]
    pub(super) shown: Option<super::snapshot::Shown>,
}

impl Late {
    pub(super) fn pass(&self, name: Cow<'static, str>, elapsed: Duration) {
        let mut checkpoints = self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if checkpoints.len() < MOST {
            checkpoints.push(Checkpoint { name, elapsed });
        }
    }

    pub(super) fn checkpoints(&self) -> Vec<Checkpoint> {
        self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn insert<T: Any + Send + Sync>(
        &self,
        value: T,
        #[cfg(feature = "serde")] shown: Option<super::snapshot::Shown>,
    ) {
        let value = Value {
            value: Arc::new(value),
            #[cfg(feature = "serde")]
            shown,
        };
        self.state.rcu(|state| {
            let mut state = state.as_deref().cloned().unwrap_or_default();
            state.insert(TypeId::of::<T>(), value.clone());
            Some(Arc::new(state))
        });
    }

    pub(super) fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let state = self.state.load();
        let value = state.as_ref()?.get(&TypeId::of::<T>())?;
        value.value.clone().downcast().ok()
    }

    /// The values that are shown in a snapshot.
    #[cfg(feature = "serde")]
    pub(super) fn shown(&self) -> Vec<(&'static str, serde_json::Value)> {
        let state = self.state.load();
        let values = state.iter().flat_map(|state| state.values());
        let mut shown: Vec<_> = values
            .filter_map(|value| value.shown.as_ref().map(|shown| (shown.name, (shown.how)(&*value.value))))
            .collect();
        shown.sort_by_key(|(name, _)| *name);
        shown
    }
}
