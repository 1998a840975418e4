//! One call of a function with a cache.

use std::fmt;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::flight::{Landing, Seat, Turn};
#[cfg(feature = "redis")]
use super::key::RemoteKey;
use super::key::{Key, Lookup};
use super::policy::{CachePolicy, Operation};
use super::table::{Found, HeldBy, Landed, Table};
use super::value::{Held, Kept, Refuse, Terms};
use super::worth::{Making, Worth};
use crate::context::CarryExt as _;
use crate::outcome::{Outcome, Status};
use crate::policy::PolicyError;

/// What a call has found.
#[derive(Debug)]
pub enum Looked<K: Key, S: Kept> {
    /// What it returns.
    Found(S::Returned),
    /// What it has to do.
    Missing(Ask<K, S>),
}

/// A call that may have to be made.
pub struct Ask<K: Key, S: Kept> {
    policy: &'static CachePolicy,
    table: &'static Table<K, S>,
    key: Arc<K>,
    /// What may be returned, and has to be fetched anew.
    stale: Option<(S::Value, Worth)>,
    /// What may be returned in the place of an error.
    old: Option<S::Value>,
}

impl<K: Key, S: Kept> fmt::Debug for Ask<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Looks a call up.
pub fn look_up<Q: Lookup, S: Kept>(
    policy: &'static CachePolicy,
    terms: Terms<S>,
    _kept: S,
    key: &Q,
) -> Looked<Q::Key, S> {
    look_up_in(policy, policy.table_in_memory(terms), key)
}

/// Looks a call up whose value may be in the Redis, as far as that can be done at once.
#[cfg(feature = "redis")]
pub fn look_up_in_redis<Q, S>(
    policy: &'static CachePolicy,
    terms: Terms<S>,
    _kept: S,
    key: &Q,
) -> Looked<Q::Key, S>
where
    Q: Lookup<Key: RemoteKey>,
    S: Kept<Value: serde::Serialize + serde::de::DeserializeOwned>,
{
    look_up_in(policy, policy.table_in_redis(terms), key)
}

/// Not without its feature, which `CachePolicy::redis` says.
#[cfg(not(feature = "redis"))]
pub fn look_up_in_redis<Q: Lookup, S: Kept>(
    policy: &'static CachePolicy,
    terms: Terms<S>,
    kept: S,
    key: &Q,
) -> Looked<Q::Key, S> {
    look_up(policy, terms, kept, key)
}

fn look_up_in<Q: Lookup, S: Kept>(
    policy: &'static CachePolicy,
    table: &'static Table<Q::Key, S>,
    key: &Q,
) -> Looked<Q::Key, S> {
    let (mut stale, mut old) = (None, None);
    match table.look_up(key) {
        Found::Fresh(held, worth) => return Looked::Found(policy.found::<S>(held, worth)),
        Found::Stale(value, worth) => stale = Some((value, worth)),
        Found::Old(value) => old = Some(value),
        Found::Nothing => {}
    }
    Looked::Missing(Ask { policy, table, key: Arc::new(key.own()), stale, old })
}

impl CachePolicy {
    fn found<S: Kept>(&self, held: HeldBy<S>, worth: Worth) -> S::Returned {
        self.tell(match &held {
            Held::Value(_) => Operation::Hit,
            Held::Failure(_) => Operation::Negative,
        });
        self.save(worth);
        S::returned(held)
    }
}

/// Where a call has got to.
enum Arrived<K: Key, S: Kept> {
    /// There is an answer.
    Answered(S::Returned),
    /// It would wait for itself.
    Recursive,
    /// It is to be made, or what is stale is to be returned.
    Leading(Lead<K, S>, Found<S>),
}

/// A place in a flight, and the turn to make the call.
struct Lead<K: Key, S: Kept> {
    /// Given back first, so that the next one takes over.
    _turn: Option<OwnedSemaphorePermit>,
    seat: Seat<K, Landed<S>>,
}

impl<K: Key, S: Kept> Ask<K, S> {
    /// Waits for whoever makes the call, or for the turn to make it.
    async fn arrive(&self) -> Arrived<K, S> {
        let Ok(seat) = self.table.flights.join(&self.key) else { return Arrived::Recursive };
        let turn = match seat.turn().await {
            Turn::Landed((held, worth)) => {
                self.policy.tell(Operation::Coalesced);
                self.policy.save(*worth);
                return Arrived::Answered(S::returned(held.clone()));
            }
            Turn::Lead(turn) => turn,
        };
        // Somebody else may have been here since this call looked.
        match self.table.get(&self.key).await {
            Found::Fresh(held, worth) => {
                let landing = seat.land(|| ());
                if landing.has_others {
                    landing.share((held.clone(), worth));
                }
                Arrived::Answered(self.policy.found::<S>(held, worth))
            }
            found => Arrived::Leading(Lead { _turn: turn, seat }, found),
        }
    }

    /// Makes the call, or waits for whoever makes it.
    pub async fn run(
        self,
        call: impl Future<Output = S::Returned>,
        outcome: impl Fn(&S::Returned) -> Outcome,
        when: impl Fn(&S::Value) -> bool,
        refuse: Refuse<S::Returned>,
    ) -> S::Returned {
        match self.arrive().await {
            Arrived::Answered(returned) => returned,
            Arrived::Recursive => self.recursive(call, refuse).await,
            Arrived::Leading(lead, found) => {
                let old = self.stale.map(|(value, _)| value).or(self.old);
                let old = match found {
                    Found::Stale(value, _) | Found::Old(value) => Some(value),
                    Found::Fresh(..) | Found::Nothing => old,
                };
                let lead = Leading { policy: self.policy, table: self.table, key: self.key, lead };
                lead.run(call, outcome, when, old).await
            }
        }
    }

    /// The same, where what is stale is returned, and fetched anew by a task of its own.
    pub async fn run_stale(
        mut self,
        call: impl Future<Output = S::Returned> + Send + 'static,
        outcome: impl Fn(&S::Returned) -> Outcome + Send + 'static,
        when: impl Fn(&S::Value) -> bool + Send + 'static,
        refuse: Refuse<S::Returned>,
    ) -> S::Returned
    where
        S::Returned: Send,
    {
        let Ok(runtime) = Handle::try_current() else { return self.run(call, outcome, when, refuse).await };
        if self.stale.is_none() {
            match self.arrive().await {
                Arrived::Answered(returned) => return returned,
                Arrived::Recursive => return self.recursive(call, refuse).await,
                Arrived::Leading(lead, Found::Stale(value, worth)) => {
                    let landing = lead.seat.land(|| ());
                    if landing.has_others {
                        landing.share((Held::Value(value.clone()), worth));
                    }
                    self.stale = Some((value, worth));
                }
                Arrived::Leading(lead, found) => {
                    let old = if let Found::Old(value) = found { Some(value) } else { self.old };
                    let lead = Leading { policy: self.policy, table: self.table, key: self.key, lead };
                    return lead.run(call, outcome, when, old).await;
                }
            }
        }
        let Ask { policy, table, key, stale: Some((value, worth)), .. } = self else {
            // It is some where it was none.
            return call.await;
        };
        policy.tell(Operation::Stale);
        if let Some(seat) = table.flights.begin(&key) {
            let refresh = async move {
                let Turn::Lead(turn) = seat.turn().await else { return };
                let lead = Lead { _turn: turn, seat };
                Leading { policy, table, key, lead }.refresh(call, outcome, when).await;
            };
            drop(runtime.spawn(refresh.carried()));
        } else {
            // Who has it fetched anew pays as he would have without a cache, only later.
            policy.save(worth);
        }
        S::returned(Held::Value(value))
    }

    async fn recursive(
        &self,
        call: impl Future<Output = S::Returned>,
        refuse: Refuse<S::Returned>,
    ) -> S::Returned {
        match refuse {
            Some(refused) => refused(PolicyError::CacheRecursion { primitive: self.policy.name.into() }),
            None => call.await,
        }
    }
}

/// A call that is made.
struct Leading<K: Key, S: Kept> {
    policy: &'static CachePolicy,
    table: &'static Table<K, S>,
    key: Arc<K>,
    lead: Lead<K, S>,
}

impl<K: Key, S: Kept> Leading<K, S> {
    /// For a caller, and whoever waits with him.
    async fn run(
        self,
        call: impl Future<Output = S::Returned>,
        outcome: impl Fn(&S::Returned) -> Outcome,
        when: impl Fn(&S::Value) -> bool,
        old: Option<S::Value>,
    ) -> S::Returned {
        let making = Making::begin();
        let returned = making.of(self.lead.seat.lead(call)).await;
        let is_failure = is_failure::<S>(&returned, &outcome);
        let is_of_its_caller = is_failure && making.is_of_its_caller();
        let worth = making.ended(is_failure);
        if is_failure
            && self.policy.settings.stale_if_error.is_some()
            && let Some(old) = old
        {
            if !is_of_its_caller {
                let landing = self.lead.seat.land(|| ());
                if landing.has_others {
                    landing.share((Held::Value(old.clone()), Worth::default()));
                }
            }
            self.policy.tell(Operation::Stale);
            return S::returned(Held::Value(old));
        }
        self.policy.tell(Operation::Miss);
        let keeps_errors = self.policy.settings.negative_ttl.is_some();
        if is_of_its_caller || is_for_one::<S>(&returned) {
            return returned;
        }
        let kept = keep::<S>(&returned, is_failure, when, keeps_errors);
        let landing = self.table.land(&self.lead.seat, &self.key, kept, worth).await;
        share::<S>(landing, &returned, worth);
        returned
    }

    /// For whoever comes later. An error is nobody's.
    async fn refresh(
        self,
        call: impl Future<Output = S::Returned>,
        outcome: impl Fn(&S::Returned) -> Outcome,
        when: impl Fn(&S::Value) -> bool,
    ) {
        let making = Making::begin();
        let returned = making.of(self.lead.seat.lead_alone(call)).await;
        let is_failure = is_failure::<S>(&returned, &outcome);
        let is_of_its_caller = is_failure && making.is_of_its_caller();
        let worth = making.ended(is_failure);
        if is_of_its_caller || is_for_one::<S>(&returned) {
            return;
        }
        let kept = keep::<S>(&returned, is_failure, when, false);
        let landing = self.table.land(&self.lead.seat, &self.key, kept, worth).await;
        share::<S>(landing, &returned, worth);
    }
}

fn is_failure<S: Kept>(returned: &S::Returned, outcome: impl Fn(&S::Returned) -> Outcome) -> bool {
    S::value(returned).is_none() || outcome(returned).status == Status::Error
}

/// Whether it is an error that only one caller can have, so that the next one tries for himself.
fn is_for_one<S: Kept>(returned: &S::Returned) -> bool {
    S::value(returned).is_none() && !S::SHARES_ERRORS
}

/// What is kept of what a call returned.
fn keep<S: Kept>(
    returned: &S::Returned,
    is_failure: bool,
    when: impl Fn(&S::Value) -> bool,
    keeps_errors: bool,
) -> Option<HeldBy<S>> {
    let is_kept = S::value(returned).map_or(keeps_errors, |value| !is_failure && when(value));
    if is_kept { S::hold(returned) } else { None }
}

fn share<S: Kept>(landing: Landing<Landed<S>>, returned: &S::Returned, worth: Worth) {
    if landing.has_others
        && let Some(held) = S::hold(returned)
    {
        landing.share((held, worth));
    }
}
