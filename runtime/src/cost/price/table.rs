//! Rates that have been asked for before.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use rustc_hash::FxBuildHasher;

use super::rates::Rates;

/// Models that are kept. Names come from outside: once there are as many, the table starts anew, so that those in use are
/// soon there again, whatever was put in between.
const MOST: usize = 1_024;

/// Rates by the names of provider and model, as they were given. Reading takes no lock; a new entry copies the table.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: ArcSwap<Entries>,
}

type Entries = HashMap<u64, Arc<Entry>, FxBuildHasher>;

#[derive(Debug)]
pub(super) struct Entry {
    provider: Box<str>,
    model: Box<str>,
    /// `None` for a model that has no price.
    pub(super) rates: Option<Rates>,
}

impl Entry {
    pub(super) fn new(provider: &str, model: &str, rates: Option<Rates>) -> Entry {
        Entry { provider: provider.into(), model: model.into(), rates }
    }
}

/// The table as it is now.
pub(super) struct Known(Guard<Arc<Entries>>);

impl Known {
    /// What is known of this model. Two names of one hash are told apart: the second one is never known.
    pub(super) fn get(&self, provider: &str, model: &str) -> Option<&Entry> {
        let entry = self.0.get(&hash(provider, model))?;
        (*entry.provider == *provider && *entry.model == *model).then_some(entry)
    }
}

impl Table {
    pub(super) fn now(&self) -> Known {
        Known(self.entries.load())
    }

    pub(super) fn put(&self, entry: &Arc<Entry>) {
        let hash = hash(&entry.provider, &entry.model);
        self.entries.rcu(|entries| {
            let mut entries = if entries.len() < MOST {
                Entries::clone(entries)
            } else {
                Entries::with_hasher(FxBuildHasher)
            };
            entries.insert(hash, Arc::clone(entry));
            entries
        });
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.load().len()
    }
}

fn hash(provider: &str, model: &str) -> u64 {
    let mut hasher = FxBuildHasher.build_hasher();
    hasher.write(provider.as_bytes());
    // In no text.
    hasher.write_u8(0xff);
    hasher.write(model.as_bytes());
    hasher.finish()
}
