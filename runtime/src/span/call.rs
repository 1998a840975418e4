//! The wrapper around an annotated function: what starts a call, makes it current, and always ends it.
//!
//! A call starts when its body does, at the first poll of a future: [`begin`] is the body's first
//! statement, where the arguments are bound and can be looked at. It leaves the started call with the
//! thread, and whoever is running the body, [`future`] or [`call`], picks it up there when the body
//! returns, awaits or unwinds. A future that is dropped without ever being polled has not run, so
//! nothing has started and nothing is counted.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use opentelemetry::{Context, ContextGuard};

#[cfg(not(feature = "telemetry"))]
use super::bare::Call;
#[cfg(feature = "telemetry")]
use super::live::Call;
use super::local::{current, local};
use crate::catalog::Site;
use crate::metric::label::LabelValue;
use crate::outcome::Outcome;
use crate::span::Fields;

/// A call that is current on this thread.
pub(super) struct Running {
    call: Call,
    entered: Entered,
}

/// What is current on this thread, until dropped.
struct Entered {
    _context: Option<ContextGuard>,
    was_in_primitive: bool,
}

impl Entered {
    fn new(context: Option<&Context>, in_primitive: bool) -> Self {
        let was_in_primitive = local(|local| local.in_primitive.replace(in_primitive));
        Entered {
            // `None`: the thread is ending.
            _context: context.filter(|_| was_in_primitive.is_some()).map(|context| context.clone().attach()),
            was_in_primitive: was_in_primitive.unwrap_or(false),
        }
    }

    fn call(call: &Call) -> Self {
        Entered::new(call.context(), call.is_primitive())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        local(|local| local.in_primitive.set(self.was_in_primitive));
    }
}

/// Starts the call whose body runs from here on. The first statement of every expansion's body.
pub fn begin<const N: usize>(
    site: &'static Site,
    labels: impl FnOnce() -> [LabelValue; N],
    fields: impl FnOnce(&mut Fields),
) {
    let Some(in_primitive) = local(|local| local.in_primitive.get()) else { return };
    let call = Call::start(site, in_primitive, labels, fields);
    let entered = Entered::call(&call);
    local(|local| local.begun.borrow_mut().push(Running { call, entered }));
}

/// Runs a part of a body, with an eye on the call that it may begin.
struct Watch {
    /// How many calls had begun around it.
    depth: usize,
}

impl Watch {
    fn new() -> Self {
        Watch { depth: local(|local| local.begun.borrow().len()).unwrap_or(0) }
    }

    /// The call that has begun, no longer current.
    fn begun(&self) -> Option<Call> {
        let Running { call, entered } = self.take()?;
        drop(entered);
        Some(call)
    }

    fn take(&self) -> Option<Running> {
        local(|local| {
            let mut begun = local.begun.borrow_mut();
            if begun.len() > self.depth { begun.pop() } else { None }
        })?
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Still there only if the body unwound.
        if let Some(Running { call, entered }) = self.take() {
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
    let watch = Watch::new();
    let result = body();
    if let Some(call) = watch.begun() {
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
            context: current(|context| is_ambient(context).then(|| context.clone())),
            in_primitive: local(|local| local.in_primitive.get()).unwrap_or(false),
        }
    }

    /// Makes the caller current, unless the call belongs to something where it is first polled.
    fn enter(self) -> Option<(Entered, Context)> {
        let context = self.context?;
        let elsewhere = !current(belongs) && !current(|here| is_another_test(here, &context));
        elsewhere.then(|| (Entered::new(Some(&context), self.in_primitive), context))
    }
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
        let polled = match this.state {
            State::Running(call) => {
                let entered = Entered::call(call);
                let unwinding = Unwinding(this.state);
                let polled = future.poll(task);
                std::mem::forget(unwinding);
                drop(entered);
                polled
            }
            State::Called(_) => {
                let State::Called(caller) = std::mem::replace(this.state, State::Ended) else {
                    return Poll::Pending;
                };
                let (entered, caller) = caller.enter().unzip();
                let watch = Watch::new();
                let polled = future.poll(task);
                let begun = watch.begun();
                drop(entered);
                match (&polled, begun) {
                    (Poll::Ready(result), Some(call)) => {
                        // Ended in its first poll: it never moves into the state.
                        call.finish(|fields| (this.classify)(result, fields));
                    }
                    (Poll::Pending, Some(mut call)) => {
                        if let Some(caller) = caller {
                            call.adopt(caller);
                        }
                        *this.state = State::Running(call);
                    }
                    (_, None) => {}
                }
                return polled;
            }
            State::Ended => return future.poll(task),
        };
        if let Poll::Ready(result) = &polled
            && let State::Running(call) = std::mem::replace(this.state, State::Ended)
        {
            call.finish(|fields| (this.classify)(result, fields));
        }
        polled
    }
}
