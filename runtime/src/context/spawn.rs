//! Tokio's ways to start a task, with what is current here.

use std::future::Future;

use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use super::carry::{CarriedFuture, carry};

/// [`tokio::spawn`], with what is current here: the task belongs to this trace, this workflow and this step.
///
/// A call of an annotated function that is spawned alone needs no help; this is for blocks, and for what they call.
///
/// ```
/// # use tta::{primitive, workflow};
/// #[workflow]
/// async fn support_ticket() -> Option<usize> {
///     let search = tta::spawn(async { search("refund").await + search("invoice").await });
///     search.await.ok()
/// }
/// # #[primitive] async fn search(word: &str) -> usize { word.len() }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build();
/// # runtime.expect("a runtime").block_on(support_ticket());
/// ```
///
/// # Panics
/// Outside a tokio runtime, as `tokio::spawn` does.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(CarriedFuture::here(future))
}

/// [`tokio::task::spawn_local`], with what is current here.
///
/// # Panics
/// Outside a `LocalSet`, as tokio's does.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    tokio::task::spawn_local(CarriedFuture::here(future))
}

/// [`tokio::task::spawn_blocking`], with what is current here.
///
/// # Panics
/// Outside a tokio runtime, as tokio's does.
#[track_caller]
pub fn spawn_blocking<R>(body: impl FnOnce() -> R + Send + 'static) -> JoinHandle<R>
where
    R: Send + 'static,
{
    tokio::task::spawn_blocking(carry(body))
}

/// Tasks of a [`JoinSet`] with what is current where they are spawned.
pub trait JoinSetExt<T> {
    /// `JoinSet::spawn`, with what is current here.
    ///
    /// # Panics
    /// Outside a tokio runtime, as tokio's does.
    fn spawn_carried<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send;

    /// `JoinSet::spawn_blocking`, with what is current here.
    ///
    /// # Panics
    /// Outside a tokio runtime, as tokio's does.
    fn spawn_blocking_carried(&mut self, body: impl FnOnce() -> T + Send + 'static) -> AbortHandle
    where
        T: Send;
}

impl<T: 'static> JoinSetExt<T> for JoinSet<T> {
    #[track_caller]
    fn spawn_carried<F>(&mut self, future: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.spawn(CarriedFuture::here(future))
    }

    #[track_caller]
    fn spawn_blocking_carried(&mut self, body: impl FnOnce() -> T + Send + 'static) -> AbortHandle
    where
        T: Send,
    {
        self.spawn_blocking(carry(body))
    }
}
