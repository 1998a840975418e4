//! What a thread keeps for the calls that run on it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use opentelemetry::Context;

#[cfg(not(feature = "telemetry"))]
use super::bare::Started;
use super::call::Frame;
#[cfg(feature = "telemetry")]
use super::live::Started;
use crate::catalog::Site;
use crate::cost::Payer;

/// The innermost annotated function around a call.
pub(crate) type Within = Option<&'static Site>;

/// The calls of one thread.
pub(super) struct Local {
    /// The bodies that are being run by polls that are still going on, and room for more.
    near: [Frame; NEAR],
    /// Those that are nested deeper than that.
    far: RefCell<Vec<Rc<Frame>>>,
    /// How many bodies are being run.
    pub(super) depth: Cell<usize>,
    /// Room for the next calls.
    #[allow(clippy::vec_box, reason = "it is the boxes that are kept")]
    pub(super) rooms: RefCell<Vec<Box<Started>>>,
    /// What runs here. What a primitive calls is no step of the workflow.
    pub(super) within: Cell<Within>,
    /// Who pays for what runs here.
    pub(super) payer: Cell<Payer>,
    /// When what runs here should be over, if it runs in a timeout.
    #[cfg(feature = "timeout")]
    pub(super) deadline: Cell<Option<std::time::Instant>>,
    /// The branch that is polled, and within what.
    #[cfg(feature = "parallel")]
    pub(super) branch: Cell<Option<(Within, u32)>>,
    /// The route that is followed, and within what.
    #[cfg(all(feature = "router", feature = "telemetry"))]
    pub(super) route: Cell<Option<(Within, OnRoute)>>,
    /// The last call that has failed, unless one beside it has succeeded since.
    #[cfg(feature = "telemetry")]
    pub(super) failure: Cell<Option<super::record::Failure>>,
    #[cfg(feature = "telemetry")]
    pub(super) rows: crate::metric::Rows,
    #[cfg(feature = "telemetry")]
    pub(super) slots: super::slot::Slots,
}

/// How deep bodies are mostly nested at most.
const NEAR: usize = 16;

impl Local {
    /// Looks at the frame of the body within which there are `depth` others.
    #[inline]
    pub(super) fn frame<R>(&self, depth: usize, look: impl FnOnce(&Frame) -> R) -> R {
        match self.near.get(depth) {
            Some(frame) => look(frame),
            None => look(&self.far(depth - NEAR)),
        }
    }

    /// Who pays for what runs here.
    #[inline]
    pub(super) fn payer(&self) -> Payer {
        let payer = self.payer.take();
        self.payer.set(payer.clone());
        payer
    }

    #[cold]
    fn far(&self, place: usize) -> Rc<Frame> {
        let mut far = self.far.borrow_mut();
        if far.len() <= place {
            far.resize_with(place + 1, Rc::default);
        }
        far[place].clone()
    }
}

thread_local! {
    static LOCAL: Local = {
        // A thread destroys its values in the reverse order in which they came to be. OpenTelemetry's are
        // made first, so as long as ours are there, so are they.
        Context::map_current(|_| ());
        Local {
            near: Default::default(),
            far: RefCell::default(),
            depth: Cell::new(0),
            rooms: RefCell::default(),
            within: Cell::new(None),
            payer: Cell::default(),
            #[cfg(feature = "timeout")]
            deadline: Cell::new(None),
            #[cfg(feature = "parallel")]
            branch: Cell::new(None),
            #[cfg(all(feature = "router", feature = "telemetry"))]
            route: Cell::new(None),
            #[cfg(feature = "telemetry")]
            failure: Cell::new(None),
            #[cfg(feature = "telemetry")]
            rows: crate::metric::Rows::default(),
            #[cfg(feature = "telemetry")]
            slots: super::slot::Slots::default(),
        }
    };
}

/// Runs `with` unless the thread is ending, when a future that some other thread-local value held may
/// still be dropped. What then ends is counted; it cannot be made current any more.
#[inline]
pub(super) fn local<R>(with: impl FnOnce(&Local) -> R) -> Option<R> {
    LOCAL.try_with(with).ok()
}

/// Looks at the current context; at an empty one if the thread is ending.
pub(crate) fn current<R>(look: impl FnOnce(&Context) -> R) -> R {
    if local(|_| ()).is_some() { Context::map_current(look) } else { look(&Context::new()) }
}

/// The innermost annotated function that runs on this thread.
#[cfg(any(
    feature = "log",
    all(feature = "cache", feature = "llm"),
    all(any(feature = "parallel", feature = "router"), feature = "telemetry")
))]
pub(crate) fn within() -> Within {
    local(|local| local.within.get()).flatten()
}

/// When what runs on this thread should be over, if it runs in a timeout.
#[cfg(feature = "timeout")]
pub(crate) fn deadline() -> Option<std::time::Instant> {
    local(|local| local.deadline.get()).flatten()
}

/// What runs on this thread should be over by then, until this is dropped.
#[cfg(feature = "timeout")]
pub(crate) struct Until {
    before: Option<std::time::Instant>,
}

#[cfg(feature = "timeout")]
impl Until {
    /// Whoever is within a timeout cannot put it off.
    #[inline]
    pub(crate) fn enter(at: Option<std::time::Instant>) -> Self {
        let before = local(|local| {
            let before = local.deadline.get();
            local.deadline.set([before, at].into_iter().flatten().min());
            before
        });
        Until { before: before.flatten() }
    }
}

#[cfg(all(feature = "saga", feature = "timeout"))]
impl Until {
    /// What is around a saga that is compensated does not end that.
    pub(crate) fn lift() -> Self {
        Until { before: local(|local| local.deadline.take()).flatten() }
    }
}

#[cfg(feature = "timeout")]
impl Drop for Until {
    #[inline]
    fn drop(&mut self) {
        local(|local| local.deadline.set(self.before));
    }
}

/// Somebody pays for what runs on this thread, until this is dropped.
#[cfg(feature = "llm")]
pub(crate) struct Paying(Payer);

#[cfg(feature = "llm")]
impl Paying {
    pub(crate) fn enter(payer: Payer) -> Self {
        Paying(local(|local| local.payer.replace(payer)).unwrap_or_default())
    }
}

#[cfg(feature = "llm")]
impl Drop for Paying {
    fn drop(&mut self) {
        local(|local| local.payer.set(std::mem::take(&mut self.0)));
    }
}

/// What fails on this thread until this is dropped is no reason of what has failed before.
#[cfg(all(feature = "saga", feature = "telemetry"))]
pub(crate) struct Aside(Option<super::record::Failure>);

#[cfg(all(feature = "saga", feature = "telemetry"))]
impl Aside {
    pub(crate) fn enter() -> Self {
        Aside(local(|local| local.failure.get()).flatten())
    }
}

#[cfg(all(feature = "saga", feature = "telemetry"))]
impl Drop for Aside {
    fn drop(&mut self) {
        local(|local| local.failure.set(self.0));
    }
}

/// A branch is polled on this thread, until this is dropped.
#[cfg(feature = "parallel")]
pub(crate) struct InBranch(Option<(Within, u32)>);

#[cfg(feature = "parallel")]
impl InBranch {
    pub(crate) fn enter(index: u32) -> Self {
        InBranch(local(|local| local.branch.replace(Some((local.within.get(), index)))).flatten())
    }
}

#[cfg(feature = "parallel")]
impl Drop for InBranch {
    fn drop(&mut self) {
        local(|local| local.branch.set(self.0));
    }
}

/// The route of a decision.
#[cfg(all(feature = "router", feature = "telemetry"))]
#[derive(Clone, Copy)]
pub(crate) struct OnRoute {
    /// Who has decided, if that was a router.
    pub(crate) router: Option<&'static str>,
    pub(crate) route: &'static str,
}

/// What a decision's route leads to is polled on this thread, until this is dropped.
#[cfg(all(feature = "router", feature = "telemetry"))]
pub(crate) struct InRoute(Option<(Within, OnRoute)>);

#[cfg(all(feature = "router", feature = "telemetry"))]
impl InRoute {
    pub(crate) fn enter(route: OnRoute) -> Self {
        InRoute(local(|local| local.route.replace(Some((local.within.get(), route)))).flatten())
    }
}

#[cfg(all(feature = "router", feature = "telemetry"))]
impl Drop for InRoute {
    fn drop(&mut self) {
        local(|local| local.route.set(self.0));
    }
}

#[cfg(all(any(feature = "parallel", feature = "router"), feature = "telemetry"))]
impl Local {
    /// The place of the branch that makes a call, if one does itself.
    #[cfg(feature = "parallel")]
    pub(super) fn branch_here(&self) -> Option<u32> {
        self.branch.get().and_then(|own| self.if_here(own))
    }

    /// The route that a call is made on, if it is made there itself.
    #[cfg(feature = "router")]
    pub(super) fn route_here(&self) -> Option<OnRoute> {
        self.route.get().and_then(|own| self.if_here(own))
    }

    fn if_here<T>(&self, (within, value): (Within, T)) -> Option<T> {
        let is_same = match (within, self.within.get()) {
            (Some(there), Some(here)) => std::ptr::eq(there, here),
            (None, None) => true,
            _ => false,
        };
        is_same.then_some(value)
    }
}

/// This thread's rows to count on; none if it is ending.
#[cfg(feature = "telemetry")]
#[inline]
pub(crate) fn rows<R>(with: impl FnOnce(&crate::metric::Rows) -> R) -> Option<R> {
    local(|local| with(&local.rows))
}
