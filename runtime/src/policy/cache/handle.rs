//! A cache from outside: what is in it, and how it is taken out.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;

#[cfg(feature = "redis")]
use super::key::RemoteKey;
use super::policy::{Backend, CachePolicy, KNOWN, Operation};

/// The cache of a function with `cache(..)`, whose entries are named by `K`: its arguments, owned, as a tuple unless it
/// is one alone.
///
/// ```
/// #[tta::primitive(cache(ttl = "10m"))]
/// async fn describe(word: &str) -> String {
///     format!("what is said of {word}")
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
/// # runtime.expect("a runtime").block_on(async {
/// describe("tea").await;
/// describe("tea").await;
/// assert_eq!(describe::cache().stats().hits, 1);
///
/// describe::cache().invalidate(&"tea".to_owned()).await?;
/// describe("tea").await;
/// assert_eq!(describe::cache().stats().misses, 2);
/// # Ok::<(), tta::CacheError>(()) }).expect("no error");
/// ```
pub struct Cache<K> {
    policy: &'static CachePolicy,
    /// What an entry is called elsewhere, by the name of its key, where that is known before the first call.
    elsewhere: Option<fn(&K) -> Option<String>>,
}

/// Stands for the key of a [`Cache`] that is not known here: that of `key = ..`, and of [`cache`](fn@cache).
#[derive(Debug)]
pub enum AnyKey {}

/// Why a cache did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheError {
    /// The cache's keys are of another type.
    #[non_exhaustive]
    OtherKey {
        /// The type of its keys.
        expected: &'static str,
        /// The type of the key that it was asked for.
        found: &'static str,
    },
    /// The Redis has not done what it was asked for: it is away, or busy.
    #[non_exhaustive]
    Unreachable {
        /// The primitive's name.
        primitive: &'static str,
    },
    /// The function has not been called in this process, so that nobody knows what its keys are.
    #[non_exhaustive]
    NotCalled {
        /// The primitive's name.
        primitive: &'static str,
    },
}

impl fmt::Display for CacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CacheError::OtherKey { expected, found } => {
                write!(f, "the keys of this cache are of the type `{expected}`, and this one is a `{found}`")
            }
            CacheError::Unreachable { primitive } => {
                write!(f, "the cache of `{primitive}` is in a Redis, which has not answered")
            }
            CacheError::NotCalled { primitive } => {
                write!(f, "`{primitive}` has not been called here, and what its keys are is not known before")
            }
        }
    }
}

impl std::error::Error for CacheError {}

/// What a cache has done since the program began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Calls that returned what was there.
    pub hits: u64,
    /// Calls that were made.
    pub misses: u64,
    /// Calls that returned what was too old, while another one was made or since it failed.
    pub stale: u64,
    /// Calls that waited for one that was made, and returned what it did.
    pub coalesced: u64,
    /// Calls that returned an error that was there.
    pub negative: u64,
    /// Entries that were taken out for want of room, or since they were too old.
    pub evictions: u64,
    /// What went wrong with the backend.
    pub errors: u64,
    /// Entries that are there now, in memory.
    pub entries: u64,
}

/// The cache of the primitive with this name, if it has been called; for caches of methods, which have no other handle.
///
/// ```
/// # struct Store;
/// impl Store {
///     #[tta::primitive(name = "Store.get", cache(ttl = "10m", key = id))]
///     async fn get(&self, id: u64) -> Option<String> {
///         (id == 7).then(|| "seven".to_owned())
///     }
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
/// # runtime.expect("a runtime").block_on(async {
/// Store.get(7).await;
/// let cache = tta::cache("Store.get").expect("it has been called");
/// assert_eq!(cache.stats().entries, 1);
/// cache.clear().await?;
/// assert_eq!(cache.stats().entries, 0);
/// # Ok::<(), tta::CacheError>(()) }).expect("no error");
/// ```
#[must_use]
pub fn cache(name: &str) -> Option<Cache<AnyKey>> {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter().find(|policy| policy.name == name).map(|policy| Cache::of(policy))
}

impl<K> Cache<K> {
    #[doc(hidden)]
    #[must_use]
    pub const fn of(policy: &'static CachePolicy) -> Self {
        Cache { policy, elsewhere: None }
    }

    #[doc(hidden)]
    #[must_use]
    #[cfg(feature = "redis")]
    pub const fn of_redis<R: RemoteKey<Name = K>>(policy: &'static CachePolicy) -> Self {
        Cache { policy, elsewhere: Some(R::write_name) }
    }

    #[doc(hidden)]
    #[must_use]
    #[cfg(not(feature = "redis"))]
    pub const fn of_redis<R>(policy: &'static CachePolicy) -> Self {
        Cache { policy, elsewhere: None }
    }

    /// Forgets everything, in a Redis for all processes. What is being called for now is not kept either.
    ///
    /// # Errors
    /// [`CacheError::Unreachable`], of a Redis; none for a cache in memory.
    #[cfg_attr(not(feature = "redis"), allow(clippy::unused_async))]
    pub async fn clear(&self) -> Result<(), CacheError> {
        self.policy.tables().iter().for_each(|table| table.clear());
        match self.policy.backend {
            Backend::Memory => Ok(()),
            #[cfg(feature = "redis")]
            Backend::Redis => self.told(Box::pin(super::redis::redis().clear(&self.policy.prefix())).await),
        }
    }

    /// What it has done so far.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        self.policy.tables().iter().for_each(|table| table.tidy());
        let count = |operation: Operation| self.policy.counts[operation as usize].load(Relaxed);
        CacheStats {
            hits: count(Operation::Hit),
            misses: count(Operation::Miss),
            stale: count(Operation::Stale),
            coalesced: count(Operation::Coalesced),
            negative: count(Operation::Negative),
            evictions: count(Operation::Eviction),
            errors: count(Operation::Error),
            entries: self.policy.entries.load(Relaxed).max(0).unsigned_abs(),
        }
    }

    #[cfg_attr(not(feature = "redis"), allow(clippy::unused_async))]
    async fn forget<N: 'static>(
        &self,
        name: &N,
        elsewhere: Option<fn(&N) -> Option<String>>,
    ) -> Result<(), CacheError> {
        let mut names = Vec::new();
        for table in self.policy.tables() {
            let forgotten = table.forget(name as &dyn Any);
            let forgotten =
                forgotten.map_err(|expected| CacheError::OtherKey { expected, found: type_name::<N>() })?;
            names.extend(forgotten);
        }
        match self.policy.backend {
            Backend::Memory => {
                // Nobody else has it.
                let _ = elsewhere;
                Ok(())
            }
            #[cfg(feature = "redis")]
            Backend::Redis => {
                let written = elsewhere.and_then(|write| write(name));
                names.extend(written.map(|name| format!("{}{name}", self.policy.prefix())));
                let primitive = self.policy.name;
                if names.is_empty() {
                    return Err(CacheError::NotCalled { primitive });
                }
                let mut unlink = redis::cmd("UNLINK");
                unlink.arg(names);
                self.told(Box::pin(super::redis::redis().ask::<u64>(&unlink)).await.map(|_| ()))
            }
        }
    }

    #[cfg(feature = "redis")]
    fn told(&self, answer: Result<(), super::redis::Unanswered>) -> Result<(), CacheError> {
        answer.map_err(|_| CacheError::Unreachable { primitive: self.policy.name })
    }
}

/// Keys whose type is known; all but [`AnyKey`].
pub trait KnownKey: std::hash::Hash + Eq + Send + Sync + 'static {}

impl<K: std::hash::Hash + Eq + Send + Sync + 'static> KnownKey for K {}

impl<K: KnownKey> Cache<K> {
    /// Forgets one entry. If it is being called for now, what comes of that is not kept either.
    ///
    /// # Errors
    /// [`CacheError::Unreachable`], of a Redis; none for a cache in memory.
    pub async fn invalidate(&self, key: &K) -> Result<(), CacheError> {
        self.forget(key, self.elsewhere).await
    }
}

impl Cache<AnyKey> {
    /// Forgets one entry, by a key of the type that the function's keys have: that of `key = ..`, or its arguments,
    /// owned, as a tuple unless it is one alone. If it is being called for now, what comes of that is not kept either.
    ///
    /// # Errors
    /// [`CacheError::OtherKey`], with both types, where the key is of another type. Of a Redis
    /// [`CacheError::Unreachable`], and [`CacheError::NotCalled`] where its function has not been called yet.
    pub async fn invalidate<N: std::hash::Hash + Eq + Send + Sync + 'static>(
        &self,
        key: &N,
    ) -> Result<(), CacheError> {
        self.forget(key, None).await
    }
}

impl<K> Clone for Cache<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Cache<K> {}

impl<K> fmt::Debug for Cache<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("policy", &self.policy).finish_non_exhaustive()
    }
}
