//! The entries of one cache, and the calls that are being made for it.

use std::any::Any;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use equivalent::Equivalent;
use moka::notification::RemovalCause;
use tokio::time::Instant;

use super::flight::{Flights, Landing, Seat};
#[cfg(feature = "redis")]
use super::key::RemoteKey;
use super::key::{Key, Lookup};
use super::policy::{CachePolicy, Operation};
#[cfg(feature = "redis")]
use super::redis::{self, Unanswered, redis};
use super::value::{Held, Kept, Parts, Terms};
use super::worth::Worth;

/// The entries of functions that are asked by `K` and answer with what `S` keeps.
pub(super) struct Table<K: Key, S: Kept> {
    policy: &'static CachePolicy,
    terms: Terms<S>,
    entries: Entries<K, S>,
    pub(super) flights: Flights<K, Landed<S>>,
}

/// What is kept of a returned value.
pub(super) type HeldBy<S> = Held<<S as Parts>::Value, <S as Parts>::Failure>;

/// What has come of a call, and what that is worth.
pub(super) type Landed<S> = (HeldBy<S>, Worth);

/// Where entries are.
enum Entries<K: Key, S: Kept> {
    Memory(moka::sync::Cache<K, Entry<S>>),
    /// Errors are of this process, and stay in it.
    #[cfg(feature = "redis")]
    Remote {
        failures: moka::sync::Cache<K, Entry<S>>,
        prefix: String,
        codec: Codec<K, S>,
    },
}

/// How keys and values are written.
#[cfg(feature = "redis")]
pub(super) struct Codec<K: Key, S: Kept> {
    key: fn(&K) -> Option<String>,
    name: fn(&K::Name) -> Option<String>,
    encode: fn(&S::Value, Worth) -> Option<Vec<u8>>,
    decode: fn(&[u8]) -> Option<Aged<S::Value>>,
}

/// A value, how old it is, and what it is worth.
#[cfg(feature = "redis")]
type Aged<V> = (Duration, V, Worth);

#[cfg(feature = "redis")]
impl<K: RemoteKey, S: Kept<Value: serde::Serialize + serde::de::DeserializeOwned>> Codec<K, S> {
    /// JSON.
    pub(super) const JSON: Self =
        Codec { key: K::write, name: K::write_name, encode: redis::encode, decode: redis::decode };
}

/// What is kept in memory.
struct Entry<S: Kept> {
    held: HeldBy<S>,
    worth: Worth,
    /// When it was made, where the map's own clock does not say whether it is fresh.
    at: Option<Instant>,
    /// How long anybody may ask for it.
    life: Duration,
    weight: u32,
}

impl<S: Kept> Clone for Entry<S> {
    fn clone(&self) -> Self {
        let Entry { held, worth, at, life, weight } = self;
        Entry { held: held.clone(), worth: *worth, at: *at, life: *life, weight: *weight }
    }
}

impl<S: Kept> Entry<S> {
    /// With how old it is: no time at all, where the map would not have it any more if it were not fresh.
    fn aged(self) -> (Duration, HeldBy<S>, Worth) {
        (self.at.map_or(Duration::ZERO, |at| at.elapsed()), self.held, self.worth)
    }
}

/// Whether a test has paused tokio's time, which the map's clock knows nothing of. A clock that is read twice within
/// one of its steps seems to stand still, too: then an entry is dated for nothing.
fn stands_still() -> bool {
    Instant::now() == Instant::now()
}

/// What there is for a key.
pub(super) enum Found<S: Kept> {
    Fresh(HeldBy<S>, Worth),
    /// To be returned, and fetched anew.
    Stale(S::Value, Worth),
    /// To be returned if there is no other.
    Old(S::Value),
    Nothing,
}

/// A key in the words of whoever looks it up.
struct Query<'a, Q>(&'a Q);

impl<Q: Lookup> Hash for Query<'_, Q> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.add_to(hasher);
    }
}

impl<Q: Lookup> Equivalent<Q::Key> for Query<'_, Q> {
    fn equivalent(&self, key: &Q::Key) -> bool {
        self.0.is(key)
    }
}

/// A key by its name.
struct Named<'a, K: Key>(&'a K::Name);

impl<K: Key> Hash for Named<'_, K> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        K::add_name(self.0, hasher);
    }
}

impl<K: Key> Equivalent<K> for Named<'_, K> {
    fn equivalent(&self, key: &K) -> bool {
        key.is_named(self.0)
    }
}

/// What a time that is written down is at most, too: more is more than clocks can count.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// Entries end when nobody may ask for them any more.
struct Expiry;

impl<K, S: Kept> moka::Expiry<K, Entry<S>> for Expiry {
    fn expire_after_create(&self, _: &K, entry: &Entry<S>, _: std::time::Instant) -> Option<Duration> {
        Some(entry.life)
    }

    fn expire_after_update(
        &self,
        _: &K,
        entry: &Entry<S>,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.life)
    }
}

impl<K: Key, S: Kept> Table<K, S> {
    pub(super) fn in_memory(policy: &'static CachePolicy, terms: Terms<S>) -> Self {
        let settings = &policy.settings;
        let mut map = moka::sync::Cache::builder()
            .max_capacity(u64::from(settings.capacity))
            .eviction_listener(move |_, entry: Entry<S>, cause| {
                policy.resize(-1, -i64::from(entry.weight));
                if cause == RemovalCause::Size {
                    policy.count(Operation::Eviction);
                }
            });
        // Where all live equally long, a look-up is quicker.
        map = if terms.ttl.is_some() || settings.negative_ttl.is_some() {
            map.expire_after(Expiry)
        } else {
            map.time_to_live(settings.ttl.saturating_add(settings.longer()))
        };
        if terms.weigh.is_some() {
            map = map.weigher(|_, entry: &Entry<S>| entry.weight);
        }
        Table { policy, terms, entries: Entries::Memory(map.build()), flights: Flights::new() }
    }

    #[cfg(feature = "redis")]
    pub(super) fn in_redis(policy: &'static CachePolicy, terms: Terms<S>, codec: Codec<K, S>) -> Self {
        let failures = moka::sync::Cache::builder().max_capacity(u64::from(policy.settings.capacity));
        let failures = failures.expire_after(Expiry).build();
        let prefix = policy.prefix();
        Table { policy, terms, entries: Entries::Remote { failures, prefix, codec }, flights: Flights::new() }
    }

    /// What there is in memory, without owning the key.
    pub(super) fn look_up<Q: Lookup<Key = K>>(&self, key: &Q) -> Found<S> {
        let entry = match &self.entries {
            Entries::Memory(map) => {
                let watch = self.policy.watch();
                let entry = map.get(&Query(key));
                watch.read();
                entry
            }
            #[cfg(feature = "redis")]
            Entries::Remote { failures, .. } => failures.get(&Query(key)),
        };
        self.judge(entry.map(Entry::aged))
    }

    /// What there is by now.
    #[cfg_attr(not(feature = "redis"), allow(clippy::unused_async))]
    pub(super) async fn get(&self, key: &K) -> Found<S> {
        let entry = match &self.entries {
            Entries::Memory(map) => map.get(key).map(Entry::aged),
            #[cfg(feature = "redis")]
            Entries::Remote { failures, prefix, codec } => match failures.get(key) {
                Some(entry) => Some(entry.aged()),
                // In a box, so that calls of functions that are cached in memory are no larger for it.
                None => Box::pin(self.fetch(prefix, codec, key))
                    .await
                    .map(|(age, value, worth)| (age, Held::Value(value), worth)),
            },
        };
        self.judge(entry)
    }

    /// What the Redis has, and how old it is.
    #[cfg(feature = "redis")]
    async fn fetch(&self, prefix: &str, codec: &Codec<K, S>, key: &K) -> Option<Aged<S::Value>> {
        let got = async {
            let key = (codec.key)(key).ok_or(Unanswered)?;
            let watch = self.policy.watch();
            let bytes =
                redis().ask::<Option<Vec<u8>>>(::redis::cmd("GET").arg(format!("{prefix}{key}"))).await?;
            watch.read();
            let Some(bytes) = bytes else { return Ok(None) };
            (codec.decode)(&bytes).map(Some).ok_or(Unanswered)
        };
        got.await.unwrap_or_else(|Unanswered| {
            self.policy.count(Operation::Error);
            None
        })
    }

    #[cfg(feature = "redis")]
    async fn store(
        &self,
        prefix: &str,
        codec: &Codec<K, S>,
        key: &K,
        (value, worth): (&S::Value, Worth),
        life: Duration,
    ) {
        let set = async {
            let key = (codec.key)(key).ok_or(Unanswered)?;
            let bytes = (codec.encode)(value, worth).ok_or(Unanswered)?;
            let milliseconds = u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1);
            let mut command = ::redis::cmd("SET");
            command.arg(format!("{prefix}{key}")).arg(bytes).arg("PX").arg(milliseconds);
            let watch = self.policy.watch();
            redis().ask::<()>(&command).await?;
            watch.written();
            Ok(())
        };
        if let Err(Unanswered) = set.await {
            self.policy.count(Operation::Error);
        }
    }

    fn judge(&self, found: Option<(Duration, HeldBy<S>, Worth)>) -> Found<S> {
        let settings = &self.policy.settings;
        match found {
            None => Found::Nothing,
            Some((age, Held::Failure(failure), worth)) => match settings.negative_ttl {
                Some(negative_ttl) if age < negative_ttl => Found::Fresh(Held::Failure(failure), worth),
                _ => Found::Nothing,
            },
            Some((age, Held::Value(value), worth)) => {
                let ttl = self.ttl(&value);
                let until = |more: Option<Duration>| more.map_or(Duration::ZERO, |more| ttl + more);
                if age < ttl {
                    Found::Fresh(Held::Value(value), worth)
                } else if age < until(settings.stale) {
                    Found::Stale(value, worth)
                } else if age < until(settings.stale_if_error) {
                    Found::Old(value)
                } else {
                    Found::Nothing
                }
            }
        }
    }

    /// Ends a flight, with what is to be kept of it.
    #[cfg_attr(not(feature = "redis"), allow(clippy::unused_async))]
    pub(super) async fn land(
        &self,
        seat: &Seat<K, Landed<S>>,
        key: &K,
        held: Option<HeldBy<S>>,
        worth: Worth,
    ) -> Landing<Landed<S>> {
        match &self.entries {
            Entries::Memory(map) => {
                let entry = held.map(|held| self.entry(held, worth));
                seat.land(|| {
                    if let Some(entry) = entry {
                        self.policy.resize(1, i64::from(entry.weight));
                        let watch = self.policy.watch();
                        map.insert(key.clone(), entry);
                        watch.written();
                    }
                })
            }
            #[cfg(feature = "redis")]
            Entries::Remote { failures, prefix, codec } => {
                // Before it lands: who comes later finds it there.
                if let Some(held @ Held::Value(value)) = &held
                    && !seat.is_forgotten()
                {
                    Box::pin(self.store(prefix, codec, key, (value, worth), self.life(held))).await;
                }
                let failure = held.filter(|held| matches!(held, Held::Failure(_)));
                let entry = failure.map(|held| self.entry(held, Worth::default()));
                seat.land(|| {
                    if let Some(entry) = entry {
                        failures.insert(key.clone(), entry);
                    }
                })
            }
        }
    }

    fn entry(&self, held: HeldBy<S>, worth: Worth) -> Entry<S> {
        let weight = match (&held, self.terms.weigh) {
            (Held::Value(value), Some(weigh)) => weigh(value),
            _ => size_of::<K>() + size_of::<Entry<S>>(),
        };
        Entry {
            life: self.life(&held),
            held,
            worth,
            at: (self.policy.settings.longer() > Duration::ZERO || stands_still()).then(Instant::now),
            weight: u32::try_from(weight).unwrap_or(u32::MAX),
        }
    }

    /// How long an entry is of use to anybody.
    fn life(&self, held: &HeldBy<S>) -> Duration {
        let settings = &self.policy.settings;
        match held {
            Held::Value(value) => self.ttl(value) + settings.longer(),
            Held::Failure(_) => settings.negative_ttl.unwrap_or_default(),
        }
    }

    /// How long a value is returned.
    fn ttl(&self, value: &S::Value) -> Duration {
        self.terms.ttl.map_or(self.policy.settings.ttl, |ttl| ttl(value).min(LONGEST))
    }
}

/// A table whose types only its function knows.
pub(super) trait Erased: Send + Sync {
    fn as_any(&'static self) -> &'static (dyn Any + Send + Sync);

    /// Forgets one entry, by the name of its key; the error is the type that names have. What it is called elsewhere is
    /// for whoever tells the others.
    fn forget(&self, name: &dyn Any) -> Result<Option<String>, &'static str>;

    /// Forgets all of them that are here.
    fn clear(&self);

    /// Does what has been put off.
    fn tidy(&self);
}

impl<K: Key, S: Kept> Table<K, S> {
    /// What there is in memory.
    fn here(&self) -> &moka::sync::Cache<K, Entry<S>> {
        match &self.entries {
            Entries::Memory(map) => map,
            #[cfg(feature = "redis")]
            Entries::Remote { failures, .. } => failures,
        }
    }
}

impl<K: Key, S: Kept> Erased for Table<K, S> {
    fn as_any(&'static self) -> &'static (dyn Any + Send + Sync) {
        self
    }

    fn forget(&self, name: &dyn Any) -> Result<Option<String>, &'static str> {
        let name = name.downcast_ref::<K::Name>().ok_or_else(std::any::type_name::<K::Name>)?;
        self.flights.forget(|key| key.is_named(name), || self.here().invalidate(&Named::<K>(name)));
        Ok(match &self.entries {
            Entries::Memory(_) => None,
            #[cfg(feature = "redis")]
            Entries::Remote { prefix, codec, .. } => (codec.name)(name).map(|name| format!("{prefix}{name}")),
        })
    }

    fn clear(&self) {
        self.flights.forget(|_| true, || self.here().invalidate_all());
        self.tidy();
    }

    fn tidy(&self) {
        self.here().run_pending_tasks();
    }
}
