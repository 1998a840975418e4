//! What a workflow's context looks like from outside.

use std::any::Any;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::WorkflowContext;
use super::late::{Checkpoint, Late};

/// What a workflow is at one moment, to be kept or sent: [`WorkflowContext::snapshot`].
///
/// Without session and user, which are nobody else's business.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// [`WorkflowContext::workflow_id`]
    pub workflow_id: String,
    /// [`WorkflowContext::correlation_id`]
    pub correlation_id: String,
    /// [`WorkflowContext::causation_id`]
    pub causation_id: Option<String>,
    /// [`WorkflowContext::start_time`]
    pub start_time: Option<SystemTime>,
    /// [`WorkflowContext::elapsed`]
    pub elapsed: Duration,
    /// [`WorkflowContext::tags`], as text
    pub tags: BTreeMap<String, String>,
    /// [`WorkflowContext::checkpoints`]
    pub checkpoints: Vec<Checkpoint>,
    /// What [`WorkflowContext::insert_shown`] has put into the state, by name.
    pub state: BTreeMap<&'static str, serde_json::Value>,
}

/// How a value of the state is shown.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) name: &'static str,
    pub(super) how: fn(&(dyn Any + Send + Sync)) -> serde_json::Value,
}

impl Shown {
    pub(super) fn new<T: Any + Serialize>(name: &'static str) -> Self {
        Shown {
            name,
            how: |value| {
                let value = value.downcast_ref::<T>().map(serde_json::to_value);
                value.and_then(Result::ok).unwrap_or(serde_json::Value::Null)
            },
        }
    }
}

impl WorkflowContext {
    /// Its ids, tags, checkpoints, and what of the state was inserted to be shown.
    ///
    /// ```
    /// #[tta::workflow]
    /// async fn import() -> serde_json::Value {
    ///     tta::context().insert_shown("rows", 17_u32).checkpoint("read");
    ///     serde_json::to_value(tta::context().snapshot()).unwrap_or_default()
    /// }
    /// # let snapshot = futures_executor::block_on(import());
    /// # assert_eq!(snapshot["state"]["rows"], 17);
    /// # assert_eq!(snapshot["checkpoints"][0]["name"], "read");
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            workflow_id: self.workflow_id().to_owned(),
            correlation_id: self.correlation_id().to_owned(),
            causation_id: self.causation_id().map(str::to_owned),
            start_time: self.start_time(),
            elapsed: self.elapsed(),
            tags: self.tags().map(|(key, value)| (key.to_owned(), value.to_string())).collect(),
            checkpoints: self.checkpoints(),
            state: self.late().map(Late::shown).unwrap_or_default().into_iter().collect(),
        }
    }
}
