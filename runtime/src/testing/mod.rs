//! Tests of what a program emits: captured per test, so that tests run in parallel in one process.
//!
//! ```
//! #[tta::workflow]
//! async fn greet() -> String {
//!     name().await
//! }
//!
//! #[tta::primitive(kind = "retrieval")]
//! async fn name() -> String {
//!     "Ada".to_owned()
//! }
//!
//! let capture = tta::testing::capture();
//! futures_executor::block_on(greet());
//! tta::assert_trace!(capture, { "invoke_workflow greet" { "name" } });
//! assert_eq!(capture.metric("tta_primitive_executions_total", &[("primitive_name", "name"), ("status", "success")]), Some(1.0));
//! assert_eq!(capture.metric("tta_primitives_active", &[("primitive_name", "name")]), Some(0.0));
//! ```
#![cfg_attr(not(feature = "testing"), allow(rustdoc::broken_intra_doc_links))]

mod recording;

#[cfg(feature = "testing")]
mod capture;
#[cfg(feature = "testing")]
mod kept;
#[cfg(feature = "testing")]
mod tree;

pub(crate) use recording::Recording;

#[cfg(feature = "testing")]
pub use crate::assert_trace;
#[cfg(feature = "testing")]
pub use capture::{Capture, CaptureBuilder, CapturedSpan, capture};
#[cfg(feature = "testing")]
pub use kept::assert_catalog;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use tree::{Expected, assert_trace_matches};
