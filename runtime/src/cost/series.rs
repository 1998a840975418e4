//! What is counted of models: series by provider and model, of which the names may come with the calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(feature = "otlp")]
use super::client::Client;
use super::pace::Pace;
use super::{Money, Usage};
use crate::metric::cell::{Counter, Gauge, Histogram};
use crate::metric::family::{self, Family};
use crate::metric::store::{Labels, Store};
use crate::names::{disposition, label, operation, token, unknown};
use crate::outcome::Status;
use crate::testing::Recording;

/// Models of one function that are counted by name, where they are not all known.
pub(crate) const MAX_MODELS: usize = 64;

/// Providers of one function that are counted by name, where that is an expression.
pub(crate) const MAX_PROVIDERS: usize = 16;

/// After so many failures in a row a model is down.
const FAILURES: u32 = 3;

/// The models that a function calls.
#[derive(Debug)]
pub(crate) struct Models {
    pub(super) operation: &'static str,
    pub(super) provider: Option<&'static str>,
    /// The names that are known before the first call.
    pub(super) known: &'static [&'static str],
    /// Their answers come in chunks.
    pub(super) is_stream: bool,
    /// What calls in the process count on, by provider and model as they were given.
    counted: Mutex<Counted>,
}

#[derive(Debug)]
struct Counted {
    providers: Names,
    models: Names,
    cells: BTreeMap<(Box<str>, Box<str>), Arc<Cells>>,
}

/// The first names that have come.
#[derive(Debug)]
struct Names {
    limit: usize,
    names: Vec<Box<str>>,
}

impl Names {
    const fn new(limit: usize) -> Self {
        Names { limit, names: Vec::new() }
    }

    /// The name, unless there is no room for it.
    fn admit<'a>(&mut self, name: &'a str) -> Option<&'a str> {
        if self.names.iter().any(|known| **known == *name) {
            return Some(name);
        }
        if name.is_empty() || self.names.len() >= self.limit {
            return None;
        }
        self.names.push(name.into());
        Some(name)
    }
}

/// How an attempt has ended.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    pub(super) status: Status,
    /// What it ended with, if that was an error.
    #[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "only OTLP wants to know"))]
    pub(super) error: Option<&'static str>,
    pub(super) nanoseconds: u64,
    pub(super) pace: &'a Pace,
    pub(super) usage: Usage,
    /// Whether the answer has told what was used.
    pub(super) is_told: bool,
    /// Unless nobody knows.
    pub(super) cost: Option<Money>,
}

/// The series of one model.
#[derive(Debug)]
struct Cells {
    requests: [Arc<Counter>; Status::ALL.len()],
    latency: Arc<Histogram>,
    /// Where answers come in chunks.
    first: Option<Arc<Histogram>>,
    tokens: [Arc<Counter>; token::ALL.len()],
    cost: [Arc<Counter>; disposition::ALL.len()],
    unpriced: [Arc<Counter>; unknown::ALL.len()],
    health: Arc<Gauge>,
    streak: Arc<AtomicU32>,
    #[cfg(feature = "otlp")]
    client: Client,
}

impl Cells {
    #[cfg_attr(not(feature = "otlp"), allow(unused_variables))]
    fn new(store: &Store, operation: &'static str, provider: &str, model: &str, is_stream: bool) -> Self {
        let labels = |own: Option<(&'static str, &'static str)>| -> Labels {
            let names =
                [(label::PROVIDER, provider.to_owned().into()), (label::MODEL, model.to_owned().into())];
            names.into_iter().chain(own.map(|(name, value)| (name, value.into()))).collect()
        };
        let counter =
            |family: &'static Family, name, value| store.counter(family, labels(Some((name, value))));
        let health = store.gauge(&family::LLM_HEALTH, labels(None));
        let streak = store.streak(provider, model);
        if streak.load(Relaxed) < FAILURES {
            health.set(1);
        }
        Cells {
            requests: Status::ALL
                .map(|status| counter(&family::LLM_REQUESTS, label::STATUS, status.as_str())),
            latency: store.histogram(&family::LLM_LATENCY, labels(None)),
            first: is_stream.then(|| store.histogram(&family::LLM_FIRST_TOKEN, labels(None))),
            tokens: token::ALL.map(|token| counter(&family::LLM_TOKENS, label::TYPE, token)),
            cost: disposition::ALL.map(|of| counter(&family::LLM_COST, label::DISPOSITION, of)),
            unpriced: unknown::ALL.map(|what| counter(&family::LLM_UNPRICED, label::REASON, what)),
            health,
            streak,
            #[cfg(feature = "otlp")]
            client: Client::new(store, operation, provider, model, is_stream),
        }
    }

    #[cfg_attr(not(feature = "otlp"), allow(unused_variables))]
    fn count(&self, store: &Store, answered: &Answered<'_>) {
        #[cfg(feature = "otlp")]
        self.client.count(store, answered);
        let Answered { status, nanoseconds, pace, usage, cost, .. } = answered;
        let is_success = *status == Status::Success;
        if let Some(requests) = Status::ALL.iter().position(|known| known == status) {
            self.requests[requests].add(1);
        }
        self.latency.observe(*nanoseconds);
        if let (Some(histogram), Some(first)) = (&self.first, pace.first()) {
            histogram.observe(first);
        }
        let tokens = [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.reasoning];
        for (counter, tokens) in self.tokens.iter().zip(tokens) {
            counter.add(tokens);
        }
        if let Some(cost) = cost {
            self.cost[usize::from(!is_success)].add(cost.pico());
        } else {
            let missing = match status {
                _ if answered.is_told => unknown::PRICE,
                Status::Success => unknown::USAGE,
                Status::Error | Status::Cancelled => unknown::ANSWER,
            };
            if let Some(place) = unknown::ALL.iter().position(|known| *known == missing) {
                self.unpriced[place].add(1);
            }
        }
        match status {
            Status::Success => {
                self.streak.store(0, Relaxed);
                self.health.set(1);
            }
            Status::Error if self.streak.fetch_add(1, Relaxed) + 1 >= FAILURES => self.health.set(0),
            // Who gives up says nothing about the model.
            Status::Error | Status::Cancelled => {}
        }
    }
}

impl Models {
    pub(super) const fn new() -> Self {
        Models {
            operation: operation::CHAT,
            provider: None,
            known: &[],
            is_stream: false,
            counted: Mutex::new(Counted {
                providers: Names::new(MAX_PROVIDERS),
                models: Names::new(MAX_MODELS),
                cells: BTreeMap::new(),
            }),
        }
    }

    /// The provider, if it is known before the first call.
    pub(crate) fn provider(&self) -> Option<&'static str> {
        self.provider
    }

    /// The models that are known before the first call.
    pub(crate) fn known(&self) -> &'static [&'static str] {
        self.known
    }

    /// Whether their answers come in chunks.
    pub(crate) fn is_stream(&self) -> bool {
        self.is_stream
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens every series of which the labels are known.
    pub(crate) fn open(&self, store: &Store) {
        for name in [label::PROVIDER, label::MODEL] {
            let _ = overflow(store, name);
        }
        let Some(provider) = self.provider else { return };
        for model in self.known.iter().copied().chain([label::OVERFLOW]) {
            drop(Cells::new(store, self.operation, provider, model, self.is_stream));
        }
    }

    /// Counts an attempt.
    pub(super) fn count(&self, provider: &str, model: &str, answered: &Answered<'_>) {
        if let Some(recording) = Recording::current() {
            let store = recording.store();
            let (provider, model) = self.admit(&mut self.lock(), store, provider, model);
            return Cells::new(store, self.operation, provider, model, self.is_stream).count(store, answered);
        }
        let store = Store::global();
        let mut counted = self.lock();
        let key = (Box::from(provider), Box::from(model));
        if let Some(cells) = counted.cells.get(&key).cloned() {
            drop(counted);
            return cells.count(store, answered);
        }
        let (provider, model) = self.admit(&mut counted, store, provider, model);
        let cells = Arc::new(Cells::new(store, self.operation, provider, model, self.is_stream));
        // What does not fit is looked up each time: there is no end of it.
        if model != label::OVERFLOW && provider != label::OVERFLOW {
            counted.cells.insert(key, cells.clone());
        }
        drop(counted);
        cells.count(store, answered);
    }

    /// The names, or what stands for those that do not fit.
    fn admit<'a>(
        &self,
        counted: &mut Counted,
        store: &Store,
        provider: &'a str,
        model: &'a str,
    ) -> (&'a str, &'a str) {
        let is_known = self.provider == Some(provider);
        let provider = if is_known { Some(provider) } else { counted.providers.admit(provider) };
        let is_known = self.known.contains(&model);
        let model = if is_known { Some(model) } else { counted.models.admit(model) };
        for (name, admitted) in [(label::PROVIDER, provider), (label::MODEL, model)] {
            if admitted.is_none() {
                overflow(store, name).add(1);
            }
        }
        (provider.unwrap_or(label::OVERFLOW), model.unwrap_or(label::OVERFLOW))
    }
}

fn overflow(store: &Store, name: &'static str) -> Arc<Counter> {
    let labels = [(label::FAMILY, family::LLM_REQUESTS.name()), (label::LABEL, name)];
    store.counter(&family::LABEL_OVERFLOW, labels.map(|(key, value)| (key, value.into())).into())
}
