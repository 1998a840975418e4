//! Opening a workflow's context before the workflow is called.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry::Value;

use super::WorkflowContext;
use super::workflow::{Id, Member, Tag};

/// Builds a [`WorkflowContext`].
///
/// What is not given comes from the workflow that it is built in, if there is one: correlation, session, user and
/// deadline, and that workflow is the cause of the new one.
///
/// ```
/// use std::time::Duration;
///
/// #[tta::workflow]
/// async fn support_ticket() -> Option<Duration> {
///     tta::context().remaining()
/// }
///
/// # futures_executor::block_on(async {
/// let left = tta::WorkflowContext::builder()
///     .correlation_id("ticket-17")
///     .session_id("s-204")
///     .tag("channel", "mail")
///     .timeout(Duration::from_secs(30))
///     .scope(support_ticket())
///     .await;
/// assert!(left.is_some_and(|left| left <= Duration::from_secs(30)));
/// # });
/// ```
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until it is built or scoped"]
pub struct WorkflowContextBuilder {
    pub(super) workflow_id: Option<Id>,
    pub(super) correlation_id: Option<Id>,
    pub(super) session_id: Option<Arc<str>>,
    pub(super) user_id: Option<Arc<str>>,
    pub(super) deadline: Option<Instant>,
    pub(super) tags: Vec<Tag>,
    pub(super) baggage: Vec<Member>,
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

    /// The session that the workflow belongs to. On the workflow's span, as `session.id`, only where
    /// `TTA_RECORD_USER` says so.
    pub fn session_id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.session_id = Some(id.into().into());
        self
    }

    /// The user on whose behalf it runs. On the workflow's span, as `user.id`, only where `TTA_RECORD_USER` says so.
    pub fn user_id(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.user_id = Some(id.into().into());
        self
    }

    /// When the workflow should be over; never later than the deadline of the workflow that it is built in.
    pub fn deadline(mut self, at: Instant) -> Self {
        self.deadline = Some(at);
        self
    }

    /// The same from now on.
    pub fn timeout(self, after: Duration) -> Self {
        match Instant::now().checked_add(after) {
            Some(at) => self.deadline(at),
            // Later than any clock can say is none.
            None => self,
        }
    }

    /// A tag: the attribute `tta.tag.{key}` of the workflow's span. It stays in this process.
    pub fn tag(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        self.tags.push((key.into(), value.into()));
        self
    }

    /// A member of the baggage, which goes along with every request: to whoever receives those, so nothing secret.
    ///
    /// By the W3C's limits a request carries at most 64 members and 8 192 bytes, of which
    /// [`propagation`](crate::propagation) takes two members for the workflow's ids; what does not fit is left out.
    pub fn baggage(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.baggage.push((key.into(), value.into()));
        self
    }

    /// The context.
    #[must_use]
    pub fn build(self) -> WorkflowContext {
        WorkflowContext::opened(self)
    }

    /// Runs `future` with the context, and with the span that is current here, wherever it is polled.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        self.build().scope(future)
    }
}

/// Without session, user and baggage, which have no place in a log.
impl fmt::Debug for WorkflowContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkflowContextBuilder")
            .field("workflow_id", &self.workflow_id)
            .field("correlation_id", &self.correlation_id)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
