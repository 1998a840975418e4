//! One event for each call that has ended.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::trace::{SpanId, TraceId};
use tracing::Level;

use crate::catalog::{Site, SiteKind};
use crate::context::{Run, WorkflowContext};
use crate::outcome::{Kind, Outcome};

/// The target of these events.
pub(super) const TARGET: &str = "tta::call";

/// Says that a call has ended, to whoever listens.
pub(crate) fn executed(
    site: &'static Site,
    workflow: Option<&WorkflowContext>,
    span: Option<(TraceId, SpanId)>,
    outcome: &Outcome,
    nanoseconds: u64,
) {
    let is_wanted = match site.kind() {
        SiteKind::Workflow => tracing::enabled!(target: TARGET, Level::INFO),
        SiteKind::Primitive => tracing::enabled!(target: TARGET, Level::DEBUG),
    };
    if !is_wanted {
        return;
    }
    let say = || {
        let trace_id = span.map(|(trace, _)| trace.to_string());
        let span_id = span.map(|(_, span)| span.to_string());
        let (trace_id, span_id) = (trace_id.as_deref(), span_id.as_deref());
        let run = workflow.and_then(WorkflowContext::run);
        let workflow_id = workflow.map(WorkflowContext::workflow_id);
        let correlation_id = workflow.map(WorkflowContext::correlation_id);
        let duration_ms = nanoseconds as f64 / 1e6;
        let status = outcome.status.as_str();
        let error_type = outcome.error.as_ref().map(Kind::name);
        match site.kind() {
            SiteKind::Workflow => tracing::info!(
                target: TARGET,
                trace_id, span_id, workflow = site.name(), workflow_id, correlation_id,
                status, duration_ms, error_type, steps = run.map(Run::steps),
                "workflow_executed"
            ),
            SiteKind::Primitive => tracing::debug!(
                target: TARGET,
                trace_id, span_id, workflow = run.map(|run| run.site.name()), workflow_id, correlation_id,
                primitive = site.name(), status, duration_ms, error_type,
                "primitive_executed"
            ),
        }
    };
    // A subscriber that panics must not end the call, which may be unwinding already.
    let _ = catch_unwind(AssertUnwindSafe(say));
}
