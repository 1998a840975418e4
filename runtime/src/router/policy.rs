//! `#[router]`: what is around the body of a function that decides.

use std::fmt;

use tokio::time::Instant;

#[cfg(feature = "llm")]
use super::baseline::Baseline;
use super::counts::{Counts, reason};
use super::{Decision, Route};
#[cfg(feature = "telemetry")]
use crate::metric::store::Store;
use crate::names::{attribute, event};
use crate::outcome::Outcome;
use crate::policy::{Aspect, Observed};

/// A router: its routes, and the one that stands in where it fails.
pub struct Router<R> {
    default: Option<fn() -> R>,
    #[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
    is_adaptive: bool,
    #[cfg(feature = "llm")]
    name: &'static str,
    #[cfg(feature = "llm")]
    baseline: Option<Baseline>,
    counts: Counts,
}

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl<R: Route> Router<R> {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Router {
            default: None,
            is_adaptive: false,
            #[cfg(feature = "llm")]
            name,
            #[cfg(feature = "llm")]
            baseline: None,
            counts: Counts::new(name, R::NAMES),
        }
    }

    /// The route that is taken where it fails.
    pub const fn default(mut self, default: fn() -> R) -> Self {
        self.default = Some(default);
        self
    }

    /// The route that everything would go to without it, by its place.
    #[cfg(feature = "llm")]
    pub const fn baseline(mut self, place: usize) -> Self {
        if let Some(model) = model_at::<R>(place) {
            self.baseline = Some(Baseline::new(self.name, place, model));
        }
        self
    }

    /// There is nothing to compare.
    #[cfg(not(feature = "llm"))]
    pub const fn baseline(self, _place: usize) -> Self {
        self
    }

    /// It lets an `Adaptive` choose.
    pub const fn adaptive(mut self) -> Self {
        self.is_adaptive = true;
        self
    }
}

#[cfg(feature = "llm")]
const fn model_at<R: Route>(place: usize) -> Option<(&'static str, &'static str)> {
    if place < R::MODELS.len() { R::MODELS[place] } else { None }
}

/// The place of a baseline.
///
/// # Panics
/// While it is compiled, where it has no model by which it could be priced.
#[cfg(feature = "llm")]
#[must_use]
#[track_caller]
pub const fn baseline_at<R: Route>(place: usize) -> usize {
    assert!(
        model_at::<R>(place).is_some(),
        "a baseline is priced by its model: write `#[route(provider = \"openai\", model = \"gpt-5\")]` on the variant"
    );
    place
}

/// Says what is missing.
///
/// # Panics
/// Always, while it is compiled.
#[cfg(not(feature = "llm"))]
#[must_use]
#[track_caller]
pub const fn baseline_at<R: Route>(_place: usize) -> usize {
    panic!(
        "`baseline` needs a feature of tta: write `features = [\"llm\"]` where tta is among the dependencies"
    )
}

impl<R> fmt::Debug for Router<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").finish_non_exhaustive()
    }
}

impl<R: Route> Aspect for Router<R> {
    fn observed(&self) -> Vec<&Observed> {
        Vec::new()
    }

    #[cfg(feature = "telemetry")]
    fn router(&self) -> Option<&dyn Routing> {
        Some(self)
    }
}

/// A router, as the catalog and the store see it.
#[cfg_attr(not(feature = "telemetry"), allow(dead_code, unreachable_pub))]
pub trait Routing {
    /// The names of its routes.
    fn routes(&self) -> &'static [&'static str];

    /// The name of its default.
    fn default_route(&self) -> Option<&'static str>;

    /// Whether it lets an `Adaptive` choose.
    fn is_adaptive(&self) -> bool;

    /// Whether it is compared with a baseline.
    #[cfg(feature = "llm")]
    fn has_baseline(&self) -> bool;

    /// Opens the series that are known before the first call.
    #[cfg(feature = "telemetry")]
    #[allow(private_interfaces, reason = "nobody outside can name either")]
    fn open(&self, store: &Store);

    /// What it counts.
    #[allow(private_interfaces, reason = "nobody outside can name either")]
    fn counts(&self) -> &Counts;
}

impl<R: Route> Routing for Router<R> {
    fn routes(&self) -> &'static [&'static str] {
        R::NAMES
    }

    fn default_route(&self) -> Option<&'static str> {
        self.default.map(|default| default().name())
    }

    fn is_adaptive(&self) -> bool {
        self.is_adaptive
    }

    #[cfg(feature = "llm")]
    fn has_baseline(&self) -> bool {
        self.baseline.is_some()
    }

    #[cfg(feature = "telemetry")]
    #[allow(private_interfaces, reason = "nobody outside can name either")]
    fn open(&self, store: &Store) {
        let default = self.default.map(|default| default().position());
        self.counts.open(store, default, self.is_adaptive);
        #[cfg(feature = "llm")]
        if self.baseline.is_some() {
            self.counts.open_savings(store);
        }
    }

    #[allow(private_interfaces, reason = "nobody outside can name either")]
    fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// What a router returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no decision",
    label = "a router returns `tta::Decision<..>`, or a `Result` of one",
    note = "its routes are those of an enum with `#[derive(tta::Route)]`"
)]
pub trait Decided: Sized {
    /// Where its calls can go.
    type Route: Route;

    /// The decision, unless it failed.
    fn decision(&mut self) -> Option<&mut Decision<Self::Route>>;
}

impl<R: Route> Decided for Decision<R> {
    type Route = R;

    fn decision(&mut self) -> Option<&mut Decision<R>> {
        Some(self)
    }
}

impl<R: Route, E> Decided for Result<Decision<R>, E> {
    type Route = R;

    fn decision(&mut self) -> Option<&mut Decision<R>> {
        self.as_mut().ok()
    }
}

/// What a router returns that can fail, so that a default can stand in.
#[diagnostic::on_unimplemented(
    message = "this router never fails, so nothing would ever take its default",
    label = "a router with a `default` returns a `Result`",
    note = "return `Result<tta::Decision<..>, _>`, or leave `default` out"
)]
pub trait Fallible: Decided {
    /// The decision in the place of an error.
    fn decided(decision: Decision<Self::Route>) -> Self;
}

#[diagnostic::do_not_recommend]
impl<R: Route, E> Fallible for Result<Decision<R>, E> {
    fn decided(decision: Decision<R>) -> Self {
        Ok(decision)
    }
}

/// Runs the body of a router, and counts what it decides.
pub async fn route<D: Decided>(
    router: &'static Router<D::Route>,
    body: impl Future<Output = D>,
    _outcome: impl Fn(&D) -> Outcome,
) -> D {
    let begun = Instant::now();
    let decided = body.await;
    router.ended(begun, decided)
}

/// Runs the body of a router, and takes its default where it fails.
pub async fn route_or<D: Fallible>(
    router: &'static Router<D::Route>,
    body: impl Future<Output = D>,
    outcome: impl Fn(&D) -> Outcome,
) -> D {
    let begun = Instant::now();
    let decided = body.await;
    router.ended_or(begun, decided, outcome)
}

/// Runs the body of a router that does not wait, and counts what it decides.
pub fn route_now<D: Decided>(
    router: &'static Router<D::Route>,
    body: impl FnOnce() -> D,
    _outcome: impl Fn(&D) -> Outcome,
) -> D {
    let begun = Instant::now();
    let decided = body();
    router.ended(begun, decided)
}

/// Runs the body of a router that does not wait, and takes its default where it fails.
pub fn route_now_or<D: Fallible>(
    router: &'static Router<D::Route>,
    body: impl FnOnce() -> D,
    outcome: impl Fn(&D) -> Outcome,
) -> D {
    let begun = Instant::now();
    let decided = body();
    router.ended_or(begun, decided, outcome)
}

impl<R: Route> Router<R> {
    fn ended<D: Decided<Route = R>>(&'static self, begun: Instant, mut decided: D) -> D {
        self.counts.took(begun.elapsed());
        match decided.decision() {
            Some(decision) => self.made(decision),
            None => self.counts.failed(),
        }
        decided
    }

    fn ended_or<D: Fallible<Route = R>>(
        &'static self,
        begun: Instant,
        mut decided: D,
        outcome: impl Fn(&D) -> Outcome,
    ) -> D {
        let Some(default) = self.default.filter(|_| decided.decision().is_none()) else {
            return self.ended(begun, decided);
        };
        self.counts.took(begun.elapsed());
        self.counts.failed();
        if let Some(span) = crate::span::recording() {
            let error = outcome(&decided).error;
            let error = error.map(|kind| (attribute::ERROR_TYPE, kind.name().into()));
            span.event(event::ROUTER_DEFAULT, error);
        }
        let mut decision = Decision::new(default(), reason::DEFAULT);
        self.made(&mut decision);
        D::decided(decision)
    }

    fn made(&'static self, decision: &mut Decision<R>) {
        #[cfg(feature = "telemetry")]
        decision.made_by(&self.counts);
        #[cfg(feature = "llm")]
        decision.compared_with(self.baseline.as_ref());
        self.counts.decided(decision.route().position(), decision.reason());
        if let Some(span) = crate::span::recording() {
            span.set(attribute::ROUTER_ROUTE, decision.route().name())
                .set(attribute::ROUTER_REASON, decision.reason());
        }
    }
}
