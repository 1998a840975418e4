//! What is left of a call whose body has returned a future or a stream.

use futures_core::Stream;

use super::call::Ending;
use super::future::{Classify, End, Instrumented, Then, is_ambient, rest};
use super::local::current;
use super::stream::InstrumentedStream;
use crate::outcome::Outcome;
use crate::span::Fields;

/// A call that goes on after its body has returned.
///
/// It belongs to the future or the stream that was returned, if there is one.
pub struct Rest {
    ending: Ending,
    /// How it has ended if there is none.
    outcome: Option<Outcome>,
}

impl Rest {
    /// What is current here is current for the rest too, which may be polled anywhere, unless the call has made
    /// something current for itself.
    pub(super) fn new(mut ending: Ending) -> Self {
        if let Some(started) = &mut ending.0 {
            current(|here| {
                if is_ambient(here) {
                    started.adopt(here.clone());
                }
            });
        }
        Rest { ending, outcome: None }
    }

    /// Looks at a result that need not have a future or a stream in it.
    #[must_use]
    pub fn returned<R>(self, result: &R, classify: impl FnOnce(&R) -> Outcome) -> Self {
        let mut rest = self;
        rest.outcome = Some(classify(result));
        rest
    }

    /// Goes on while the future does.
    pub fn future<T, F, C>(mut self, future: F, classify: C) -> Instrumented<F, Classify<C>>
    where
        F: Future<Output = T>,
        C: Fn(&T, &mut Fields) -> Outcome,
    {
        rest(self.ending.0.take(), future, Classify(classify))
    }

    /// Goes on while the future does, and then with what is in its result.
    pub fn future_then<T, F, N>(mut self, future: F, next: N) -> Instrumented<F, Then<N>>
    where
        F: Future<Output = T>,
        Then<N>: End<T>,
    {
        rest(self.ending.0.take(), future, Then(next))
    }

    /// Goes on until the stream ends. What its last item means is what the call means.
    pub fn stream<T, S, C>(mut self, stream: S, classify: C) -> InstrumentedStream<S, C>
    where
        S: Stream<Item = T>,
        C: Fn(&T, &mut Fields) -> Outcome,
    {
        InstrumentedStream::new(self.ending.0.take(), stream, classify)
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(outcome) = self.outcome {
            Ending(self.ending.0.take()).finish(|_| outcome);
        }
    }
}
