//! Where a call counts.

use std::sync::Arc;

use super::local::Local;
use crate::catalog::Site;
use crate::metric::Row;
use crate::metric::bind::{Bound, Combination, LabelKey};
use crate::metric::label::LabelValue;
use crate::metric::store::Store;
use crate::outcome::Outcome;
use crate::pipeline::{Limits, Pipeline};
use crate::testing::Recording;

/// What a call counts on.
pub(super) enum Counts {
    /// The process's.
    Process(&'static Combination),
    /// That of the test it belongs to.
    Test(Box<(Arc<Recording>, LabelKey)>),
}

impl Counts {
    /// Begins a call of a test's.
    #[cold]
    pub(super) fn in_test(
        site: &'static Site,
        local: &Local,
        labels: Option<&[LabelValue]>,
        recording: Arc<Recording>,
    ) -> Self {
        let bound = recording.bound(site);
        let key = bound.key(labels);
        bound.combination(|| recording.store(), key).begun(&local.rows);
        Counts::Test(Box::new((recording, key)))
    }

    /// The call's combination of labels.
    #[inline]
    pub(super) fn key(&self) -> LabelKey {
        match self {
            Counts::Process(combination) => combination.key(),
            Counts::Test(test) => test.1,
        }
    }

    #[inline]
    pub(super) fn asks_a_sampler_of_the_programs(&self) -> bool {
        matches!(self, Counts::Process(_)) && Pipeline::is_open() && Pipeline::reads_attributes()
    }

    /// What is said of what a call of `site` has spent.
    #[inline]
    #[cfg(feature = "llm")]
    pub(super) fn statement(&self, site: &'static Site) -> crate::cost::Statement {
        let recording = match self {
            Counts::Process(_) => None,
            Counts::Test(test) => Some(test.0.clone()),
        };
        crate::cost::Statement { site, recording }
    }

    /// Nothing is.
    #[inline]
    #[cfg(not(feature = "llm"))]
    #[allow(clippy::unused_self, reason = "with the feature there is something to say")]
    pub(super) fn statement(&self, _site: &'static Site) {}

    /// How to ask how much a span may hold that goes where this is counted.
    #[inline]
    pub(super) fn limits(&self) -> fn() -> Limits {
        match self {
            Counts::Process(_) => Pipeline::current_limits,
            Counts::Test(_) => Limits::default,
        }
    }

    #[inline]
    pub(super) fn ended(
        &self,
        site: &'static Site,
        local: Option<&Local>,
        row: Option<Row<'static>>,
        step_of: Option<&'static Site>,
        outcome: &Outcome,
        nanoseconds: u64,
    ) {
        let rows = local.map(|local| &local.rows);
        let step = |bound: &Bound, store: &Store| {
            if let Some(workflow) = step_of {
                bound.step(store, workflow).ended(rows, outcome.status, nanoseconds);
            }
        };
        match self {
            Counts::Process(combination) => {
                let (bound, store) = (site.bound(), Store::global());
                let count = |row: &Row<'_>| bound.ended(store, *row, combination, outcome, nanoseconds);
                match row {
                    Some(row) => count(&row),
                    None => combination.count(rows, count),
                }
                step(bound, store);
            }
            Counts::Test(test) => {
                let (recording, key) = &**test;
                let (bound, store) = (recording.bound(site), recording.store());
                let combination = bound.combination(|| store, *key);
                combination.count(rows, |row| bound.ended(store, *row, combination, outcome, nanoseconds));
                step(&bound, store);
            }
        }
    }
}
