//! What the end-to-end tests share: programs to observe, and real servers that receive what they emit.
//!
//! Everything listens on loopback, on free ports, and ends with its test.
#![cfg(feature = "telemetry")]

mod alertmanager;
mod authority;
mod collector;
mod openmetrics;
mod process;
mod prometheus;
mod pushgateway;
mod receiver;

pub use alertmanager::{Alertmanager, Webhook};
pub use authority::Authority;
pub use collector::{Collector, Mode, Taken};
pub use openmetrics::{OPENMETRICS, exemplars};
pub use process::{Program, binary, example, http_get, http_post};
pub use prometheus::Prometheus;
pub use pushgateway::Pushgateway;
pub use receiver::{Receiver, attribute, number, seconds};

use std::time::Duration;

/// How long a test waits for something that must happen. Generous, since a test that is waited for is
/// over as soon as it has happened.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An address that refuses connections: a port that has been reserved, and unused, for decades. One that
/// was free a moment ago may be taken by a test beside this one.
pub const CLOSED: &str = "127.0.0.1:1";
