//! `WorkflowContext` and its place in the OpenTelemetry context.

use std::borrow::Cow;
use std::future::Future;
#[cfg(feature = "telemetry")]
use std::sync::atomic::AtomicU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;

use super::Uuid;
#[cfg(feature = "telemetry")]
use crate::catalog::Site;

/// What the calls of one workflow share: its id, and the id of the request that it serves.
///
/// It is a value of the OpenTelemetry context, so it goes wherever that goes. Cloning copies a pointer.
///
/// ```
/// #[tta::workflow]
/// async fn support_ticket() -> String {
///     tta::context().workflow_id().to_owned()
/// }
///
/// # futures_executor::block_on(async {
/// let id = tta::WorkflowContext::builder().correlation_id("ticket-17").scope(support_ticket()).await;
/// assert_eq!(id.len(), 36);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct WorkflowContext(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    workflow_id: Id,
    /// Whether a workflow has taken an id that a builder made; the next one gets its own.
    is_taken: AtomicBool,
    /// The workflow's own id unless a caller gave one.
    correlation_id: Option<Id>,
    /// The `#[workflow]` call that runs with this context; none yet where a builder opened it.
    #[cfg(feature = "telemetry")]
    run: Option<Run>,
    #[cfg(not(feature = "telemetry"))]
    running: bool,
}

impl Inner {
    /// An id that somebody gave is for every workflow in the scope, one that was made for the first.
    fn offers_its_id(&self) -> bool {
        matches!(self.workflow_id, Id::Given(_)) || !self.is_taken.swap(true, Ordering::Relaxed)
    }
}

/// The call of a `#[workflow]` function.
#[cfg(feature = "telemetry")]
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) site: &'static Site,
    steps: AtomicU32,
}

#[cfg(feature = "telemetry")]
impl Run {
    pub(crate) fn new(site: &'static Site) -> Self {
        Run { site, steps: AtomicU32::new(0) }
    }

    /// The place of the next step, from 0.
    pub(crate) fn next_step(&self) -> u32 {
        self.steps.fetch_add(1, Ordering::Relaxed)
    }
}

/// An id, made into text when somebody reads it.
#[derive(Clone, Debug)]
enum Id {
    Given(Arc<str>),
    Made(Arc<(Uuid, OnceLock<Box<str>>)>),
}

impl Id {
    fn new() -> Self {
        Id::Made(Arc::new((Uuid::v7(), OnceLock::new())))
    }

    fn as_str(&self) -> &str {
        match self {
            Id::Given(text) => text,
            Id::Made(made) => made.1.get_or_init(|| made.0.to_string().into()),
        }
    }
}

/// The context of the workflow that runs here; an empty one outside of any.
#[must_use]
pub fn context() -> WorkflowContext {
    crate::span::local::current(|context| WorkflowContext::of(context).cloned().unwrap_or_default())
}

impl WorkflowContext {
    /// Opens a context before the workflow is called, to give it ids of your own.
    pub fn builder() -> WorkflowContextBuilder {
        WorkflowContextBuilder::default()
    }

    /// The workflow's id, a UUID of version 7 unless the builder gave another; empty outside a workflow.
    #[must_use]
    pub fn workflow_id(&self) -> &str {
        self.0.as_ref().map_or("", |inner| inner.workflow_id.as_str())
    }

    /// The id of the request that this workflow serves, shared by nested workflows; empty outside a workflow.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        let Some(inner) = &self.0 else { return "" };
        inner.correlation_id.as_ref().unwrap_or(&inner.workflow_id).as_str()
    }

    /// Whether there is no workflow here.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Runs `future` with this context, and with the span that is current here, wherever it is polled.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        let context = crate::span::local::current(|context| context.with_value(self));
        future.with_context(context)
    }

    pub(crate) fn of(context: &Context) -> Option<&WorkflowContext> {
        context.get::<WorkflowContext>()
    }

    /// The workflow call that runs with this context.
    #[cfg(feature = "telemetry")]
    pub(crate) fn run(&self) -> Option<&Run> {
        self.0.as_ref()?.run.as_ref()
    }

    #[cfg(feature = "telemetry")]
    fn is_running(&self) -> bool {
        self.run().is_some()
    }

    #[cfg(not(feature = "telemetry"))]
    fn is_running(&self) -> bool {
        self.0.as_ref().is_some_and(|inner| inner.running)
    }

    /// The context of a workflow that is called within `outer`: the one that a builder opened for it,
    /// or a new one that keeps the correlation.
    pub(crate) fn enter(
        outer: Option<&WorkflowContext>,
        #[cfg(feature = "telemetry")] run: Run,
    ) -> WorkflowContext {
        let outer = outer.and_then(|context| Some((context, context.0.as_ref()?)));
        let workflow_id = match &outer {
            Some((context, inner)) if !context.is_running() && inner.offers_its_id() => {
                inner.workflow_id.clone()
            }
            _ => Id::new(),
        };
        let correlation_id =
            outer.map(|(_, inner)| inner.correlation_id.as_ref().unwrap_or(&inner.workflow_id).clone());
        WorkflowContext(Some(Arc::new(Inner {
            workflow_id,
            is_taken: AtomicBool::new(true),
            correlation_id,
            #[cfg(feature = "telemetry")]
            run: Some(run),
            #[cfg(not(feature = "telemetry"))]
            running: true,
        })))
    }
}

/// Builds a [`WorkflowContext`].
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until it is built or scoped"]
pub struct WorkflowContextBuilder {
    workflow_id: Option<Id>,
    correlation_id: Option<Id>,
}

impl WorkflowContextBuilder {
    /// The workflow's id, instead of a new UUID.
    pub fn workflow_id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.workflow_id = Some(Id::Given(id.into().into()));
        self
    }

    /// The id of the request that the workflow serves, instead of the workflow's id.
    pub fn correlation_id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.correlation_id = Some(Id::Given(id.into().into()));
        self
    }

    /// The context.
    #[must_use]
    pub fn build(self) -> WorkflowContext {
        WorkflowContext(Some(Arc::new(Inner {
            workflow_id: self.workflow_id.unwrap_or_else(Id::new),
            is_taken: AtomicBool::new(false),
            correlation_id: self.correlation_id,
            #[cfg(feature = "telemetry")]
            run: None,
            #[cfg(not(feature = "telemetry"))]
            running: false,
        })))
    }

    /// Runs `future` with the context, and with the span that is current here, wherever it is polled.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        self.build().scope(future)
    }
}
