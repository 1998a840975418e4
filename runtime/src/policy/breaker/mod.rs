//! `breaker(failures = 0.5, window = "30s", min_calls = 10, slow = "5s", open = "15s", probes = 3)`

mod circuit;
mod window;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Once, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use self::circuit::{Admitted, Circuit, Ended};
use self::window::{Seen, Window};
use super::PolicyError;
use super::aspect::{Aspect, Observed, Series};
use super::result::Refusable;
#[cfg(feature = "telemetry")]
use crate::catalog::{Site, sites};
#[cfg(feature = "llm")]
use crate::cost::Account;
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::{attribute, label};
use crate::outcome::{Category, Kind, Outcome, Status};

/// What a circuit breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// They pass.
    Closed,
    /// They are refused.
    Open,
    /// Some pass, as probes.
    HalfOpen,
}

impl BreakerState {
    /// The label value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half_open",
        }
    }
}

/// The circuit breaker of a function, from [`breaker`](fn@crate::breaker).
pub struct Breaker {
    name: &'static str,
    settings: Settings,
    /// That of calls without a key.
    circuit: Mutex<Circuit>,
    /// Those of calls with one.
    keyed: RwLock<BTreeMap<Box<str>, Shared>>,
    state: Observed,
    transitions: Observed,
    rejections: Observed,
    /// Puts it among those that have been called.
    called: Once,
    /// Whether circuits of keys that come now are open.
    is_forced_open: AtomicBool,
}

impl fmt::Debug for Breaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaker")
            .field("name", &self.name)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug)]
struct Settings {
    /// In millionths of the calls of the window.
    failures: u32,
    slow_calls: u32,
    slow: Option<Duration>,
    min_calls: u32,
    window: Span,
    open: Duration,
    probes: u32,
}

impl Settings {
    /// Whether so many of the calls failed, or were slow, that it opens.
    fn is_too_much(&self, seen: Seen) -> bool {
        let is_beyond = |part: u32, most: u32| {
            part > 0 && u64::from(part) * 1_000_000 >= u64::from(most) * u64::from(seen.calls)
        };
        let is_too_slow = self.slow.is_some() && is_beyond(seen.slow, self.slow_calls);
        seen.calls >= self.min_calls && (is_too_slow || is_beyond(seen.failures, self.failures))
    }
}

/// What a window holds.
#[derive(Clone, Copy, Debug)]
enum Span {
    Time(Duration),
    Calls(u32),
}

/// More keys than this are not told apart: calls with further ones share a circuit.
const MOST_KEYS: usize = 10_000;

static STATE: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::BREAKER_STATE,
    names: &[label::STATE],
    values: &["closed", "open", "half_open"],
    initial: Some(0),
};

static TRANSITIONS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::BREAKER_TRANSITIONS,
    names: &[label::FROM, label::TO],
    values: &[
        "closed",
        "open",
        "closed",
        "half_open",
        "open",
        "closed",
        "open",
        "half_open",
        "half_open",
        "closed",
        "half_open",
        "open",
    ],
    initial: None,
};

static REJECTIONS: Series = Series {
    #[cfg(feature = "telemetry")]
    family: &family::BREAKER_REJECTIONS,
    names: &[],
    values: &[],
    initial: None,
};

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
impl Breaker {
    /// Of a function.
    pub const fn new(name: &'static str) -> Self {
        Breaker {
            name,
            settings: Settings {
                failures: 500_000,
                slow_calls: 500_000,
                slow: None,
                min_calls: 10,
                window: Span::Time(Duration::from_secs(30)),
                open: Duration::from_secs(15),
                probes: 3,
            },
            circuit: Mutex::new(Circuit::CLOSED),
            keyed: RwLock::new(BTreeMap::new()),
            state: Observed::new(name, &STATE),
            transitions: Observed::new(name, &TRANSITIONS),
            rejections: Observed::new(name, &REJECTIONS),
            called: Once::new(),
            is_forced_open: AtomicBool::new(false),
        }
    }

    /// The part of calls that fail from which on it opens, in millionths.
    pub const fn failures(mut self, millionths: u32) -> Self {
        self.settings.failures = millionths;
        self
    }

    /// The part of calls that are slow from which on it opens, in millionths.
    pub const fn slow_calls(mut self, millionths: u32) -> Self {
        self.settings.slow_calls = millionths;
        self
    }

    /// From how many nanoseconds on a call is slow.
    pub const fn slow(mut self, nanoseconds: u64) -> Self {
        self.settings.slow = Some(Duration::from_nanos(nanoseconds));
        self
    }

    /// How many calls there have to be before it opens.
    pub const fn min_calls(mut self, calls: u32) -> Self {
        self.settings.min_calls = calls;
        self
    }

    /// How far it looks back, in nanoseconds.
    pub const fn window(mut self, nanoseconds: u64) -> Self {
        self.settings.window = Span::Time(Duration::from_nanos(nanoseconds));
        self
    }

    /// How many calls it looks back.
    pub const fn window_calls(mut self, calls: u32) -> Self {
        self.settings.window = Span::Calls(calls);
        if self.settings.min_calls > calls {
            self.settings.min_calls = calls;
        }
        self
    }

    /// For how many nanoseconds it stays open.
    pub const fn open(mut self, nanoseconds: u64) -> Self {
        self.settings.open = Duration::from_nanos(nanoseconds);
        self
    }

    /// How many calls it lets through to see whether it can close.
    pub const fn probes(mut self, probes: u32) -> Self {
        self.settings.probes = probes;
        self
    }
}

impl Aspect for Breaker {
    fn observed(&self) -> Vec<&Observed> {
        vec![&self.state, &self.transitions, &self.rejections]
    }

    fn breaker(&self) -> Option<&Breaker> {
        Some(self)
    }
}

/// Which circuit a call belongs to.
pub(crate) type Key = Option<Box<str>>;

/// A call without a key.
#[must_use]
pub fn no_key() -> Key {
    None
}

/// The key of a call.
#[must_use]
pub fn breaker_key(key: &(impl Display + ?Sized)) -> Key {
    Some(key.to_string().into())
}

/// Runs a body unless the breaker is open. Errors that would come again are none of the other side's, and do not count.
pub async fn breaker<R: Refusable>(
    policy: &'static Breaker,
    key: Key,
    body: impl Future<Output = R>,
    outcome: impl Fn(&R) -> Outcome,
) -> R {
    let is_failure = |result: &R| {
        let outcome = outcome(result);
        outcome.status == Status::Error && category(&outcome) != Category::Permanent
    };
    policy.run(key, body, &outcome, is_failure).await
}

/// Runs a body unless the breaker is open, which `when` says which errors count for.
pub async fn breaker_when<R: Refusable>(
    policy: &'static Breaker,
    key: Key,
    body: impl Future<Output = R>,
    outcome: impl Fn(&R) -> Outcome,
    when: impl Fn(&R::Error) -> bool,
) -> R {
    policy.run(key, body, outcome, |result| result.as_error().is_some_and(&when)).await
}

fn category(outcome: &Outcome) -> Category {
    outcome.error.as_ref().map_or(Category::Unknown, Kind::category)
}

/// A call of which a breaker judges how it ends.
struct Judged(#[cfg(feature = "llm")] Option<Arc<Account>>);

#[cfg(feature = "llm")]
impl Judged {
    fn begin() -> Self {
        Judged(crate::cost::asks_models().then(crate::cost::account_judged))
    }

    fn of<F: Future>(&self, call: F) -> impl Future<Output = F::Output> + use<F> {
        crate::cost::scoped_in(self.0.clone(), |_: &F::Output| Outcome::SUCCESS, call)
    }

    /// Whether a budget has refused it, or a call in it, so that it says nothing of the other side; unless the error is known to
    /// be of those that do.
    fn says_nothing(&self, outcome: impl FnOnce() -> Outcome) -> bool {
        self.0.as_ref().is_some_and(|account| account.is_refused()) && {
            let outcome = outcome();
            outcome.status == Status::Error && category(&outcome) != Category::Transient
        }
    }
}

#[cfg(not(feature = "llm"))]
#[allow(clippy::unused_self, reason = "with the feature there are budgets")]
impl Judged {
    fn begin() -> Self {
        Judged()
    }

    fn of<F: Future>(&self, call: F) -> F {
        call
    }

    fn says_nothing(&self, _: impl FnOnce() -> Outcome) -> bool {
        false
    }
}

/// Those that have been called.
static KNOWN: Mutex<Vec<&'static Breaker>> = Mutex::new(Vec::new());

/// The circuit breaker of the primitive with this name, to look at it and to open or close it by hand. Without an exporter
/// compiled in it is not known before the primitive has been called.
///
/// ```
/// # use tta::PolicyError;
/// #[tta::primitive(breaker(failures = 0.5))]
/// async fn charge_bank(cents: u64) -> Result<u64, PolicyError> {
///     Ok(cents)
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
/// # runtime.expect("a runtime").block_on(async {
/// assert_eq!(charge_bank(5).await, Ok(5));
/// let breaker = tta::breaker("charge_bank").expect("it has been called");
/// // The bank has said that it will be away.
/// breaker.force_open();
/// assert!(matches!(charge_bank(5).await, Err(PolicyError::BreakerOpen { .. })));
/// breaker.force_closed();
/// assert_eq!(charge_bank(5).await, Ok(5));
/// # });
/// ```
#[must_use]
pub fn breaker_of(name: &str) -> Option<&'static Breaker> {
    #[cfg(feature = "telemetry")]
    if let Some(breaker) = sites().into_iter().filter_map(Site::breaker).find(|breaker| breaker.name == name)
    {
        return Some(breaker);
    }
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.iter().find(|breaker| breaker.name == name).copied()
}

/// A call that has been let through. However it ends, the circuit is told.
struct Passing<'a> {
    breaker: &'a Breaker,
    circuit: Chosen<'a>,
    admitted: Admitted,
    /// Where it matters how long it takes.
    begun: Option<Instant>,
    ended: Ended,
}

/// The circuit of a key.
type Shared = Arc<Mutex<Circuit>>;

/// The circuit of a call.
enum Chosen<'a> {
    Only(&'a Mutex<Circuit>),
    Keyed(Shared),
}

impl Chosen<'_> {
    fn with<T>(&self, change: impl FnOnce(&mut Circuit) -> T) -> T {
        let circuit = match self {
            Chosen::Only(circuit) => circuit,
            Chosen::Keyed(circuit) => circuit.as_ref(),
        };
        change(&mut circuit.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        let (settings, now) = (&self.breaker.settings, Instant::now());
        let is_slow = settings
            .slow
            .zip(self.begun)
            .is_some_and(|(slow, begun)| now.saturating_duration_since(begun) >= slow);
        let change =
            self.circuit.with(|circuit| circuit.ended(settings, now, self.admitted, self.ended, is_slow));
        self.breaker.tell(change);
    }
}

/// A change of state.
type Change = Option<(BreakerState, BreakerState)>;

impl Breaker {
    async fn run<R: Refusable>(
        &'static self,
        key: Key,
        body: impl Future<Output = R>,
        outcome: impl Fn(&R) -> Outcome,
        is_failure: impl Fn(&R) -> bool,
    ) -> R {
        self.called.call_once(|| KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push(self));
        let circuit = self.choose(key);
        let begun = self.settings.slow.map(|_| Instant::now());
        let (admitted, change) = circuit.with(|circuit| circuit.admit(&self.settings, Instant::now));
        self.tell(change);
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(retry_after) => {
                self.rejections.count(0);
                let state = circuit.with(|circuit| circuit.state());
                crate::span().set(attribute::BREAKER_STATE, state.as_str());
                return R::refused(PolicyError::BreakerOpen { primitive: self.name.into(), retry_after });
            }
        };
        let mut passing = Passing { breaker: self, circuit, admitted, begun, ended: Ended::Cancelled };
        let judged = Judged::begin();
        let mut body = pin!(judged.of(body));
        let result = std::future::poll_fn(|task| {
            // Until it has returned: where it unwinds, this is how it ends.
            passing.ended = Ended::Failure;
            let polled = body.as_mut().poll(task);
            passing.ended = Ended::Cancelled;
            polled
        })
        .await;
        if !judged.says_nothing(|| outcome(&result)) {
            passing.ended = if is_failure(&result) { Ended::Failure } else { Ended::Success };
        }
        result
    }

    fn choose(&self, key: Key) -> Chosen<'_> {
        let Some(key) = key else { return Chosen::Only(&self.circuit) };
        let known = self.keyed.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(circuit) = known.get(&key) {
            return Chosen::Keyed(circuit.clone());
        }
        drop(known);
        let mut keyed = self.keyed.write().unwrap_or_else(PoisonError::into_inner);
        if keyed.len() >= MOST_KEYS && !keyed.contains_key(&key) {
            return Chosen::Only(&self.circuit);
        }
        let circuit = keyed.entry(key).or_insert_with(|| {
            let is_open = self.is_forced_open.load(Relaxed);
            let circuit = if is_open { Circuit::FORCED_OPEN } else { Circuit::CLOSED };
            self.state.change(circuit.state() as usize, 1);
            Arc::new(Mutex::new(circuit))
        });
        Chosen::Keyed(circuit.clone())
    }

    fn tell(&self, change: Change) {
        let Some((from, to)) = change else { return };
        self.state.change(from as usize, -1);
        self.state.change(to as usize, 1);
        let place = TRANSITIONS
            .values
            .chunks(2)
            .position(|pair| pair == [from.as_str(), to.as_str()])
            .unwrap_or_default();
        self.transitions.count(place);
        crate::span().event(
            "breaker",
            [(attribute::BREAKER_FROM, from.as_str().into()), (attribute::BREAKER_STATE, to.as_str().into())],
        );
    }

    /// What it does with calls now, those without a key.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        Chosen::Only(&self.circuit).with(|circuit| circuit.state())
    }

    /// Refuses all calls, of every key, until it is [closed](Breaker::force_closed).
    pub fn force_open(&self) {
        self.is_forced_open.store(true, Relaxed);
        self.each(Circuit::force_open);
    }

    /// Lets calls through again and forgets what it has seen.
    pub fn force_closed(&self) {
        self.is_forced_open.store(false, Relaxed);
        self.each(Circuit::force_closed);
    }

    fn each(&self, change: impl Fn(&mut Circuit) -> Change) {
        let keyed = self.keyed.read().unwrap_or_else(PoisonError::into_inner);
        let keyed: Vec<_> = keyed.values().cloned().map(Chosen::Keyed).collect();
        for circuit in keyed.into_iter().chain([Chosen::Only(&self.circuit)]) {
            let change = circuit.with(&change);
            self.tell(change);
        }
    }
}
