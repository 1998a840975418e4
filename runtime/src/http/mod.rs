//! HTTP and gRPC: one trace from a client through a server to what that calls in turn.
//!
//! - [`ServerLayer`] (feature `tower`) goes around what answers: axum, hyper, tonic. With the feature `axum` it finds
//!   the routes by itself.
//! - [`ClientLayer`] goes around what asks: tower services (feature `tower`), reqwest (feature `reqwest`).
//! - [`Inject`] (feature `tonic`) sends context with the calls of one gRPC client.
//!
//! Context travels in the headers of the process's [`propagators`](crate::propagation). None of it can fail a request:
//! headers that make no sense are as if they were not there, and what is recorded of a request is bounded.

mod carrier;
mod client;
mod convention;
#[cfg_attr(not(feature = "tower"), allow(dead_code, reason = "reqwest needs less of it"))]
mod exchange;
#[cfg(feature = "tonic")]
mod grpc;
mod hosts;
#[cfg(feature = "tower")]
mod response;
#[cfg(feature = "tower")]
mod server;
#[cfg(feature = "tower")]
mod service;

#[cfg(feature = "tower")]
pub use client::Client;
pub use client::ClientLayer;
#[cfg(feature = "tonic")]
pub use grpc::Inject;
/// What [`ClientLayer::origin`] takes.
pub use http::Uri;
#[cfg(feature = "tower")]
pub use response::{ResponseBody, ResponseFuture};
#[cfg(feature = "tower")]
pub use server::{Server, ServerLayer};
#[cfg(feature = "tower")]
pub use service::Observed;
