//! Each finished trace as a tree on stderr.

mod render;
mod unit;

use std::collections::{HashMap, VecDeque};
use std::io::{IsTerminal as _, Write};

use futures_util::future::BoxFuture;
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::SpanData;

use self::render::{Style, render};
use crate::pipeline::{Accepted, ExportFailure, Patience, SpanExport};

/// Traces that are held back until their root ends; beyond, the oldest is shown as it is.
const MOST_TRACES: usize = 1_000;
/// Spans that one trace holds back; beyond, it is shown as it is.
const MOST_SPANS: usize = 10_000;

/// Collects the spans of each trace and writes it out when its root, as seen from this process, has ended.
pub(crate) struct Console {
    out: Box<dyn Write + Send>,
    style: Style,
    open: HashMap<TraceId, Vec<SpanData>>,
    /// The open traces, oldest first.
    order: VecDeque<TraceId>,
}

impl Console {
    /// Writes to stderr, in colour if that is a terminal and nobody objects.
    pub(crate) fn stderr() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_plain = set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb");
        let stderr = std::io::stderr();
        let color = stderr.is_terminal() && !is_plain;
        Console::new(Box::new(stderr), Style { color })
    }

    fn new(out: Box<dyn Write + Send>, style: Style) -> Self {
        Console { out, style, open: HashMap::new(), order: VecDeque::new() }
    }

    fn take(&mut self, span: SpanData) -> Result<(), ExportFailure> {
        let trace = span.span_context.trace_id();
        let is_root = span.parent_span_id == SpanId::INVALID || span.parent_span_is_remote;
        let spans = self.open.entry(trace).or_insert_with(|| {
            self.order.push_back(trace);
            Vec::new()
        });
        spans.push(span);
        if is_root || spans.len() >= MOST_SPANS {
            self.show(trace)?;
        } else if self.order.len() > MOST_TRACES
            && let Some(oldest) = self.order.front().copied()
        {
            self.show(oldest)?;
        }
        Ok(())
    }

    /// Writes a trace out, in one piece.
    fn show(&mut self, trace: TraceId) -> Result<(), ExportFailure> {
        self.order.retain(|open| *open != trace);
        let Some(spans) = self.open.remove(&trace) else { return Ok(()) };
        let text = render(&spans, self.style);
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|error| ExportFailure(format!("cannot write to stderr: {error}")))
    }
}

impl SpanExport for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn export(
        &mut self,
        spans: Vec<SpanData>,
        _patience: Patience,
    ) -> BoxFuture<'_, Result<Accepted, ExportFailure>> {
        let shown = spans.into_iter().try_for_each(|span| self.take(span));
        Box::pin(std::future::ready(shown.map(|()| Accepted::default())))
    }

    /// Shows what has ended of traces whose root has not, or which ended after it.
    fn flush(&mut self) -> BoxFuture<'_, Result<(), ExportFailure>> {
        let open: Vec<_> = self.order.iter().copied().collect();
        let shown = open.into_iter().try_for_each(|trace| self.show(trace));
        Box::pin(std::future::ready(shown))
    }
}
