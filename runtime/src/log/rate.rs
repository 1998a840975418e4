//! How many lines each place in the program may write.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use arc_swap::ArcSwap;
use tracing::Metadata;
use tracing::callsite::Identifier;

use super::line::Line;
use super::writer::Outcome;
use crate::span::clock::Tick;

/// The lines of each place, a second at a time.
pub(super) struct Rates {
    first: u32,
    then_one_in: u32,
    began: Tick,
    places: ArcSwap<HashMap<Identifier, Arc<Place>>>,
}

/// What becomes of a line.
pub(super) enum Said {
    Write,
    LeaveOut,
}

struct Place {
    metadata: &'static Metadata<'static>,
    /// Which second it is, counted from 1, and how many lines came in it.
    now: AtomicU64,
    left_out: AtomicU32,
}

impl Rates {
    pub(super) fn new(first: u32, then_one_in: u32) -> Self {
        Rates { first, then_one_in, began: Tick::now(), places: ArcSwap::default() }
    }

    fn second(&self) -> u64 {
        self.began.until(Tick::now()) / 1_000_000_000 + 1
    }

    /// Counts a line, and says whether it is written.
    pub(super) fn ask(&self, metadata: &'static Metadata<'static>) -> Said {
        let places = self.places.load();
        let place = match places.get(&metadata.callsite()) {
            Some(place) => Arc::clone(place),
            None => self.open(metadata),
        };
        let second = self.second();
        let next = |now: u64| if now >> 32 == second { now + 1 } else { second << 32 | 1 };
        let before = place.now.fetch_update(Relaxed, Relaxed, |now| Some(next(now))).unwrap_or_default();
        let nth = (next(before) & u64::from(u32::MAX)) as u32;
        let beyond = nth.saturating_sub(self.first);
        if beyond == 0 || (self.then_one_in > 0 && beyond.is_multiple_of(self.then_one_in)) {
            return Said::Write;
        }
        place.left_out.fetch_add(1, Relaxed);
        Outcome::SampledOut.count(1);
        Said::LeaveOut
    }

    #[cold]
    fn open(&self, metadata: &'static Metadata<'static>) -> Arc<Place> {
        let place = Arc::new(Place { metadata, now: AtomicU64::new(0), left_out: AtomicU32::new(0) });
        self.places.rcu(|places| {
            let mut places = HashMap::clone(places);
            places.entry(metadata.callsite()).or_insert_with(|| place.clone());
            places
        });
        self.places.load().get(&metadata.callsite()).cloned().unwrap_or(place)
    }

    /// A line for each place whose second is over and of which lines were left out; of all at the end.
    pub(super) fn over(&self, at_the_end: bool) -> Vec<Line<'static>> {
        let second = self.second();
        let mut lines = Vec::new();
        for place in self.places.load().values() {
            if place.now.load(Relaxed) >> 32 == second && !at_the_end {
                continue;
            }
            let left_out = place.left_out.swap(0, Relaxed);
            if left_out > 0 {
                let mut line = Line::new(*place.metadata.level(), place.metadata.target());
                line.message = format!("{left_out} lines like this were left out");
                line.fields.push(("sampled_out", left_out.into()));
                if let (Some(file), Some(number)) = (place.metadata.file(), place.metadata.line()) {
                    line.fields.push(("place", format!("{file}:{number}").into()));
                }
                lines.push(line);
            }
        }
        lines
    }
}
