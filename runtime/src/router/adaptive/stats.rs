//! What has been learned so far, to look at.

use std::time::Duration;

/// What an [`Adaptive`](super::super::Adaptive) has learned.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdaptiveStats {
    /// The least share of choices that go to another route than the best one.
    pub exploration: f64,
    /// By context, in the order of their names.
    pub contexts: Vec<ContextStats>,
}

/// What has been learned in one context.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ContextStats {
    /// Its name; `other` is all that came when there were as many as are kept.
    pub context: Box<str>,
    /// How many choices were made.
    pub choices: u64,
    /// How many of them were of another route than the one that was best so far.
    pub explored: u64,
    /// In the order of the routes.
    pub routes: Vec<RouteStats>,
}

/// What has been learned of one route in one context. What lies back counts less, and by and by nothing.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RouteStats {
    /// Its name.
    pub route: &'static str,
    /// How often it was chosen.
    pub choices: u64,
    /// How many calls have ended on it, all of them.
    pub calls: u64,
    /// How many of those are still remembered.
    pub remembered: f64,
    /// The share of the remembered calls that succeeded.
    pub success_ratio: Option<f64>,
    /// How long a remembered call took on average.
    pub latency: Option<Duration>,
    /// What a remembered call cost on average, in dollars, of those that were said to have a price.
    pub dollars: Option<f64>,
    /// What a call is expected to be worth, from 0 to 1.
    pub expected: f64,
    /// Whether it is set aside, since its calls have failed again and again.
    pub is_set_aside: bool,
    /// How often it was.
    pub activations: u64,
}
