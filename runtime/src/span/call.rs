//! The wrapper around an annotated function: what starts a call, makes it current, and always ends it.
//!
//! A call starts when its body does, at the first poll of a future: [`begin`] is the body's first
//! statement, where the arguments are bound and can be looked at. Whoever runs the body, [`future`] or
//! [`call`], has laid a frame for it on the thread's stack of them; there `begin` leaves the call that it
//! starts, and there it is picked up when the body returns, awaits or unwinds. A future that is dropped
//! without ever being polled has not run, so nothing has started and nothing is counted.
//!
//! Expansions bring their own types and closures; what does not depend on those is compiled once, below.

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
    started: Room,
    /// What was made current for the body.
    guard: Option<ContextGuard>,
    was_in_primitive: bool,
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
        let Some(room) = local.frame(|frame| frame.started.take()) else { return };
        let mut beginning = Beginning(room.or_else(|| Some(local.room())));
        let Some(started) = &mut beginning.0 else { return };
        started.begin(site, local, labels, fields);
        let guard = started.attach();
        let was_in_primitive = local.in_primitive.replace(started.is_primitive());
        if let Some(frame) = local.frames.borrow_mut().get_mut(local.depth.get().wrapping_sub(1)) {
            frame.started = beginning.0.take();
            frame.guard = guard;
            frame.was_in_primitive = was_in_primitive;
        }
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

    /// Looks at the innermost frame.
    #[inline]
    fn frame<R>(&self, look: impl FnOnce(&mut Frame) -> R) -> Option<R> {
        let depth = self.depth.get().checked_sub(1)?;
        self.frames.borrow_mut().get_mut(depth).map(look)
    }

    /// Lays a frame for a body.
    #[inline]
    fn lay(&self, room: Room) {
        let depth = self.depth.get();
        self.depth.set(depth + 1);
        let mut frames = self.frames.borrow_mut();
        if frames.len() == depth {
            frames.push(Frame::default());
        }
        let frame = &mut frames[depth];
        frame.was_in_primitive = self.in_primitive.get();
        if room.is_some()
            && let Some(other) = std::mem::replace(&mut frame.started, room)
        {
            self.give(other);
        }
    }

    /// Takes up the innermost frame, and leaves the call to whoever asks.
    fn take_up(&self) -> (Room, Option<ContextGuard>) {
        let taken = self.frame(|frame| {
            self.in_primitive.set(frame.was_in_primitive);
            (frame.started.take(), frame.guard.take())
        });
        self.depth.set(self.depth.get().saturating_sub(1));
        taken.unwrap_or_default()
    }
}

/// Takes up a frame whose body has unwound.
struct Unwinding;

impl Drop for Unwinding {
    #[cold]
    fn drop(&mut self) {
        if let Some((room, guard)) = local(Local::take_up) {
            if let Some(mut started) = room {
                started.panicked();
                give(started);
            }
            drop(guard);
        }
    }
}

/// What became of a body that has returned.
#[derive(Clone, Copy)]
enum Returned {
    /// It had not begun a call, or the thread is ending.
    Uncalled,
    /// Its call ends when its result has been looked at.
    Called { is_recording: bool },
}

/// The body has returned, and nothing of its call is current any more. If there is no call, the frame is
/// taken up.
#[inline(never)]
fn returned() -> Returned {
    local(|local| {
        let depth = local.depth.get().wrapping_sub(1);
        let mut frames = local.frames.borrow_mut();
        let Some(frame) = frames.get_mut(depth) else { return Returned::Uncalled };
        local.in_primitive.set(frame.was_in_primitive);
        let is_recording = frame.started.as_mut().and_then(|started| started.returned());
        let guard = frame.guard.take();
        drop(frames);
        // What it made current may be dropped with it, which may run code of the program's.
        drop(guard);
        if let Some(is_recording) = is_recording {
            Returned::Called { is_recording }
        } else {
            local.depth.set(depth);
            Returned::Uncalled
        }
    })
    .unwrap_or(Returned::Uncalled)
}

/// Ends the call of the innermost frame, and takes that up.
#[inline(never)]
fn finish(outcome: &Outcome, fields: &mut Fields) {
    local(|local| {
        let depth = local.depth.get().wrapping_sub(1);
        let taken = local.frames.borrow_mut().get_mut(depth).and_then(|frame| frame.started.take());
        let Some(mut started) = taken else { return };
        started.end(Some(local), outcome, fields);
        // Here it is at hand for the next call at this depth.
        if let Some(frame) = local.frames.borrow_mut().get_mut(depth) {
            frame.started = Some(started);
        }
        local.depth.set(depth);
    });
}

/// Looks at the result of a body that has returned, and ends its call.
#[inline]
fn end(classify: impl FnOnce(&mut Fields) -> Outcome) {
    if let Returned::Called { is_recording } = returned() {
        let mut fields = Fields::new(is_recording);
        let outcome = classify(&mut fields);
        finish(&outcome, &mut fields);
    }
}

/// The call of a body that awaits, no longer current until the next poll. What it took over from its
/// caller it keeps.
#[inline(never)]
fn suspended(caller: Option<Box<(Entered, Context)>>) -> Room {
    let (mut room, guard) = local(Local::take_up)?;
    if let Some(started) = &mut room {
        started.suspend();
    }
    drop(guard);
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
    end(|fields| classify(&result, fields));
    std::mem::forget(unwinding);
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
fn is_another_test(here: &Context, other: &Context) -> bool {
    use crate::testing::Recording;
    Recording::of(here)
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
                std::mem::forget(unwinding);
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
                        && let Some(is_recording) = started.returned()
                    {
                        let mut fields = Fields::new(is_recording);
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
