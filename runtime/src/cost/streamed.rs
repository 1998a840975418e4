//! An attempt whose answer is a stream: it is open until that ends or is dropped.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use super::attempt::{Attempt, Refused, Stage};
use super::heard::Heard;
use super::llm::{Answer, Asked, describe};
#[cfg(feature = "telemetry")]
use super::pace::Pace;
use crate::names::attribute;
use crate::outcome::{Outcome, Status};
use crate::policy::Refuse;

/// An attempt of which the chunks come one by one.
struct Streaming {
    attempt: Attempt,
    heard: Heard,
    #[cfg(feature = "telemetry")]
    pace: Pace,
    /// What the last item means, where that is not a success.
    last: Option<Outcome>,
}

impl Streaming {
    /// The stream has ended as `otherwise`, unless its last item was an error.
    fn end(&mut self, otherwise: &Outcome) {
        #[cfg(feature = "telemetry")]
        let pace = std::mem::take(&mut self.pace);
        let Streaming { attempt, heard, last, .. } = self;
        let outcome = last.take().unwrap_or(*otherwise);
        let is_whole = outcome.status == Status::Success;
        let begun = &*attempt.asked.0;
        // Some servers tell zeros until they know.
        let used = heard
            .said
            .usage
            .filter(|used| is_whole || heard.has_complained || used.input > 0 || used.output > 0);
        let is_missing = is_whole && used.is_none();
        heard.said.usage = used;
        #[cfg(feature = "tiktoken")]
        let is_estimated = used.is_none() && heard.estimate(begun);
        #[cfg(feature = "tiktoken")]
        let used = if is_estimated { heard.said.usage } else { used };
        #[cfg(feature = "router")]
        let mut elsewhere = super::elsewhere::Elsewhere::default();
        #[cfg(feature = "router")]
        {
            elsewhere.begin(attempt.account());
            elsewhere.price(&begun.priced_as(&begun.request.model, &heard.said), &heard.said);
        }
        #[cfg(feature = "telemetry")]
        heard.take_content();
        if let Some(span) = &begun.span {
            describe(span, &heard.said);
            #[cfg(feature = "telemetry")]
            span.set(attribute::GEN_AI_FIRST_CHUNK, pace.first().map(|first| first as f64 / 1e9))
                .set(attribute::CHUNK, pace.average().map(|each| each / 1e6));
            span.set(attribute::USAGE_MISSING, is_missing.then_some(true))
                .set(attribute::USAGE_PARTIAL, (!is_whole && used.is_some()).then_some(true));
            #[cfg(feature = "tiktoken")]
            span.set(attribute::USAGE_ESTIMATED, is_estimated.then_some(true));
        }
        let answer = Answer {
            is_known: is_whole || used.is_some(),
            has_begun: heard.has_begun,
            used,
            cost: if is_whole || used.is_some() { begun.cost(&heard.said) } else { None },
            #[cfg(feature = "telemetry")]
            pace,
            #[cfg(feature = "router")]
            elsewhere,
        };
        if is_whole && answer.cost.is_none() && used.is_none() {
            begun.llm.hint();
        }
        attempt.end(&outcome, &answer);
    }

    /// An item has come.
    fn took<T>(&mut self, item: &T, look: impl Fn(&T, &Asked, &mut Heard), outcome: impl Fn(&T) -> Outcome) {
        look(item, &self.attempt.asked, &mut self.heard);
        let outcome = outcome(item);
        self.last = (outcome.status != Status::Success).then_some(outcome);
        #[cfg(feature = "telemetry")]
        if self.heard.has_begun {
            self.pace.took(self.attempt.elapsed());
        }
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        match self.attempt.stage() {
            Stage::Made | Stage::Ended => {}
            Stage::Polled => {
                self.last = None;
                self.end(&Outcome::PANIC);
            }
            Stage::Waiting => self.end(&Outcome::CANCELLED),
        }
    }
}

/// Ends an attempt whose stream has unwound.
struct Unwinding<'a>(&'a mut Option<Streaming>);

impl Drop for Unwinding<'_> {
    #[cold]
    fn drop(&mut self) {
        *self.0 = None;
    }
}

/// An attempt whose body has returned what may have a stream in it.
pub struct Opened {
    attempt: Option<Attempt>,
    /// How it has ended if there is none.
    ended: Option<(Outcome, Answer)>,
}

impl Opened {
    fn new(attempt: Attempt) -> Self {
        Opened { attempt: Some(attempt), ended: None }
    }

    /// It was refused, and is none.
    fn none() -> Self {
        Opened { attempt: None, ended: None }
    }

    /// Looks at a result that need not have a stream in it.
    #[must_use]
    pub fn returned<R>(
        mut self,
        result: &R,
        look: impl FnOnce(&R, &Asked, &mut Answer),
        outcome: impl FnOnce(&R) -> Outcome,
    ) -> Self {
        if let Some(attempt) = &mut self.attempt {
            let stage = attempt.stage();
            attempt.set_stage(Stage::Polled);
            let mut answer = Answer::default();
            look(result, &attempt.asked, &mut answer);
            self.ended = Some((outcome(result), answer));
            attempt.set_stage(stage);
        }
        self
    }

    /// Goes on until the stream ends.
    pub fn stream<T, S, L, O>(mut self, stream: S, look: L, outcome: O) -> Chunks<S, L, O>
    where
        S: Stream<Item = T>,
        L: Fn(&T, &Asked, &mut Heard),
        O: Fn(&T) -> Outcome,
    {
        let streaming = self.attempt.take().map(|attempt| Streaming {
            attempt,
            heard: Heard::default(),
            #[cfg(feature = "telemetry")]
            pace: Pace::default(),
            last: None,
        });
        Chunks { stream: Some(stream), refused: None, streaming, look, outcome }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let (Some(mut attempt), Some((outcome, answer))) = (self.attempt.take(), self.ended.take()) else {
            return;
        };
        // What fails before anything was sent has cost nothing, and what was reserved is given back.
        if attempt.stage() != Stage::Made || answer.is_known {
            attempt.end(&outcome, &answer);
        }
    }
}

pin_project_lite::pin_project! {
    /// A stream of the chunks of an answer.
    pub struct Chunks<S, L, O>
    where
        S: Stream,
    {
        // None where a budget has refused the call.
        #[pin]
        stream: Option<S>,
        refused: Option<Refused<S::Item>>,
        streaming: Option<Streaming>,
        look: L,
        outcome: O,
    }
}

impl<S: Stream, L, O> Chunks<S, L, O> {
    fn refused(refused: Refused<S::Item>, look: L, outcome: O) -> Self {
        Chunks { stream: None, refused: Some(refused), streaming: None, look, outcome }
    }
}

impl<S, L, O> Stream for Chunks<S, L, O>
where
    S: Stream,
    L: Fn(&S::Item, &Asked, &mut Heard),
    O: Fn(&S::Item) -> Outcome,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let Some(stream) = this.stream.as_pin_mut() else {
            return Poll::Ready(this.refused.take().map(Refused::returned));
        };
        let unwinding = Unwinding(this.streaming);
        if let Some(streaming) = &mut *unwinding.0 {
            streaming.attempt.poll();
        }
        let polled = stream.poll_next(task);
        if let Some(streaming) = &mut *unwinding.0 {
            match &polled {
                Poll::Ready(None) => streaming.end(&Outcome::SUCCESS),
                Poll::Ready(Some(item)) => streaming.took(item, &*this.look, &*this.outcome),
                Poll::Pending => {}
            }
        }
        match (&mut *unwinding.0, &polled) {
            // What goes on is no attempt.
            (streaming, Poll::Ready(None)) => *streaming = None,
            (Some(streaming), _) => streaming.attempt.set_stage(Stage::Waiting),
            (None, _) => {}
        }
        std::mem::forget(unwinding);
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let refused = usize::from(self.refused.is_some());
        self.stream.as_ref().map_or((refused, Some(refused)), S::size_hint)
    }
}

impl<S, L, O> FusedStream for Chunks<S, L, O>
where
    S: FusedStream,
    L: Fn(&S::Item, &Asked, &mut Heard),
    O: Fn(&S::Item) -> Outcome,
{
    fn is_terminated(&self) -> bool {
        self.stream.as_ref().map_or(self.refused.is_none(), S::is_terminated)
    }
}

/// Makes one attempt of a call of a model whose answer may be a stream, if the budgets that it lies in have enough left.
pub fn streamed<R, T>(
    asked: Asked,
    body: impl FnOnce() -> R,
    refuse: Refuse<R>,
    next: impl FnOnce(R, Opened) -> T,
) -> T {
    match Attempt::open(asked, refuse) {
        Ok(mut attempt) => {
            let result = made(&mut attempt, body);
            next(result, Opened::new(attempt))
        }
        Err(refused) => next(refused.returned(), Opened::none()),
    }
}

/// The same, of an async function.
pub async fn streamed_of<R, T>(
    asked: Asked,
    body: impl Future<Output = R>,
    refuse: Refuse<R>,
    next: impl FnOnce(R, Opened) -> T,
) -> T {
    match Attempt::open(asked, refuse) {
        Ok(mut attempt) => {
            let result = attempt.run(body).await;
            attempt.set_stage(Stage::Waiting);
            next(result, Opened::new(attempt))
        }
        Err(refused) => next(refused.returned(), Opened::none()),
    }
}

/// Makes one attempt of a call of a model whose answer is a stream. A budget refuses it by an item, where that can say so.
pub fn streamed_items<T, S, L, O>(
    asked: Asked,
    body: impl FnOnce() -> S,
    refuse: Refuse<T>,
    look: L,
    outcome: O,
) -> Chunks<S, L, O>
where
    S: Stream<Item = T>,
    L: Fn(&T, &Asked, &mut Heard),
    O: Fn(&T) -> Outcome,
{
    match Attempt::open(asked, refuse) {
        Ok(mut attempt) => {
            let stream = made(&mut attempt, body);
            Opened::new(attempt).stream(stream, look, outcome)
        }
        Err(refused) => Chunks::refused(refused, look, outcome),
    }
}

/// The same, of an async function.
pub async fn streamed_items_of<T, S, L, O>(
    asked: Asked,
    body: impl Future<Output = S>,
    refuse: Refuse<T>,
    look: L,
    outcome: O,
) -> Chunks<S, L, O>
where
    S: Stream<Item = T>,
    L: Fn(&T, &Asked, &mut Heard),
    O: Fn(&T) -> Outcome,
{
    match Attempt::open(asked, refuse) {
        Ok(mut attempt) => {
            let stream = attempt.run(body).await;
            attempt.set_stage(Stage::Waiting);
            Opened::new(attempt).stream(stream, look, outcome)
        }
        Err(refused) => Chunks::refused(refused, look, outcome),
    }
}

/// Runs the body of a plain function, which makes a stream and sends nothing before that is polled.
fn made<R>(attempt: &mut Attempt, body: impl FnOnce() -> R) -> R {
    attempt.set_stage(Stage::Polled);
    let made = body();
    attempt.set_stage(Stage::Made);
    made
}
