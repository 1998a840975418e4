//! Flow: what a body does with several futures at once.

mod branch;
#[cfg(feature = "parallel")]
mod fan;
mod parallel;
#[cfg(feature = "parallel")]
mod together;

pub use branch::Branch;
#[cfg(feature = "telemetry")]
pub use branch::took_arm;
pub use parallel::Parallel;
#[cfg(feature = "parallel")]
pub use parallel::{parallel, try_parallel};
#[cfg(feature = "parallel")]
pub use together::{Together, TryTogether};
