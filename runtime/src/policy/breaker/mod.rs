//! `breaker(failures = 0.5, window = "30s", min_calls = 10, slow = "5s", open = "15s", probes = 3)`

mod circuit;
mod window;

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use self::circuit::{Admitted, Circuit, Ended};
use self::window::Window;
use super::PolicyError;
use super::aspect::{Aspect, Observed, Series};
use super::result::Refusable;
#[cfg(feature = "telemetry")]
use crate::metric::family;
use crate::names::{attribute, label};
use crate::outcome::{Category, Outcome, Status};

/// What a circuit breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BreakerState {
    /// They pass.
    Closed,
    /// They are refused.
    Open,
    /// Some pass, as probes.
    HalfOpen,
}

impl BreakerState {
    /// The label value.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half_open",
        }
    }
}

/// The circuit breaker of a function.
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
        let category = outcome.error.map_or(Category::Unknown, |kind| kind.category());
        outcome.status == Status::Error && category != Category::Permanent
    };
    policy.run(key, body, is_failure).await
}

/// Runs a body unless the breaker is open, which `when` says which errors count for.
pub async fn breaker_when<R: Refusable>(
    policy: &'static Breaker,
    key: Key,
    body: impl Future<Output = R>,
    _outcome: impl Fn(&R) -> Outcome,
    when: impl Fn(&R::Error) -> bool,
) -> R {
    policy.run(key, body, |result| result.as_error().is_some_and(&when)).await
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
        is_failure: impl Fn(&R) -> bool,
    ) -> R {
        let circuit = self.choose(key);
        let begun = self.settings.slow.map(|_| Instant::now());
        let (admitted, change) = circuit.with(|circuit| circuit.admit(&self.settings, Instant::now));
        self.tell(change);
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(retry_after) => {
                self.rejections.count(0);
                crate::span().set(attribute::BREAKER_STATE, BreakerState::Open.as_str());
                return R::refused(PolicyError::BreakerOpen { primitive: self.name.into(), retry_after });
            }
        };
        let mut passing = Passing { breaker: self, circuit, admitted, begun, ended: Ended::Cancelled };
        let mut body = pin!(body);
        let result = std::future::poll_fn(|task| {
            // Until it has returned: where it unwinds, this is how it ends.
            passing.ended = Ended::Failure;
            let polled = body.as_mut().poll(task);
            passing.ended = Ended::Cancelled;
            polled
        })
        .await;
        passing.ended = if is_failure(&result) { Ended::Failure } else { Ended::Success };
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
            self.state.change(BreakerState::Closed as usize, 1);
            Arc::new(Mutex::new(Circuit::CLOSED))
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
}
