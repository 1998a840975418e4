//! One attempt of a call that may be made more than once, or the undoing of one: a span of its own below the call's.

use std::pin::pin;
#[cfg(any(feature = "hedge", feature = "retry"))]
use std::time::Duration;

use opentelemetry::context::FutureExt as _;
#[cfg(feature = "saga")]
use opentelemetry::trace::{Link, SpanContext};
use opentelemetry::trace::{Span as _, SpanBuilder, TraceContextExt as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};

use super::Provider;
use super::tracer::our_scope;
use crate::names::attribute;
use crate::outcome::{Kind, Outcome, Status};

/// The span of an attempt, which ends with it.
struct Open {
    context: Context,
    outcome: Outcome,
}

impl Drop for Open {
    fn drop(&mut self) {
        let span = self.context.span();
        let Outcome { status, error } = self.outcome;
        span.set_attribute(KeyValue::new(attribute::STATUS, status.as_str()));
        if let Some(error) = &error {
            span.set_attribute(KeyValue::new(attribute::ERROR_TYPE, error.name()));
        }
        if status == Status::Error {
            let kind = error.as_ref().map_or("", Kind::name);
            span.set_status(opentelemetry::trace::Status::error(kind));
        }
        span.end();
    }
}

/// Runs an attempt in a span, where the call has one.
#[cfg(any(feature = "hedge", feature = "retry"))]
pub(crate) async fn attempt<R>(
    name: impl FnOnce() -> String,
    number: u32,
    waited: Duration,
    outcome: &impl Fn(&R) -> Outcome,
    body: impl Future<Output = R>,
) -> R {
    if !super::local::current(|context| context.span().is_recording()) {
        return body.await;
    }
    let builder = || {
        let mut builder = SpanBuilder::from_name(name());
        builder.attributes = Some(vec![
            KeyValue::new(attribute::ATTEMPT_NUMBER, i64::from(number)),
            KeyValue::new(attribute::ATTEMPT_WAIT, waited.as_nanos() as f64 / 1e6),
        ]);
        builder
    };
    in_span(builder, outcome, body).await
}

/// Undoes a step in a span that is linked to the step's, where the workflow has one.
#[cfg(feature = "saga")]
pub(crate) async fn compensation<R>(
    step: &'static str,
    forward: SpanContext,
    outcome: impl Fn(&R) -> Outcome,
    body: impl Future<Output = R>,
) -> R {
    // Of a workflow that was dropped the span has ended, and is their place all the same.
    if !super::local::current(|context| context.span().span_context().is_sampled()) {
        return body.await;
    }
    let builder = || {
        let mut builder = SpanBuilder::from_name(format!("{step} compensation"));
        builder.attributes = Some(vec![KeyValue::new(attribute::SAGA_STEP, step)]);
        // One that was not recorded has no place.
        builder.links = Some(vec![Link::new(forward, Vec::new(), 0)]);
        builder
    };
    in_span(builder, &outcome, body).await
}

async fn in_span<R>(
    builder: impl FnOnce() -> SpanBuilder,
    outcome: &impl Fn(&R) -> Outcome,
    body: impl Future<Output = R>,
) -> R {
    let parent = Context::current();
    let builder = builder();
    let mut span = Provider::default().tracer_with_scope(our_scope()).start(builder, &parent, None);
    if !span.is_recording() {
        span.end();
        return body.await;
    }
    let context = parent.with_span(span);
    let mut open = Open { context: context.clone(), outcome: Outcome::CANCELLED };
    let mut body = pin!(body.with_context(context));
    let result = std::future::poll_fn(|task| {
        // Until it has returned: where it unwinds, this is how it ends.
        let before = std::mem::replace(&mut open.outcome, Outcome::PANIC);
        let polled = body.as_mut().poll(task);
        open.outcome = before;
        polled
    })
    .await;
    open.outcome = outcome(&result);
    result
}
