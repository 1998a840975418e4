//! Policies: what decides on a call besides its body.
//!
//! Policies are behaviour, so they work in a build without any exporter. They are laid around the body in a fixed
//! order, outside in: cache, fallback, bulkhead, breaker, retry, hedge, timeout. Each is a function that takes the rest of the
//! chain as a future, and that is dropped with it: what it has taken (a permit, a probe, a place in a queue) it gives back in
//! the `Drop` of a guard.

#[cfg(not(all(
    feature = "breaker",
    feature = "bulkhead",
    feature = "hedge",
    feature = "retry",
    feature = "timeout"
)))]
mod absent;
#[cfg(any(feature = "hedge", feature = "retry"))]
mod allowance;
mod aspect;
#[cfg(any(feature = "hedge", feature = "retry"))]
mod attempt;
mod cache;
mod error;
mod fallback;
mod result;

#[cfg(feature = "breaker")]
mod breaker;
#[cfg(any(feature = "hedge", feature = "retry"))]
mod budget;
#[cfg(feature = "bulkhead")]
mod bulkhead;
#[cfg(feature = "timeout")]
mod clock;
#[cfg(feature = "timeout")]
mod deadline;
#[cfg(feature = "hedge")]
mod hedge;
#[cfg(feature = "retry")]
mod retry;
#[cfg(feature = "retry")]
mod retry_after;
#[cfg(feature = "timeout")]
mod timeout;

#[cfg(any(feature = "parallel", feature = "telemetry"))]
pub(crate) use aspect::Series;
pub(crate) use aspect::{Aspect, Observed};
#[cfg(feature = "breaker")]
pub use breaker::{Breaker, BreakerState, breaker_of as breaker};
#[cfg(feature = "cache")]
pub(crate) use cache::is_cached;
#[cfg(feature = "llm")]
pub(crate) use cache::value::Refuse;
#[cfg(feature = "cache")]
pub use cache::{AnyKey, Cache, CacheError, CacheStats, cache};
#[cfg(feature = "timeout")]
pub use deadline::{cancelled, deadline};
pub use error::{BudgetUnit, PolicyError};
#[cfg(feature = "retry")]
pub use retry_after::RetryAfter;

/// What expansions call.
#[allow(unreachable_pub, reason = "what is public is exported by `__private`")]
pub mod private {
    #[cfg(not(feature = "breaker"))]
    pub use super::absent::{Breaker, breaker, breaker_key, breaker_when, no_key};
    #[cfg(not(feature = "bulkhead"))]
    pub use super::absent::{Bulkhead, bulkhead};
    #[cfg(not(feature = "hedge"))]
    pub use super::absent::{Hedge, hedge};
    #[cfg(not(feature = "retry"))]
    pub use super::absent::{Retry, no_hint, retry, transient};
    #[cfg(not(feature = "timeout"))]
    pub use super::absent::{Timeout, timeout};
    pub use super::aspect::Aspect;
    #[cfg(feature = "breaker")]
    pub use super::breaker::{Breaker, breaker, breaker_key, breaker_when, no_key};
    #[cfg(feature = "bulkhead")]
    pub use super::bulkhead::{Bulkhead, bulkhead};
    #[cfg(not(feature = "cache"))]
    pub use super::cache::absent::{AnyKey, Ask, Cache, CachePolicy, Looked, look_up, look_up_in_redis};
    #[cfg(feature = "cache")]
    pub use super::cache::{
        AnyKey, Cache,
        call::{Ask, Looked, look_up, look_up_in_redis},
        policy::CachePolicy,
    };
    pub use super::cache::{
        key::{Arguments, KeptPart, KeyProbe, PartProbe, kept_part, lent},
        value::{ReturnProbe, always, boxed, errors_are_kept, returns, terms},
    };
    pub use super::fallback::{Fallback, fallback};
    #[cfg(feature = "hedge")]
    pub use super::hedge::{Hedge, hedge};
    pub use super::result::again;
    #[cfg(feature = "retry")]
    pub use super::result::{no_hint, transient};
    #[cfg(feature = "retry")]
    pub use super::retry::{Retry, retry};
    #[cfg(feature = "timeout")]
    pub use super::timeout::{Timeout, timeout};
}
