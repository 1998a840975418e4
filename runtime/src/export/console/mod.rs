//! Each finished trace as a tree on stderr.

mod line;
mod plain;
mod render;
mod traces;
mod unit;

use std::io::{IsTerminal as _, Write};

use futures_util::future::BoxFuture;
use opentelemetry_sdk::trace::SpanData;

use self::render::{Style, render};
use self::traces::{Part, Traces};
use crate::pipeline::{Accepted, ExportFailure, Patience, SpanExport};

/// Collects the spans of each trace and writes it out when its root, as seen from this process, has ended.
pub(crate) struct Console {
    out: Box<dyn Write + Send>,
    style: Style,
    traces: Traces,
}

impl Console {
    /// Writes to stderr, in colour if that is a terminal and nobody objects.
    pub(crate) fn stderr() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let is_plain = set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb");
        let stderr = std::io::stderr();
        let color = stderr.is_terminal() && !is_plain;
        let width = terminal_size::terminal_size_of(&stderr).map(|(width, _)| usize::from(width.0));
        Console::new(Box::new(stderr), Style::new(color, width))
    }

    fn new(out: Box<dyn Write + Send>, style: Style) -> Self {
        Console { out, style, traces: Traces::default() }
    }

    /// Writes a part out in one piece, so that what other threads write does not come between its lines.
    fn show(&mut self, part: &Part) -> Result<(), ExportFailure> {
        let mut text =
            part.heading.as_deref().map_or_else(String::new, |heading| self.style.heading(heading));
        text.push_str(&render(&part.spans, self.style));
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(|error| ExportFailure(format!("cannot write to stderr: {error}")))
    }

    fn take(&mut self, spans: Vec<SpanData>) -> Result<(), ExportFailure> {
        for span in spans {
            for part in self.traces.take(span) {
                self.show(&part)?;
            }
        }
        Ok(())
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
        let shown = self.take(spans).map(|()| Accepted::default());
        Box::pin(std::future::ready(shown))
    }

    /// Shows what has ended of traces whose root has not.
    fn flush(&mut self) -> BoxFuture<'_, Result<(), ExportFailure>> {
        let parts = self.traces.unfinished();
        let shown = parts.iter().try_for_each(|part| self.show(part));
        Box::pin(std::future::ready(shown))
    }
}
