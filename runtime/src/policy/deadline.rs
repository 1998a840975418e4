//! When what runs now should be over: the earliest of the timeouts around it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::context::deadline_of;
use crate::span::local::Until;

/// When what runs now should be over: the earliest of the timeouts that it runs in and of its workflow's
/// [`deadline`](crate::WorkflowContext::deadline); `None` if there is none.
///
/// ```
/// # #[derive(Debug)] struct Refused;
/// # impl From<tta::PolicyError> for Refused { fn from(_: tta::PolicyError) -> Self { Refused } }
/// #[tta::primitive(timeout("2s"))]
/// async fn search(query: &str) -> Result<Vec<String>, Refused> {
///     let left = tta::deadline().map(|at| at.saturating_duration_since(std::time::Instant::now()));
///     assert!(left.is_some_and(|left| left <= std::time::Duration::from_secs(2)));
///     Ok(Vec::new())
/// }
/// # futures_executor::block_on(search("")).unwrap();
/// ```
#[must_use]
pub fn deadline() -> Option<Instant> {
    opentelemetry::Context::map_current(deadline_of)
}

/// Ends when what runs now should be over; never if it may run for as long as it likes.
///
/// Within `timeout(.., grace = ..)` this is how the body is told, and the grace is what it has left to tidy up:
///
/// ```
/// # #[derive(Debug)] struct Refused;
/// # impl From<tta::PolicyError> for Refused { fn from(_: tta::PolicyError) -> Self { Refused } }
/// # async fn next_page() -> Option<u32> { None }
/// # async fn save(_: &[u32]) {}
/// #[tta::primitive(timeout("30s", grace = "2s"))]
/// async fn crawl() -> Result<Vec<u32>, Refused> {
///     let mut pages = Vec::new();
///     loop {
///         tokio::select! {
///             () = tta::cancelled() => break,
///             page = next_page() => match page {
///                 Some(page) => pages.push(page),
///                 None => break,
///             },
///         }
///     }
///     save(&pages).await;
///     Ok(pages)
/// }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(crawl()).unwrap();
/// ```
pub async fn cancelled() {
    match deadline() {
        Some(at) => {
            if super::clock::sleep_until(at.into()).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        None => std::future::pending().await,
    }
}

pin_project_lite::pin_project! {
    /// A future that should be over by then.
    pub(super) struct Within<F> {
        #[pin]
        future: F,
        at: Instant,
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _until = Until::enter(Some(*this.at));
        this.future.poll(task)
    }
}

/// Runs a future that should be over by then.
pub(super) fn within<F: Future>(at: Instant, future: F) -> Within<F> {
    Within { future, at }
}
