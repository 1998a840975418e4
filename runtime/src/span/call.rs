//! The wrapper around an annotated function: what starts a call, makes it current, and always ends it.
//!
//! A call starts when its body does, at the first poll of a future: [`begin`] is the body's first
//! statement, where the arguments are bound and can be looked at. Whoever runs the body, [`call`] or a future's
//! first poll, has laid a frame for it on the thread's stack of them; there `begin` leaves the call that it
//! starts, and there it is picked up when the body returns, awaits or unwinds. A future that is dropped
//! without ever being polled has not run, so nothing has started and nothing is counted.
//!
//! Expansions bring their own types and closures; what does not depend on those is compiled once, below.

use std::cell::Cell;

use opentelemetry::{Context, ContextGuard};

#[cfg(not(feature = "telemetry"))]
use super::bare::Started;
use super::future::{Caller, suspended};
#[cfg(feature = "telemetry")]
use super::live::Started;
use super::local::{Local, Within, local};
use super::rest::Rest;
use crate::catalog::Site;
use crate::cost::Payer;
use crate::metric::label::LabelValue;
use crate::outcome::Outcome;
use crate::span::Fields;

/// A body that is being run on this thread.
///
/// Frames stay where they are, one for each depth, and what is known of a call stays in its box: moving
/// them would cost more than most of what is done with them.
#[derive(Default)]
pub(super) struct Frame {
    /// The call, when it has begun; until then room for it, if there is any.
    pub(super) started: Cell<Room>,
    /// What was made current for the body.
    guard: Cell<Option<ContextGuard>>,
    was_within: Cell<Within>,
    /// Who has paid before, where the call has an account of its own.
    was_payer: Cell<Option<Payer>>,
}

/// What is known of a call, or room for that.
pub(super) type Room = Option<Box<Started>>;

/// Keeps room for another call.
pub(super) fn give(room: Box<Started>) {
    // A thread that is ending keeps none.
    let _ = local(|local| local.give(room));
}

/// What is current on this thread, until dropped.
pub(crate) struct Entered {
    _context: Option<ContextGuard>,
    was_within: Within,
    was_payer: Payer,
}

impl Entered {
    #[inline]
    pub(super) fn new(local: &Local, context: Option<Context>, within: Within, payer: Payer) -> Self {
        Entered {
            was_within: local.within.replace(within),
            was_payer: local.payer.replace(payer),
            _context: context.map(Context::attach),
        }
    }

    /// Makes `started` current again; nothing is, on a thread that is ending.
    pub(super) fn again(started: &mut Started) -> Option<Self> {
        started.resume();
        let entered =
            local(|local| Entered::new(local, started.context().cloned(), started.site(), started.payer()));
        #[cfg(feature = "tracing")]
        started.enter();
        entered
    }
}

/// What is current somewhere, to be taken along.
pub(crate) struct Place {
    context: Context,
    within: Within,
    payer: Payer,
    #[cfg(feature = "timeout")]
    deadline: Option<std::time::Instant>,
    #[cfg(feature = "tracing")]
    span: Option<crate::bridge::Handle>,
}

/// A place that is current on this thread, until dropped.
pub(crate) struct EnteredPlace<'a> {
    #[cfg(feature = "timeout")]
    _until: super::local::Until,
    _entered: Option<Entered>,
    #[cfg(feature = "tracing")]
    _span: Option<crate::bridge::Inside<'a>>,
    #[cfg(not(feature = "tracing"))]
    _place: std::marker::PhantomData<&'a Place>,
}

impl Place {
    /// What is current here.
    pub(crate) fn here() -> Self {
        Place {
            context: super::local::current(Clone::clone),
            within: local(|local| local.within.get()).unwrap_or_default(),
            payer: local(Local::payer).unwrap_or_default(),
            #[cfg(feature = "timeout")]
            deadline: super::local::deadline(),
            #[cfg(feature = "tracing")]
            span: super::extras::Extras::asked_for()
                .has(super::extras::Extra::TracingSpans)
                .then(crate::bridge::Handle::here)
                .flatten(),
        }
    }

    /// A place within no call of this thread's.
    pub(crate) fn at(context: Context) -> Self {
        Place {
            context,
            within: None,
            payer: Payer::default(),
            #[cfg(feature = "timeout")]
            deadline: None,
            #[cfg(feature = "tracing")]
            span: None,
        }
    }

    /// The same with another context, and without the time that there is here.
    #[cfg(feature = "saga")]
    pub(crate) fn to(self, context: Context) -> Self {
        Place {
            context,
            #[cfg(feature = "timeout")]
            deadline: None,
            ..self
        }
    }

    /// Makes it current here, until dropped; nothing is, on a thread that is ending.
    pub(crate) fn enter(&self) -> EnteredPlace<'_> {
        EnteredPlace {
            #[cfg(feature = "timeout")]
            _until: super::local::Until::enter(self.deadline),
            #[cfg(feature = "tracing")]
            _span: self.span.as_ref().map(crate::bridge::Handle::enter),
            #[cfg(not(feature = "tracing"))]
            _place: std::marker::PhantomData,
            // Above what the span may have made current.
            _entered: local(|local| {
                Entered::new(local, Some(self.context.clone()), self.within, self.payer.clone())
            }),
        }
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        local(|local| {
            local.within.set(self.was_within);
            local.payer.set(std::mem::take(&mut self.was_payer));
        });
    }
}

/// Starts the call whose body runs from here on. The first statement of every expansion's body.
pub fn begin(site: &'static Site) {
    begin_labelled(site, Some(&[]), None);
}

/// The same, where something is asked of the arguments.
#[inline]
pub fn begin_with<const N: usize>(
    site: &'static Site,
    labels: impl FnOnce() -> [LabelValue; N],
    fields: impl FnOnce(&mut Fields),
) {
    /// Counts a call whose labels cannot be had since an expression among them panics.
    struct Unlabelled(&'static Site);

    impl Drop for Unlabelled {
        fn drop(&mut self) {
            begin_labelled(self.0, None, None);
        }
    }

    let unlabelled = Unlabelled(site);
    let labels = labels();
    std::mem::forget(unlabelled);
    let mut fields = Some(fields);
    let mut collect = |collected: &mut Fields| {
        if let Some(fields) = fields.take() {
            fields(collected);
        }
    };
    begin_labelled(site, Some(&labels), Some(&mut collect));
}

/// What asks the arguments for attributes.
pub(super) type Collect<'a> = &'a mut dyn FnMut(&mut Fields);

#[inline]
fn begin_labelled(site: &'static Site, labels: Option<&[LabelValue]>, fields: Option<Collect<'_>>) {
    /// The call while code of the program's looks at its arguments, which may unwind.
    struct Beginning(Room);

    impl Drop for Beginning {
        fn drop(&mut self) {
            if let Some(mut started) = self.0.take() {
                started.dropped();
            }
        }
    }

    local(|local| {
        let Some(depth) = local.depth.get().checked_sub(1) else { return };
        local.frame(depth, |frame| {
            let mut beginning = Beginning(frame.started.take().or_else(|| Some(local.room())));
            let Some(started) = &mut beginning.0 else { return };
            started.begin(site, local, labels, fields);
            frame.guard.set(started.attach());
            frame.was_within.set(local.within.replace(started.site()));
            frame.was_payer.set(started.account().map(|own| local.payer.replace(own)));
            #[cfg(feature = "tracing")]
            started.enter();
            frame.started.set(beginning.0.take());
        });
    });
}

impl Local {
    /// For how many calls a thread keeps room.
    const ROOMS: usize = 64;

    #[allow(clippy::unnecessary_box_returns, reason = "it is the box that was kept")]
    pub(super) fn room(&self) -> Box<Started> {
        self.rooms.borrow_mut().pop().unwrap_or_default()
    }

    fn give(&self, room: Box<Started>) {
        let mut rooms = self.rooms.borrow_mut();
        if rooms.len() < Local::ROOMS {
            rooms.push(room);
        }
    }

    /// Lays a frame for a body.
    #[inline]
    pub(super) fn lay(&self, room: Room) {
        let depth = self.depth.get();
        self.depth.set(depth + 1);
        self.frame(depth, |frame| {
            frame.was_within.set(self.within.get());
            if room.is_some() {
                self.keep(frame.started.replace(room));
            }
        });
    }

    /// Takes up the innermost frame, and leaves the call to whoever asks. Nothing of it is current any more.
    #[inline]
    pub(super) fn take_up(&self) -> Room {
        let depth = self.depth.get().checked_sub(1)?;
        self.depth.set(depth);
        self.frame(depth, |frame| {
            self.within.set(frame.was_within.get());
            if let Some(payer) = frame.was_payer.take() {
                self.payer.set(payer);
            }
            #[allow(unused_mut, reason = "only one feature changes it")]
            let mut room = frame.started.take();
            #[cfg(feature = "tracing")]
            if let Some(started) = &mut room {
                started.leave();
            }
            // What it made current may be dropped with it, which may run code of the program's.
            drop(frame.guard.take());
            room
        })
    }

    /// Takes up the frame of a body that has returned.
    #[inline(never)]
    fn returned(&self) -> Option<Ending> {
        let mut ending = Ending(self.take_up());
        if ending.0.as_deref_mut().is_some_and(Started::returned) {
            return Some(ending);
        }
        // It had not begun a call.
        self.keep(ending.0.take());
        None
    }

    /// Ends a call whose result has been looked at.
    #[inline(never)]
    fn finish(&self, mut ending: Ending, outcome: &Outcome, fields: &mut Fields) {
        if let Some(mut started) = ending.0.take() {
            started.end(Some(self), outcome, fields);
            // There it is at hand for the next call at this depth.
            self.frame(self.depth.get(), |frame| self.keep(frame.started.replace(Some(started))));
        }
    }

    #[inline]
    fn keep(&self, room: Room) {
        if let Some(room) = room {
            self.give(room);
        }
    }
}

/// Takes up a frame whose body has unwound.
pub(super) struct Unwinding;

impl Drop for Unwinding {
    #[cold]
    fn drop(&mut self) {
        if let Some(Some(mut started)) = local(Local::take_up) {
            started.panicked();
            give(started);
        }
    }
}

/// A call that is over once it has been said how, since code of the program's is asked, which may unwind.
pub struct Ending(pub(super) Room);

impl Ending {
    #[inline]
    fn is_recording(&self) -> bool {
        self.0.as_ref().is_some_and(|started| started.is_recording())
    }

    /// Ends the call as `classify` says, after polls that were not its first.
    #[inline]
    pub(super) fn finish(mut self, classify: impl FnOnce(&mut Fields) -> Outcome) {
        if self.0.as_deref_mut().is_some_and(Started::returned) {
            let mut fields = Fields::new(self.is_recording());
            let outcome = classify(&mut fields);
            if let Some(started) = &mut self.0 {
                started.end(None, &outcome, &mut fields);
            }
        }
        self.put_back();
    }

    /// Ends the call as one that was dropped.
    #[inline]
    pub(super) fn cancelled(mut self) {
        if let Some(started) = &mut self.0 {
            started.dropped();
        }
        self.put_back();
    }

    #[inline]
    fn put_back(&mut self) {
        if let Some(room) = self.0.take() {
            give(room);
        }
    }
}

impl Drop for Ending {
    #[inline]
    fn drop(&mut self) {
        if let Some(started) = &mut self.0 {
            started.panicked();
            self.put_back();
        }
    }
}

/// Looks at the result of a body that has returned, and ends its call.
#[inline]
pub(super) fn end(classify: impl FnOnce(&mut Fields) -> Outcome) {
    local(|local| {
        if let Some(ending) = local.returned() {
            let mut fields = Fields::new(ending.is_recording());
            let outcome = classify(&mut fields);
            local.finish(ending, &outcome, &mut fields);
        }
    });
}

/// Runs the body of a sync function.
#[inline]
pub fn call<R, F, C>(_site: &'static Site, body: F, classify: C) -> R
where
    F: FnOnce() -> R,
    C: FnOnce(&R, &mut Fields) -> Outcome,
{
    let _ = local(|local| local.lay(None));
    let unwinding = Unwinding;
    let result = body();
    std::mem::forget(unwinding);
    end(|fields| classify(&result, fields));
    result
}

/// Runs the body of a sync function whose result goes on: it has a future or a stream in it.
#[inline]
pub fn call_then<R, F, N, T>(_site: &'static Site, body: F, next: N) -> T
where
    F: FnOnce() -> R,
    N: FnOnce(R, Rest) -> T,
{
    let _ = local(|local| local.lay(None));
    let unwinding = Unwinding;
    let result = body();
    std::mem::forget(unwinding);
    next(result, Rest::new(Ending(suspended(Caller::default()))))
}
