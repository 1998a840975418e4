//! Decisions that are learned from how calls end.

mod beta;
mod settings;
pub(super) mod stats;
mod strategy;

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use self::settings::{Settings, Weight};
use self::stats::AdaptiveStats;
use self::strategy::{Remembered, Strategies};
use super::counts::{ALL_CONTEXTS, Counts, MAX_CONTEXTS};
use super::{Decision, Feedback, Route};
use crate::names::label;

/// Bytes of a context's name that are kept.
const MAX_CONTEXT_BYTES: usize = 128;

/// Contexts that can be told apart at most.
const MOST_CONTEXTS: usize = 10_000;

/// Chooses among routes by how the calls on them have ended: by success, latency and cost.
///
/// It is a `static`, or part of what a service keeps. [`choose`](Adaptive::choose) makes a [`Decision`], whose
/// [`run`](Decision::run) tells it how the call went. In the body of a [`router`](macro@crate::router) it is counted too.
///
/// ```
/// use std::time::Duration;
/// use tta::router::Adaptive;
/// use tta::{Decision, Route};
///
/// #[derive(Clone, Copy, Debug, Route)]
/// enum Model {
///     Small,
///     Large,
/// }
///
/// static MODELS: Adaptive<Model> = Adaptive::new().latency(0.3, Duration::from_secs(2)).cost(0.2, 0.01);
///
/// #[tta::router]
/// fn pick(task: &str) -> Decision<Model> {
///     MODELS.choose(task)
/// }
///
/// # async fn ask(_: Model, _: &str) -> Result<String, std::io::Error> { Ok(String::new()) }
/// # futures_executor::block_on(async {
/// let answer = pick("summary").run(|model| ask(model, "..")).await?;
/// assert_eq!(MODELS.stats().contexts[0].choices, 1);
/// # Ok::<(), std::io::Error>(()) });
/// ```
///
/// # What a call is worth
///
/// A failure is worth 0, whatever it took. A success is worth 1, less a part for its latency and one for its cost:
///
/// ```text
/// 1 - w_latency · latency / (latency + half_latency) - w_cost · cost / (cost + half_cost)
/// ```
///
/// Each part is nothing for a call that takes no time or costs nothing, half its weight at the `half` that was set, and
/// never more than its weight; the weights together are less than 1, so that every success is worth more than a failure.
/// A call whose cost nobody has told is as good as one that costs nothing: tell it for all routes, or for none.
///
/// | | default | set by |
/// |---|---|---|
/// | latency | up to 0.2 off, half of it at 1 s | [`latency`](Adaptive::latency) |
/// | cost | up to 0.2 off, half of it at $0.01 | [`cost`](Adaptive::cost) |
/// | | of the two, the one that is not set is less where there is no room for it | |
/// | exploration | 5 % of the choices at least | [`exploration`](Adaptive::exploration) |
/// | memory | the last 500 calls of a context; half of it is forgotten in 10 min | [`memory`](Adaptive::memory), [`half_life`](Adaptive::half_life) |
/// | set aside | after 5 failures in a row, for 30 s | [`set_aside`](Adaptive::set_aside) |
/// | contexts | 64, further ones share one | [`contexts`](Adaptive::contexts) |
///
/// # How a route is chosen
///
/// By Thompson sampling: what a call on a route may be worth is drawn from a beta distribution, and the highest draw wins.
/// The distribution's parameters are 1 and what the remembered calls were worth, and 1 and what they were short of 1, so a
/// route of which nothing is known is drawn evenly from 0 to 1, and soon tried. That fractions count as parts of a success
/// and a failure is after Agrawal and Goyal, "Analysis of Thompson Sampling for the Multi-armed Bandit Problem" (2012); that
/// what is remembered fades with each call, and a route that nobody tries gets uncertain again, after Raj and Kalyani,
/// "Taming Non-stationary Bandits: A Bayesian Approach" (2017).
///
/// At least the share `exploration` of choices goes to another route than the best one, whatever the draws are. The reason
/// of a decision is `best` or `explore`, or `probe`: a route whose calls fail again and again is set aside, and tried by
/// one call at a time until one succeeds. Where all are set aside they are tried in turn: there is always a decision.
///
/// # What is kept
///
/// Contexts are told apart by name, such as a kind of task or of customer; what tells single calls apart is none. A context
/// takes about 300 bytes, its name (of which 128 bytes are kept), and 100 bytes for each route. Choosing among three takes 0.4
/// microseconds, for most of which the context is locked; no lock is held while a call is made.
///
/// `tta_adaptive_strategy_success_ratio` is over all contexts, where its label `context` is `all`, since contexts may be
/// what should not be in metrics; [`context_label`](Adaptive::context_label) has one series for each.
pub struct Adaptive<R> {
    settings: Settings,
    contexts: RwLock<BTreeMap<Box<str>, Arc<Context>>>,
    /// What is remembered of each route, wherever it was.
    overall: OnceLock<Arc<Overall>>,
    routes: PhantomData<fn() -> R>,
}

type Overall = Mutex<Box<[Remembered]>>;

/// What is learned in one context, and by whom.
#[derive(Debug)]
struct Context {
    name: Box<str>,
    settings: Settings,
    strategies: Mutex<Strategies>,
    overall: Arc<Overall>,
}

/// What a decision is followed by: somebody learns how it went.
#[derive(Clone)]
pub(super) struct Lesson {
    context: Arc<Context>,
    place: usize,
    activations: u64,
    /// The router in whose body the choice was made.
    counts: Option<&'static Counts>,
}

impl<R: Route> Adaptive<R> {
    /// With the settings above.
    #[must_use]
    pub const fn new() -> Self {
        Adaptive {
            settings: Settings::DEFAULT,
            contexts: RwLock::new(BTreeMap::new()),
            overall: OnceLock::new(),
            routes: PhantomData,
        }
    }

    /// The least share of choices that go to another route than the best one.
    ///
    /// # Panics
    /// In a `static` at compile time: if it is not from 0 to 0.5.
    #[must_use]
    pub const fn exploration(mut self, share: f64) -> Self {
        assert!(share >= 0.0 && share <= 0.5, "`exploration` is a share from 0 to 0.5");
        self.settings.exploration = share;
        self
    }

    /// How many calls of a context are remembered. Fewer follow a change sooner, and more tell routes apart that are nearly
    /// as good as each other.
    ///
    /// # Panics
    /// In a `static` at compile time: if it is less than 10.
    #[must_use]
    pub const fn memory(mut self, calls: u32) -> Self {
        assert!(calls >= 10, "`memory` is 10 calls at least");
        self.settings.memory = calls;
        self
    }

    /// After which time half of what is remembered is forgotten, where few calls are made.
    ///
    /// # Panics
    /// In a `static` at compile time: if it is less than a millisecond.
    #[must_use]
    pub const fn half_life(mut self, half_life: Duration) -> Self {
        assert!(half_life.as_millis() >= 1, "`half_life` is a millisecond at least");
        self.settings.half_life = half_life;
        self
    }

    /// What is taken off for latency at most, and the latency for which half of that is.
    ///
    /// # Panics
    /// In a `static` at compile time: if the weights are not 0 at least and less than 1 together, or the latency is none.
    #[must_use]
    pub const fn latency(mut self, weight: f64, half: Duration) -> Self {
        assert!(!half.is_zero(), "the latency for which half the weight is taken off is more than nothing");
        self.settings.latency = Weight { most: weight, half: half.as_secs_f64(), is_set: true };
        self.weighed()
    }

    /// What is taken off for cost at most, and the dollars for which half of that is.
    ///
    /// # Panics
    /// In a `static` at compile time: if the weights are not 0 at least and less than 1 together, or the dollars are none.
    #[must_use]
    pub const fn cost(mut self, weight: f64, half: f64) -> Self {
        assert!(
            half > 0.0 && half.is_finite(),
            "the dollars for which half the weight is taken off are more than nothing"
        );
        self.settings.cost = Weight { most: weight, half, is_set: true };
        self.weighed()
    }

    const fn weighed(mut self) -> Self {
        let Settings { latency, cost, .. } = &mut self.settings;
        // Nobody has asked for it.
        latency.give_way(cost);
        cost.give_way(latency);
        assert!(
            latency.most >= 0.0 && cost.most >= 0.0 && latency.most + cost.most < 1.0,
            "weights are 0 at least, and less than 1 together: a success is worth more than a failure"
        );
        self
    }

    /// After how many failures in a row a route is set aside, and for how long.
    ///
    /// # Panics
    /// In a `static` at compile time: if the number is 0, or the time is longer than a day.
    #[must_use]
    pub const fn set_aside(mut self, failures: u32, time: Duration) -> Self {
        assert!(failures > 0, "a route is set aside after 1 failure at least");
        assert!(time.as_secs() <= 24 * 3_600, "a route is set aside for a day at most");
        self.settings.failures = failures;
        self.settings.aside = time;
        self
    }

    /// How many contexts are told apart: the first that come, and further ones share one, which is `other`.
    ///
    /// # Panics
    /// In a `static` at compile time: if it is not from 1 to 10 000, or more than 32 with `context_label`.
    #[must_use]
    pub const fn contexts(mut self, most: usize) -> Self {
        assert!(most >= 1 && most <= MOST_CONTEXTS, "`contexts` is from 1 to 10000");
        self.settings.contexts = most;
        self.labelled()
    }

    /// Has a series of `tta_adaptive_strategy_success_ratio` for each context, of which there are 32 at most then. Their
    /// names are seen by whoever sees the metrics.
    #[must_use]
    pub const fn context_label(mut self) -> Self {
        if self.settings.contexts == Settings::DEFAULT.contexts {
            self.settings.contexts = MAX_CONTEXTS;
        }
        self.settings.has_context_label = true;
        self.labelled()
    }

    const fn labelled(self) -> Self {
        assert!(
            !self.settings.has_context_label || self.settings.contexts <= MAX_CONTEXTS,
            "contexts that are a label are 32 at most"
        );
        self
    }

    /// Has the same choices follow from the same calls, for tests.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// What has been learned so far.
    #[must_use]
    pub fn stats(&self) -> AdaptiveStats {
        let contexts = self.contexts.read().unwrap_or_else(PoisonError::into_inner);
        let contexts = contexts.values().map(|context| {
            let strategies = context.strategies.lock().unwrap_or_else(PoisonError::into_inner);
            strategies.stats(&context.name, R::NAMES)
        });
        AdaptiveStats { exploration: self.settings.exploration, contexts: contexts.collect() }
    }

    fn context(&self, name: &str) -> Arc<Context> {
        let name = &name[..name.floor_char_boundary(MAX_CONTEXT_BYTES)];
        let known = self.contexts.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = known.get(name) {
            return context.clone();
        }
        drop(known);
        let mut known = self.contexts.write().unwrap_or_else(PoisonError::into_inner);
        let told_apart = known.len() - usize::from(known.contains_key(label::OVERFLOW));
        let name = if told_apart < self.settings.contexts { name } else { label::OVERFLOW };
        let context = known.entry(name.into()).or_insert_with(|| {
            let overall = || Arc::new(Mutex::new(vec![Remembered::default(); R::ALL.len()].into()));
            let rng = self.settings.seed.map_or_else(Rng::new, |seed| Rng::with_seed(seed ^ hash(name)));
            Arc::new(Context {
                name: name.into(),
                settings: self.settings,
                strategies: Mutex::new(Strategies::new(R::ALL.len(), rng)),
                overall: self.overall.get_or_init(overall).clone(),
            })
        });
        context.clone()
    }
}

impl<R: Route + Clone> Adaptive<R> {
    /// Chooses a route in a context.
    pub fn choose(&self, context: impl AsRef<str>) -> Decision<R> {
        const { assert!(!R::ALL.is_empty(), "there is no route to choose") };
        let context = self.context(context.as_ref());
        let choice = {
            let mut strategies = context.strategies.lock().unwrap_or_else(PoisonError::into_inner);
            strategies.choose(&self.settings, Instant::now())
        };
        let (place, reason, activations) =
            choice.map_or((0, "", 0), |choice| (choice.place, choice.reason, choice.activations));
        // A choice is one of the places of `ALL`, of which there is one.
        let route = R::ALL.get(place).unwrap_or(&R::ALL[0]).clone();
        let lesson = Lesson { context, place, activations, counts: counts_here() };
        Decision::new(route, reason).learned_by(lesson)
    }
}

impl<R: Route> Default for Adaptive<R> {
    fn default() -> Self {
        Adaptive::new()
    }
}

impl<R> fmt::Debug for Adaptive<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adaptive").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Lesson {
    /// Learns how the call has ended.
    pub(super) fn learn(&self, feedback: Feedback, latency: Duration) {
        let Lesson { context, place, activations, counts } = self;
        let settings = &context.settings;
        let choice = (*place, *activations);
        let learned = {
            let mut strategies = context.strategies.lock().unwrap_or_else(PoisonError::into_inner);
            strategies.learn(settings, Instant::now(), choice, feedback, latency)
        };
        let (Some(learned), Some(counts)) = (learned, counts) else { return };
        if learned.is_first {
            counts.began_strategy(*place);
        }
        if learned.is_set_aside {
            counts.set_aside(*place);
        }
        if settings.has_context_label {
            return counts.succeeded(*place, &context.name, learned.success_ratio);
        }
        let ratio = {
            let mut overall = context.overall.lock().unwrap_or_else(PoisonError::into_inner);
            overall.get_mut(*place).and_then(|route| {
                route.fade(settings.kept());
                route.add(feedback, latency, 0.0);
                route.success_ratio()
            })
        };
        counts.succeeded(*place, ALL_CONTEXTS, ratio.unwrap_or_default());
    }
}

/// What the router counts in whose body this runs.
fn counts_here() -> Option<&'static Counts> {
    #[cfg(feature = "telemetry")]
    {
        let router = crate::span::local::within()?.router()?;
        router.is_adaptive().then(|| router.counts())
    }
    #[cfg(not(feature = "telemetry"))]
    None
}

/// The hash of a context's name, the same in every run: FNV-1a.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
