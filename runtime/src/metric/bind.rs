//! A site's handles into a store, looked up once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::cell::{Counter, Gauge, Histogram};
use super::family::{self, Family};
use super::label::{LabelDecl, LabelValue, LabelValues};
use super::store::{Labels, Store};
use crate::catalog::{Site, SiteKind};
use crate::names::label;
use crate::outcome::{Kind, Outcome, Status};

/// Which combination of label values a call has: the values' places as digits of a number.
pub(crate) type LabelKey = u64;

/// Everything that a call of one site counts on.
#[derive(Debug)]
pub(crate) struct Bound {
    site: &'static Site,
    active: Arc<Gauge>,
    open: Box<[OpenLabel]>,
    known: Box<[Kind]>,
    cells: Cells,
    /// Handles for this site as a step, one for each workflow that has called it.
    steps: Steps,
}

/// What one combination of labels counts on.
#[derive(Debug)]
struct Combination {
    executions: [Arc<Counter>; Status::ALL.len()],
    duration: Arc<Histogram>,
    /// One for each of [`Bound::known`].
    errors: Box<[Arc<Counter>]>,
}

#[derive(Debug)]
enum Cells {
    /// Every combination, made in advance: all labels are closed.
    Closed(Box<[Combination]>),
    /// Opened as they occur: some label is `bounded(N)`.
    Open(RwLock<HashMap<LabelKey, Arc<Combination>>>),
}

impl Bound {
    pub(crate) fn new(site: &'static Site, store: &Store) -> Self {
        let mut known = site.known_errors();
        known.extend(Outcome::PANIC.error);
        let mut bound = Bound {
            site,
            active: store.gauge(site.kind().active(), vec![site.name_label()]),
            open: site.label_decls().iter().filter_map(|decl| OpenLabel::new(decl, site, store)).collect(),
            known: known.into(),
            cells: Cells::Open(RwLock::default()),
            steps: Steps::default(),
        };
        if bound.open.is_empty() {
            let combinations: usize = site.label_decls().iter().map(LabelDecl::radix).product();
            let cells = (0..combinations as LabelKey).map(|key| bound.combination(store, key));
            bound.cells = Cells::Closed(cells.collect());
        }
        bound
    }

    pub(crate) fn started(&self) {
        self.active.add(1);
    }

    /// Counts a call that ended: once, whatever happened.
    pub(crate) fn ended(&self, store: &Store, key: LabelKey, outcome: &Outcome, nanoseconds: u64) {
        self.active.add(-1);
        match &self.cells {
            Cells::Closed(cells) => {
                // A key is made from the same labels, so it is in range.
                if let Some(cell) = cells.get(key as usize) {
                    self.count(cell, store, key, outcome, nanoseconds);
                }
            }
            Cells::Open(cells) => {
                let known = cells.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
                let cell = known.unwrap_or_else(|| {
                    let cell = Arc::new(self.combination(store, key));
                    cells.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(cell).clone()
                });
                self.count(&cell, store, key, outcome, nanoseconds);
            }
        }
    }

    fn count(&self, cell: &Combination, store: &Store, key: LabelKey, outcome: &Outcome, nanoseconds: u64) {
        cell.executions[outcome.status as usize].add(1);
        cell.duration.observe(nanoseconds);
        let Some(error) = outcome.error else { return };
        let known = self
            .known
            .iter()
            .position(|kind| kind.name() == error.name() && kind.category() == error.category());
        match known {
            Some(at) => cell.errors[at].add(1),
            // An alias or a generic hid the type: this kind's series opens now.
            None => self.error(store, key, &error).add(1),
        }
    }

    /// The handles for this site as a step of `workflow`.
    pub(crate) fn step(&self, store: &Store, workflow: &'static Site) -> &Step {
        self.steps.find(workflow, || Step::new(store, workflow, self.site))
    }

    /// The number of this call's combination of labels.
    pub(crate) fn key<const N: usize>(&self, values: [LabelValue; N]) -> LabelKey {
        let mut key = 0;
        let mut open = self.open.iter();
        for (decl, value) in self.site.label_decls().iter().zip(values) {
            let place = match value {
                LabelValue::Closed(place) => place,
                LabelValue::Open(text) => open.next().map_or(0, |label| label.place(&text)),
            };
            // A hand-written `Label` can answer with a place that its values do not have.
            let place = place.min(decl.radix().saturating_sub(1));
            key = key * decl.radix() as LabelKey + place as LabelKey;
        }
        key
    }

    /// The labels that `key` stands for.
    fn values(&self, mut key: LabelKey) -> Labels {
        let mut labels = Labels::new();
        let mut open = self.open.iter().rev();
        for decl in self.site.label_decls().iter().rev() {
            let place = (key % decl.radix() as LabelKey) as usize;
            key /= decl.radix() as LabelKey;
            let value = match decl.values {
                LabelValues::Closed(values) => Cow::Borrowed(values.get(place).copied().unwrap_or_default()),
                LabelValues::Bounded(_) => {
                    Cow::Owned(open.next().map(|label| label.text(place)).unwrap_or_default())
                }
            };
            labels.push((decl.name, value));
        }
        labels.reverse();
        labels
    }

    fn combination(&self, store: &Store, key: LabelKey) -> Combination {
        let kind = self.site.kind();
        let executions = Status::ALL.map(|status| {
            let own = [(label::STATUS, status.as_str().into())];
            store.counter(kind.executions(), self.labels(own, &self.values(key)))
        });
        let on_durations = if self.site.labels_are_on_all() { self.values(key) } else { Labels::new() };
        Combination {
            executions,
            duration: store.histogram(kind.duration(), self.labels([], &on_durations)),
            errors: self.known.iter().map(|error| self.error(store, key, error)).collect(),
        }
    }

    fn error(&self, store: &Store, key: LabelKey, error: &Kind) -> Arc<Counter> {
        let own = [
            (label::ERROR_TYPE, Cow::Borrowed(error.name())),
            (label::CATEGORY, error.category().as_str().into()),
        ];
        let mut labels = self.labels(own, &self.values(key));
        if self.site.kind() == SiteKind::Workflow {
            labels.retain(|(name, _)| *name != label::WORKFLOW_TYPE);
        }
        store.counter(self.site.kind().errors(), labels)
    }

    /// The site's name and kind, then the family's own labels, then the user's.
    fn labels<const N: usize>(
        &self,
        own: [(&'static str, Cow<'static, str>); N],
        user: &[(&'static str, Cow<'static, str>)],
    ) -> Labels {
        let mut labels = vec![self.site.name_label(), self.site.kind_label()];
        labels.extend(own);
        labels.extend_from_slice(user);
        labels
    }
}

/// The values of one `bounded(N)` label: the first N are kept, in the order they came.
#[derive(Debug)]
struct OpenLabel {
    name: &'static str,
    family: &'static Family,
    limit: usize,
    values: RwLock<Interned>,
    overflow: Arc<Counter>,
    warned: AtomicBool,
}

#[derive(Debug, Default)]
struct Interned {
    places: HashMap<Box<str>, usize>,
    texts: Vec<Box<str>>,
}

/// Bytes of an open label's value that are kept; a longer one is cut at a character's end.
const MAX_VALUE_BYTES: usize = 128;

impl OpenLabel {
    fn new(decl: &LabelDecl, site: &Site, store: &Store) -> Option<Self> {
        let LabelValues::Bounded(limit) = decl.values else { return None };
        let family = site.kind().executions();
        let labels = vec![(label::FAMILY, family.name().into()), (label::LABEL, decl.name.into())];
        Some(OpenLabel {
            name: decl.name,
            family,
            limit,
            values: RwLock::default(),
            overflow: store.counter(&family::LABEL_OVERFLOW, labels),
            warned: AtomicBool::new(false),
        })
    }

    fn place(&self, text: &str) -> usize {
        let text = &text[..text.floor_char_boundary(MAX_VALUE_BYTES)];
        if text == label::OVERFLOW {
            // A value that is called like the overflow shares its series, and is none.
            return self.limit;
        }
        let known = self.values.read().unwrap_or_else(PoisonError::into_inner).places.get(text).copied();
        known.unwrap_or_else(|| self.add(text))
    }

    fn add(&self, text: &str) -> usize {
        let mut values = self.values.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = values.places.get(text) {
            return *place;
        }
        let place = values.texts.len();
        if place < self.limit {
            values.places.insert(text.into(), place);
            values.texts.push(text.into());
            return place;
        }
        drop(values);
        self.overflow.add(1);
        // Said with nothing held: it may go to a subscriber that calls what it is about.
        if !self.warned.swap(true, Relaxed) {
            crate::diagnostics::warn(format_args!(
                "label `{}` of `{}` has more than {} values; further ones are counted as `{}`",
                self.name,
                self.family.name(),
                self.limit,
                label::OVERFLOW
            ));
        }
        self.limit
    }

    fn text(&self, place: usize) -> String {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        values.texts.get(place).map_or_else(|| label::OVERFLOW.to_owned(), ToString::to_string)
    }
}

/// What a step of one workflow counts on.
#[derive(Debug)]
pub(crate) struct Step {
    executions: [Arc<Counter>; Status::ALL.len()],
    duration: Arc<Histogram>,
}

impl Step {
    fn new(store: &Store, workflow: &'static Site, primitive: &'static Site) -> Self {
        let pair = || vec![workflow.name_label(), primitive.name_label()];
        Step {
            executions: Status::ALL.map(|status| {
                let mut labels = pair();
                labels.push((label::STATUS, status.as_str().into()));
                store.counter(&family::WORKFLOW_STEPS, labels)
            }),
            duration: store.histogram(&family::WORKFLOW_STEP_DURATION, pair()),
        }
    }

    pub(crate) fn ended(&self, status: Status, nanoseconds: u64) {
        self.executions[status as usize].add(1);
        self.duration.observe(nanoseconds);
    }
}

/// Pairs of a primitive with the workflows that have called it: a list that only grows, read without a
/// lock. A primitive has few callers, so the first look is mostly the last.
#[derive(Debug, Default)]
struct Steps(OnceLock<Box<(&'static Site, Step, Steps)>>);

impl Steps {
    fn find(&self, workflow: &'static Site, make: impl Fn() -> Step) -> &Step {
        let mut at = self;
        loop {
            let (site, step, next) = &**at.0.get_or_init(|| Box::new((workflow, make(), Steps::default())));
            if std::ptr::eq(*site, workflow) {
                return step;
            }
            at = next;
        }
    }
}
