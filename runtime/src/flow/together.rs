//! `tta::parallel!(..)` and `tta::try_parallel!(..)`: futures of different types, in one tuple.

use std::pin::pin;
use std::task::Poll;

use futures_util::future::maybe_done;

use super::fan::Fan;

/// Futures that run at the same time: a tuple of them.
pub trait Together {
    /// The tuple of their results.
    type Output;

    /// Runs them to the end of the last one.
    fn run(self) -> impl Future<Output = Self::Output>;
}

/// Futures of results that run at the same time until one of them fails: a tuple of them.
pub trait TryTogether<E> {
    /// The tuple of their values.
    type Output;

    /// Runs them to the end of the last one, or to the first error.
    fn try_run(self) -> impl Future<Output = Result<Self::Output, E>>;
}

macro_rules! tuple {
    ($($future:ident $value:ident),+) => {
        impl<$($future: Future),+> Together for ($($future,)+) {
            type Output = ($($future::Output,)+);

            #[allow(non_snake_case)]
            async fn run(self) -> Self::Output {
                let ($($future,)+) = self;
                let mut fan = Fan::out(usize::MAX);
                $(let mut $future = pin!(maybe_done(fan.branch($future)));)+
                std::future::poll_fn(|task| {
                    let mut is_pending = false;
                    $(is_pending |= $future.as_mut().poll(task).is_pending();)+
                    if is_pending { Poll::Pending } else { Poll::Ready(()) }
                })
                .await;
                loop {
                    // Each is done, so that this is passed once.
                    if let ($(Some($future),)+) = ($($future.as_mut().take_output(),)+) {
                        return ($(fan.ended($future),)+);
                    }
                }
            }
        }

        impl<E, $($future, $value),+> TryTogether<E> for ($($future,)+)
        where
            $($future: Future<Output = Result<$value, E>>),+
        {
            type Output = ($($value,)+);

            #[allow(non_snake_case)]
            async fn try_run(self) -> Result<Self::Output, E> {
                let ($($future,)+) = self;
                let mut fan = Fan::out(usize::MAX);
                $(let mut $future = pin!(maybe_done(fan.branch($future)));)+
                $(let mut $value = None;)+
                std::future::poll_fn(|task| {
                    let mut is_pending = false;
                    $(
                        if $value.is_none() {
                            is_pending |= $future.as_mut().poll(task).is_pending();
                            if let Some(ended) = $future.as_mut().take_output() {
                                match fan.ended(ended) {
                                    Ok(value) => $value = Some(value),
                                    Err(error) => return Poll::Ready(Err(error)),
                                }
                            }
                        }
                    )+
                    if is_pending { Poll::Pending } else { Poll::Ready(Ok(())) }
                })
                .await?;
                loop {
                    // Each has a value, so that this is passed once.
                    if let ($(Some($value),)+) = ($($value.take(),)+) {
                        return Ok(($($value,)+));
                    }
                }
            }
        }
    };
}

tuple!(A TA);
tuple!(A TA, B TB);
tuple!(A TA, B TB, C TC);
tuple!(A TA, B TB, C TC, D TD);
tuple!(A TA, B TB, C TC, D TD, F TF);
tuple!(A TA, B TB, C TC, D TD, F TF, G TG);
tuple!(A TA, B TB, C TC, D TD, F TF, G TG, H TH);
tuple!(A TA, B TB, C TC, D TD, F TF, G TG, H TH, I TI);
tuple!(A TA, B TB, C TC, D TD, F TF, G TG, H TH, I TI, J TJ);
tuple!(A TA, B TB, C TC, D TD, F TF, G TG, H TH, I TI, J TJ, K TK);
tuple!(A TA, B TB, C TC, D TD, F TF, G TG, H TH, I TI, J TJ, K TK, L TL);
tuple!(A TA, B TB, C TC, D TD, F TF, G TG, H TH, I TI, J TJ, K TK, L TL, M TM);

/// Runs futures at the same time, up to twelve, and is the tuple of their results when all of them have ended.
///
/// They run on the task that awaits them, so they may borrow. The calls that a branch makes have its place in
/// `tta.parallel.branch`. For futures of one type whose number is not known there is
/// [`parallel`](fn@crate::parallel).
///
/// ```
/// #[tta::primitive(kind = "retrieval")]
/// async fn documents(question: &str) -> Vec<String> {
///     vec![question.to_owned()]
/// }
///
/// #[tta::primitive(kind = "db")]
/// async fn customer(id: u32) -> String {
///     format!("customer {id}")
/// }
///
/// #[tta::workflow]
/// async fn answer(question: &str, id: u32) -> String {
///     let (documents, customer) = tta::parallel!(documents(question), customer(id));
///     format!("{} for {customer}", documents.join(", "))
/// }
/// # assert_eq!(futures_executor::block_on(answer("q", 7)), "q for customer 7");
/// ```
#[macro_export]
macro_rules! parallel {
    ($($branch:expr),+ $(,)?) => { $crate::__private::Together::run(($($branch,)+)).await };
}

/// Runs futures of results at the same time, up to twelve, and is the tuple of their values when all of them have
/// succeeded. When one fails it is that error, and the others are dropped; their calls count as cancelled.
///
/// ```
/// # async fn stock(item: u32) -> Result<u32, String> { Ok(item) }
/// # async fn price(item: u32) -> Result<u32, String> { if item > 1 { Err("no price".to_owned()) } else { Ok(5) } }
/// # futures_executor::block_on(async {
/// assert_eq!(tta::try_parallel!(stock(1), price(1)), Ok((1, 5)));
/// assert_eq!(tta::try_parallel!(stock(2), price(2)), Err("no price".to_owned()));
/// # });
/// ```
#[macro_export]
macro_rules! try_parallel {
    ($($branch:expr),+ $(,)?) => { $crate::__private::TryTogether::try_run(($($branch,)+)).await };
}
