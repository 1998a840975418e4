//! Taking what is current here along to another task or thread.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use crate::span::call::Place;

/// What is current here, around `body` wherever it runs: for a thread of one's own, a pool such as rayon's, a
/// callback.
///
/// ```
/// #[tta::workflow]
/// fn summed(numbers: Vec<u64>) -> u64 {
///     let add = tta::carry(move || add(&numbers));
///     std::thread::spawn(add).join().unwrap_or_default()
/// }
///
/// /// A step of `summed`, in its trace.
/// #[tta::primitive]
/// fn add(numbers: &[u64]) -> u64 {
///     numbers.iter().sum()
/// }
/// # assert_eq!(summed(vec![1, 2]), 3);
/// ```
pub fn carry<R>(body: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let place = Place::here();
    move || {
        let _entered = place.enter();
        body()
    }
}

/// The same for a closure that is called for each of many items, on whatever threads: rayon's `par_iter().map(…)`.
///
/// What is current is what was where this is called, so do that outside of `rayon::scope`, whose body runs on a thread
/// of the pool.
///
/// ```
/// #[tta::workflow]
/// fn doubled(numbers: Vec<u64>) -> Vec<u64> {
///     // With rayon: `numbers.into_par_iter().map(tta::carry_each(double)).collect()`.
///     let double = tta::carry_each(double);
///     let doubled = std::thread::spawn(move || numbers.into_iter().map(double).collect());
///     doubled.join().unwrap_or_default()
/// }
///
/// /// A step of `doubled`, in its trace.
/// #[tta::primitive]
/// fn double(number: u64) -> u64 {
///     2 * number
/// }
/// # assert_eq!(doubled(vec![1, 2]), [2, 4]);
/// ```
pub fn carry_each<T, R>(body: impl Fn(T) -> R) -> impl Fn(T) -> R {
    let place = Place::here();
    move |item| {
        let _entered = place.enter();
        body(item)
    }
}

/// Takes what is current here along with a future.
pub trait CarryExt: Future + Sized {
    /// What is current here, around each poll of the future wherever that is: for `JoinSet::spawn`,
    /// `FuturesUnordered` and executors other than tokio. A future that is awaited where it was made needs none.
    ///
    /// ```
    /// use tta::CarryExt as _;
    ///
    /// # async fn step() {}
    /// let elsewhere = async { step().await }.carried();
    /// # std::thread::spawn(|| futures_executor::block_on(elsewhere)).join().expect("no panic");
    /// ```
    fn carried(self) -> CarriedFuture<Self>;
}

impl<F: Future> CarryExt for F {
    fn carried(self) -> CarriedFuture<F> {
        CarriedFuture::here(self)
    }
}

pin_project_lite::pin_project! {
    /// A future that takes along what was current where it was made: [`CarryExt::carried`].
    #[must_use = "futures do nothing unless they are polled"]
    pub struct CarriedFuture<F> {
        #[pin]
        future: F,
        place: Place,
    }
}

impl<F> CarriedFuture<F> {
    pub(super) fn here(future: F) -> Self {
        CarriedFuture { future, place: Place::here() }
    }
}

impl<F: Future> Future for CarriedFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.place.enter();
        this.future.poll(task)
    }
}
