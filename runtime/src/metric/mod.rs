//! Metrics: the closed-world store and what it is made of.

pub(crate) mod label;

#[cfg(feature = "telemetry")]
pub(crate) mod bind;
#[cfg(feature = "telemetry")]
pub(crate) mod cell;
#[cfg(feature = "telemetry")]
pub(crate) mod exemplar;
#[cfg(feature = "telemetry")]
pub(crate) mod family;
#[cfg(feature = "process")]
pub(crate) mod process;
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) mod requests;
#[cfg(feature = "telemetry")]
pub(crate) mod series;
#[cfg(feature = "telemetry")]
pub(crate) mod stats;
#[cfg(feature = "telemetry")]
pub(crate) mod store;
#[cfg(feature = "telemetry")]
pub(crate) use cell::{Gauge, Histogram, Row, Rows, Sharded};
