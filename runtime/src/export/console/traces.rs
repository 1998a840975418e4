//! Which spans are shown together, and when.

use std::collections::{HashMap, HashSet, VecDeque};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::SpanData;

/// Traces, and spans of all of them together, that wait for a root to end. Beyond, the oldest trace is
/// shown as it is.
const MOST_TRACES: usize = 1_000;
const MOST_SPANS: usize = 10_000;
/// Spans already shown that are remembered by their ids, so that a late child is known as one.
const MOST_SHOWN: usize = 10_000;

/// Spans to show together.
pub(super) struct Part {
    /// What there is to say before them; a whole trace speaks for itself.
    pub(super) heading: Option<String>,
    pub(super) spans: Vec<SpanData>,
}

/// The traces that are open, and those shown lately.
#[derive(Default)]
pub(super) struct Traces {
    open: HashMap<TraceId, Vec<SpanData>>,
    /// The open traces, oldest first; some may have been closed since.
    order: VecDeque<TraceId>,
    /// Spans in `open`.
    held: usize,
    shown: Shown,
}

/// Traces of which something has been shown.
#[derive(Default)]
struct Shown {
    traces: HashMap<TraceId, ShownTrace>,
    /// Oldest first.
    order: VecDeque<TraceId>,
    /// Span ids in `traces`.
    ids: usize,
}

struct ShownTrace {
    /// The root's name, once it has ended.
    root: Option<String>,
    ids: HashSet<SpanId>,
    /// How many of them were shown before their root had ended.
    early: usize,
}

impl Traces {
    /// Takes a span that has ended; returns what can be shown now.
    pub(super) fn take(&mut self, span: SpanData) -> Vec<Part> {
        let trace = span.span_context.trace_id();
        let id = span.span_context.span_id();
        let is_root = span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote;
        let is_late = !is_root && self.shown.has(trace, span.parent_span_id);
        let name = span.name.to_string();
        let spans = self.open.entry(trace).or_insert_with(|| {
            self.order.push_back(trace);
            Vec::new()
        });
        spans.push(span);
        self.held += 1;

        let mut parts = Vec::new();
        if is_root || is_late {
            let heading = match self.shown.traces.get(&trace) {
                Some(shown) if is_late => Some(match &shown.root {
                    Some(root) => format!("after {root} had ended"),
                    None => "of a trace that was shown unfinished".to_owned(),
                }),
                Some(shown) if shown.early > 0 => {
                    Some(format!("{name}, of which {} were shown before it ended", spans_of(shown.early)))
                }
                _ => None,
            };
            let spans = self.below(trace, id);
            self.shown.remember(trace, is_root.then_some(name), &spans);
            parts.push(Part { heading, spans });
        }
        while self.held > MOST_SPANS || self.open.len() > MOST_TRACES {
            let Some(oldest) = self.order.pop_front() else { break };
            parts.extend(self.early(oldest, "too much is unfinished to wait for its root"));
        }
        // Traces that were closed out of turn leave their places behind.
        if self.order.len() > 2 * MOST_TRACES {
            self.order.retain(|trace| self.open.contains_key(trace));
        }
        parts
    }

    /// Everything that waits for a root.
    pub(super) fn unfinished(&mut self) -> Vec<Part> {
        let order = std::mem::take(&mut self.order);
        order.into_iter().filter_map(|trace| self.early(trace, "its root has not ended")).collect()
    }

    fn early(&mut self, trace: TraceId, why: &str) -> Option<Part> {
        let spans = self.open.remove(&trace)?;
        self.held -= spans.len();
        self.shown.remember(trace, None, &spans);
        if let Some(shown) = self.shown.traces.get_mut(&trace) {
            shown.early += spans.len();
        }
        Some(Part { heading: Some(format!("unfinished, {}: {why}", spans_of(spans.len()))), spans })
    }

    /// Takes a span and all that is known below it out of an open trace.
    fn below(&mut self, trace: TraceId, top: SpanId) -> Vec<SpanData> {
        let Some(all) = self.open.remove(&trace) else { return Vec::new() };
        let mut children: HashMap<SpanId, Vec<SpanId>> = HashMap::new();
        for span in &all {
            children.entry(span.parent_span_id).or_default().push(span.span_context.span_id());
        }
        let (mut wanted, mut next) = (HashSet::from([top]), vec![top]);
        while let Some(id) = next.pop() {
            next.extend(children.remove(&id).into_iter().flatten().filter(|child| wanted.insert(*child)));
        }
        let (below, rest): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|span| wanted.contains(&span.span_context.span_id()));
        self.held -= below.len();
        if !rest.is_empty() {
            // Still in its old place in `order`.
            self.open.insert(trace, rest);
        }
        below
    }
}

impl Shown {
    fn has(&self, trace: TraceId, span: SpanId) -> bool {
        self.traces.get(&trace).is_some_and(|shown| shown.ids.contains(&span))
    }

    fn remember(&mut self, trace: TraceId, root: Option<String>, spans: &[SpanData]) {
        let shown = self.traces.entry(trace).or_insert_with(|| {
            self.order.push_back(trace);
            ShownTrace { root: None, ids: HashSet::new(), early: 0 }
        });
        if root.is_some() {
            // What was early has been told by now.
            (shown.root, shown.early) = (root, 0);
        }
        let before = shown.ids.len();
        shown.ids.extend(spans.iter().map(|span| span.span_context.span_id()));
        self.ids += shown.ids.len() - before;
        while self.ids > MOST_SHOWN || self.order.len() > MOST_TRACES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.ids -= self.traces.remove(&oldest).map_or(0, |shown| shown.ids.len());
        }
    }
}

fn spans_of(count: usize) -> String {
    if count == 1 { "1 span".to_owned() } else { format!("{count} spans") }
}

#[cfg(test)]
mod tests {
    use super::super::render::tests::span;
    use super::*;

    fn names(parts: &[Part]) -> Vec<Vec<&str>> {
        parts.iter().map(|part| part.spans.iter().map(|span| &*span.name).collect()).collect()
    }

    #[test]
    fn a_trace_is_shown_once_its_root_has_ended() {
        let mut traces = Traces::default();
        assert!(traces.take(span(3, 2, "leaf", 0, 1)).is_empty());
        assert!(traces.take(span(2, 1, "step", 0, 2)).is_empty());
        let parts = traces.take(span(1, 0, "root", 0, 3));
        assert_eq!(names(&parts), [["leaf", "step", "root"]]);
        assert_eq!(parts[0].heading, None);
        assert!(traces.unfinished().is_empty());
        assert_eq!((traces.held, traces.open.len()), (0, 0));
    }

    #[test]
    fn a_span_with_a_remote_parent_is_a_root_here_and_leaves_its_siblings_alone() {
        let mut traces = Traces::default();
        traces.take(span(3, 2, "of another request", 0, 1));
        let mut served = span(5, 9, "served", 0, 3);
        served.parent_span_is_remote = true;
        assert_eq!(names(&traces.take(served)), [["served"]]);
        assert_eq!(names(&traces.take(span(2, 0, "other", 0, 4))), [["of another request", "other"]]);
    }

    #[test]
    fn a_child_that_ends_after_its_root_is_shown_with_its_own_children_and_whose_it_was() {
        let mut traces = Traces::default();
        traces.take(span(1, 0, "root", 0, 1));
        assert!(traces.take(span(3, 2, "leaf", 1, 2)).is_empty(), "its parent may still end");
        let parts = traces.take(span(2, 1, "task", 0, 3));
        assert_eq!(names(&parts), [["leaf", "task"]]);
        assert_eq!(parts[0].heading.as_deref(), Some("after root had ended"));
    }

    #[test]
    fn a_flush_shows_what_is_there_and_nothing_is_shown_twice() {
        let mut traces = Traces::default();
        traces.take(span(2, 1, "step", 0, 1));
        let parts = traces.unfinished();
        assert_eq!(names(&parts), [["step"]]);
        assert!(
            parts[0].heading.as_deref().is_some_and(|heading| heading.contains("its root has not ended"))
        );
        let parts = traces.take(span(1, 0, "root", 0, 3));
        assert_eq!(names(&parts), [["root"]]);
        assert_eq!(parts[0].heading.as_deref(), Some("root, of which 1 span were shown before it ended"));
    }

    #[test]
    fn the_oldest_trace_gives_way_when_too_much_is_unfinished() {
        let mut traces = Traces::default();
        let mut shown = 0;
        for trace in 1..=2_500_u64 {
            let orphan = render_span_of(trace);
            shown += traces.take(orphan).iter().map(|part| part.spans.len()).sum::<usize>();
            assert!(traces.open.len() <= MOST_TRACES && traces.order.len() <= 2 * MOST_TRACES);
        }
        assert_eq!(shown, 2_500 - MOST_TRACES);
        let mut traces = Traces::default();
        let parts: Vec<_> =
            (2..).take(MOST_SPANS + 1).flat_map(|id| traces.take(span(id, 1, "s", 0, 1))).collect();
        assert_eq!(parts.iter().map(|part| part.spans.len()).sum::<usize>(), MOST_SPANS + 1);
        assert_eq!(traces.held, 0);
        assert!(traces.shown.ids <= MOST_SHOWN);
    }

    fn render_span_of(trace: u64) -> SpanData {
        let mut span = span(2, 1, "orphan", 0, 1);
        let context = &span.span_context;
        span.span_context = opentelemetry::trace::SpanContext::new(
            TraceId::from(u128::from(trace)),
            context.span_id(),
            context.trace_flags(),
            false,
            context.trace_state().clone(),
        );
        span
    }
}
