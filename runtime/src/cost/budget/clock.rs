//! Time for budgets.

use std::time::Instant;

/// Now. Where policies are compiled in this is their clock, which tests can pause; elsewhere nothing else needs tokio.
pub(super) fn now() -> Instant {
    #[cfg(feature = "timeout")]
    let now = tokio::time::Instant::now().into_std();
    #[cfg(not(feature = "timeout"))]
    let now = Instant::now();
    now
}
