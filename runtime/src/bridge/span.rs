//! The span of `tracing` that a call has where [`tracing_spans`](crate::TelemetryBuilder::tracing_spans) asks for one.
//!
//! All of it is told to a subscriber, which is code of the program's: if that panics, the call goes on.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use opentelemetry::trace::{SpanContext, SpanRef, TraceContextExt as _};
use opentelemetry::{Context, KeyValue};
use tracing::dispatcher::get_default;
use tracing::span::Record;
use tracing::{Dispatch, Span};

use super::Callsite;
use crate::catalog::Site;
use crate::names::attribute;
use crate::outcome::{Kind, Outcome};

thread_local! {
    static TELLING: Cell<bool> = const { Cell::new(false) };
}

/// Says something to a subscriber.
fn tell<R>(say: impl FnOnce() -> R) -> Option<R> {
    let was = TELLING.try_with(|telling| telling.replace(true)).ok()?;
    let said = catch_unwind(AssertUnwindSafe(say)).ok();
    let _ = TELLING.try_with(|telling| telling.set(was));
    said
}

/// A hold on a span of `tracing`, which stays open as long.
pub(crate) struct Handle(Option<Span>);

impl Handle {
    /// The span that is current here, if there is one.
    pub(crate) fn here() -> Option<Self> {
        let span = tell(Span::current)?;
        (!span.is_none()).then(|| Handle(Some(span)))
    }

    fn with(&self, say: impl FnOnce(&tracing::Id, &Dispatch)) {
        tell(|| self.0.as_ref()?.with_subscriber(|(id, dispatch)| say(id, dispatch)));
    }

    /// Makes it current until dropped.
    pub(crate) fn enter(&self) -> Inside<'_> {
        self.with(|id, dispatch| dispatch.enter(id));
        Inside(self)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let span = self.0.take();
        tell(|| drop(span));
    }
}

/// While a span is current.
pub(crate) struct Inside<'a>(&'a Handle);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.with(|id, dispatch| dispatch.exit(id));
    }
}

/// The span of a call, from before it begins.
pub(crate) enum CallSpan {
    /// The call has been made, within a span, and not begun.
    Made(Handle),
    /// It has begun, and nothing is open yet.
    Begun {
        callsite: &'static Callsite,
        parent: Option<Handle>,
        attributes: Vec<KeyValue>,
    },
    Open {
        callsite: &'static Callsite,
        handle: Handle,
        is_entered: bool,
        is_over: Arc<AtomicBool>,
    },
    /// There is none.
    None,
}

impl CallSpan {
    /// Remembers what is current where a call is made, since that may not be where it begins.
    #[cold]
    #[inline(never)]
    pub(crate) fn remember_caller(place: &mut Option<Box<Self>>) {
        *place = Handle::here().map(CallSpan::Made).map(Box::new);
    }

    /// A call has come to nothing.
    #[cold]
    #[inline(never)]
    pub(crate) fn forget(place: &mut Option<Box<Self>>) {
        *place = None;
    }

    /// The call begins. `attributes` are its `fields(..)`, asked for if a subscriber wants the span.
    pub(crate) fn begun(
        site: &'static Site,
        made: Option<Box<Self>>,
        attributes: impl FnOnce() -> Vec<KeyValue>,
    ) -> Option<Box<Self>> {
        // What a subscriber calls by itself would be told to it without end.
        if TELLING.try_with(Cell::get).unwrap_or(true) {
            return None;
        }
        let parent = match made.map(|made| *made) {
            // As in our own traces, what is current goes before what was.
            Some(CallSpan::Made(handle)) if Handle::here().is_none() => Some(handle),
            _ => None,
        };
        let callsite = site.callsite();
        let asks = tell(|| callsite.interest()).flatten()?;
        let mut is_wanted = false;
        match &parent {
            Some(parent) => parent.with(|_, dispatch| is_wanted = asks(dispatch)),
            None => _ = tell(|| is_wanted = get_default(&asks)),
        }
        is_wanted.then(|| Box::new(CallSpan::Begun { callsite, parent, attributes: attributes() }))
    }

    /// Makes the span current, after the call's context; opens it before the body's first poll.
    #[cold]
    #[inline(never)]
    pub(crate) fn enter(&mut self) {
        if let CallSpan::Begun { .. } = self
            && let CallSpan::Begun { callsite, parent, attributes } = std::mem::replace(self, CallSpan::None)
        {
            let is_over = Arc::new(AtomicBool::new(false));
            let opening = Opening::begin(&is_over);
            if let Some(handle) = open(callsite, parent.as_ref(), &attributes) {
                handle.with(|id, dispatch| dispatch.enter(id));
                *self = CallSpan::Open { callsite, handle, is_entered: true, is_over };
            }
            drop(opening);
        } else if let CallSpan::Open { handle, is_entered: is_entered @ false, .. } = self {
            *is_entered = true;
            handle.with(|id, dispatch| dispatch.enter(id));
        }
    }

    /// It is not current any more, before the call's context is not.
    #[cold]
    #[inline(never)]
    pub(crate) fn leave(&mut self) {
        if let CallSpan::Open { handle, is_entered: is_entered @ true, .. } = self {
            *is_entered = false;
            handle.with(|id, dispatch| dispatch.exit(id));
        }
    }

    /// The call has ended.
    #[cold]
    #[inline(never)]
    pub(crate) fn end(place: &mut Option<Box<Self>>, outcome: &Outcome, returned: &[KeyValue]) {
        let Some(mut span) = place.take() else { return };
        span.leave();
        let CallSpan::Open { callsite, handle, is_over, .. } = &*span else { return };
        is_over.store(true, Relaxed);
        let mut attributes = returned.to_vec();
        attributes.push(KeyValue::new(attribute::STATUS, outcome.status.as_str()));
        if let Some(error) = outcome.error.as_ref().map(Kind::name) {
            attributes.push(KeyValue::new(attribute::ERROR_TYPE, error));
        }
        handle.with(|id, dispatch| {
            callsite.values(&attributes, |values| dispatch.record(id, &Record::new(values)));
        });
    }
}

fn open(callsite: &'static Callsite, parent: Option<&Handle>, attributes: &[KeyValue]) -> Option<Handle> {
    let mut opened = None;
    let metadata = callsite.metadata();
    let mut say = |dispatch: &Dispatch, below: Option<&tracing::Id>| {
        callsite.values(attributes, |values| match &opened {
            None => {
                opened = Some(Handle(Some(match below {
                    Some(below) => Span::child_of_with(below.clone(), metadata, values, dispatch),
                    None => Span::new_with(metadata, values, dispatch),
                })));
            }
            // Those that are too many for once.
            Some(handle) => handle.with(|id, dispatch| dispatch.record(id, &Record::new(values))),
        });
    };
    match parent {
        Some(parent) => parent.with(|id, dispatch| say(dispatch, Some(id))),
        None => _ = tell(|| get_default(|dispatch| say(dispatch, None))),
    }
    opened
}

/// A call that has a span of `tracing`, for who exports those.
#[derive(Clone, Debug)]
pub(crate) struct OpenCall {
    context: Context,
    is_over: Arc<AtomicBool>,
}

thread_local! {
    /// Whose span is being opened, and entered for the first time, on this thread.
    static OPENING: RefCell<Option<OpenCall>> = const { RefCell::new(None) };
}

impl OpenCall {
    pub(crate) fn being_opened() -> Option<Self> {
        OPENING.try_with(|opening| opening.borrow().clone()).ok().flatten()
    }

    pub(crate) fn span_context(&self) -> SpanContext {
        self.context.span().span_context().clone()
    }

    pub(crate) fn is_recording(&self) -> bool {
        !self.is_over.load(Relaxed) && self.context.span().is_recording()
    }

    /// Adds to the call's own span, unless the call is over: what is current for it then may be another's.
    pub(crate) fn add(&self, add: impl FnOnce(&SpanRef<'_>)) {
        if !self.is_over.load(Relaxed) {
            add(&self.context.span());
        }
    }
}

/// Until this is dropped, the call whose context is current here is being opened.
struct Opening;

impl Opening {
    fn begin(is_over: &Arc<AtomicBool>) -> Self {
        let context = crate::span::local::current(Clone::clone);
        let opening = OpenCall { context, is_over: is_over.clone() };
        drop(OPENING.try_with(|open| open.replace(Some(opening))));
        Opening
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        drop(OPENING.try_with(RefCell::take));
    }
}
