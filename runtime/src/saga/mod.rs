//! Sagas: workflows that undo what they have done where they cannot go on.
//!
//! `#[workflow(kind = "saga")]` undoes the steps that have succeeded, the last one first, when it fails, panics or is
//! cancelled. What undoes a step is said by the step, with [`compensate`](macro@crate::primitive#compensate).
//!
//! ```
//! # #[cfg(feature = "saga")] {
//! #[derive(Debug)]
//! struct Declined;
//!
//! #[tta::primitive(compensate = release)]
//! async fn reserve(item: u32) -> Result<String, Declined> {
//!     Ok(format!("reservation of {item}"))
//! }
//!
//! #[tta::primitive]
//! async fn release(item: u32, reservation: String) -> Result<(), tta::PolicyError> {
//!     println!("{reservation} is released");
//! #   RELEASED.store(item, std::sync::atomic::Ordering::Relaxed);
//!     Ok(())
//! }
//! # static RELEASED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
//!
//! #[tta::primitive]
//! async fn pay() -> Result<(), Declined> {
//!     Err(Declined)
//! }
//!
//! #[tta::workflow(kind = "saga", report = tell)]
//! async fn order(item: u32) -> Result<(), Declined> {
//!     let reservation = reserve(item).await?;
//!     println!("{reservation} is made");
//!     pay().await
//! }
//!
//! fn tell(report: &tta::saga::SagaReport) {
//!     assert_eq!(report.to_string(), "order (error Declined): reserve compensated");
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! assert!(order(7).await.is_err());
//! # });
//! # assert_eq!(RELEASED.load(std::sync::atomic::Ordering::Relaxed), 7);
//! # }
//! ```

#[cfg(not(feature = "saga"))]
mod absent;
#[cfg(feature = "saga")]
mod caught;
mod kept;
#[cfg(feature = "saga")]
mod report;
#[cfg(feature = "saga")]
mod run;
#[cfg(feature = "saga")]
mod shared;
#[cfg(feature = "saga")]
mod step;
#[cfg(feature = "saga")]
mod tasks;
#[cfg(feature = "saga")]
mod undoing;

#[cfg(feature = "saga")]
pub use report::{Compensation, SagaCause, SagaReport, SagaStep};
#[cfg(feature = "saga")]
pub use tasks::drain;
#[cfg(all(feature = "saga", feature = "telemetry"))]
pub(crate) use tasks::wait;

/// What expansions call.
#[allow(unreachable_pub, reason = "what is public is exported by `__private`")]
pub mod private {
    #[cfg(not(feature = "saga"))]
    pub use super::absent::{Compensate, Saga, SagaReport, compensated, keep, saga};
    pub use super::kept::{
        keep_output, kept, kept_reference, lent_reference, takes_output, texts, to_undo, undone,
    };
    #[cfg(feature = "saga")]
    pub use super::report::SagaReport;
    #[cfg(feature = "saga")]
    pub use super::run::{Saga, saga};
    #[cfg(feature = "saga")]
    pub use super::step::{Compensate, compensated, keep};
}

#[cfg(feature = "saga")]
use shared::Shared;

/// What of sagas goes on in a context.
#[cfg(feature = "saga")]
#[derive(Clone, Debug)]
enum Here {
    /// Steps of this one.
    Steps(std::sync::Arc<Shared>),
    /// Its compensations, which are no steps, and which the deadline of its workflow does not end.
    Compensations {
        #[cfg_attr(not(feature = "timeout"), allow(dead_code))]
        lifted: Option<std::time::Instant>,
    },
}

#[cfg(feature = "saga")]
impl Here {
    /// The saga that a step of `context` belongs to.
    fn saga(context: &opentelemetry::Context) -> Option<&std::sync::Arc<Shared>> {
        match context.get::<Here>()? {
            Here::Steps(saga) => Some(saga),
            Here::Compensations { .. } => None,
        }
    }
}

/// Whether a deadline is of a workflow that is compensated in `context`, and so has nothing to say any more.
#[cfg(all(feature = "saga", feature = "timeout"))]
pub(crate) fn is_lifted(context: &opentelemetry::Context, deadline: std::time::Instant) -> bool {
    matches!(context.get::<Here>(), Some(Here::Compensations { lifted: Some(lifted) }) if *lifted == deadline)
}
