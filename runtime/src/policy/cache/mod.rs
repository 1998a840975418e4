//! `cache(ttl = "10m", capacity = 10_000, key = expr, stale = "1h", stale_if_error = "1h", negative_ttl = "5s",
//! backend = "redis", version = "1", when = closure)`
//!
//! A call is looked up by a key that it only borrows. Where nothing is found it joins the flight of that key, in which
//! one caller makes the call and the others wait for what comes of it.

#[cfg_attr(not(feature = "cache"), allow(dead_code))]
pub(super) mod key;
#[cfg_attr(not(feature = "cache"), allow(dead_code))]
pub(super) mod value;

#[cfg(not(feature = "cache"))]
pub(super) mod absent;
#[cfg(feature = "cache")]
pub(super) mod call;
#[cfg(feature = "cache")]
mod flight;
#[cfg(feature = "cache")]
mod handle;
#[cfg(feature = "cache")]
pub(super) mod policy;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "cache")]
mod table;
#[cfg(feature = "cache")]
mod worth;

#[cfg(feature = "cache")]
pub(crate) use flight::is_cached;
#[cfg(feature = "cache")]
pub use handle::{AnyKey, Cache, CacheError, CacheStats, cache};
