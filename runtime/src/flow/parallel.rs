//! `tta::parallel(..)` and `tta::try_parallel(..)`: as many futures as there are, so many at a time.

#[cfg(feature = "parallel")]
use futures_util::stream::{FuturesUnordered, StreamExt as _};

#[cfg(feature = "parallel")]
use super::fan::Fan;
#[cfg(all(feature = "parallel", feature = "telemetry"))]
use crate::metric::family;
#[cfg(feature = "parallel")]
use crate::policy::Series;
use crate::policy::{Aspect, Observed};

/// What a function counts of its branches.
#[derive(Debug)]
pub struct Parallel {
    #[cfg(feature = "parallel")]
    pub(super) branches: Observed,
    #[cfg(feature = "parallel")]
    pub(super) efficiency: Observed,
}

#[cfg(feature = "parallel")]
static BRANCHES: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::PARALLEL_BRANCHES,
    names: &[],
    values: &[],
    initial: None,
};

#[cfg(feature = "parallel")]
static EFFICIENCY: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::PARALLEL_EFFICIENCY,
    names: &[],
    values: &[],
    initial: None,
};

#[allow(clippy::must_use_candidate, reason = "called by expansions only")]
impl Parallel {
    /// Of a function.
    #[cfg_attr(not(feature = "parallel"), allow(unused_variables))]
    pub const fn new(name: &'static str) -> Self {
        Parallel {
            #[cfg(feature = "parallel")]
            branches: Observed::new(name, &BRANCHES),
            #[cfg(feature = "parallel")]
            efficiency: Observed::new(name, &EFFICIENCY),
        }
    }
}

impl Aspect for Parallel {
    fn observed(&self) -> Vec<&Observed> {
        #[cfg(feature = "parallel")]
        {
            vec![&self.branches, &self.efficiency]
        }
        #[cfg(not(feature = "parallel"))]
        Vec::new()
    }

    #[cfg(feature = "parallel")]
    fn parallel(&self) -> Option<&Parallel> {
        Some(self)
    }
}

/// Runs futures at the same time, `limit` of them at most (one at least), and returns all of their results in the order of
/// the futures.
///
/// They run on the task that awaits them, so they may borrow; a future of [`spawn`](crate::spawn) uses other threads. The
/// calls that a branch makes have its place in `tta.parallel.branch`, and the span has an event `parallel` that says how
/// many there were and how well they used the time.
///
/// ```
/// #[tta::primitive(kind = "embedding")]
/// async fn embed(text: &str) -> usize {
///     text.len()
/// }
///
/// #[tta::workflow]
/// async fn index(texts: Vec<String>) -> Vec<usize> {
///     tta::parallel(texts.iter().map(|text| embed(text)), 8).await
/// }
/// # assert_eq!(futures_executor::block_on(index(vec!["a".into(), "bc".into()])), [1, 2]);
/// ```
#[cfg(feature = "parallel")]
pub async fn parallel<I>(branches: I, limit: usize) -> Vec<<I::Item as Future>::Output>
where
    I: IntoIterator,
    I::Item: Future,
{
    let all = run(branches, limit, Ok::<_, std::convert::Infallible>).await;
    match all {
        Ok(all) => all,
    }
}

/// Runs futures at the same time, `limit` of them at most (one at least), until one of them fails; the others are dropped
/// then, and their calls count as cancelled.
///
/// # Errors
/// The first error.
///
/// ```
/// # async fn fetch(page: u32) -> Result<String, String> {
/// #     if page > 2 { Err(format!("no page {page}")) } else { Ok(page.to_string()) }
/// # }
/// # futures_executor::block_on(async {
/// assert_eq!(tta::try_parallel((1..3).map(fetch), 4).await, Ok(vec!["1".to_owned(), "2".to_owned()]));
/// assert_eq!(tta::try_parallel((1..4).map(fetch), 4).await, Err("no page 3".to_owned()));
/// # });
/// ```
#[cfg(feature = "parallel")]
pub async fn try_parallel<I, T, E>(branches: I, limit: usize) -> Result<Vec<T>, E>
where
    I: IntoIterator,
    I::Item: Future<Output = Result<T, E>>,
{
    run(branches, limit, |value| value).await
}

#[cfg(feature = "parallel")]
async fn run<I, T, E>(
    branches: I,
    limit: usize,
    judge: impl Fn(<I::Item as Future>::Output) -> Result<T, E>,
) -> Result<Vec<T>, E>
where
    I: IntoIterator,
    I::Item: Future,
{
    let mut branches = branches.into_iter();
    let limit = limit.max(1);
    let mut fan = Fan::out(limit);
    let mut results: Vec<Option<T>> = Vec::with_capacity(branches.size_hint().0);
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < limit
            && let Some(future) = branches.next()
        {
            let place = results.len();
            results.push(None);
            let branch = fan.branch(future);
            running.push(async move { (place, branch.await) });
        }
        let Some((place, ended)) = running.next().await else { break };
        // Where it fails the others are dropped with this function, before the fan is told of.
        results[place] = Some(judge(fan.ended(ended))?);
    }
    // Each has ended.
    Ok(results.into_iter().flatten().collect())
}
