//! A future whose panics are results.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that was given away.
pub(super) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Returns what a future returns, or that it has panicked.
pub(super) struct Caught<T>(pub(super) Boxed<T>);

/// It has panicked.
pub(super) struct Panicked;

impl<T> Future for Caught<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        // It is not polled again.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(task))) {
            Ok(polled) => polled.map(Ok),
            Err(_) => Poll::Ready(Err(Panicked)),
        }
    }
}
