//! Log lines that carry their trace, their workflow and their step.
//!
//! ```
//! use tracing_subscriber::layer::SubscriberExt as _;
//!
//! # let lines = tta::log::layer().writer(std::io::sink());
//! # #[cfg(any())]
//! let lines = tta::log::layer();
//! let subscriber = tracing_subscriber::registry().with(lines);
//! # let _guard = tracing::subscriber::set_default(subscriber);
//!
//! #[tta::workflow]
//! async fn answer(question: &str) {
//!     tracing::info!(words = question.split(' ').count(), "asked");
//! }
//! # futures_executor::block_on(answer("what for"));
//! ```
//!
//! writes for each event one line of JSON: `timestamp` (RFC 3339, UTC, microseconds), `level`, `target`, `message`,
//! `trace_id`, `span_id`, `workflow`, `workflow_id`, `correlation_id`, `primitive`, `service`, as far as they are
//! known, and then the event's own fields. A terminal gets lines for people.
//!
//! Each finished workflow is one event at INFO, `workflow_executed`, and each finished primitive one at DEBUG,
//! `primitive_executed`, both with target `tta::call`: a filter on that target leaves them out.

mod executed;
mod line;
mod rate;
mod writer;

use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context as OtelContext, KeyValue};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

pub(crate) use self::executed::executed;
use self::line::{Line, Style};
use self::rate::{Rates, Said};
use self::writer::Writer;
pub use self::writer::flush;
pub(crate) use self::writer::{outcomes, publish};
use crate::names::attribute;

/// A layer of the `tracing` subscriber that writes log lines, to stdout unless told otherwise.
#[must_use]
pub fn layer() -> LogLayer {
    LogLayer {
        style: None,
        out: Mutex::new(None),
        room: 8_192,
        rates: None,
        events_from: LevelFilter::WARN,
        writer: OnceLock::new(),
    }
}

/// Writes log lines: [`layer`].
///
/// Lines wait in a bounded queue for a thread of their own, so that a slow terminal or a full pipe holds nobody up.
/// What finds the queue full is dropped and counted in `tta_log_lines_total{outcome="dropped"}`, and the next line says
/// how many were. The last lines are waited for when the layer is dropped, when [`Telemetry`](crate::Telemetry) shuts
/// down, and by [`flush`].
pub struct LogLayer {
    style: Option<Style>,
    out: Mutex<Option<Box<dyn Write + Send>>>,
    room: usize,
    rates: Option<Arc<Rates>>,
    events_from: LevelFilter,
    writer: OnceLock<(Arc<Writer>, Style)>,
}

impl LogLayer {
    /// Lines of JSON, also on a terminal.
    #[must_use]
    pub fn json(mut self) -> Self {
        self.style = Some(Style::Json);
        self
    }

    /// Lines for people, also where there is no terminal.
    #[must_use]
    pub fn human(mut self) -> Self {
        self.style = Some(Style::Human { color: false });
        self
    }

    /// Writes there instead of stdout, one call of `write_all` for each line.
    #[must_use]
    pub fn writer(self, out: impl Write + Send + 'static) -> Self {
        *self.out.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(out));
        self
    }

    /// How many lines may wait to be written; 8 192 by default, at least 1.
    #[must_use]
    pub fn room(mut self, lines: usize) -> Self {
        self.room = lines.max(1);
        self
    }

    /// From each place in the program, writes `first` lines a second in full and of those that follow one in
    /// `then_one_in`. How many were left out is said when the second is over, and counted in
    /// `tta_log_lines_total{outcome="sampled_out"}`. Errors are always written.
    ///
    /// 0 for `then_one_in` writes none of them.
    #[must_use]
    pub fn sample(mut self, first: u32, then_one_in: u32) -> Self {
        self.rates = Some(Arc::new(Rates::new(first, then_one_in)));
        self
    }

    /// From which level on an event within one of our spans becomes an event of that span, too; WARN by default.
    /// An event with an error among its fields is an `exception` there, with the error's sources.
    #[must_use]
    pub fn span_events(mut self, from: LevelFilter) -> Self {
        self.events_from = from;
        self
    }

    /// Where lines go, from the first one on.
    fn started(&self) -> &(Arc<Writer>, Style) {
        self.writer.get_or_init(|| {
            let out = self.out.lock().unwrap_or_else(PoisonError::into_inner).take();
            let style = self.style.unwrap_or_else(|| {
                let environment = std::env::var(crate::names::env::ENVIRONMENT).unwrap_or_default();
                let for_people = matches!(environment.as_str(), "" | "dev");
                if for_people && out.is_none() && std::io::stdout().is_terminal() {
                    Style::Human { color: std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty()) }
                } else {
                    Style::Json
                }
            });
            let out = out.unwrap_or_else(|| Box::new(std::io::stdout()));
            (Writer::start(out, self.room, style, self.rates.clone()), style)
        })
    }
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let line = Line::of(event);
        if *metadata.level() <= self.events_from && !is_recorded_elsewhere(event, &context) {
            line.add_to_span();
        }
        let (writer, style) = self.started();
        let said = match &self.rates {
            Some(rates) if *metadata.level() != Level::ERROR => rates.ask(metadata),
            _ => Said::Write,
        };
        match said {
            Said::Write => writer.write(line.written(*style)),
            Said::LeaveOut => {}
        }
    }
}

/// Whether the current span is one of `tracing`, whose own layer leaves the event there.
#[cfg(feature = "tracing")]
fn is_recorded_elsewhere<S>(event: &Event<'_>, context: &Context<'_, S>) -> bool
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let Some(span) = context.event_span(event) else { return false };
    let theirs = tracing::dispatcher::get_default(|dispatch| {
        tracing_opentelemetry::get_otel_context(&span.id(), dispatch)
    });
    let id = |context: &OtelContext| context.span().span_context().span_id();
    theirs.is_some_and(|theirs| id(&theirs) == crate::span::local::current(id))
}

#[cfg(not(feature = "tracing"))]
fn is_recorded_elsewhere<S>(_: &Event<'_>, _: &Context<'_, S>) -> bool {
    false
}

impl Line<'_> {
    /// Leaves the event on the current span, if that is recorded.
    fn add_to_span(&self) {
        let context = crate::span::local::current(OtelContext::clone);
        let span = context.span();
        if !span.is_recording() {
            return;
        }
        let mut attributes = vec![
            KeyValue::new(attribute::LOG_LEVEL, self.level.as_str()),
            KeyValue::new(attribute::LOG_TARGET, self.target.to_owned()),
        ];
        let name = if let Some(error) = &self.error {
            attributes.push(KeyValue::new(attribute::EXCEPTION_MESSAGE, error.clone()));
            attributes.push(KeyValue::new(attribute::LOG_MESSAGE, self.message.clone()));
            "exception".to_owned()
        } else {
            self.message.clone()
        };
        attributes.extend(self.fields.iter().map(|(key, value)| KeyValue::new(*key, attribute_value(value))));
        span.add_event(name, attributes);
    }
}

fn attribute_value(value: &serde_json::Value) -> opentelemetry::Value {
    match value {
        serde_json::Value::Bool(value) => (*value).into(),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(float)) => float.into(),
            (None, None) => number.to_string().into(),
        },
        serde_json::Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    }
}

/// Waits for the last lines, for at most a second.
impl Drop for LogLayer {
    fn drop(&mut self) {
        if let Some((writer, _)) = self.writer.get() {
            writer.flush(Instant::now() + LAST_LINES);
        }
    }
}

impl std::fmt::Debug for LogLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogLayer").field("room", &self.room).finish_non_exhaustive()
    }
}

/// How long the end of the program waits for the last lines.
pub(crate) const LAST_LINES: Duration = Duration::from_secs(1);
