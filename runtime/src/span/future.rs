//! A future whose polls belong to a call: the body of an async function, or what a function has made.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::FusedFuture;
use opentelemetry::Context;

use super::call::{Ending, Entered, Room, Unwinding, end, give};
use super::local::local;
use super::rest::Rest;
use crate::catalog::Site;
use crate::outcome::Outcome;
use crate::span::Fields;

/// Wraps the body of an async function.
#[inline]
pub fn future<F, C>(_site: &'static Site, future: F, classify: C) -> Instrumented<F, Classify<C>>
where
    F: Future,
    C: Fn(&F::Output, &mut Fields) -> Outcome,
{
    Instrumented { future: Some(future), ending: Classify(classify), room: called(), stage: Stage::Called }
}

/// Wraps the body of an async function whose result goes on: it has a stream in it.
#[inline]
pub fn future_then<F, N, R>(_site: &'static Site, future: F, next: N) -> Instrumented<F, Then<N>>
where
    F: Future,
    N: Fn(F::Output, Rest) -> R,
{
    Instrumented { future: Some(future), ending: Then(next), room: called(), stage: Stage::Called }
}

/// Wraps a future that the body of a call has made; it is the rest of that call.
pub(super) fn rest<F, E>(room: Room, future: F, ending: E) -> Instrumented<F, E> {
    Instrumented { future: Some(future), ending, room, stage: Stage::Running }
}

/// What becomes of a future's result.
pub trait End<T> {
    /// What the wrapped future returns instead.
    type Output;

    /// The first poll has returned the result; its frame is still laid.
    fn at_once(&self, result: T, caller: Caller) -> Self::Output;

    /// A later poll has.
    fn later(&self, result: T, ending: Ending) -> Self::Output;
}

/// The result is looked at, and ends the call.
pub struct Classify<C>(pub(super) C);

impl<T, C> End<T> for Classify<C>
where
    C: Fn(&T, &mut Fields) -> Outcome,
{
    type Output = T;

    #[inline]
    fn at_once(&self, result: T, caller: Caller) -> T {
        end(|fields| (self.0)(&result, fields));
        drop(caller);
        result
    }

    #[inline]
    fn later(&self, result: T, ending: Ending) -> T {
        ending.finish(|fields| (self.0)(&result, fields));
        result
    }
}

/// The result goes on with the call.
pub struct Then<N>(pub(super) N);

impl<T, N, R> End<T> for Then<N>
where
    N: Fn(T, Rest) -> R,
{
    type Output = R;

    fn at_once(&self, result: T, caller: Caller) -> R {
        (self.0)(result, Rest::new(Ending(suspended(caller))))
    }

    fn later(&self, result: T, ending: Ending) -> R {
        (self.0)(result, Rest::new(ending))
    }
}

/// What a call has taken over from its caller, while it is current.
#[derive(Default)]
pub struct Caller(Option<Box<(Entered, Context)>>);

pin_project_lite::pin_project! {
    /// A future whose polls belong to a call.
    pub struct Instrumented<F, E> {
        #[pin]
        future: Option<F>,
        ending: E,
        room: Room,
        stage: Stage,
    }

    impl<F, E> PinnedDrop for Instrumented<F, E> {
        /// What the body held is dropped within the call, so that calls it had not finished end
        /// before it and below it.
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let mut ending = Ending(this.room.take());
            if let (Stage::Running, Some(started)) = (this.stage, &mut ending.0) {
                let entered = Entered::again(started);
                this.future.set(None);
                #[cfg(feature = "tracing")]
                started.leave();
                drop(entered);
            }
            ending.cancelled();
        }
    }
}

// What is current and what is counted stays consistent when a body unwinds, so whether a future may
// cross `catch_unwind` is the body's own affair.
impl<F: UnwindSafe, E> UnwindSafe for Instrumented<F, E> {}
impl<F: RefUnwindSafe, E> RefUnwindSafe for Instrumented<F, E> {}

/// How far a future has come.
#[derive(Clone, Copy)]
enum Stage {
    /// Not polled yet.
    Called,
    /// Between the first poll and the end.
    Running,
    Ended,
}

impl<F, E> Future for Instrumented<F, E>
where
    F: Future,
    E: End<F::Output>,
{
    type Output = E::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<E::Output> {
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
                match polled {
                    Poll::Ready(result) => Poll::Ready(this.ending.at_once(result, caller)),
                    Poll::Pending => {
                        *this.room = suspended(caller);
                        *this.stage = Stage::Running;
                        Poll::Pending
                    }
                }
            }
            Stage::Running => match within(this.room, || future.poll(task)) {
                Poll::Ready(result) => {
                    *this.stage = Stage::Ended;
                    Poll::Ready(this.ending.later(result, Ending(this.room.take())))
                }
                Poll::Pending => {
                    pause(this.room);
                    Poll::Pending
                }
            },
            Stage::Ended => future.poll(task).map(|result| this.ending.later(result, Ending(None))),
        }
    }
}

impl<F, E> FusedFuture for Instrumented<F, E>
where
    F: FusedFuture,
    E: End<F::Output>,
{
    fn is_terminated(&self) -> bool {
        self.future.as_ref().is_none_or(F::is_terminated)
    }
}

/// Runs a later poll of a call.
#[inline]
pub(super) fn within<R>(room: &mut Room, poll: impl FnOnce() -> R) -> R {
    let entered = room.as_deref_mut().and_then(Entered::again);
    let unwinding = UnwindingLater(room);
    let polled = poll();
    #[cfg(feature = "tracing")]
    if let Some(started) = unwinding.0.as_deref_mut() {
        started.leave();
    }
    drop(entered);
    std::mem::forget(unwinding);
    polled
}

/// A call awaits again.
#[inline]
pub(super) fn pause(room: &mut Room) {
    if let Some(started) = room {
        started.pause();
    }
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

/// The call of a body that awaits, no longer current until the next poll. What it took over from its
/// caller it keeps.
#[inline(never)]
pub(super) fn suspended(caller: Caller) -> Room {
    let mut room = local(|local| {
        let depth = local.depth.get().checked_sub(1)?;
        local.frame(depth, |frame| {
            // While what it made current still is.
            if let Some(mut started) = frame.started.take() {
                started.suspend(local);
                frame.started.set(Some(started));
            }
        });
        local.take_up()
    })?;
    if let (Some(caller), Some(started)) = (caller.0, &mut room) {
        let (entered, caller) = *caller;
        drop(entered);
        started.adopt(caller);
    }
    room
}

/// Lays the frame for a future's first poll, and makes its caller current unless it belongs to something
/// where it is polled.
#[inline(never)]
fn first_poll(room: Room) -> Caller {
    local(|local| {
        let Some(mut room) = room else {
            local.lay(None);
            return Caller::default();
        };
        let caller = room.take_caller(|caller| {
            Context::map_current(|here| !belongs(here) && !is_another_test(here, caller))
        });
        // Before the frame, which is within it.
        let entered = caller.map(|(caller, within, payer)| {
            Box::new((Entered::new(local, Some(caller.clone()), within, payer), caller))
        });
        local.lay(Some(room));
        Caller(entered)
    })
    .unwrap_or_default()
}

/// Where a future was made: its place in the trace if nothing is current where it is first polled, as on
/// the other side of `tokio::spawn`.
#[inline(never)]
fn called() -> Room {
    local(|local| {
        Context::map_current(|caller| {
            is_ambient(caller).then(|| {
                let mut room = local.room();
                room.set_caller(caller, local.within.get(), local.payer());
                room
            })
        })
    })?
}

/// Whether a call that is made within `context` should find it again.
pub(super) fn is_ambient(context: &Context) -> bool {
    belongs(context) || is_another_test(context, &Context::new())
}

/// Whether a call that starts within `context` is part of something.
fn belongs(context: &Context) -> bool {
    use opentelemetry::baggage::BaggageExt as _;
    use opentelemetry::trace::TraceContextExt as _;
    context.has_active_span()
        || crate::context::WorkflowContext::of(context).is_some_and(|workflow| !workflow.is_none())
        || !context.baggage().is_empty()
        || is_cached(context)
}

/// Whether a call that starts within `context` is on the way to an entry of a cache, and must not wait for it.
#[cfg(feature = "cache")]
fn is_cached(context: &Context) -> bool {
    crate::policy::is_cached(context)
}

#[cfg(not(feature = "cache"))]
fn is_cached(_: &Context) -> bool {
    false
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
