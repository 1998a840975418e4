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

/// A call. Once it has begun it ends once, whatever becomes of it: by [`finish`](Call::finish), by
/// [`panicked`](Call::panicked), or as cancelled when it is dropped.
///
/// What is known of it stays in one place from its beginning to its end, since moving it would cost more
/// than most of what is done with it. Before, that is room for what the call's caller is.
pub(super) struct Call(Option<Box<Started>>);

impl Call {
    /// A call of which nothing is known.
    const NONE: Call = Call(None);

    fn with(self, local: &Local) -> Box<Started> {
        let mut call = self;
        call.0.take().unwrap_or_else(|| local.rooms.borrow_mut().pop().unwrap_or_default())
    }

    /// The body returned.
    #[inline]
    fn finish(mut self, classify: impl FnOnce(&mut Fields) -> Outcome) {
        let Some(started) = &mut self.0 else { return };
        let mut fields = started.returned();
        let outcome = classify(&mut fields);
        started.end(&outcome, fields);
    }

    /// The body unwound.
    fn panicked(mut self) {
        if let Some(started) = &mut self.0 {
            started.panicked();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(mut started) = self.0.take() else { return };
        started.dropped();
        // A thread that is ending keeps none.
        let _ = local(|local| {
            let mut rooms = local.rooms.borrow_mut();
            if rooms.len() < Local::ROOMS {
                rooms.push(started);
            }
        });
    }
}

/// A body that is being run on this thread. Frames stay where they are, one for each depth, since moving
/// them would cost more than using them.
pub(super) struct Frame {
    call: Call,
    /// What was made current for the body.
    guard: Option<ContextGuard>,
    was_in_primitive: bool,
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
    fn again(started: &Started) -> Option<Self> {
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
#[inline]
pub fn begin<const N: usize>(
    site: &'static Site,
    labels: impl FnOnce() -> [LabelValue; N],
    fields: impl FnOnce(&mut Fields),
) {
    /// Counts a call whose labels cannot be had since an expression among them panics.
    struct Unlabelled(&'static Site);

    impl Drop for Unlabelled {
        fn drop(&mut self) {
            begin_labelled(self.0, None, &mut |_| {});
        }
    }

    let unlabelled = Unlabelled(site);
    let labels = labels();
    std::mem::forget(unlabelled);
    let mut fields = Some(fields);
    begin_labelled(site, Some(&labels), &mut |collected| {
        if let Some(fields) = fields.take() {
            fields(collected);
        }
    });
}

fn begin_labelled(site: &'static Site, labels: Option<&[LabelValue]>, fields: &mut dyn FnMut(&mut Fields)) {
    local(|local| {
        let Some(call) = local.frame(|frame| std::mem::replace(&mut frame.call, Call::NONE)) else { return };
        let mut call = Call(Some(call.with(local)));
        let Some(started) = &mut call.0 else { return };
        started.begin(site, local, labels, fields);
        let guard = started.made().map(Context::attach);
        let was_in_primitive = local.in_primitive.replace(started.is_primitive());
        local.frame(|frame| {
            frame.call = call;
            frame.guard = guard;
            frame.was_in_primitive = was_in_primitive;
        });
    });
}

impl Local {
    /// Looks at the innermost frame.
    #[inline]
    fn frame<R>(&self, look: impl FnOnce(&mut Frame) -> R) -> Option<R> {
        let depth = self.depth.get().checked_sub(1)?;
        self.frames.borrow_mut().get_mut(depth).map(look)
    }

    /// Lays a frame for a body.
    #[inline]
    fn lay(&self, call: Call) {
        let depth = self.depth.get();
        let mut frames = self.frames.borrow_mut();
        if frames.len() == depth {
            frames.push(Frame { call: Call::NONE, guard: None, was_in_primitive: false });
        }
        frames[depth].call = call;
        frames[depth].was_in_primitive = self.in_primitive.get();
        self.depth.set(depth + 1);
    }

    /// Takes the innermost frame up again.
    #[inline]
    fn take_up(&self) -> (Call, Option<ContextGuard>) {
        let taken = self.frame(|frame| {
            self.in_primitive.set(frame.was_in_primitive);
            (std::mem::replace(&mut frame.call, Call::NONE), frame.guard.take())
        });
        self.depth.set(self.depth.get().saturating_sub(1));
        taken.unwrap_or((Call::NONE, None))
    }
}

/// Takes up a frame whose body has unwound.
struct Unwinding;

impl Drop for Unwinding {
    fn drop(&mut self) {
        if let Some((call, guard)) = local(Local::take_up) {
            call.panicked();
            drop(guard);
        }
    }
}

/// The call of a body that returned, no longer current.
fn returned() -> Call {
    let Some((call, guard)) = local(Local::take_up) else { return Call::NONE };
    drop(guard);
    call
}

/// The call of a body that awaits, no longer current until the next poll. What it took over from its
/// caller it keeps.
fn suspended(caller: Option<(Entered, Context)>) -> Call {
    let Some((mut call, guard)) = local(Local::take_up) else { return Call::NONE };
    if let Some(started) = &mut call.0 {
        started.suspend();
    }
    drop(guard);
    if let (Some((entered, caller)), Some(started)) = (caller, &mut call.0) {
        drop(entered);
        started.adopt(caller);
    }
    call
}

/// Lays the frame for a future's first poll, and makes its caller current unless it belongs to something
/// where it is polled.
fn first_poll(mut call: Call) -> Option<(Entered, Context)> {
    local(|local| {
        let caller = call.0.as_mut().and_then(|room| room.take_caller());
        let Some((caller, in_primitive)) = caller else {
            local.lay(call);
            return None;
        };
        let elsewhere = Context::map_current(|here| !belongs(here) && !is_another_test(here, &caller));
        let entered = elsewhere.then(|| (Entered::new(local, Some(caller.clone()), in_primitive), caller));
        local.lay(call);
        entered
    })?
}

/// Where a future was made: its place in the trace if nothing is current where it is first polled, as on
/// the other side of `tokio::spawn`.
fn called() -> Call {
    let called = local(|local| {
        let caller = Context::map_current(|context| is_ambient(context).then(|| context.clone()))?;
        let mut room = Call::NONE.with(local);
        room.set_caller(caller, local.in_primitive.get());
        Some(Call(Some(room)))
    });
    called.flatten().unwrap_or(Call::NONE)
}

/// Wraps the body of an async function.
#[inline]
pub fn future<F, C>(_site: &'static Site, future: F, classify: C) -> Instrumented<F, C>
where
    F: Future,
    C: Fn(&F::Output, &mut Fields) -> Outcome,
{
    Instrumented { future: Some(future), classify, call: called(), stage: Stage::Called }
}

/// Runs the body of a sync function.
#[inline]
pub fn call<R, F, C>(_site: &'static Site, body: F, classify: C) -> R
where
    F: FnOnce() -> R,
    C: FnOnce(&R, &mut Fields) -> Outcome,
{
    let _ = local(|local| local.lay(Call::NONE));
    let unwinding = Unwinding;
    let result = body();
    std::mem::forget(unwinding);
    returned().finish(|fields| classify(&result, fields));
    result
}

pin_project_lite::pin_project! {
    /// The future of an annotated async function.
    pub struct Instrumented<F, C> {
        #[pin]
        future: Option<F>,
        classify: C,
        call: Call,
        stage: Stage,
    }

    impl<F, C> PinnedDrop for Instrumented<F, C> {
        /// What the body held is dropped within the call, so that calls it had not finished end
        /// before it and below it.
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let (Stage::Running, Some(started)) = (&this.stage, &this.call.0) {
                let entered = Entered::again(started);
                this.future.set(None);
                drop(entered);
            }
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
struct UnwindingLater<'a>(&'a mut Call);

impl Drop for UnwindingLater<'_> {
    fn drop(&mut self) {
        std::mem::replace(self.0, Call::NONE).panicked();
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
                let caller = first_poll(std::mem::replace(this.call, Call::NONE));
                let unwinding = Unwinding;
                let polled = future.poll(task);
                std::mem::forget(unwinding);
                match &polled {
                    Poll::Ready(result) => {
                        let call = returned();
                        drop(caller);
                        call.finish(|fields| (this.classify)(result, fields));
                    }
                    Poll::Pending => {
                        *this.call = suspended(caller);
                        *this.stage = Stage::Running;
                    }
                }
                polled
            }
            Stage::Running => {
                let entered = this.call.0.as_deref().and_then(Entered::again);
                let unwinding = UnwindingLater(this.call);
                let polled = future.poll(task);
                std::mem::forget(unwinding);
                drop(entered);
                if let Poll::Ready(result) = &polled {
                    *this.stage = Stage::Ended;
                    std::mem::replace(this.call, Call::NONE).finish(|fields| (this.classify)(result, fields));
                }
                polled
            }
            Stage::Ended => future.poll(task),
        }
    }
}
