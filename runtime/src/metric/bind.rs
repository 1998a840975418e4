//! A site's handles into a store, looked up once.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock};

use super::cell::{Counter, Row, Rows, Sharded, bounds};
use super::family::{self, Family, SECONDS, Unit};
use super::label::{LabelDecl, LabelValue, LabelValues};
use super::store::{Labels, Part, Store};
use crate::catalog::{Site, SiteKind, Verdict};
use crate::names::label;
use crate::outcome::{Kind, Outcome, Status};

/// Which combination of label values a call has: the values' places as digits of a number.
pub(crate) type LabelKey = u64;

/// Everything that a call of one site counts on.
#[derive(Debug)]
pub(crate) struct Bound {
    site: &'static Site,
    open: Box<[OpenLabel]>,
    known: Box<[Kind]>,
    /// A place for each combination of labels. Those of closed labels are made at once, the others when
    /// they occur.
    combinations: Box<[OnceLock<Box<Combination>>]>,
    /// This site as a step, for each workflow that has called it.
    steps: Chain<&'static Site, Step>,
    new_row: fn(usize) -> Sharded,
}

/// What one combination of labels counts on.
#[derive(Debug)]
pub(crate) struct Combination {
    key: LabelKey,
    calls: Arc<Sharded>,
    bounds: &'static [u64],
    /// Kinds of errors that were not known in advance: an alias or a generic hid the type.
    opened: Chain<Kind, Arc<Counter>>,
}

/// The places in a row of what calls count: first what ended, by status and how long it took.
const EXECUTIONS: usize = 0;
const SUM: usize = EXECUTIONS + Status::ALL.len();
const BUCKETS: Range<usize> = SUM + 1..SUM + 2 + SECONDS.len();
/// What began.
const BEGUN: usize = BUCKETS.end;
/// One for each of [`Bound::known`], and behind them one for each [`Verdict`].
const ERRORS: usize = BEGUN + 1;

/// Bounds of every duration's buckets, in nanoseconds.
static NANOSECONDS: LazyLock<Box<[u64]>> = LazyLock::new(|| bounds(SECONDS, Unit::Seconds.resolution()));

impl Combination {
    pub(crate) fn key(&self) -> LabelKey {
        self.key
    }

    /// The row to count on for a call that did not begin on this thread.
    pub(crate) fn count(&self, rows: Option<&Rows>, count: impl Fn(&Row<'_>)) {
        self.calls.count_with(rows, count);
    }

    /// Counts that a call begins, and tells where to count how it ends if that is on the same thread.
    #[inline]
    pub(crate) fn begun(&self, rows: &Rows) -> Row<'_> {
        let row = self.calls.row(rows);
        row.add(BEGUN, 1);
        row
    }
}

impl Bound {
    /// What calls in the process count on.
    pub(crate) fn new(site: &'static Site) -> Self {
        Bound::with_rows(site, Store::global(), Sharded::new)
    }

    /// What calls in a test count on.
    pub(crate) fn in_store(site: &'static Site, store: &Store) -> Self {
        Bound::with_rows(site, store, Sharded::shared)
    }

    fn with_rows(site: &'static Site, store: &Store, new_row: fn(usize) -> Sharded) -> Self {
        let mut known = site.known_errors();
        known.extend(Outcome::PANIC.error);
        let open: Box<[_]> =
            site.label_decls().iter().filter_map(|decl| OpenLabel::new(decl, site, store)).collect();
        let combinations: usize = site.label_decls().iter().map(LabelDecl::radix).product();
        let bound = Bound {
            site,
            open,
            known: known.into(),
            combinations: (0..combinations).map(|_| OnceLock::new()).collect(),
            steps: Chain::default(),
            new_row,
        };
        for key in (0..combinations as LabelKey).filter(|key| is_known(site, *key)) {
            bound.combination(|| store, key);
        }
        for observed in site.observed() {
            observed.open(store);
        }
        #[cfg(feature = "llm")]
        if let Some(llm) = site.llm() {
            llm.series().open(store);
        }
        #[cfg(feature = "llm")]
        if site.kind() == SiteKind::Workflow && crate::cost::asks_models() {
            crate::cost::Statement::open(site, store);
        }
        #[cfg(feature = "llm")]
        if let Some(limits) = site.limits() {
            crate::cost::budget::open(site.name(), &limits, store);
        }
        #[cfg(feature = "router")]
        if let Some(router) = site.router() {
            router.open(store);
        }
        bound
    }

    /// What calls with the labels of `key` count on.
    #[inline]
    pub(crate) fn combination<'a>(&self, store: impl FnOnce() -> &'a Store, key: LabelKey) -> &Combination {
        // A key is made from the same labels, so it is in range.
        let place = (key as usize).min(self.combinations.len() - 1);
        let combination = &self.combinations[place];
        match combination.get() {
            Some(combination) => combination,
            None => combination.get_or_init(|| Box::new(self.new_combination(store(), key))),
        }
    }

    /// Counts a call that ended: once, whatever happened.
    #[inline]
    pub(crate) fn ended(
        &self,
        store: &Store,
        row: Row<'_>,
        combination: &Combination,
        outcome: &Outcome,
        nanoseconds: u64,
    ) {
        row.add(EXECUTIONS + outcome.status as usize, 1);
        row.observe(SUM, combination.bounds, nanoseconds);
        if outcome.error.is_some() || self.site.promise().is_some() {
            self.judged(store, row, combination, outcome, nanoseconds);
        }
    }

    /// What most calls have no part in: one call, and the last thing that is done, so that they keep nothing for it.
    #[inline(never)]
    fn judged(
        &self,
        store: &Store,
        row: Row<'_>,
        combination: &Combination,
        outcome: &Outcome,
        nanoseconds: u64,
    ) {
        if let Some(promise) = self.site.promise() {
            promise.judge(outcome.status, nanoseconds, |place| row.add(self.verdicts() + place, 1));
        }
        if let Some(error) = &outcome.error {
            self.failed(store, row, combination, error);
        }
    }

    fn failed(&self, store: &Store, row: Row<'_>, combination: &Combination, error: &Kind) {
        let is_it = |kind: &Kind| kind.name() == error.name() && kind.category() == error.category();
        if let Some(at) = self.known.iter().position(is_it) {
            return row.add(ERRORS + at, 1);
        }
        let open = || store.counter(self.site.kind().errors(), self.error_labels(combination.key, error));
        combination.opened.find(*error, open).add(1);
    }

    /// The handles for this site as a step of `workflow`.
    pub(crate) fn step(&self, store: &Store, workflow: &'static Site) -> &Step {
        self.steps.find(workflow, || Step::new(store, workflow, self))
    }

    /// The number of a call's combination of labels; of none in particular if they could not be had.
    #[inline]
    pub(crate) fn key(&self, labels: Option<&[LabelValue]>) -> LabelKey {
        match labels {
            Some([]) => 0,
            Some(values) => self.key_of(values),
            None => self.key_of_unknown(),
        }
    }

    fn key_of(&self, values: &[LabelValue]) -> LabelKey {
        let mut key = 0;
        let mut open = self.open.iter();
        for (decl, value) in self.site.label_decls().iter().zip(values) {
            let place = match value {
                LabelValue::Closed(place) => *place,
                LabelValue::Open(text) => open.next().map_or(0, |label| label.place(text)),
            };
            // A hand-written `Label` can answer with a place that its values do not have.
            let place = place.min(decl.radix().saturating_sub(1));
            key = key * decl.radix() as LabelKey + place as LabelKey;
        }
        key
    }

    fn key_of_unknown(&self) -> LabelKey {
        self.site.label_decls().iter().fold(0, |key, decl| {
            let place = match decl.values {
                LabelValues::Closed(_) => 0,
                LabelValues::Bounded(limit) => limit,
            };
            key * decl.radix() as LabelKey + place as LabelKey
        })
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

    /// Where verdicts begin in a row.
    #[inline]
    fn verdicts(&self) -> usize {
        ERRORS + self.known.len()
    }

    fn new_combination(&self, store: &Store, key: LabelKey) -> Combination {
        let kind = self.site.kind();
        let verdicts = self.site.promise().map_or(0, |_| Verdict::ALL.len());
        let calls = Arc::new((self.new_row)(self.verdicts() + verdicts));
        let user = self.values(key);
        for status in Status::ALL {
            let labels = self.labels([(label::STATUS, status.as_str().into())], &user);
            store.show(kind.executions(), labels, &calls, Part::Count(EXECUTIONS + status as usize));
        }
        let durations = Part::Distribution { sum: SUM, buckets: BUCKETS };
        store.show(kind.duration(), self.duration_labels(key), &calls, durations);
        let active = Part::Active { begun: BEGUN, ended: EXECUTIONS..SUM };
        store.show(kind.active(), vec![self.site.name_label()], &calls, active);
        for (at, error) in self.known.iter().enumerate() {
            store.show(kind.errors(), self.error_labels(key, error), &calls, Part::Count(ERRORS + at));
        }
        for verdict in self.site.promise().iter().flat_map(|promise| promise.verdicts()) {
            let labels = vec![
                (label::SLO, self.site.name().into()),
                (label::OBJECTIVE, verdict.objective.as_str().into()),
                (label::OUTCOME, verdict.outcome().into()),
            ];
            store.show(&family::SLO_EVENTS, labels, &calls, Part::Count(self.verdicts() + verdict.place()));
        }
        Combination { key, calls, bounds: &NANOSECONDS, opened: Chain::default() }
    }

    /// The labels of the duration series that `key` counts on.
    pub(crate) fn duration_labels(&self, key: LabelKey) -> Labels {
        let user = if self.site.labels_are_on_all() { self.values(key) } else { Labels::new() };
        self.labels([], &user)
    }

    fn error_labels(&self, key: LabelKey, error: &Kind) -> Labels {
        let own = [
            (label::ERROR_TYPE, Cow::Borrowed(error.name())),
            (label::CATEGORY, error.category().as_str().into()),
        ];
        let mut labels = self.labels(own, &self.values(key));
        if self.site.kind() == SiteKind::Workflow {
            labels.retain(|(name, _)| *name != label::WORKFLOW_TYPE);
        }
        labels
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

/// Whether the labels of `key` are known before the first call: of an open one, that is the value beyond its bound.
fn is_known(site: &Site, mut key: LabelKey) -> bool {
    site.label_decls().iter().rev().all(|decl| {
        let place = (key % decl.radix() as LabelKey) as usize;
        key /= decl.radix() as LabelKey;
        match decl.values {
            LabelValues::Closed(_) => true,
            LabelValues::Bounded(limit) => place == limit,
        }
    })
}

/// The values of one `bounded(N)` label: the first N are kept, in the order they came.
#[derive(Debug)]
pub(crate) struct OpenLabel {
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
        Some(OpenLabel::of(site.kind().executions(), decl.name, limit, store))
    }

    /// The label `name` of `family`, of which the first `limit` values are kept.
    pub(crate) fn of(family: &'static Family, name: &'static str, limit: usize, store: &Store) -> Self {
        let labels = vec![(label::FAMILY, family.name().into()), (label::LABEL, name.into())];
        OpenLabel {
            name,
            family,
            limit,
            values: RwLock::default(),
            overflow: store.counter(&family::LABEL_OVERFLOW, labels),
            warned: AtomicBool::new(false),
        }
    }

    pub(crate) fn place(&self, text: &str) -> usize {
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

    pub(crate) fn text(&self, place: usize) -> String {
        let values = self.values.read().unwrap_or_else(PoisonError::into_inner);
        values.texts.get(place).map_or_else(|| label::OVERFLOW.to_owned(), ToString::to_string)
    }
}

/// The labels of `primitive` as a step of `workflow`.
pub(crate) fn step_labels(workflow: &'static Site, primitive: &'static Site) -> Labels {
    vec![workflow.name_label(), primitive.name_label()]
}

/// What a step of one workflow counts on.
#[derive(Debug)]
pub(crate) struct Step(Arc<Sharded>);

impl Step {
    fn new(store: &Store, workflow: &'static Site, primitive: &Bound) -> Self {
        let pair = || step_labels(workflow, primitive.site);
        let calls = Arc::new((primitive.new_row)(BUCKETS.end));
        for status in Status::ALL {
            let mut labels = pair();
            labels.push((label::STATUS, status.as_str().into()));
            store.show(&family::WORKFLOW_STEPS, labels, &calls, Part::Count(EXECUTIONS + status as usize));
        }
        let durations = Part::Distribution { sum: SUM, buckets: BUCKETS };
        store.show(&family::WORKFLOW_STEP_DURATION, pair(), &calls, durations);
        Step(calls)
    }

    pub(crate) fn ended(&self, rows: Option<&Rows>, status: Status, nanoseconds: u64) {
        self.0.count_with(rows, |row| {
            row.add(EXECUTIONS + status as usize, 1);
            row.observe(SUM, &NANOSECONDS, nanoseconds);
        });
    }
}

/// What was opened for a few keys: a list that only grows, read without a lock. The first look is mostly
/// the last.
#[derive(Debug)]
struct Chain<K, V>(OnceLock<Box<Link<K, V>>>);

#[derive(Debug)]
struct Link<K, V> {
    key: K,
    value: V,
    next: Chain<K, V>,
}

impl<K, V> Default for Chain<K, V> {
    fn default() -> Self {
        Chain(OnceLock::new())
    }
}

impl<K: Copy + PartialEq, V> Chain<K, V> {
    fn find(&self, key: K, make: impl Fn() -> V) -> &V {
        let mut at = self;
        loop {
            let link = at.0.get_or_init(|| Box::new(Link { key, value: make(), next: Chain::default() }));
            if link.key == key {
                return &link.value;
            }
            at = &link.next;
        }
    }
}
