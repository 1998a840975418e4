//! The wrapper around an annotated function: what starts a call, makes it current, and always ends it.
//!
//! A call starts when its body does, at the first poll of a future: [`begin`] is the body's first
//! statement, where the arguments are bound and can be looked at. Whoever runs the body, [`future`] or
//! [`call`], has laid a frame for it on the thread's stack of them; there `begin` leaves the call that it
//! starts, and there it is picked up when the body returns, awaits or unwinds. A future that is dropped
//! without ever being polled has not run, so nothing has started and nothing is counted.
//!
//! Expansions bring their own types and closures; what does not depend on those is compiled once, below.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::{Context, ContextGuard};

#[cfg(not(feature = "telemetry"))]
use super::bare::Started;
#[cfg(feature = "telemetry")]
use super::live::Started;
use super::local::{Local, local};
use crate::catalog::Site;
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
    started: Cell<Room>,
    /// What was made current for the body.
    guard: Cell<Option<ContextGuard>>,
    was_in_primitive: Cell<bool>,
}

/// What is known of a call, or room for that.
type Room = Option<Box<Started>>;

/// Keeps room for another call.
fn give(room: Box<Started>) {
    // A thread that is ending keeps none.
    let _ = local(|local| local.give(room));
}

/// What is current on this thread, until dropped.
struct Entered {
    _context: Option<ContextGuard>,
    was_in_primitive: bool,
}

impl Entered {
    #[inline]
    fn new(local: &Local, context: Option<Context>, in_primitive: bool) -> Self {
        Entered {
            was_in_primitive: local.in_primitive.replace(in_primitive),
            _context: context.map(Context::attach),
        }
    }

    /// Makes `started` current again; nothing is, on a thread that is ending.
    fn again(started: &mut Started) -> Option<Self> {
        started.resume();
        local(|local| Entered::new(local, started.context().cloned(), started.is_primitive()))
    }
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        local(|local| local.in_primitive.set(self.was_in_primitive));
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
            frame.was_in_primitive.set(local.in_primitive.replace(started.is_primitive()));
            frame.started.set(beginning.0.take());
        });
    });
}

impl Local {
    /// For how many calls a thread keeps room.
    const ROOMS: usize = 64;

    #[allow(clippy::unnecessary_box_returns, reason = "it is the box that was kept")]
    fn room(&self) -> Box<Started> {
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
    fn lay(&self, room: Room) {
        let depth = self.depth.get();
        self.depth.set(depth + 1);
        self.frame(depth, |frame| {
            frame.was_in_primitive.set(self.in_primitive.get());
            if room.is_some() {
                self.keep(frame.started.replace(room));
            }
        });
    }

    /// Takes up the innermost frame, and leaves the call to whoever asks. Nothing of it is current any more.
    #[inline]
    fn take_up(&self) -> Room {
        let depth = self.depth.get().checked_sub(1)?;
        self.depth.set(depth);
        self.frame(depth, |frame| {
            self.in_primitive.set(frame.was_in_primitive.get());
            let room = frame.started.take();
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
struct Unwinding;

impl Drop for Unwinding {
    #[cold]
    fn drop(&mut self) {
        if let Some(Some(mut started)) = local(Local::take_up) {
            started.panicked();
            give(started);
        }
    }
}

/// The call of a body that has returned, while its result is looked at, which may unwind.
struct Ending(Room);

impl Ending {
    #[inline]
    fn is_recording(&self) -> bool {
        self.0.as_ref().is_some_and(|started| started.is_recording())
    }
}

impl Drop for Ending {
    #[inline]
    fn drop(&mut self) {
        if let Some(mut started) = self.0.take() {
            started.panicked();
            give(started);
        }
    }
}

/// Looks at the result of a body that has returned, and ends its call.
#[inline]
fn end(classify: impl FnOnce(&mut Fields) -> Outcome) {
    local(|local| {
        if let Some(ending) = local.returned() {
            let mut fields = Fields::new(ending.is_recording());
            let outcome = classify(&mut fields);
            local.finish(ending, &outcome, &mut fields);
        }
    });
}

/// The call of a body that awaits, no longer current until the next poll. What it took over from its
/// caller it keeps.
#[inline(never)]
fn suspended(caller: Option<Box<(Entered, Context)>>) -> Room {
    let mut room = local(|local| {
        let depth = local.depth.get().checked_sub(1)?;
        local.frame(depth, |frame| {
            // While what it made current still is.
            if let Some(mut started) = frame.started.take() {
                started.suspend();
                frame.started.set(Some(started));
            }
        });
        local.take_up()
    })?;
    if let (Some(caller), Some(started)) = (caller, &mut room) {
        let (entered, caller) = *caller;
        drop(entered);
        started.adopt(caller);
    }
    room
}

/// Lays the frame for a future's first poll, and makes its caller current unless it belongs to something
/// where it is polled.
#[inline(never)]
fn first_poll(room: Room) -> Option<Box<(Entered, Context)>> {
    local(|local| {
        let Some(mut room) = room else {
            local.lay(None);
            return None;
        };
        let caller = room.take_caller(|caller| {
            Context::map_current(|here| !belongs(here) && !is_another_test(here, caller))
        });
        // Before the frame, which is within it.
        let entered = caller.map(|(caller, in_primitive)| {
            Box::new((Entered::new(local, Some(caller.clone()), in_primitive), caller))
        });
        local.lay(Some(room));
        entered
    })?
}

/// Where a future was made: its place in the trace if nothing is current where it is first polled, as on
/// the other side of `tokio::spawn`.
#[inline(never)]
fn called() -> Room {
    local(|local| {
        Context::map_current(|caller| {
            is_ambient(caller).then(|| {
                let mut room = local.room();
                room.set_caller(caller, local.in_primitive.get());
                room
            })
        })
    })?
}

/// Wraps the body of an async function.
#[inline]
pub fn future<F, C>(_site: &'static Site, future: F, classify: C) -> Instrumented<F, C>
where
    F: Future,
    C: Fn(&F::Output, &mut Fields) -> Outcome,
{
    Instrumented { future: Some(future), classify, room: called(), stage: Stage::Called }
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

pin_project_lite::pin_project! {
    /// The future of an annotated async function.
    pub struct Instrumented<F, C> {
        #[pin]
        future: Option<F>,
        classify: C,
        room: Room,
        stage: Stage,
    }

    impl<F, C> PinnedDrop for Instrumented<F, C> {
        /// What the body held is dropped within the call, so that calls it had not finished end
        /// before it and below it.
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(mut started) = this.room.take() else { return };
            if let Stage::Running = this.stage {
                let entered = Entered::again(&mut started);
                this.future.set(None);
                drop(entered);
            }
            started.dropped();
            give(started);
        }
    }
}

// What is current and what is counted stays consistent when a body unwinds, so whether a future may
// cross `catch_unwind` is the body's own affair.
impl<F: UnwindSafe, C> UnwindSafe for Instrumented<F, C> {}
impl<F: RefUnwindSafe, C> RefUnwindSafe for Instrumented<F, C> {}

/// How far a future has come.
#[derive(Clone, Copy)]
enum Stage {
    /// Not polled yet.
    Called,
    /// Between the first poll and the end.
    Running,
    Ended,
}

/// Whether a call that is made within `context` should find it again.
fn is_ambient(context: &Context) -> bool {
    belongs(context) || is_another_test(context, &Context::new())
}

/// Whether a call that starts within `context` is part of something.
fn belongs(context: &Context) -> bool {
    use opentelemetry::trace::TraceContextExt as _;
    context.has_active_span()
        || crate::context::WorkflowContext::of(context).is_some_and(|workflow| !workflow.is_none())
}

/// Whether what happens `here` is recorded by a test, and not by the same one as in `other`.
#[cfg(feature = "telemetry")]
#[inline]
fn is_another_test(here: &Context, other: &Context) -> bool {
    use crate::testing::Recording;
    Recording::is_any()
        && Recording::of(here)
            .is_some_and(|own| Recording::of(other).is_none_or(|other| !std::sync::Arc::ptr_eq(&own, &other)))
}

#[cfg(not(feature = "telemetry"))]
fn is_another_test(_: &Context, _: &Context) -> bool {
    false
}

/// Ends a call whose body unwound out of a later poll.
struct UnwindingLater<'a>(&'a mut Room);

impl Drop for UnwindingLater<'_> {
    #[cold]
    fn drop(&mut self) {
        if let Some(mut started) = self.0.take() {
            started.panicked();
            give(started);
        }
    }
}

impl<F, C> Future for Instrumented<F, C>
where
    F: Future,
    C: Fn(&F::Output, &mut Fields) -> Outcome,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(future) = this.future.as_pin_mut() else {
            // Taken only while this is dropped.
            return Poll::Pending;
        };
        match this.stage {
            Stage::Called => {
                *this.stage = Stage::Ended;
                let caller = first_poll(this.room.take());
                let unwinding = Unwinding;
                let polled = future.poll(task);
                std::mem::forget(unwinding);
                match &polled {
                    Poll::Ready(result) => {
                        end(|fields| (this.classify)(result, fields));
                        drop(caller);
                    }
                    Poll::Pending => {
                        *this.room = suspended(caller);
                        *this.stage = Stage::Running;
                    }
                }
                polled
            }
            Stage::Running => {
                let entered = this.room.as_deref_mut().and_then(Entered::again);
                let unwinding = UnwindingLater(this.room);
                let polled = future.poll(task);
                drop(entered);
                if let (Poll::Pending, Some(started)) = (&polled, &mut *unwinding.0) {
                    started.pause();
                }
                if let Poll::Ready(result) = &polled {
                    *this.stage = Stage::Ended;
                    if let Some(started) = unwinding.0
                        && started.returned()
                    {
                        let mut fields = Fields::new(started.is_recording());
                        let outcome = (this.classify)(result, &mut fields);
                        started.end(None, &outcome, &mut fields);
                    }
                    if let Some(room) = unwinding.0.take() {
                        give(room);
                    }
                }
                std::mem::forget(unwinding);
                polled
            }
            Stage::Ended => future.poll(task),
        }
    }
}
