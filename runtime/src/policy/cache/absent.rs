//! What stands for caches where the feature is not compiled in: a compile error that names it.

use super::key::Lookup;
use super::value::{Kept, Refuse, Terms};
use crate::outcome::Outcome;
use crate::policy::aspect::{Aspect, Observed};

/// A cache, which is a feature. Its static does not compile.
#[derive(Debug)]
pub struct CachePolicy(());

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl CachePolicy {
    /// Says what is missing.
    ///
    /// # Panics
    /// Always, while it is compiled.
    pub const fn new(_name: &'static str) -> Self {
        panic!(
            "`cache` needs a feature of tta: write `features = [\"cache\"]` where tta is among the dependencies"
        )
    }

    /// A setting.
    pub const fn ttl(self, _nanoseconds: u64) -> Self {
        self
    }

    /// A setting.
    pub const fn capacity(self, _capacity: u32) -> Self {
        self
    }

    /// A setting.
    pub const fn stale(self, _nanoseconds: u64) -> Self {
        self
    }

    /// A setting.
    pub const fn stale_if_error(self, _nanoseconds: u64) -> Self {
        self
    }

    /// A setting.
    pub const fn negative_ttl(self, _nanoseconds: u64) -> Self {
        self
    }

    /// A setting.
    pub const fn redis(self, _version: &'static str) -> Self {
        self
    }
}

impl Aspect for CachePolicy {
    fn observed(&self) -> Vec<&Observed> {
        Vec::new()
    }
}

/// The handle of a cache that is not there.
#[derive(Debug)]
pub struct Cache<K>(std::marker::PhantomData<fn(&K)>);

/// A key of which nothing is known.
#[derive(Debug)]
pub enum AnyKey {}

impl<K> Cache<K> {
    /// Never called.
    #[must_use]
    pub const fn of(_: &'static CachePolicy) -> Self {
        Cache(std::marker::PhantomData)
    }

    /// Never called.
    #[must_use]
    pub const fn of_redis<R>(_: &'static CachePolicy) -> Self {
        Cache(std::marker::PhantomData)
    }
}

/// What is never found.
#[derive(Debug)]
pub enum Looked<S: Kept> {
    /// Nothing.
    Found(S::Returned),
    /// A call.
    Missing(Ask<S>),
}

/// A call.
#[derive(Debug)]
pub struct Ask<S>(S);

impl<S: Kept> Ask<S> {
    /// Never called.
    pub async fn run(
        self,
        call: impl Future<Output = S::Returned>,
        _outcome: impl Fn(&S::Returned) -> Outcome,
        _when: impl Fn(&S::Value) -> bool,
        _refuse: Refuse<S::Returned>,
    ) -> S::Returned {
        call.await
    }

    /// Never called.
    pub async fn run_stale(
        self,
        call: impl Future<Output = S::Returned>,
        _outcome: impl Fn(&S::Returned) -> Outcome,
        _when: impl Fn(&S::Value) -> bool,
        _refuse: Refuse<S::Returned>,
    ) -> S::Returned {
        call.await
    }
}

/// Never called.
pub fn look_up<Q: Lookup, S: Kept>(
    _: &'static CachePolicy,
    _terms: Terms<S>,
    kept: S,
    _key: &Q,
) -> Looked<S> {
    Looked::Missing(Ask(kept))
}

/// Never called.
pub fn look_up_in_redis<Q: Lookup, S: Kept>(
    policy: &'static CachePolicy,
    terms: Terms<S>,
    kept: S,
    key: &Q,
) -> Looked<S> {
    look_up(policy, terms, kept, key)
}
