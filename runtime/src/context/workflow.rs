//! `WorkflowContext` and its place in the OpenTelemetry context.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
#[cfg(feature = "telemetry")]
use std::sync::atomic::AtomicU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::baggage::{BaggageExt as _, KeyValueMetadata};
use opentelemetry::context::FutureExt as _;
use opentelemetry::{Context, Value};

use super::began::Began;
use super::late::{Checkpoint, Late};
use super::{Uuid, WorkflowContextBuilder};
#[cfg(feature = "telemetry")]
use crate::catalog::Site;
use crate::cost::Payer;

/// What the calls of one workflow share: its ids, on whose behalf it runs and until when, and what they have told
/// each other.
///
/// It is a value of the OpenTelemetry context, so it goes wherever that goes. Cloning copies a pointer. A workflow
/// that is called within another has a context of its own, which keeps correlation, session, user and deadline.
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
#[derive(Clone, Default)]
pub struct WorkflowContext(pub(super) Option<Arc<Inner>>);

pub(super) struct Inner {
    pub(super) workflow_id: Id,
    /// Whether it is a workflow of another process, which sent the request that is served.
    is_remote: bool,
    /// Whether a workflow has taken an id that a builder made; the next one gets its own.
    pub(super) is_taken: AtomicBool,
    /// The workflow's own id unless a caller gave one.
    pub(super) correlation_id: Option<Id>,
    /// The id of the workflow that called this one.
    pub(super) causation_id: Option<Id>,
    /// What nested workflows share.
    pub(super) shared: Option<Arc<Shared>>,
    pub(super) tags: Option<Arc<[Tag]>>,
    /// What a builder adds to the baggage.
    pub(super) baggage: Vec<Member>,
    pub(super) began: Began,
    late: OnceLock<Box<Late>>,
    /// Where that is booked which is spent in it.
    account: Payer,
    /// The `#[workflow]` call that runs with this context; none yet where a builder opened it.
    #[cfg(feature = "telemetry")]
    run: Option<Run>,
    #[cfg(not(feature = "telemetry"))]
    running: bool,
}

/// On whose behalf a workflow runs, and until when.
#[derive(Clone, Default)]
pub(super) struct Shared {
    pub(super) session_id: Option<Arc<str>>,
    pub(super) user_id: Option<Arc<str>>,
    pub(super) deadline: Option<Instant>,
}

pub(super) type Tag = (Cow<'static, str>, Value);

/// Key and value.
pub(super) type Member = (String, String);

impl Inner {
    fn correlation_id(&self) -> &Id {
        self.correlation_id.as_ref().unwrap_or(&self.workflow_id)
    }

    fn late(&self) -> &Late {
        self.late.get_or_init(Box::default)
    }

    /// Its id as the cause of another workflow; a remote one may have kept it to itself.
    fn as_cause(&self) -> Option<Id> {
        Some(&self.workflow_id).filter(|id| !self.is_remote || !id.as_str().is_empty()).cloned()
    }

    #[cfg(feature = "telemetry")]
    fn is_running(&self) -> bool {
        self.run.is_some() || self.is_remote
    }

    #[cfg(not(feature = "telemetry"))]
    fn is_running(&self) -> bool {
        self.running || self.is_remote
    }

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
    is_degraded: AtomicBool,
}

#[cfg(feature = "telemetry")]
impl Run {
    pub(crate) fn new(site: &'static Site) -> Self {
        Run { site, steps: AtomicU32::new(0), is_degraded: AtomicBool::new(false) }
    }

    /// How many steps have begun.
    #[cfg(feature = "log")]
    pub(crate) fn steps(&self) -> u32 {
        self.steps.load(Ordering::Relaxed)
    }

    /// One of its steps was done by a fallback.
    pub(crate) fn degrade(&self) {
        self.is_degraded.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_degraded(&self) -> bool {
        self.is_degraded.load(Ordering::Relaxed)
    }

    /// The place of the next step, from 0.
    pub(crate) fn next_step(&self) -> u32 {
        self.steps.fetch_add(1, Ordering::Relaxed)
    }
}

/// An id, made into text when somebody reads it.
#[derive(Clone, Debug)]
pub(super) enum Id {
    Given(Arc<str>),
    Made(Arc<(Uuid, OnceLock<Box<str>>)>),
}

impl Id {
    pub(super) fn new() -> Self {
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
        self.0.as_ref().map_or("", |inner| inner.correlation_id().as_str())
    }

    /// The id of what caused this workflow: the workflow that called it, here or in the process that sent the
    /// request. `None` where nobody is known to have.
    #[must_use]
    pub fn causation_id(&self) -> Option<&str> {
        self.0.as_ref()?.causation_id.as_ref().map(Id::as_str)
    }

    /// The session that the workflow belongs to, if the builder gave one.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.shared()?.session_id.as_deref()
    }

    /// The user on whose behalf the workflow runs, if the builder gave one.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.shared()?.user_id.as_deref()
    }

    /// When the workflow should be over, if somebody said.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.shared()?.deadline
    }

    /// The time until the deadline, 0 once it has passed; `None` without one.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()))
    }

    /// When the workflow began; `None` outside a workflow.
    #[must_use]
    pub fn start_time(&self) -> Option<SystemTime> {
        self.0.as_ref().map(|inner| inner.began.wall())
    }

    /// The time since then; 0 outside a workflow.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.as_ref().map_or(Duration::ZERO, |inner| inner.began.elapsed())
    }

    /// What the builder tagged the workflow with.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &Value)> {
        let tags = self.0.as_ref().and_then(|inner| inner.tags.as_deref());
        tags.into_iter().flatten().map(|(key, value)| (&**key, value))
    }

    /// A member of the baggage that is current where this is called, which a caller in another process may have
    /// sent.
    #[must_use]
    pub fn baggage(&self, key: &str) -> Option<String> {
        crate::span::local::current(|context| {
            context.baggage().get(key).map(|value| value.as_str().to_owned())
        })
    }

    /// Says that the workflow has come this far: an event on the current span, with the time since the workflow's
    /// begin in milliseconds, and one of [`checkpoints`](Self::checkpoints). Nothing outside a workflow.
    #[allow(clippy::return_self_not_must_use, reason = "chaining is optional")]
    pub fn checkpoint(&self, name: impl Into<Cow<'static, str>>) -> &Self {
        if let Some(inner) = &self.0 {
            let (name, elapsed) = (name.into(), inner.began.elapsed());
            crate::span::span().checkpoint(&name, elapsed);
            inner.late().pass(name, elapsed);
        }
        self
    }

    /// The places that the workflow has passed, in order; the first 1 000.
    #[must_use]
    pub fn checkpoints(&self) -> Vec<Checkpoint> {
        self.late().map(Late::checkpoints).unwrap_or_default()
    }

    /// Leaves a value for all steps of this workflow, in place of an earlier one of its type. It goes nowhere else:
    /// not to nested workflows, and not over the wire. Nothing outside a workflow.
    ///
    /// ```
    /// struct Customer(u64);
    ///
    /// #[tta::workflow]
    /// async fn support_ticket() -> Option<u64> {
    ///     tta::context().insert(Customer(17));
    ///     look_up().await
    /// }
    ///
    /// #[tta::primitive]
    /// async fn look_up() -> Option<u64> {
    ///     tta::context().get::<Customer>().map(|customer| customer.0)
    /// }
    /// # assert_eq!(futures_executor::block_on(support_ticket()), Some(17));
    /// ```
    #[allow(clippy::return_self_not_must_use, reason = "chaining is optional")]
    pub fn insert<T: Any + Send + Sync>(&self, value: T) -> &Self {
        if let Some(inner) = &self.0 {
            inner.late().insert(
                value,
                #[cfg(feature = "serde")]
                None,
            );
        }
        self
    }

    /// The same for a value that [`snapshot`](Self::snapshot) shows by this name.
    #[cfg(feature = "serde")]
    #[allow(clippy::return_self_not_must_use, reason = "chaining is optional")]
    pub fn insert_shown<T: Any + Send + Sync + serde::Serialize>(
        &self,
        name: &'static str,
        value: T,
    ) -> &Self {
        if let Some(inner) = &self.0 {
            inner.late().insert(value, Some(super::snapshot::Shown::new::<T>(name)));
        }
        self
    }

    /// The value of a type that a step of this workflow has left.
    #[must_use]
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.late()?.get()
    }

    /// What was spent in the workflow so far, by whatever it has called. Nothing outside a workflow.
    #[cfg(feature = "llm")]
    #[must_use]
    pub fn spent(&self) -> crate::cost::Spent {
        self.account().map(|account| account.spent()).unwrap_or_default()
    }

    fn shared(&self) -> Option<&Shared> {
        self.0.as_ref()?.shared.as_deref()
    }

    pub(super) fn late(&self) -> Option<&Late> {
        self.0.as_ref()?.late.get().map(|late| &**late)
    }

    /// Whether there is no workflow here. Where a request is served that a workflow of another process has sent
    /// ([`propagation::extract`](crate::propagation::extract)), there is that one.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Runs `future` with this context, and with the span that is current here, wherever it is polled.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        let context = crate::span::local::current(|context| self.within(context));
        future.with_context(context)
    }

    /// `context` with this in it.
    fn within(self, context: &Context) -> Context {
        let added = self.0.as_ref().map_or(&[][..], |inner| &inner.baggage);
        if added.is_empty() {
            return context.with_value(self);
        }
        let there = context.baggage().iter().map(|(key, (value, metadata))| {
            KeyValueMetadata::new(key.clone(), value.clone(), metadata.clone())
        });
        let added = added.iter().map(|(key, value)| KeyValueMetadata::new(key.clone(), value.clone(), ""));
        let context = context.with_baggage(there.chain(added));
        context.with_value(self)
    }

    pub(crate) fn of(context: &Context) -> Option<&WorkflowContext> {
        context.get::<WorkflowContext>()
    }

    /// Where that is booked which is spent in it.
    #[cfg(feature = "llm")]
    pub(crate) fn account(&self) -> Option<&std::sync::Arc<crate::cost::Account>> {
        self.0.as_ref()?.account.account()
    }

    /// The workflow call that runs with this context.
    #[cfg(feature = "telemetry")]
    pub(crate) fn run(&self) -> Option<&Run> {
        self.0.as_ref()?.run.as_ref()
    }

    /// The context of a workflow that is called within `outer`: the one that a builder opened for it,
    /// or a new one that keeps the correlation.
    pub(crate) fn enter(
        outer: Option<&WorkflowContext>,
        began: Began,
        #[cfg(feature = "telemetry")] run: Run,
        account: Payer,
    ) -> WorkflowContext {
        let outer = outer.and_then(|context| context.0.as_deref());
        // By a builder, for what is called within its scope.
        let opened = outer.filter(|outer| !outer.is_running());
        let own = opened.filter(|opened| opened.offers_its_id());
        WorkflowContext(Some(Arc::new(Inner {
            workflow_id: own.map_or_else(Id::new, |own| own.workflow_id.clone()),
            is_remote: false,
            is_taken: AtomicBool::new(true),
            correlation_id: outer.map(|outer| outer.correlation_id().clone()),
            causation_id: match opened {
                Some(opened) => opened.causation_id.clone(),
                None => outer.and_then(Inner::as_cause),
            },
            shared: outer.and_then(|outer| outer.shared.clone()),
            tags: opened.and_then(|opened| opened.tags.clone()),
            baggage: Vec::new(),
            began,
            late: OnceLock::new(),
            account,
            #[cfg(feature = "telemetry")]
            run: Some(run),
            #[cfg(not(feature = "telemetry"))]
            running: true,
        })))
    }

    /// The context of a workflow in another process, of which one of the two ids at least is known.
    pub(crate) fn remote(workflow_id: Option<String>, correlation_id: Option<String>) -> Self {
        let given = |id: String| Id::Given(id.into());
        WorkflowContext(Some(Arc::new(Inner {
            workflow_id: given(workflow_id.unwrap_or_default()),
            is_remote: true,
            is_taken: AtomicBool::new(true),
            correlation_id: correlation_id.map(given),
            causation_id: None,
            shared: None,
            tags: None,
            baggage: Vec::new(),
            began: Began::now(),
            late: OnceLock::new(),
            account: Payer::default(),
            #[cfg(feature = "telemetry")]
            run: None,
            #[cfg(not(feature = "telemetry"))]
            running: false,
        })))
    }

    /// The context of a workflow that is to be called.
    pub(super) fn opened(builder: WorkflowContextBuilder) -> Self {
        let WorkflowContextBuilder {
            workflow_id,
            correlation_id,
            session_id,
            user_id,
            deadline,
            tags,
            baggage,
        } = builder;
        let here = context();
        let outer = here.0.as_deref();
        let mut shared = here.shared().cloned().unwrap_or_default();
        shared.session_id = session_id.or(shared.session_id);
        shared.user_id = user_id.or(shared.user_id);
        // Whoever is within a deadline cannot put it off.
        shared.deadline = [deadline, shared.deadline].into_iter().flatten().min();
        let is_shared = shared.session_id.is_some() || shared.user_id.is_some() || shared.deadline.is_some();
        WorkflowContext(Some(Arc::new(Inner {
            workflow_id: workflow_id.unwrap_or_else(Id::new),
            is_remote: false,
            is_taken: AtomicBool::new(false),
            correlation_id: correlation_id.or_else(|| outer.map(|outer| outer.correlation_id().clone())),
            causation_id: outer.and_then(Inner::as_cause),
            shared: is_shared.then(|| Arc::new(shared)),
            tags: (!tags.is_empty()).then(|| tags.into()),
            baggage,
            began: Began::now(),
            late: OnceLock::new(),
            account: outer.map(|outer| outer.account.clone()).unwrap_or_default(),
            #[cfg(feature = "telemetry")]
            run: None,
            #[cfg(not(feature = "telemetry"))]
            running: false,
        })))
    }
}

/// Without session and user, which have no place in a log.
impl fmt::Debug for WorkflowContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowContext")
            .field("workflow_id", &self.workflow_id())
            .field("correlation_id", &self.correlation_id())
            .field("causation_id", &self.causation_id())
            .finish_non_exhaustive()
    }
}
