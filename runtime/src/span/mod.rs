//! Spans: what one call of an annotated function becomes.

pub(crate) mod probe;
pub(crate) mod value;

#[cfg(feature = "context")]
pub(crate) mod call;
#[cfg(feature = "context")]
pub(crate) mod future;
mod handle;
#[cfg(feature = "context")]
pub(crate) mod local;
#[cfg(feature = "context")]
pub(crate) mod rest;
#[cfg(feature = "context")]
mod stream;

#[cfg(all(feature = "context", not(feature = "telemetry")))]
mod bare;
#[cfg(not(feature = "context"))]
pub(crate) mod disabled;

#[cfg(all(any(feature = "hedge", feature = "retry", feature = "saga"), feature = "telemetry"))]
pub(crate) mod attempt;
#[cfg(feature = "telemetry")]
mod busy;
#[cfg(feature = "telemetry")]
pub(crate) mod clock;
#[cfg(feature = "telemetry")]
pub(crate) mod convention;
#[cfg(feature = "telemetry")]
mod counts;
#[cfg(feature = "telemetry")]
pub(crate) mod extras;
#[cfg(feature = "telemetry")]
mod live;
#[cfg(feature = "telemetry")]
mod pool;
#[cfg(feature = "telemetry")]
pub(crate) mod record;
#[cfg(feature = "telemetry")]
mod recorded;
#[cfg(feature = "telemetry")]
mod slot;
#[cfg(feature = "telemetry")]
pub(crate) mod tracer;

#[cfg(feature = "telemetry")]
pub(crate) use extras::{Extra, ask_for};
#[cfg(any(feature = "cache", feature = "llm", feature = "router", feature = "telemetry"))]
pub(crate) use handle::recording;
pub use handle::{Fields, Span, span};
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub(crate) use live::hides_everything;
#[cfg(feature = "telemetry")]
pub(crate) use record::record_user;
#[cfg(feature = "telemetry")]
pub use tracer::{Provider, ProviderTracer};

#[cfg(feature = "llm")]
pub(crate) use local::Paying;

/// The account on which what runs here is booked: that of the innermost call which has one, within the workflow.
#[cfg(feature = "llm")]
pub(crate) fn payer() -> Option<std::sync::Arc<crate::cost::Account>> {
    let payer = local::local(local::Local::payer).unwrap_or_default();
    let workflow = |context: &opentelemetry::Context| {
        crate::context::WorkflowContext::of(context).and_then(|workflow| workflow.account().cloned())
    };
    payer.in_workflow(local::current(workflow).as_ref()).account().cloned()
}
