//! What is learned in one context, and how a route is chosen by it.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use super::beta::beta;
use super::settings::Settings;
use super::stats::{ContextStats, RouteStats};
use crate::router::Feedback;
use crate::router::counts::reason;

/// What is remembered of routes is faded by time in steps of this part of its half-life.
const STEPS: u32 = 64;

/// What is remembered of a route that is less than this is nothing.
const NOTHING: f64 = 1e-9;

/// What is learned in one context.
#[derive(Debug)]
pub(super) struct Strategies {
    rng: Rng,
    /// Until when what is remembered has been faded by time.
    faded: Instant,
    choices: u64,
    explored: u64,
    routes: Box<[Strategy]>,
}

/// What is learned of one route there.
#[derive(Clone, Debug, Default)]
struct Strategy {
    choices: u64,
    calls: u64,
    remembered: Remembered,
    /// Failures since the last success.
    failures: u32,
    /// When it may be tried again, where it is set aside.
    aside: Option<Instant>,
    activations: u64,
}

/// Sums over calls, of which those that lie back count less.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Remembered {
    calls: f64,
    successes: f64,
    reward: f64,
    seconds: f64,
    priced: f64,
    dollars: f64,
}

/// A choice: which route, why, and the how manieth time it was set aside before.
pub(super) struct Choice {
    pub(super) place: usize,
    pub(super) reason: &'static str,
    pub(super) activations: u64,
}

/// What a lesson has changed.
pub(super) struct Learned {
    /// Nothing had been learned of the route before.
    pub(super) is_first: bool,
    /// It is set aside from now on.
    pub(super) is_set_aside: bool,
    /// The share of the remembered calls that succeeded.
    pub(super) success_ratio: f64,
}

impl Remembered {
    pub(super) fn fade(&mut self, factor: f64) {
        let Remembered { calls, successes, reward, seconds, priced, dollars } = self;
        for sum in [calls, successes, reward, seconds, priced, dollars] {
            *sum = if *sum < NOTHING { 0.0 } else { *sum * factor };
        }
    }

    pub(super) fn add(&mut self, feedback: Feedback, latency: Duration, reward: f64) {
        self.calls += 1.0;
        self.successes += if feedback.is_success() { 1.0 } else { 0.0 };
        self.reward += reward;
        self.seconds += latency.as_secs_f64();
        if let Some(dollars) = feedback.dollars() {
            self.priced += 1.0;
            self.dollars += dollars;
        }
    }

    pub(super) fn success_ratio(&self) -> Option<f64> {
        share(self.successes, self.calls).map(|ratio| ratio.min(1.0))
    }

    /// The parameters of the beta distribution that says what a call is worth: uniform where nothing is known.
    fn parameters(&self) -> (f64, f64) {
        (1.0 + self.reward, 1.0 + (self.calls - self.reward).max(0.0))
    }

    fn expected(&self) -> f64 {
        let (a, b) = self.parameters();
        a / (a + b)
    }
}

impl Strategies {
    pub(super) fn new(routes: usize, rng: Rng) -> Self {
        Strategies {
            rng,
            faded: Instant::now(),
            choices: 0,
            explored: 0,
            routes: vec![Strategy::default(); routes].into(),
        }
    }

    /// Chooses a route; `None` if there is none.
    pub(super) fn choose(&mut self, settings: &Settings, now: Instant) -> Option<Choice> {
        self.fade(settings, now);
        let (place, reason) = self.due(settings, now).or_else(|| self.pick(settings))?;
        self.choices += 1;
        self.explored += u64::from(reason != reason::BEST);
        let route = self.routes.get_mut(place)?;
        route.choices += 1;
        Some(Choice { place, reason, activations: route.activations })
    }

    /// A route that is set aside and to be tried again, by one call; where all of them are, the one that is next.
    fn due(&mut self, settings: &Settings, now: Instant) -> Option<(usize, &'static str)> {
        let is_any_open = self.routes.iter().any(|route| route.aside.is_none());
        let aside = self
            .routes
            .iter_mut()
            .enumerate()
            .filter_map(|(place, route)| Some((route.aside?, place, route)));
        let (until, place, route) = aside.min_by_key(|(until, ..)| *until)?;
        if is_any_open && until > now {
            return None;
        }
        route.aside = Some(now + settings.aside);
        Some((place, reason::PROBE))
    }

    /// One of those that are not set aside: at times any but the best, else the one that comes first in a draw of what a
    /// call on each may be worth.
    fn pick(&mut self, settings: &Settings) -> Option<(usize, &'static str)> {
        let Strategies { rng, routes, .. } = self;
        let open = || routes.iter().enumerate().filter(|(_, route)| route.aside.is_none());
        // Of those that are equal, the first.
        let best = open()
            .rev()
            .max_by(|(_, a), (_, b)| a.remembered.expected().total_cmp(&b.remembered.expected()))
            .map(|(place, _)| place)?;
        let others = open().count().saturating_sub(1);
        if others > 0 && rng.f64() < settings.exploration {
            let nth = rng.usize(..others);
            let (place, _) = open().filter(|(place, _)| *place != best).nth(nth)?;
            return Some((place, reason::EXPLORE));
        }
        let draws = open().map(|(place, route)| {
            let (a, b) = route.remembered.parameters();
            (place, beta(rng, a, b))
        });
        let (place, _) = draws.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        Some((place, if place == best { reason::BEST } else { reason::EXPLORE }))
    }

    /// Learns how a call has ended.
    pub(super) fn learn(
        &mut self,
        settings: &Settings,
        now: Instant,
        choice: (usize, u64),
        feedback: Feedback,
        latency: Duration,
    ) -> Option<Learned> {
        self.fade(settings, now);
        for route in &mut self.routes {
            route.remembered.fade(settings.kept());
        }
        let (place, activations) = choice;
        let route = self.routes.get_mut(place)?;
        let is_first = route.calls == 0;
        route.calls += 1;
        route.remembered.add(feedback, latency, settings.reward(feedback, latency));
        // What began before it was set aside says nothing of how it is since.
        let is_set_aside = activations == route.activations && route.judged(settings, now, feedback);
        let success_ratio = route.remembered.success_ratio().unwrap_or_default();
        Some(Learned { is_first, is_set_aside, success_ratio })
    }

    /// What nobody has learned for a while is forgotten.
    fn fade(&mut self, settings: &Settings, now: Instant) {
        let since = now.saturating_duration_since(self.faded);
        if since < settings.half_life / STEPS {
            return;
        }
        self.faded = now;
        let factor = (-since.as_secs_f64() / settings.half_life.as_secs_f64()).exp2();
        for route in &mut self.routes {
            route.remembered.fade(factor);
        }
    }

    pub(super) fn stats(&self, context: &str, names: &[&'static str]) -> ContextStats {
        let routes = self.routes.iter().zip(names).map(|(route, name)| {
            let remembered = &route.remembered;
            RouteStats {
                route: name,
                choices: route.choices,
                calls: route.calls,
                remembered: remembered.calls,
                success_ratio: remembered.success_ratio(),
                latency: share(remembered.seconds, remembered.calls)
                    .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
                dollars: share(remembered.dollars, remembered.priced),
                expected: remembered.expected(),
                is_set_aside: route.aside.is_some(),
                activations: route.activations,
            }
        });
        let routes = routes.collect();
        ContextStats { context: context.into(), choices: self.choices, explored: self.explored, routes }
    }
}

impl Strategy {
    /// Sets it aside after too many failures, and takes it back after a success. Whether it is set aside now and was not.
    fn judged(&mut self, settings: &Settings, now: Instant, feedback: Feedback) -> bool {
        if feedback.is_success() {
            self.failures = 0;
            self.aside = None;
            return false;
        }
        self.failures = self.failures.saturating_add(1);
        let was_aside = self.aside.is_some();
        if was_aside || self.failures >= settings.failures {
            self.aside = Some(now + settings.aside);
        }
        let is_set_aside = !was_aside && self.aside.is_some();
        self.activations += u64::from(is_set_aside);
        is_set_aside
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > NOTHING).then(|| part / whole)
}
