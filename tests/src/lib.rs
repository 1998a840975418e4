//! What the end-to-end tests share: programs to observe, and real servers that receive what they emit.
//!
//! Everything listens on loopback, on free ports, and ends with its test.
#![cfg(feature = "telemetry")]

mod process;
mod prometheus;
mod receiver;

pub use process::{Program, http_get};
pub use prometheus::Prometheus;
pub use receiver::{Receiver, attribute};

use std::time::Duration;

/// How long a test waits for something that must happen. Generous, since a test that is waited for is
/// over as soon as it has happened.
pub const PATIENCE: Duration = Duration::from_secs(30);
