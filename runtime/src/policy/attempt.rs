//! One of several calls of a body.

#[cfg(feature = "telemetry")]
pub(super) use crate::span::attempt::attempt;

/// Nobody sees it.
#[cfg(not(feature = "telemetry"))]
pub(super) fn attempt<R, F: Future<Output = R>>(
    _name: impl FnOnce() -> String,
    _number: u32,
    _waited: std::time::Duration,
    _outcome: &impl Fn(&R) -> crate::outcome::Outcome,
    body: F,
) -> F {
    body
}
