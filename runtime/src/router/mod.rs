//! Routers: functions that decide where a call goes, and what is learned from where calls went.
//!
//! [`router`](macro@crate::router) is the attribute, [`Decision`] what such a function returns, and
//! [`Adaptive`] makes decisions by how the calls before have ended.

mod adaptive;
#[cfg(feature = "llm")]
mod baseline;
mod counts;
mod decision;
mod feedback;
mod policy;
#[cfg(feature = "redis")]
mod remote;
mod route;

pub use adaptive::Adaptive;
pub use adaptive::stats::{AdaptiveStats, ContextStats, RouteStats};
pub use decision::Following;
pub use feedback::Feedback;

#[cfg(feature = "llm")]
pub(crate) use baseline::Repriced;
#[cfg(feature = "telemetry")]
pub(crate) use counts::{ALL_CONTEXTS, MAX_CONTEXTS, MAX_REASONS, reason};
pub use decision::Decision;
#[cfg(feature = "telemetry")]
pub(crate) use policy::Routing;
pub use route::Route;

/// What expansions call.
#[allow(unreachable_pub, reason = "what is public is exported by `__private`")]
pub mod private {
    pub use super::policy::{
        Decided, Fallible, Router, baseline_at, route, route_now, route_now_or, route_or,
    };
    pub use super::route::Route;
}
