//! The context of a workflow: who it is, and on whose behalf it runs.

mod began;
mod builder;
mod carried;
mod carry;
mod deadline;
mod id;
mod late;
#[cfg(feature = "serde")]
mod snapshot;
#[cfg(feature = "tokio")]
mod spawn;
mod workflow;

pub(crate) use began::Began;
pub use builder::WorkflowContextBuilder;
pub use carried::Carried;
pub use carry::{CarriedFuture, CarryExt, carry, carry_each};
#[cfg(feature = "timeout")]
pub(crate) use deadline::deadline_of;
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) use deadline::time_left;
pub(crate) use id::Uuid;
#[cfg(feature = "telemetry")]
pub(crate) use id::random;
pub use late::Checkpoint;
#[cfg(feature = "serde")]
pub use snapshot::Snapshot;
#[cfg(feature = "tokio")]
pub use spawn::{JoinSetExt, spawn, spawn_blocking, spawn_local};
#[cfg(feature = "telemetry")]
pub(crate) use workflow::Run;
pub use workflow::{WorkflowContext, context};
