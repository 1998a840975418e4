//! Flow: what a body does with several futures at once.

#[cfg(feature = "parallel")]
mod fan;
mod parallel;
#[cfg(feature = "parallel")]
mod together;

pub use parallel::Parallel;
#[cfg(feature = "parallel")]
pub use parallel::{parallel, try_parallel};
#[cfg(feature = "parallel")]
pub use together::{Together, TryTogether};
