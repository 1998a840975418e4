//! Rates that have been asked for before.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::rates::Rates;

/// Models that are kept. Names come from outside: once there are as many, the table starts anew, so that those in use are
/// soon there again, whatever was put in between.
const MOST: usize = 1_024;

/// Rates by the names of provider and model, as they were given. It is never written to: with a new entry it is another
/// table.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    entries: HashMap<u64, Arc<Entry>, FxBuildHasher>,
}

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

impl Table {
    /// What is known of this model. Two names of one hash are told apart: one of them is never known.
    pub(super) fn get(&self, provider: &str, model: &str) -> Option<&Entry> {
        let entry = self.entries.get(&hash(provider, model))?;
        (*entry.provider == *provider && *entry.model == *model).then_some(entry)
    }

    pub(super) fn with(&self, entry: &Arc<Entry>) -> Table {
        let mut table = if self.entries.len() < MOST { self.clone() } else { Table::default() };
        table.entries.insert(hash(&entry.provider, &entry.model), Arc::clone(entry));
        table
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
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
