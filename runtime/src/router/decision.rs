//! What a router returns: a route and why, and how the call on it goes.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use super::adaptive::Lesson;
#[cfg(feature = "llm")]
use super::baseline::{Baseline, Ledger};
#[cfg(feature = "telemetry")]
use super::counts::Counts;
use super::{Feedback, Route};
#[cfg(feature = "telemetry")]
use crate::names::{attribute, event};
#[cfg(feature = "telemetry")]
use crate::span::local::{InRoute, OnRoute};

/// Where a call should go, and why: what a [`router`](macro@crate::router) returns.
///
/// The reason is a label of `tta_router_decisions_total`, so it is one of a few words and no sentence: the first 32 of a
/// router are counted by name, further ones as `other`.
///
/// ```
/// use tta::{Decision, Route};
///
/// #[derive(Clone, Copy, Debug, PartialEq, Route)]
/// enum Model {
///     Small,
///     Large,
/// }
///
/// #[tta::router]
/// fn pick(prompt: &str) -> Decision<Model> {
///     if prompt.len() > 2_000 {
///         Decision::new(Model::Large, "long prompt")
///     } else {
///         Decision::new(Model::Small, "short prompt")
///     }
/// }
///
/// # async fn ask(model: Model, prompt: &str) -> Result<String, std::io::Error> { Ok(format!("{model:?}: {prompt}")) }
/// # futures_executor::block_on(async {
/// let answer = pick("hello").run(|model| ask(model, "hello")).await?;
/// assert_eq!(answer, "Small: hello");
/// # Ok::<(), std::io::Error>(()) });
/// ```
///
/// [`run`](Decision::run) is what `tta_router_execution_seconds` measures and what an [`Adaptive`](super::Adaptive) learns
/// from. A decision that nobody follows changes nothing.
#[derive(Clone)]
#[must_use = "a decision that is not followed does nothing"]
pub struct Decision<R> {
    route: R,
    reason: Cow<'static, str>,
    lesson: Option<Lesson>,
    /// The router that made it.
    #[cfg(feature = "telemetry")]
    counts: Option<&'static Counts>,
    /// What it is compared with.
    #[cfg(feature = "llm")]
    baseline: Option<&'static Baseline>,
}

impl<R> Decision<R> {
    /// A route, and the word for why it is this one.
    pub fn new(route: R, reason: impl Into<Cow<'static, str>>) -> Self {
        Decision {
            route,
            reason: reason.into(),
            lesson: None,
            #[cfg(feature = "telemetry")]
            counts: None,
            #[cfg(feature = "llm")]
            baseline: None,
        }
    }

    /// Where the call should go.
    #[must_use]
    pub fn route(&self) -> &R {
        &self.route
    }

    /// Where the call should go, without the rest: what becomes of the call is not measured then.
    #[must_use]
    pub fn into_route(self) -> R {
        self.route
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    pub(super) fn learned_by(mut self, lesson: Lesson) -> Self {
        self.lesson = Some(lesson);
        self
    }

    #[cfg(feature = "telemetry")]
    pub(super) fn made_by(&mut self, counts: &'static Counts) {
        self.counts = Some(counts);
    }

    #[cfg(feature = "llm")]
    pub(super) fn compared_with(&mut self, baseline: Option<&'static Baseline>) {
        self.baseline = baseline;
    }
}

impl<R: Route> Decision<R> {
    /// Makes the call on this route. `Ok` is a success, an error or a panic a failure.
    ///
    /// A call that is dropped before it has ended is none that anything is learned from: have a timeout within the call,
    /// where it ends in an error, and not around this.
    ///
    /// # Errors
    /// The call's own.
    pub async fn run<F, T, E>(self, call: impl FnOnce(R) -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        self.run_with(call, |result| Feedback::from(result)).await
    }

    /// Makes the call on this route; `feedback` says of what it returned whether that is a success, and what it cost.
    ///
    /// ```
    /// # use tta::{Decision, Route, router::Feedback};
    /// # #[derive(Clone, Copy, Debug, Route)]
    /// # enum Model { Small }
    /// # async fn ask(_: Model) -> (String, f64) { (String::new(), 0.002) }
    /// # futures_executor::block_on(async {
    /// let decision = Decision::new(Model::Small, "only one");
    /// let (text, dollars) = decision.run_with(ask, |(_, dollars)| Feedback::success().cost(*dollars)).await;
    /// # });
    /// ```
    pub async fn run_with<F: Future>(
        self,
        call: impl FnOnce(R) -> F,
        feedback: impl FnOnce(&F::Output) -> Feedback,
    ) -> F::Output {
        let mut following = self.begin();
        #[cfg(feature = "telemetry")]
        let on_route = following.on_route();
        #[cfg(feature = "llm")]
        let ledger = self.ledger();
        let mut future = pin!({
            #[cfg(feature = "telemetry")]
            let _in_route = InRoute::enter(on_route);
            #[cfg(feature = "llm")]
            let _paying = ledger.as_ref().map(Ledger::enter);
            call(self.route)
        });
        let output = poll_fn(|task| {
            #[cfg(feature = "telemetry")]
            let _in_route = InRoute::enter(on_route);
            #[cfg(feature = "llm")]
            let _paying = ledger.as_ref().map(Ledger::enter);
            following.is_running = true;
            let polled = future.as_mut().poll(task);
            following.is_running = polled.is_ready();
            polled
        })
        .await;
        let feedback = feedback(&output);
        #[cfg(feature = "llm")]
        if let Some(ledger) = ledger.filter(|_| feedback.is_success()) {
            following.compare(ledger);
        }
        following.end(feedback);
        output
    }

    #[cfg(feature = "llm")]
    fn ledger(&self) -> Option<Ledger> {
        let place = self.route.position();
        Ledger::open(self.baseline, place, R::MODELS.get(place).copied().flatten())
    }

    /// Begins a call that is not a future; [`end`](Following::end) says how it went.
    ///
    /// ```
    /// # use tta::{Decision, Route, router::Feedback};
    /// # #[derive(Clone, Copy, Debug, Route)]
    /// # enum Store { Near, Far }
    /// # fn read(_: Store) -> Result<String, std::io::Error> { Ok(String::new()) }
    /// let decision = Decision::new(Store::Near, "first");
    /// let following = decision.begin();
    /// let read = read(*decision.route());
    /// following.end(Feedback::from(&read));
    /// ```
    pub fn begin(&self) -> Following {
        Following {
            lesson: self.lesson.clone(),
            begun: Instant::now(),
            seen: Seen {
                route: self.route.name(),
                #[cfg(any(feature = "llm", feature = "telemetry"))]
                position: self.route.position(),
                #[cfg(feature = "telemetry")]
                reason: self.reason.clone(),
                #[cfg(feature = "telemetry")]
                counts: self.counts,
            },
            has_ended: false,
            is_running: true,
        }
    }
}

impl<R: fmt::Debug> fmt::Debug for Decision<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Decision { route, reason, .. } = self;
        f.debug_struct("Decision").field("route", route).field("reason", reason).finish_non_exhaustive()
    }
}

/// Of the same route for the same reason.
impl<R: PartialEq> PartialEq for Decision<R> {
    fn eq(&self, other: &Self) -> bool {
        self.route == other.route && self.reason == other.reason
    }
}

/// A call on the route of a decision, from [`Decision::begin`]. Dropped without an end it was cancelled, from which nothing
/// is learned, or it panicked, which is a failure.
#[must_use = "a call that is not ended is one that was cancelled"]
pub struct Following {
    lesson: Option<Lesson>,
    begun: Instant,
    seen: Seen,
    has_ended: bool,
    /// Whether the call runs just now, so that a panic is its own.
    is_running: bool,
}

/// What telemetry says of it.
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
struct Seen {
    route: &'static str,
    #[cfg(any(feature = "llm", feature = "telemetry"))]
    position: usize,
    #[cfg(feature = "telemetry")]
    reason: Cow<'static, str>,
    #[cfg(feature = "telemetry")]
    counts: Option<&'static Counts>,
}

impl Following {
    /// The call has ended so.
    pub fn end(mut self, feedback: Feedback) {
        self.ended(feedback);
    }

    fn ended(&mut self, feedback: Feedback) {
        self.has_ended = true;
        let latency = self.begun.elapsed();
        if let Some(lesson) = &self.lesson {
            lesson.learn(feedback, latency);
        }
        self.seen.ended(feedback, latency);
    }

    #[cfg(feature = "llm")]
    #[cfg_attr(not(feature = "telemetry"), allow(clippy::unused_self, reason = "there is nobody to count"))]
    fn compare(&self, ledger: Ledger) {
        #[cfg(feature = "telemetry")]
        ledger.close(self.seen.counts, self.seen.position);
        #[cfg(not(feature = "telemetry"))]
        ledger.close();
    }

    /// By which the calls that it makes are known.
    #[cfg(feature = "telemetry")]
    fn on_route(&self) -> OnRoute {
        OnRoute { router: self.seen.counts.map(Counts::name), route: self.seen.route }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        if !self.has_ended && self.is_running && std::thread::panicking() {
            self.ended(Feedback::failure());
        }
    }
}

impl fmt::Debug for Following {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Following").field("route", &self.seen.route).finish_non_exhaustive()
    }
}

#[cfg(not(feature = "telemetry"))]
#[allow(clippy::unused_self, reason = "where there is telemetry it tells")]
impl Seen {
    fn ended(&self, _feedback: Feedback, _latency: Duration) {}
}

#[cfg(feature = "telemetry")]
impl Seen {
    fn ended(&self, feedback: Feedback, latency: Duration) {
        if let Some(counts) = self.counts {
            counts.executed(self.position, latency);
        }
        if let Some(span) = crate::span::recording() {
            let status = if feedback.is_success() { "success" } else { "error" };
            let router = self.counts.map(|counts| (attribute::ROUTER_NAME, counts.name().into()));
            let dollars = feedback.dollars().map(|dollars| (attribute::ROUTER_COST, dollars.into()));
            let own = [
                (attribute::ROUTER_ROUTE, self.route.into()),
                (attribute::ROUTER_REASON, self.reason.clone().into_owned().into()),
                (attribute::STATUS, status.into()),
                (attribute::ROUTER_ELAPSED, (latency.as_nanos() as f64 / 1e6).into()),
            ];
            span.event(event::ROUTED, router.into_iter().chain(own).chain(dollars));
        }
    }
}
