//! What stands for the policies whose features are not compiled in: a compile error that names the feature.

#![allow(clippy::missing_errors_doc, reason = "nothing here is ever called")]

use super::aspect::{Aspect, Observed};
use crate::outcome::Outcome;

/// A policy that is not there. Its static does not compile.
macro_rules! absent {
    ($feature:literal, $name:ident: $($setting:ident)*) => {
        #[doc = concat!("`", $feature, "`, which is a feature.")]
        #[cfg(not(feature = $feature))]
        #[derive(Debug)]
        pub struct $name(());

        #[cfg(not(feature = $feature))]
        #[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
        impl $name {
            /// Says what is missing.
            pub const fn new(_name: &'static str) -> Self {
                panic!(concat!(
                    "`", $feature, "` needs a feature of tta: write `features = [\"", $feature, "\"]` where tta is \
                     among the dependencies"
                ))
            }

            $(
                /// A setting.
                pub const fn $setting<T: Copy>(self, _value: T) -> Self {
                    self
                }
            )*
        }

        #[cfg(not(feature = $feature))]
        impl Aspect for $name {
            fn observed(&self) -> Vec<&Observed> {
                Vec::new()
            }
        }
    };
}

absent!("timeout", Timeout: after grace);
absent!("bulkhead", Bulkhead: max queue wait);
absent!("breaker", Breaker: failures slow_calls slow min_calls window window_calls open probes);
absent!("hedge", Hedge: after percentile max share cost);
absent!("retry", Retry: max budget cost deadline);

#[cfg(not(feature = "retry"))]
impl Retry {
    /// A setting.
    #[must_use]
    pub const fn backoff(self, _first: u64, _longest: u64) -> Self {
        self
    }

    /// A setting.
    #[must_use]
    pub const fn no_jitter(self) -> Self {
        self
    }
}

/// Never called.
#[cfg(not(feature = "timeout"))]
pub async fn timeout<R>(_: &'static Timeout, body: impl Future<Output = R>) -> R {
    body.await
}

/// Never called.
#[cfg(not(feature = "bulkhead"))]
pub async fn bulkhead<R>(_: &'static Bulkhead, body: impl Future<Output = R>) -> R {
    body.await
}

/// Never called.
#[cfg(not(feature = "breaker"))]
pub fn no_key() {}

/// Never called.
#[cfg(not(feature = "breaker"))]
pub fn breaker_key(_: &(impl std::fmt::Display + ?Sized)) {}

/// Never called.
#[cfg(not(feature = "breaker"))]
pub async fn breaker<R>(
    _: &'static Breaker,
    _key: (),
    body: impl Future<Output = R>,
    _outcome: impl Fn(&R) -> Outcome,
) -> R {
    body.await
}

/// Never called.
#[cfg(not(feature = "breaker"))]
pub async fn breaker_when<T, E>(
    _: &'static Breaker,
    _key: (),
    body: impl Future<Output = Result<T, E>>,
    _outcome: impl Fn(&Result<T, E>) -> Outcome,
    _when: impl Fn(&E) -> bool,
) -> Result<T, E> {
    body.await
}

/// Never called.
#[cfg(not(feature = "hedge"))]
pub async fn hedge<R, F: Future<Output = R>>(
    _: &'static Hedge,
    mut body: impl FnMut() -> F,
    _outcome: impl Fn(&R) -> Outcome,
) -> R {
    body().await
}

/// Never called.
#[cfg(not(feature = "retry"))]
#[must_use]
pub fn transient<E>(_: &E) -> bool {
    false
}

/// Never called.
#[cfg(not(feature = "retry"))]
#[must_use]
pub fn no_hint<E>(_: &E) -> Option<std::time::Duration> {
    None
}

/// Never called.
#[cfg(not(feature = "retry"))]
pub async fn retry<T, E, F: Future<Output = Result<T, E>>>(
    _: &'static Retry,
    mut body: impl FnMut() -> F,
    _outcome: impl Fn(&Result<T, E>) -> Outcome,
    _when: impl Fn(&E) -> bool,
    _hint: impl Fn(&E) -> Option<std::time::Duration>,
) -> Result<T, E> {
    body().await
}
