//! An open span of a call's, as OpenTelemetry sees it, and the place where both meet.
//!
//! The call keeps the span's record to itself. What other code adds through the OpenTelemetry context,
//! which may outlive the call and be on any thread, it leaves in a slot; the call looks there once, at its
//! end. So ending a span takes one atomic step and no lock, and needs no context.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, Status};

use super::record::Additions;
use crate::pipeline::Limits;

/// Where code that holds the span's context leaves what it adds.
///
/// A slot serves one span after another. It is never freed, since a context may still point to it; there
/// are as many as there were open spans at once.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Slot {
    /// The number of the span that has it, and in the lowest bit whether something was added to it.
    state: AtomicU64,
    added: Mutex<Additions>,
}

const ADDED: u64 = 1;

/// Slots go so many at once from thread to thread, for spans that start on one and end on another.
const AT_ONCE: usize = 32;

/// Slots that no span has and no thread keeps.
static FREE: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());

/// The slots that a thread keeps for its next spans.
#[derive(Debug, Default)]
pub(super) struct Slots(RefCell<Vec<&'static Slot>>);

impl Slots {
    #[inline]
    fn take(&self) -> &'static Slot {
        let mut slots = self.0.borrow_mut();
        if slots.is_empty() {
            let mut free = lock(&FREE);
            let rest = free.len().saturating_sub(AT_ONCE);
            slots.extend(free.drain(rest..));
        }
        slots.pop().unwrap_or_else(|| Box::leak(Box::default()))
    }

    #[inline]
    fn give(&self, slot: &'static Slot) {
        let mut slots = self.0.borrow_mut();
        slots.push(slot);
        if slots.len() > 2 * AT_ONCE {
            lock(&FREE).extend(slots.drain(AT_ONCE..));
        }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        lock(&FREE).append(self.0.get_mut());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The call's end.
#[derive(Debug)]
pub(super) struct Own {
    slot: &'static Slot,
    number: u64,
}

impl Own {
    #[inline]
    pub(super) fn new(slots: &Slots) -> Self {
        let slot = slots.take();
        Own { slot, number: slot.state.load(Ordering::Relaxed) }
    }

    /// The other end, for a context.
    #[inline]
    pub(super) fn open(&self, context: SpanContext, limits: fn() -> Limits) -> OpenSpan {
        OpenSpan { context, slot: self.slot, number: self.number, limits }
    }

    /// Ends the span: from now on nothing can be added. What was is handed to `taken`.
    #[inline]
    pub(super) fn end(&self, taken: impl FnOnce(Additions)) {
        let was = self.slot.state.swap(self.number + 2 * ADDED, Ordering::AcqRel);
        if was & ADDED != 0 {
            taken(std::mem::take(&mut *lock(&self.slot.added)));
        }
    }

    /// Leaves the slot to another span.
    #[inline]
    pub(super) fn give_back(self, slots: Option<&Slots>) {
        match slots {
            Some(slots) => slots.give(self.slot),
            None => lock(&FREE).push(self.slot),
        }
    }
}

/// An open span of a call's, in the hands of OpenTelemetry. When the call has ended it does nothing.
#[derive(Debug)]
pub(super) struct OpenSpan {
    context: SpanContext,
    slot: &'static Slot,
    number: u64,
    limits: fn() -> Limits,
}

impl OpenSpan {
    fn add(&self, add: impl FnOnce(&mut Additions, &Limits)) {
        let limits = (self.limits)();
        let mut added = lock(&self.slot.added);
        let state = &self.slot.state;
        let marked =
            state.compare_exchange(self.number, self.number | ADDED, Ordering::AcqRel, Ordering::Acquire);
        // Whoever finds the mark waits for the lock, so what is added now is seen.
        if marked.is_ok() || marked == Err(self.number | ADDED) {
            add(&mut added, &limits);
        }
    }
}

impl opentelemetry::trace::Span for OpenSpan {
    fn add_event_with_timestamp<T>(&mut self, name: T, timestamp: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        self.add(|added, limits| added.event(name.into(), timestamp, attributes, limits));
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.slot.state.load(Ordering::Acquire) & !ADDED == self.number
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        self.add(|added, limits| added.set(attribute, limits));
    }

    fn set_status(&mut self, status: Status) {
        self.add(|added, _| added.status(status));
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        self.add(|added, _| added.extras().name = Some(new_name.into()));
    }

    fn add_link(&mut self, context: SpanContext, attributes: Vec<KeyValue>) {
        self.add(|added, limits| added.link(context, attributes, limits));
    }

    /// The call ends it, and nobody else.
    fn end_with_timestamp(&mut self, _timestamp: SystemTime) {}
}
