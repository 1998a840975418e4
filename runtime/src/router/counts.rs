//! What is counted of a router: series of routes that are known before the first call, and of reasons that come with it.

use std::time::Duration;

#[cfg(feature = "telemetry")]
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

#[cfg(all(feature = "llm", feature = "telemetry"))]
use crate::cost::Money;
#[cfg(feature = "telemetry")]
use crate::{
    metric::cell::{Counter, Gauge, Histogram},
    metric::family::{self, Family},
    metric::store::{Labels, Store},
    names::label,
    testing::Recording,
};

/// Why a decision was made.
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
pub(crate) mod reason {
    /// The router has failed, and this is its default.
    pub(crate) const DEFAULT: &str = "default";
    /// What is best by all that is remembered.
    pub(crate) const BEST: &str = "best";
    /// Another one, to learn of it.
    pub(crate) const EXPLORE: &str = "explore";
    /// One that was set aside, to see whether it works again.
    pub(crate) const PROBE: &str = "probe";
}

/// Reasons of one router that are counted by name.
#[cfg_attr(not(feature = "telemetry"), allow(dead_code))]
pub(crate) const MAX_REASONS: usize = 32;

/// Contexts of one router whose success ratio is a series of its own, where that is asked for.
pub(crate) const MAX_CONTEXTS: usize = 32;

/// The label value of what is so in all contexts.
pub(crate) const ALL_CONTEXTS: &str = "all";

/// Bytes of a reason that are kept.
#[cfg(feature = "telemetry")]
const MAX_REASON_BYTES: usize = 128;

/// The series of one router.
pub(crate) struct Counts {
    #[cfg(feature = "telemetry")]
    name: &'static str,
    #[cfg(feature = "telemetry")]
    routes: &'static [&'static str],
    #[cfg(feature = "telemetry")]
    cells: OnceLock<Cells>,
    /// The reasons that are counted by name: the first that came.
    #[cfg(feature = "telemetry")]
    reasons: RwLock<BTreeSet<Box<str>>>,
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counts").finish_non_exhaustive()
    }
}

#[cfg(not(feature = "telemetry"))]
#[allow(clippy::unused_self, reason = "where there is telemetry it counts")]
impl Counts {
    pub(super) const fn new(_name: &'static str, _routes: &'static [&'static str]) -> Self {
        Counts {}
    }

    pub(super) fn decided(&self, _route: usize, _reason: &str) {}

    pub(super) fn failed(&self) {}

    pub(super) fn took(&self, _duration: Duration) {}

    pub(super) fn began_strategy(&self, _route: usize) {}

    pub(super) fn set_aside(&self, _route: usize) {}

    pub(super) fn succeeded(&self, _route: usize, _context: &str, _ratio: f64) {}
}

/// Decisions on one route, by their reasons.
#[cfg(feature = "telemetry")]
type Decisions = RwLock<BTreeMap<Box<str>, Arc<Counter>>>;

/// What calls in the process count on.
#[cfg(feature = "telemetry")]
struct Cells {
    /// Those on each route.
    decisions: Box<[Decisions]>,
    duration: Arc<Histogram>,
    errors: Arc<Counter>,
    executions: Box<[Arc<Histogram>]>,
}

#[cfg(feature = "telemetry")]
impl Counts {
    pub(super) const fn new(name: &'static str, routes: &'static [&'static str]) -> Self {
        Counts { name, routes, cells: OnceLock::new(), reasons: RwLock::new(BTreeSet::new()) }
    }

    /// The router's name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Opens every series of which the labels are known.
    pub(super) fn open(&self, store: &Store, default: Option<usize>, is_adaptive: bool) {
        let _ = (self.duration(store), self.errors(store));
        for route in 0..self.routes.len() {
            let _ = (self.execution(store, route), self.decision(store, route, label::OVERFLOW));
            if is_adaptive {
                for reason in [reason::BEST, reason::EXPLORE, reason::PROBE] {
                    let _ = self.decision(store, route, reason);
                }
                let _ = self.of_route(store, &family::ADAPTIVE_STRATEGIES, route);
                let _ = self.of_route(store, &family::ADAPTIVE_ACTIVATIONS, route);
            }
        }
        if let Some(route) = default {
            let _ = self.decision(store, route, reason::DEFAULT);
        }
        let overflow = [(label::FAMILY, family::ROUTER_DECISIONS.name()), (label::LABEL, label::REASON)];
        let _ = store.counter(&family::LABEL_OVERFLOW, overflow.map(|(k, v)| (k, v.into())).into());
    }

    /// Opens those of a router whose baseline is known.
    #[cfg(feature = "llm")]
    pub(super) fn open_savings(&self, store: &Store) {
        for route in 0..self.routes.len() {
            let _ = self.of_route(store, &family::ROUTER_SAVINGS, route);
            let _ = self.of_route(store, &family::ROUTER_EXTRA_COST, route);
        }
    }

    /// Counts what a route has cost less than the baseline would have, or more.
    #[cfg(feature = "llm")]
    pub(super) fn compared(&self, route: usize, saved: Money, extra: Money) {
        self.with(|store, _| {
            for (family, money) in [(&family::ROUTER_SAVINGS, saved), (&family::ROUTER_EXTRA_COST, extra)] {
                if money > Money::ZERO {
                    self.of_route(store, family, route).add(money.pico());
                }
            }
        });
    }

    /// Counts a decision.
    pub(super) fn decided(&self, route: usize, reason: &str) {
        let reason = &reason[..reason.floor_char_boundary(MAX_REASON_BYTES)];
        self.with(|store, cells| {
            let reason = self.kept(store, reason);
            let Some(decisions) = cells.and_then(|cells| cells.decisions.get(route)) else {
                return self.decision(store, route, reason).add(1);
            };
            let known = decisions.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(counter) = known.get(reason) {
                return counter.add(1);
            }
            drop(known);
            let counter = self.decision(store, route, reason);
            counter.add(1);
            decisions.write().unwrap_or_else(PoisonError::into_inner).insert(reason.into(), counter);
        });
    }

    /// Counts a call of the router that failed.
    pub(super) fn failed(&self) {
        self.with(|store, cells| match cells {
            Some(cells) => cells.errors.add(1),
            None => self.errors(store).add(1),
        });
    }

    /// Counts how long the router took.
    pub(super) fn took(&self, duration: Duration) {
        self.with(|store, cells| match cells {
            Some(cells) => cells.duration.observe(nanoseconds(duration)),
            None => self.duration(store).observe(nanoseconds(duration)),
        });
    }

    /// Counts how long a call took on a route.
    pub(super) fn executed(&self, route: usize, latency: Duration) {
        self.with(|store, cells| match cells.and_then(|cells| cells.executions.get(route)) {
            Some(execution) => execution.observe(nanoseconds(latency)),
            None => self.execution(store, route).observe(nanoseconds(latency)),
        });
    }

    /// Counts that something is learned of a route in a context, from now on.
    pub(super) fn began_strategy(&self, route: usize) {
        self.with(|store, _| self.of_route(store, &family::ADAPTIVE_STRATEGIES, route).add(1));
    }

    /// Counts that a route is set aside in a context.
    pub(super) fn set_aside(&self, route: usize) {
        self.with(|store, _| self.of_route(store, &family::ADAPTIVE_ACTIVATIONS, route).add(1));
    }

    /// Says which share of the last calls on a route succeeded.
    pub(super) fn succeeded(&self, route: usize, context: &str, ratio: f64) {
        self.with(|store, _| self.success(store, route, context).set((ratio * 1e6).round() as i64));
    }

    /// The reason, or the one that stands for those that do not fit.
    fn kept<'a>(&self, store: &Store, reason: &'a str) -> &'a str {
        let own = [reason::DEFAULT, reason::BEST, reason::EXPLORE, reason::PROBE, label::OVERFLOW];
        if own.contains(&reason) {
            return reason;
        }
        if self.reasons.read().unwrap_or_else(PoisonError::into_inner).contains(reason) {
            return reason;
        }
        let mut reasons = self.reasons.write().unwrap_or_else(PoisonError::into_inner);
        if reasons.contains(reason) {
            return reason;
        }
        if reasons.len() < MAX_REASONS {
            reasons.insert(reason.into());
            return reason;
        }
        drop(reasons);
        let labels = [(label::FAMILY, family::ROUTER_DECISIONS.name()), (label::LABEL, label::REASON)];
        store.counter(&family::LABEL_OVERFLOW, labels.map(|(k, v)| (k, v.into())).into()).add(1);
        label::OVERFLOW
    }

    /// Counts in the recording that this is in, or in the process's store, where the cells are at hand.
    fn with(&self, count: impl FnOnce(&Store, Option<&Cells>)) {
        if let Some(recording) = Recording::current() {
            return count(recording.store(), None);
        }
        let store = Store::global();
        let cells = self.cells.get_or_init(|| Cells {
            decisions: self.routes.iter().map(|_| RwLock::default()).collect(),
            duration: self.duration(store),
            errors: self.errors(store),
            executions: (0..self.routes.len()).map(|route| self.execution(store, route)).collect(),
        });
        count(store, Some(cells));
    }

    fn decision(&self, store: &Store, route: usize, reason: &str) -> Arc<Counter> {
        let mut labels = self.route_labels(route);
        labels.push((label::REASON, Cow::Owned(reason.to_owned())));
        store.counter(&family::ROUTER_DECISIONS, labels)
    }

    fn duration(&self, store: &Store) -> Arc<Histogram> {
        store.histogram(&family::ROUTER_DECISION_DURATION, vec![self.name_label()])
    }

    fn errors(&self, store: &Store) -> Arc<Counter> {
        store.counter(&family::ROUTER_ERRORS, vec![self.name_label()])
    }

    fn execution(&self, store: &Store, route: usize) -> Arc<Histogram> {
        store.histogram(&family::ROUTER_EXECUTION, self.route_labels(route))
    }

    fn of_route(&self, store: &Store, family: &'static Family, route: usize) -> Arc<Counter> {
        store.counter(family, self.route_labels(route))
    }

    fn success(&self, store: &Store, route: usize, context: &str) -> Arc<Gauge> {
        let mut labels = self.route_labels(route);
        labels.push((label::CONTEXT, Cow::Owned(context.to_owned())));
        store.gauge(&family::ADAPTIVE_SUCCESS, labels)
    }

    fn name_label(&self) -> (&'static str, Cow<'static, str>) {
        (label::ROUTER_NAME, self.name.into())
    }

    fn route_labels(&self, route: usize) -> Labels {
        // A `Route` written by hand can answer with a place that its names do not have.
        let name = self.routes.get(route).copied().unwrap_or(label::OVERFLOW);
        vec![self.name_label(), (label::ROUTE_SELECTED, name.into())]
    }
}

#[cfg(feature = "telemetry")]
fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
