//! One call for many callers who ask for the same at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The calls that are being made, by what was asked for.
#[derive(Debug)]
pub(super) struct Flights<K, L>(Mutex<HashMap<Arc<K>, Arc<Flight<L>>>>);

/// A call that is being made, and everyone who waits for what comes of it.
#[derive(Debug)]
struct Flight<L> {
    node: Arc<Node>,
    /// Held by the caller who makes the call; closed when something has come of it. A caller who goes away hands over to
    /// the next one.
    turn: Arc<Semaphore>,
    landed: OnceLock<L>,
    /// What comes of it is not to be kept.
    is_forgotten: AtomicBool,
}

/// A caller's place in a flight. The last one to leave takes the flight with it.
#[derive(Debug)]
pub(super) struct Seat<K: Hash + Eq + 'static, L: 'static> {
    flights: &'static Flights<K, L>,
    key: Arc<K>,
    flight: Arc<Flight<L>>,
    edge: Option<Edge>,
}

/// What a caller does next.
pub(super) enum Turn<'a, L> {
    /// Makes the call, and keeps this until it has landed.
    Lead(Option<OwnedSemaphorePermit>),
    /// Takes what has come of it.
    Landed(&'a L),
}

/// A call waits for itself.
#[derive(Debug)]
pub(super) struct Recursion;

/// A flight that lands, with the others in it.
#[derive(Debug)]
pub(super) struct Landing<L> {
    flight: Arc<Flight<L>>,
    pub(super) has_others: bool,
}

impl<K: Hash + Eq, L> Flights<K, L> {
    pub(super) fn new() -> Self {
        Flights(Mutex::default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<K>, Arc<Flight<L>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place in the flight of a key, unless it would wait for the caller.
    pub(super) fn join(&'static self, key: &Arc<K>) -> Result<Seat<K, L>, Recursion> {
        let flight = self.lock().entry(key.clone()).or_insert_with(|| Arc::new(Flight::new())).clone();
        let mut seat = Seat { flights: self, key: key.clone(), flight, edge: None };
        if let Some(parent) = Within::current() {
            seat.edge = Some(Edge::between(parent, &seat.flight.node)?);
        }
        Ok(seat)
    }

    /// The first place in a flight that nobody is in yet. Nobody waits for it.
    pub(super) fn begin(&'static self, key: &Arc<K>) -> Option<Seat<K, L>> {
        let mut flights = self.lock();
        if flights.contains_key(key) {
            return None;
        }
        let flight = Arc::new(Flight::new());
        flights.insert(key.clone(), flight.clone());
        Some(Seat { flights: self, key: key.clone(), flight, edge: None })
    }

    /// Runs `change` while nothing lands, and has what comes of the flights of some keys not kept.
    pub(super) fn forget<R>(&self, is_meant: impl Fn(&K) -> bool, change: impl FnOnce() -> R) -> R {
        let mut flights = self.lock();
        flights.retain(|key, flight| {
            let is_meant = is_meant(key);
            if is_meant {
                flight.is_forgotten.store(true, Relaxed);
            }
            !is_meant
        });
        change()
    }
}

impl<L> Flight<L> {
    fn new() -> Self {
        Flight {
            node: Arc::default(),
            turn: Arc::new(Semaphore::new(1)),
            landed: OnceLock::new(),
            is_forgotten: AtomicBool::new(false),
        }
    }
}

impl<K: Hash + Eq, L> Seat<K, L> {
    /// Waits until it is this caller's turn to make the call, or the call has been made.
    pub(super) async fn turn(&self) -> Turn<'_, L> {
        let permit = self.flight.turn.clone().acquire_owned().await.ok();
        match self.flight.landed.get() {
            Some(landed) => Turn::Landed(landed),
            None => Turn::Lead(permit),
        }
    }

    /// Makes the call. What it asks for on its way knows that it is on the way.
    pub(super) async fn lead<F: Future>(&self, call: F) -> F::Output {
        let leading = Leading(Arc::default());
        let outer = Context::map_current(|context| context.get::<Within>().cloned().map(Arc::new));
        let within = Within { node: self.flight.node.clone(), is_over: leading.0.clone(), outer };
        call.with_context(Context::current_with_value(within)).await
    }

    /// The same, where nobody waits for it who is on the way himself.
    pub(super) async fn lead_alone<F: Future>(&self, call: F) -> F::Output {
        let leading = Leading(Arc::default());
        let within = Within { node: self.flight.node.clone(), is_over: leading.0.clone(), outer: None };
        call.with_context(Context::current_with_value(within)).await
    }

    /// Whether what comes of it is not to be kept.
    #[cfg(feature = "redis")]
    pub(super) fn is_forgotten(&self) -> bool {
        self.flight.is_forgotten.load(Relaxed)
    }

    /// Ends the flight, and runs `keep` unless what came of it is not to be kept. Who comes later begins another.
    pub(super) fn land(&self, keep: impl FnOnce()) -> Landing<L> {
        let mut flights = self.flights.lock();
        if flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight)) {
            flights.remove(&self.key);
        }
        if !self.flight.is_forgotten.load(Relaxed) {
            keep();
        }
        drop(flights);
        let has_others = Arc::strong_count(&self.flight) > 1;
        Landing { flight: self.flight.clone(), has_others }
    }
}

impl<L> Landing<L> {
    /// Hands what came of it to everyone.
    pub(super) fn share(self, landed: L) {
        // There is one who leads, and he leads once.
        let _ = self.flight.landed.set(landed);
        self.flight.turn.close();
    }
}

impl<K: Hash + Eq, L> Drop for Seat<K, L> {
    fn drop(&mut self) {
        drop(self.edge.take());
        let mut flights = self.flights.lock();
        let is_here = flights.get(&self.key).is_some_and(|flight| Arc::ptr_eq(flight, &self.flight));
        // One is here, and one among the flights.
        if is_here && Arc::strong_count(&self.flight) == 2 {
            flights.remove(&self.key);
        }
    }
}

/// Until dropped, a caller makes the call.
struct Leading(Arc<AtomicBool>);

impl Drop for Leading {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The flight that is made here, in the OpenTelemetry context, so that it goes wherever that goes.
#[derive(Clone, Debug)]
struct Within {
    node: Arc<Node>,
    /// Whoever made it has ended, and this is what he has left behind.
    is_over: Arc<AtomicBool>,
    outer: Option<Arc<Within>>,
}

impl Within {
    /// The innermost one that is still made.
    fn current() -> Option<Arc<Node>> {
        Context::map_current(|context| {
            let mut within = context.get::<Within>()?;
            while within.is_over.load(Relaxed) {
                within = within.outer.as_deref()?;
            }
            Some(within.node.clone())
        })
    }
}

/// Whether what runs within `context` is on the way to an entry of a cache.
pub(crate) fn is_cached(context: &Context) -> bool {
    context.get::<Within>().is_some()
}

/// A flight, among those of all caches.
#[derive(Debug, Default)]
struct Node {
    /// The flights that it waits for.
    waits_for: Mutex<Vec<Arc<Node>>>,
}

impl Node {
    fn waits_for(&self) -> MutexGuard<'_, Vec<Arc<Node>>> {
        self.waits_for.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it waits for the other, by way of any number of flights.
    fn reaches(self: &Arc<Self>, other: &Arc<Node>) -> bool {
        let mut seen: Vec<Arc<Node>> = Vec::new();
        let mut left = vec![self.clone()];
        while let Some(node) = left.pop() {
            if Arc::ptr_eq(&node, other) {
                return true;
            }
            if !seen.iter().any(|seen| Arc::ptr_eq(seen, &node)) {
                left.extend(node.waits_for().iter().cloned());
                seen.push(node);
            }
        }
        false
    }
}

/// Until dropped, a flight waits for another.
#[derive(Debug)]
struct Edge {
    from: Arc<Node>,
    to: Arc<Node>,
}

/// Held while a flight is asked what it waits for, so that two cannot begin to wait for each other at once.
static ASKING: Mutex<()> = Mutex::new(());

impl Edge {
    fn between(from: Arc<Node>, to: &Arc<Node>) -> Result<Self, Recursion> {
        let _asking = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
        if to.reaches(&from) {
            return Err(Recursion);
        }
        from.waits_for().push(to.clone());
        Ok(Edge { from, to: to.clone() })
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        let mut waits_for = self.from.waits_for();
        if let Some(at) = waits_for.iter().position(|node| Arc::ptr_eq(node, &self.to)) {
            waits_for.swap_remove(at);
        }
    }
}
