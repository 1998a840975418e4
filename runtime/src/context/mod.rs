//! The context of a workflow: who it is, and on whose behalf it runs.

mod id;
mod workflow;

pub(crate) use id::Uuid;
#[cfg(feature = "telemetry")]
pub(crate) use id::random;
#[cfg(feature = "telemetry")]
pub(crate) use workflow::Run;
pub use workflow::{WorkflowContext, WorkflowContextBuilder, context};
