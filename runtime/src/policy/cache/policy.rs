//! The settings of a cache, and what it counts.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::key::Key;
use super::table::{Erased, Table};
use super::value::{Kept, Terms};
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::{attribute, label};
use crate::policy::aspect::{Aspect, Observed, Series};

/// The cache of a function.
pub struct CachePolicy {
    pub(super) name: &'static str,
    pub(super) settings: Settings,
    pub(super) backend: Backend,
    /// The version of what is kept, where other processes see it.
    #[cfg(feature = "redis")]
    version: &'static str,
    /// That of its first call. In a generic `impl` there may be more.
    pub(super) table: OnceLock<&'static dyn Erased>,
    others: Mutex<Vec<&'static dyn Erased>>,
    pub(super) counts: [AtomicU64; OPERATIONS],
    pub(super) entries: AtomicI64,
    operations: Observed,
    durations: Observed,
    entries_now: Observed,
    size_now: Observed,
    #[cfg(feature = "llm")]
    pub(super) saved: Observed,
}

impl fmt::Debug for CachePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachePolicy")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .field("backend", &self.backend)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) ttl: Duration,
    pub(super) capacity: u32,
    pub(super) stale: Option<Duration>,
    pub(super) stale_if_error: Option<Duration>,
    pub(super) negative_ttl: Option<Duration>,
}

impl Settings {
    /// How long a value is of use after its time.
    pub(super) fn longer(&self) -> Duration {
        self.stale.max(self.stale_if_error).unwrap_or_default()
    }
}

/// Where entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backend {
    Memory,
    #[cfg(feature = "redis")]
    Redis,
}

impl Backend {
    const fn as_str(self) -> &'static str {
        match self {
            Backend::Memory => "memory",
            #[cfg(feature = "redis")]
            Backend::Redis => "redis",
        }
    }
}

/// What is done with a cache; a place in [`IN_MEMORY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Hit,
    Miss,
    Stale,
    Coalesced,
    Negative,
    Eviction,
    Error,
}

const OPERATIONS: usize = 7;

impl Operation {
    const fn as_str(self) -> &'static str {
        match self {
            Operation::Hit => "hit",
            Operation::Miss => "miss",
            Operation::Stale => "stale",
            Operation::Coalesced => "coalesced",
            Operation::Negative => "negative",
            Operation::Eviction => "eviction",
            Operation::Error => "error",
        }
    }
}

static IN_MEMORY: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::CACHE_OPERATIONS,
    names: &[label::BACKEND, label::OPERATION],
    values: &[
        "memory",
        "hit",
        "memory",
        "miss",
        "memory",
        "stale",
        "memory",
        "coalesced",
        "memory",
        "negative",
        "memory",
        "eviction",
        "memory",
        "error",
    ],
    initial: None,
};

static DURATIONS_IN_MEMORY: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::CACHE_OPERATION_DURATION,
    names: &[label::BACKEND, label::OPERATION],
    values: &["memory", "get", "memory", "set"],
    initial: None,
};
const GET: usize = 0;
const SET: usize = 1;

static ENTRIES_IN_MEMORY: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::CACHE_ENTRIES,
    names: &[label::BACKEND],
    values: &["memory"],
    initial: None,
};

static SIZE_IN_MEMORY: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::CACHE_SIZE,
    names: &[label::BACKEND],
    values: &["memory"],
    initial: None,
};

#[cfg(feature = "llm")]
static SAVINGS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::CACHE_SAVINGS,
    names: &[],
    values: &[],
    initial: None,
};

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl CachePolicy {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        CachePolicy {
            name,
            settings: Settings {
                ttl: Duration::from_mins(10),
                capacity: 10_000,
                stale: None,
                stale_if_error: None,
                negative_ttl: None,
            },
            backend: Backend::Memory,
            #[cfg(feature = "redis")]
            version: "1",
            table: OnceLock::new(),
            others: Mutex::new(Vec::new()),
            counts: [const { AtomicU64::new(0) }; OPERATIONS],
            entries: AtomicI64::new(0),
            operations: Observed::new(name, &IN_MEMORY),
            durations: Observed::new(name, &DURATIONS_IN_MEMORY),
            entries_now: Observed::new(name, &ENTRIES_IN_MEMORY),
            size_now: Observed::new(name, &SIZE_IN_MEMORY),
            #[cfg(feature = "llm")]
            saved: Observed::new(name, &SAVINGS),
        }
    }

    /// How long a value is returned, in nanoseconds.
    pub const fn ttl(mut self, nanoseconds: u64) -> Self {
        self.settings.ttl = Duration::from_nanos(nanoseconds);
        self
    }

    /// How many entries there are at most, or how much they weigh.
    pub const fn capacity(mut self, capacity: u32) -> Self {
        self.settings.capacity = capacity;
        self
    }

    /// How long after that a value is returned while another one is fetched, in nanoseconds.
    pub const fn stale(mut self, nanoseconds: u64) -> Self {
        self.settings.stale = Some(Duration::from_nanos(nanoseconds));
        self
    }

    /// How long after that a value is returned in the place of an error, in nanoseconds.
    pub const fn stale_if_error(mut self, nanoseconds: u64) -> Self {
        self.settings.stale_if_error = Some(Duration::from_nanos(nanoseconds));
        self
    }

    /// How long an error is returned, in nanoseconds.
    pub const fn negative_ttl(mut self, nanoseconds: u64) -> Self {
        self.settings.negative_ttl = Some(Duration::from_nanos(nanoseconds));
        self
    }
}

#[cfg(feature = "redis")]
static IN_REDIS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::CACHE_OPERATIONS,
    names: &[label::BACKEND, label::OPERATION],
    values: &[
        "redis",
        "hit",
        "redis",
        "miss",
        "redis",
        "stale",
        "redis",
        "coalesced",
        "redis",
        "negative",
        "redis",
        "eviction",
        "redis",
        "error",
    ],
    initial: None,
};

#[cfg(feature = "redis")]
static DURATIONS_IN_REDIS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::CACHE_OPERATION_DURATION,
    names: &[label::BACKEND, label::OPERATION],
    values: &["redis", "get", "redis", "set"],
    initial: None,
};

#[cfg(feature = "redis")]
#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl CachePolicy {
    /// Entries are in the Redis, and this is the version of what is kept.
    pub const fn redis(mut self, version: &'static str) -> Self {
        self.backend = Backend::Redis;
        self.version = version;
        self.operations.series = &IN_REDIS;
        self.durations.series = &DURATIONS_IN_REDIS;
        self
    }

    /// What its keys begin with.
    pub(super) fn prefix(&self) -> String {
        super::redis::prefix(self.name, self.version)
    }

    pub(super) fn table_in_redis<K, S>(&'static self, terms: Terms<S>) -> &'static Table<K, S>
    where
        K: super::key::RemoteKey,
        S: Kept<Value: serde::Serialize + serde::de::DeserializeOwned>,
    {
        self.table(|| Table::in_redis(self, terms, super::table::Codec::JSON))
    }
}

#[cfg(not(feature = "redis"))]
impl CachePolicy {
    /// Says what is missing.
    ///
    /// # Panics
    /// Always, while it is compiled.
    #[must_use]
    pub const fn redis(self, _version: &'static str) -> Self {
        panic!(
            "`backend = \"redis\"` needs a feature of tta: write `features = [\"redis\"]` where tta is among the dependencies"
        )
    }
}

impl Aspect for CachePolicy {
    fn observed(&self) -> Vec<&Observed> {
        let mut observed = vec![&self.operations, &self.durations];
        #[cfg(feature = "llm")]
        if crate::cost::asks_models() {
            observed.push(&self.saved);
        }
        match self.backend {
            Backend::Memory => observed.extend([&self.entries_now, &self.size_now]),
            #[cfg(feature = "redis")]
            Backend::Redis => observed.extend(super::redis::observed()),
        }
        observed
    }
}

/// The caches that have been asked.
pub(super) static KNOWN: Mutex<Vec<&'static CachePolicy>> = Mutex::new(Vec::new());

impl CachePolicy {
    pub(super) fn table_in_memory<K: Key, S: Kept>(&'static self, terms: Terms<S>) -> &'static Table<K, S> {
        self.table(|| Table::in_memory(self, terms))
    }

    fn table<K: Key, S: Kept>(&'static self, new: impl Fn() -> Table<K, S>) -> &'static Table<K, S> {
        let of_types = |table: &'static dyn Erased| table.as_any().downcast_ref::<Table<K, S>>();
        let first = self.table.get_or_init(|| {
            KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push(self);
            Box::leak(Box::new(new()))
        });
        of_types(*first).unwrap_or_else(|| {
            let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
            others.iter().find_map(|table| of_types(*table)).unwrap_or_else(|| {
                let table: &'static Table<K, S> = Box::leak(Box::new(new()));
                others.push(table);
                table
            })
        })
    }

    /// All tables that there are.
    pub(super) fn tables(&self) -> Vec<&'static dyn Erased> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        self.table.get().into_iter().chain(others.iter()).copied().collect()
    }

    pub(super) fn count(&self, operation: Operation) {
        self.counts[operation as usize].fetch_add(1, Relaxed);
        self.operations.count(operation as usize);
    }

    /// Counts what has come of a call, and says so in its span.
    pub(super) fn tell(&self, operation: Operation) {
        self.count(operation);
        if let Some(span) = crate::span::recording() {
            span.set(attribute::CACHE_OUTCOME, operation.as_str())
                .set(attribute::CACHE_BACKEND, self.backend.as_str());
        }
    }

    pub(super) fn resize(&self, entries: i64, bytes: i64) {
        self.entries.fetch_add(entries, Relaxed);
        self.entries_now.change(0, entries);
        self.size_now.change(0, bytes);
    }

    pub(super) fn watch(&self) -> Watch<'_> {
        Watch {
            durations: &self.durations,
            #[cfg(feature = "telemetry")]
            begun: crate::span::clock::Tick::now(),
        }
    }
}

/// Measures how long the backend takes.
pub(super) struct Watch<'a> {
    durations: &'a Observed,
    #[cfg(feature = "telemetry")]
    begun: crate::span::clock::Tick,
}

impl Watch<'_> {
    pub(super) fn read(self) {
        self.stop(GET);
    }

    pub(super) fn written(self) {
        self.stop(SET);
    }

    #[cfg(feature = "telemetry")]
    fn stop(self, place: usize) {
        let elapsed = self.begun.until(crate::span::clock::Tick::now());
        self.durations.observe(place, Duration::from_nanos(elapsed));
    }

    #[cfg(not(feature = "telemetry"))]
    fn stop(self, place: usize) {
        self.durations.observe(place, Duration::ZERO);
    }
}
