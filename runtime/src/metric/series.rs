//! A series' labels, shared by the store and by every reading of it.

use std::borrow::{Borrow, Cow};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Labels in the order of their family.
pub(crate) type Labels = Vec<(&'static str, Cow<'static, str>)>;

/// One series' labels. They never change, so a reading takes them without a copy, and what an exposition
/// makes of them it makes once.
#[derive(Clone, Debug)]
pub(crate) struct SeriesLabels(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    labels: Labels,
    #[cfg_attr(not(feature = "prometheus"), allow(dead_code, reason = "only an exposition is text"))]
    text: OnceLock<Box<str>>,
}

impl SeriesLabels {
    /// How an exposition writes them: what `render` made of them when it was first asked.
    #[cfg(feature = "prometheus")]
    pub(crate) fn text(&self, render: impl FnOnce(&Labels) -> String) -> &str {
        self.0.text.get_or_init(|| render(&self.0.labels).into())
    }
}

impl Deref for SeriesLabels {
    type Target = Labels;

    fn deref(&self) -> &Labels {
        &self.0.labels
    }
}

impl From<Labels> for SeriesLabels {
    fn from(labels: Labels) -> Self {
        SeriesLabels(Arc::new(Shared { labels, text: OnceLock::new() }))
    }
}

// A map's key is found by the labels alone.

impl Borrow<Labels> for SeriesLabels {
    fn borrow(&self) -> &Labels {
        self
    }
}

impl PartialEq for SeriesLabels {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for SeriesLabels {}

impl PartialOrd for SeriesLabels {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SeriesLabels {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(other)
    }
}
