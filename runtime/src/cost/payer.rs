//! The account on which what runs here is booked. Without the feature there is none, and it takes no room.

#[cfg(feature = "llm")]
use std::sync::Arc;

#[cfg(feature = "llm")]
use super::account::Account;

/// Who pays.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payer(#[cfg(feature = "llm")] Option<Arc<Account>>);

#[cfg(feature = "llm")]
impl Payer {
    pub(crate) fn of(account: Arc<Account>) -> Self {
        Payer(Some(account))
    }

    pub(crate) fn account(&self) -> Option<&Arc<Account>> {
        self.0.as_ref()
    }

    /// This one, unless what runs here belongs to a workflow in which it is not.
    pub(crate) fn in_workflow(self, workflow: Option<&Arc<Account>>) -> Self {
        match (workflow, &self.0) {
            (Some(workflow), Some(own)) if own.is_of(workflow) => self,
            (Some(workflow), _) => Payer(Some(workflow.clone())),
            (None, _) => self,
        }
    }
}
