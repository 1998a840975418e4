//! The labels that series can have, and their values.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What a label can be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Domain {
    /// Every value that there is; `None` if others may come.
    pub(super) values: Option<Rc<BTreeSet<String>>>,
    /// Whether some series are without it.
    pub(super) optional: bool,
}

/// The labels of a family, of a recorded series, or of what an expression gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Labels {
    of: BTreeMap<String, Domain>,
    /// Nothing is known: every label may be there.
    unknown: bool,
}

impl Domain {
    pub(super) fn of(values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { values: Some(Rc::new(values.into_iter().map(Into::into).collect())), optional: false }
    }

    pub(super) fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    fn or(&self, other: &Self) -> Self {
        let values = match (&self.values, &other.values) {
            (Some(these), Some(those)) if these.is_superset(those) => Some(Rc::clone(these)),
            (Some(these), Some(those)) => Some(Rc::new(these.union(those).cloned().collect())),
            _ => None,
        };
        Self { values, optional: self.optional || other.optional }
    }
}

impl Labels {
    /// Of series that nothing is known about.
    pub(super) fn unknown() -> Self {
        Self { of: BTreeMap::new(), unknown: true }
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.unknown
    }

    pub(super) fn with(mut self, name: impl Into<String>, domain: Domain) -> Self {
        self.of.insert(name.into(), domain);
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&Domain> {
        self.of.get(name)
    }

    /// Whether a series may have it.
    pub(super) fn may_have(&self, name: &str) -> bool {
        self.unknown || self.of.contains_key(name)
    }

    /// Whether every series has it.
    pub(super) fn always_have(&self, name: &str) -> bool {
        self.of.get(name).is_some_and(|domain| !domain.optional)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.of.keys().map(String::as_str)
    }

    pub(super) fn only(mut self, names: &[String]) -> Self {
        if self.unknown {
            for name in names {
                self.of.entry(name.clone()).or_default().optional = true;
            }
            self.unknown = false;
        }
        self.of.retain(|name, _| names.contains(name));
        self
    }

    pub(super) fn without(mut self, names: &[String]) -> Self {
        self.of.retain(|name, _| !names.contains(name));
        self
    }

    /// Of series that are among these or among the others.
    pub(super) fn or(&self, others: &Self) -> Self {
        let unknown = self.unknown || others.unknown;
        let names: BTreeSet<&String> = self.of.keys().chain(others.of.keys()).collect();
        let either = |name: &String| match (self.of.get(name), others.of.get(name)) {
            (Some(this), Some(other)) => this.or(other),
            (Some(one), None) | (None, Some(one)) => one.clone().optional(),
            (None, None) => Domain::default(),
        };
        let of = names.into_iter().map(|name| (name.clone(), either(name))).collect();
        Self { of, unknown }
    }
}
