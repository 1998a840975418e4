//! The context of a workflow: who it is, and on whose behalf it runs.

mod began;
mod builder;
mod id;
mod late;
#[cfg(feature = "serde")]
mod snapshot;
mod workflow;

pub(crate) use began::Began;
pub use builder::WorkflowContextBuilder;
pub(crate) use id::Uuid;
#[cfg(feature = "telemetry")]
pub(crate) use id::random;
pub use late::Checkpoint;
#[cfg(feature = "serde")]
pub use snapshot::Snapshot;
#[cfg(feature = "telemetry")]
pub(crate) use workflow::Run;
pub use workflow::{WorkflowContext, context};
