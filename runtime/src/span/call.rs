//! The wrapper around an annotated function: what starts a call, makes it current, and always ends it.
//!
//! A call starts when its body does, at the first poll of a future: [`begin`] is the body's first
//! statement, where the arguments are bound and can be looked at. It leaves the started call in a slot
//! of the thread, and whoever is running the body, [`future`] or [`call`], picks it up there when the
//! body returns, awaits or unwinds. A future that is dropped without ever being polled has not run, so
//! nothing has started and nothing is counted.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::{Context, ContextGuard};

#[cfg(not(feature = "telemetry"))]
use super::bare::Call;
#[cfg(feature = "telemetry")]
use super::live::Call;
use crate::catalog::Site;
use crate::metric::label::LabelValue;
use crate::outcome::Outcome;
use crate::span::Fields;

thread_local! {
    /// The call whose body has just begun on this thread.
    static BEGUN: Cell<Option<Running>> = const { Cell::new(None) };
    /// Whether the innermost annotated call on this thread is a primitive, whose own calls are not
    /// steps of the workflow.
    static IN_PRIMITIVE: Cell<bool> = const { Cell::new(false) };
}

/// A call that is current on this thread.
struct Running {
    call: Call,
    /// Drops before `entered` does: ending the call may look at the context.
    entered: Entered,
}

/// What is current on this thread, until dropped.
struct Entered {
    _context: Option<ContextGuard>,
    was_in_primitive: bool,
}

impl Entered {
    fn new(context: Option<Context>, in_primitive: bool) -> Self {
        Entered {
            _context: context.map(Context::attach),
            was_in_primitive: IN_PRIMITIVE.replace(in_primitive),
        }
    }

    fn call(call: &Call) -> Self {
        Entered::new(call.context().cloned(), call.is_primitive())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        IN_PRIMITIVE.set(self.was_in_primitive);
    }
}

/// Starts the call whose body runs from here on. The first statement of every expansion's body.
pub fn begin<const N: usize>(
    site: &'static Site,
    labels: impl FnOnce() -> [LabelValue; N],
    fields: impl FnOnce(&mut Fields),
) {
    let call = Call::start(site, IN_PRIMITIVE.get(), labels, fields);
    let entered = Entered::call(&call);
    BEGUN.set(Some(Running { call, entered }));
}

/// Runs a part of a body, with an eye on the call that it may begin.
struct Watch {
    /// The call of the function that called this one, begun in the same poll.
    outer: Option<Running>,
}

impl Watch {
    fn new() -> Self {
        Watch { outer: BEGUN.take() }
    }

    /// The call that has begun, no longer current.
    fn begun() -> Option<Call> {
        BEGUN.take().map(|running| running.call)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Still there only if the body unwound.
        if let Some(Running { call, entered }) = BEGUN.replace(self.outer.take()) {
            call.panicked();
            drop(entered);
        }
    }
}

/// Wraps the body of an async function.
#[inline]
pub fn future<F, C>(_site: &'static Site, future: F, classify: C) -> Instrumented<F, C>
where
    F: Future,
    C: Fn(&F::Output, &mut Fields) -> Outcome,
{
    Instrumented { future: Some(future), classify, state: State::Called(Caller::here()) }
}

/// Runs the body of a sync function.
#[inline]
pub fn call<R, F, C>(_site: &'static Site, body: F, classify: C) -> R
where
    F: FnOnce() -> R,
    C: FnOnce(&R, &mut Fields) -> Outcome,
{
    let _watch = Watch::new();
    let result = body();
    if let Some(call) = Watch::begun() {
        call.finish(|fields| classify(&result, fields));
    }
    result
}

pin_project_lite::pin_project! {
    /// The future of an annotated async function.
    pub struct Instrumented<F, C> {
        #[pin]
        future: Option<F>,
        classify: C,
        state: State,
    }

    impl<F, C> PinnedDrop for Instrumented<F, C> {
        /// What the body held is dropped within the call, so that calls it had not finished end
        /// before it and below it.
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let State::Running(call) = &this.state else { return };
            let entered = Entered::call(call);
            this.future.set(None);
            drop(entered);
            *this.state = State::Ended;
        }
    }
}

// What is current and what is counted stays consistent when a body unwinds, so whether a future may
// cross `catch_unwind` is the body's own affair.
impl<F: UnwindSafe, C> UnwindSafe for Instrumented<F, C> {}
impl<F: RefUnwindSafe, C> RefUnwindSafe for Instrumented<F, C> {}

enum State {
    /// Not polled yet.
    Called(Caller),
    /// Between the first poll and the end.
    Running(Call),
    Ended,
}

/// Where a future was made: its place in the trace if nothing is current where it is first polled, as
/// on the other side of `tokio::spawn`.
struct Caller {
    context: Option<Context>,
    in_primitive: bool,
}

impl Caller {
    fn here() -> Self {
        Caller {
            context: Context::map_current(|context| is_ambient(context).then(|| context.clone())),
            in_primitive: IN_PRIMITIVE.get(),
        }
    }

    /// Makes the caller current, unless something else is.
    fn enter(self) -> Option<Entered> {
        let context = self.context?;
        let elsewhere = !Context::map_current(is_ambient);
        elsewhere.then(|| Entered::new(Some(context), self.in_primitive))
    }
}

/// Whether a call that starts within `context` belongs to something.
fn is_ambient(context: &Context) -> bool {
    use opentelemetry::trace::TraceContextExt as _;
    #[cfg(feature = "telemetry")]
    if crate::testing::Recording::of(context).is_some() {
        return true;
    }
    context.has_active_span() || crate::context::WorkflowContext::of(context).is_some()
}

/// Ends a call whose body unwound out of a poll.
struct Unwinding<'a>(&'a mut State);

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        if let State::Running(call) = std::mem::replace(self.0, State::Ended) {
            call.panicked();
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
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            // Taken only while this is dropped.
            return Poll::Pending;
        };
        let polled = match std::mem::replace(this.state, State::Ended) {
            State::Called(caller) => {
                let caller = caller.enter();
                let watch = Watch::new();
                let polled = future.poll(task);
                if let Some(call) = Watch::begun() {
                    *this.state = State::Running(call);
                }
                drop(watch);
                drop(caller);
                polled
            }
            State::Running(call) => {
                let entered = Entered::call(&call);
                *this.state = State::Running(call);
                let unwinding = Unwinding(this.state);
                let polled = future.poll(task);
                std::mem::forget(unwinding);
                drop(entered);
                polled
            }
            State::Ended => future.poll(task),
        };
        if let Poll::Ready(result) = &polled
            && let State::Running(call) = std::mem::replace(this.state, State::Ended)
        {
            call.finish(|fields| (this.classify)(result, fields));
        }
        polled
    }
}
