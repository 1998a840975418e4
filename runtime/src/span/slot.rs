//! An open span of a call's, as OpenTelemetry sees it, and the place where both meet.
//!
//! The call keeps the span's record to itself. What other code adds through the OpenTelemetry context,
//! which may outlive the call and be on any thread, it leaves in a slot; the call looks there once, at its
//! end. So ending a span takes one atomic step and no lock, and needs no context.

use std::borrow::Cow;
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
/// are as many as there were records at once.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Slot {
    /// The number of the span that has it, and in the lowest bit whether something was added to it.
    state: AtomicU64,
    added: Mutex<Additions>,
}

const ADDED: u64 = 1;

/// Slots that no record has.
static FREE: Mutex<Vec<&'static Slot>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The call's end. It goes with the record, for one span after another.
#[derive(Debug)]
pub(super) struct Own(&'static Slot);

impl Default for Own {
    fn default() -> Self {
        Own(lock(&FREE).pop().unwrap_or_else(|| Box::leak(Box::default())))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.end();
        lock(&FREE).push(self.0);
    }
}

impl Own {
    /// The other end, for a context.
    pub(super) fn open(&self, context: SpanContext, limits: fn() -> Limits) -> OpenSpan {
        let number = self.0.state.load(Ordering::Relaxed) & !ADDED;
        OpenSpan { context, slot: self.0, number, limits }
    }

    /// Ends the span: from now on nothing can be added. What was is returned.
    pub(super) fn end(&self) -> Option<Additions> {
        let next = (self.0.state.load(Ordering::Relaxed) & !ADDED) + 2 * ADDED;
        let was = self.0.state.swap(next, Ordering::AcqRel);
        (was & ADDED != 0).then(|| std::mem::take(&mut *lock(&self.0.added)))
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
