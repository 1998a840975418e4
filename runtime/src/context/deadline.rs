//! Until when what runs in a context may run.

use std::time::Instant;

use opentelemetry::Context;

use super::WorkflowContext;

/// The earliest deadline of the timeouts that run on this thread, and of the context's workflow.
#[cfg_attr(not(any(feature = "reqwest", feature = "timeout", feature = "tower")), allow(dead_code))]
pub(crate) fn deadline_of(context: &Context) -> Option<Instant> {
    let workflow = WorkflowContext::of(context).and_then(WorkflowContext::deadline);
    #[cfg(all(feature = "saga", feature = "timeout"))]
    let workflow = workflow.filter(|at| !crate::saga::is_lifted(context, *at));
    #[cfg(feature = "timeout")]
    let timeout = crate::span::local::deadline();
    #[cfg(not(feature = "timeout"))]
    let timeout = None;
    [timeout, workflow].into_iter().flatten().min()
}

/// The time until then, 0 once it has passed.
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) fn time_left(context: &Context) -> Option<std::time::Duration> {
    Some(deadline_of(context)?.saturating_duration_since(now()))
}

/// tokio's clock where there is one, so that tests can pause it.
#[cfg(any(feature = "reqwest", feature = "tower"))]
fn now() -> Instant {
    #[cfg(feature = "timeout")]
    {
        tokio::time::Instant::now().into_std()
    }
    #[cfg(not(feature = "timeout"))]
    {
        Instant::now()
    }
}
