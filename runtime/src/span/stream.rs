//! A stream that a call has returned: the call goes on until it ends.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use futures_core::{FusedStream, Stream};

use super::call::{Ending, Entered, Room};
use super::future::{pause, within};
use crate::names::attribute;
use crate::outcome::{Outcome, Status};
use crate::span::Fields;

pin_project_lite::pin_project! {
    /// A stream whose items belong to a call.
    pub struct InstrumentedStream<S, C> {
        #[pin]
        stream: Option<S>,
        classify: C,
        room: Room,
        items: Items,
    }

    impl<S, C> PinnedDrop for InstrumentedStream<S, C> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let mut ending = Ending(this.room.take());
            if let Some(started) = &mut ending.0 {
                let entered = Entered::again(started);
                this.stream.set(None);
                #[cfg(feature = "tracing")]
                started.leave();
                drop(entered);
                this.items.end(ending, &Outcome::CANCELLED);
            }
        }
    }
}

impl<S: UnwindSafe, C> UnwindSafe for InstrumentedStream<S, C> {}
impl<S: RefUnwindSafe, C> RefUnwindSafe for InstrumentedStream<S, C> {}

impl<S, C> InstrumentedStream<S, C> {
    pub(super) fn new(room: Room, stream: S, classify: C) -> Self {
        InstrumentedStream { stream: Some(stream), classify, room, items: Items::default() }
    }
}

/// The items that have come so far.
#[derive(Default)]
struct Items {
    count: u64,
    /// How long the first one took, in nanoseconds.
    first: Option<u64>,
    /// What the last one means, where that is not a success.
    last: Option<Outcome>,
}

impl Items {
    /// Ends the call as `otherwise` unless the last item was an error: a reader that takes an error for the
    /// end, and reads no further, is not one that has lost interest.
    fn end(&self, ending: Ending, otherwise: &Outcome) {
        ending.finish(|fields| {
            fields.set(attribute::STREAM_ITEMS, &self.count);
            if let Some(first) = self.first {
                fields.set(attribute::STREAM_FIRST_ITEM, &(first as f64 / 1e6));
            }
            self.last.unwrap_or(*otherwise)
        });
    }
}

impl<S, C> Stream for InstrumentedStream<S, C>
where
    S: Stream,
    C: Fn(&S::Item, &mut Fields) -> Outcome,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let Some(stream) = this.stream.as_pin_mut() else {
            // Taken only while this is dropped.
            return Poll::Pending;
        };
        if this.room.is_none() {
            return stream.poll_next(task);
        }
        let polled = within(this.room, || stream.poll_next(task));
        match &polled {
            Poll::Pending => pause(this.room),
            Poll::Ready(None) => this.items.end(Ending(this.room.take()), &Outcome::SUCCESS),
            Poll::Ready(Some(item)) => {
                // If this unwinds, the call has panicked.
                let mut asking = Ending(this.room.take());
                let outcome = (this.classify)(item, &mut Fields::new(false));
                *this.room = asking.0.take();
                pause(this.room);
                this.items.count += 1;
                this.items.last = (outcome.status != Status::Success).then_some(outcome);
                if let (None, Some(started)) = (this.items.first, &this.room) {
                    this.items.first = Some(started.elapsed());
                }
            }
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.as_ref().map_or((0, Some(0)), S::size_hint)
    }
}

impl<S, C> FusedStream for InstrumentedStream<S, C>
where
    S: FusedStream,
    C: Fn(&S::Item, &mut Fields) -> Outcome,
{
    fn is_terminated(&self) -> bool {
        self.stream.as_ref().is_none_or(S::is_terminated)
    }
}
