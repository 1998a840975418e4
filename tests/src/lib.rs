//! What the end-to-end tests share: programs to observe, and real servers that receive what they emit.
//!
//! Everything listens on loopback, on free ports, and ends with its test.

#[cfg(feature = "telemetry")]
mod alertmanager;
#[cfg(feature = "telemetry")]
mod authority;
#[cfg(feature = "telemetry")]
mod collector;
#[cfg(feature = "telemetry")]
mod openmetrics;
#[cfg(feature = "telemetry")]
mod process;
#[cfg(feature = "telemetry")]
mod prometheus;
#[cfg(feature = "telemetry")]
mod pushgateway;
#[cfg(feature = "telemetry")]
mod receiver;
mod redis;

#[cfg(feature = "telemetry")]
pub use alertmanager::{Alertmanager, Webhook};
#[cfg(feature = "telemetry")]
pub use authority::Authority;
#[cfg(feature = "telemetry")]
pub use collector::{Collector, Mode, Taken};
#[cfg(feature = "telemetry")]
pub use openmetrics::{OPENMETRICS, exemplars};
#[cfg(feature = "telemetry")]
pub use process::{Program, binary, example, http_get, http_post};
#[cfg(feature = "telemetry")]
pub use prometheus::Prometheus;
#[cfg(feature = "telemetry")]
pub use pushgateway::Pushgateway;
#[cfg(feature = "telemetry")]
pub use receiver::{Receiver, attribute, number, seconds};
pub use redis::Redis;

use std::time::Duration;

/// How long a test waits for something that must happen. Generous, since a test that is waited for is
/// over as soon as it has happened.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// An address that refuses connections: a port that has been reserved, and unused, for decades. One that
/// was free a moment ago may be taken by a test beside this one.
pub const CLOSED: &str = "127.0.0.1:1";

/// A port that was free a moment ago.
///
/// # Panics
/// When loopback has none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("a listener has an address").port()
}
