//! A trace as text: a tree, and beside it when each span ran.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanId, Status};
use opentelemetry_sdk::trace::SpanData;

use super::unit;
use crate::names::attribute;

/// How it may look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) color: bool,
}

/// Cells of the bar chart.
const BAR: usize = 24;
/// Characters of the tree; longer names push their own line only.
const WIDEST_TREE: usize = 48;
/// Columns after which attributes go on below.
const WIDEST_LINE: usize = 120;
/// Characters of an attribute's value.
const LONGEST_VALUE: usize = 80;

/// Attributes that the tree says in another way, or that help machines only.
const LEFT_OUT: &[&str] = &[
    attribute::STATUS,
    attribute::ERROR_TYPE,
    attribute::ERROR_CATEGORY,
    attribute::ERROR_SEVERITY,
    attribute::CORRELATION_ID,
    attribute::STEP_INDEX,
    "busy_ns",
    "idle_ns",
    "level",
    "target",
];
const LEFT_OUT_PREFIXES: &[&str] = &["code.", "thread.", "tta.primitive.", "tta.workflow."];

const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// The trees of the spans of one trace.
pub(super) fn render(spans: &[SpanData], style: Style) -> String {
    let (Some(start), Some(end)) =
        (spans.iter().map(|span| span.start_time).min(), spans.iter().map(|span| span.end_time).max())
    else {
        return String::new();
    };
    let mut page = Page { spans, start, total: since(start, end), style, rows: Vec::new() };
    for root in page.sorted(|span| page.is_root(span)) {
        page.add(root, "", "", 0);
    }
    page.finish()
}

/// One line of the tree, before its column widths are known.
struct Row<'a> {
    /// Branches in front of the name.
    branches: String,
    span: &'a SpanData,
    /// What stands in front of the lines below the name.
    below: String,
}

struct Page<'a> {
    spans: &'a [SpanData],
    start: SystemTime,
    total: Duration,
    style: Style,
    rows: Vec<Row<'a>>,
}

impl<'a> Page<'a> {
    /// Its parent is in another process, has not ended, or was shown before.
    fn is_root(&self, span: &SpanData) -> bool {
        !self.spans.iter().any(|other| other.span_context.span_id() == span.parent_span_id)
    }

    fn sorted(&self, wanted: impl Fn(&SpanData) -> bool) -> Vec<&'a SpanData> {
        let mut spans: Vec<_> = self.spans.iter().filter(|span| wanted(span)).collect();
        spans.sort_by_key(|span| span.start_time);
        spans
    }

    fn add(&mut self, span: &'a SpanData, branch: &str, below: &str, depth: usize) {
        self.rows.push(Row { branches: branch.to_owned(), span, below: below.to_owned() });
        // Deeper than anybody reads, and than a stack should hold.
        if depth > 200 {
            return;
        }
        let id = span.span_context.span_id();
        let children = self.sorted(|child| child.parent_span_id == id && child.span_context.span_id() != id);
        for (index, child) in children.iter().enumerate() {
            let (branch, line) =
                if index + 1 == children.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.add(child, &format!("{below}{branch}"), &format!("{below}{line}"), depth + 1);
        }
    }

    fn finish(self) -> String {
        let width = |row: &Row<'_>| row.branches.chars().count() + row.span.name.chars().count();
        let widest = self.rows.iter().map(width).max().unwrap_or(0).min(WIDEST_TREE);
        let mut out = String::new();
        for row in &self.rows {
            let pad = widest.saturating_sub(width(row));
            self.line(row, pad, &mut out);
        }
        self.footer(&mut out);
        out
    }

    // Writing to a String cannot fail, so the results of `write!` are dropped below.

    fn line(&self, row: &Row<'_>, pad: usize, out: &mut String) {
        let span = row.span;
        let name = clean(&span.name, usize::MAX);
        let took = unit::duration(since(span.start_time, span.end_time));
        let (status, color) = status(span);
        let _ = write!(
            out,
            "{}{name}{:pad$}  {}  {took:>7}  {}",
            self.paint(DIM, &row.branches),
            "",
            self.paint(CYAN, &self.bar(span)),
            self.paint(color, &status),
        );
        let before =
            row.branches.chars().count() + name.chars().count() + pad + BAR + 13 + status.chars().count();
        self.attributes(span.attributes.iter().filter(|attribute| matters(attribute)), row, before, out);
        for event in &span.events.events {
            let name = format!("• {}", clean(&event.name, LONGEST_VALUE));
            let _ = write!(out, "{}{}", self.paint(DIM, &row.below), self.paint(YELLOW, &name));
            let before = row.below.chars().count() + name.chars().count();
            self.attributes(event.attributes.iter(), row, before, out);
        }
    }

    /// The attributes behind what is `before` them, and the ends of their lines.
    fn attributes<'b>(
        &self,
        attributes: impl Iterator<Item = &'b KeyValue>,
        row: &Row<'_>,
        before: usize,
        out: &mut String,
    ) {
        let mut column = before;
        for attribute in attributes {
            let key = format!("{}=", clean(attribute.key.as_str(), LONGEST_VALUE));
            let value = clean(&attribute.value.to_string(), LONGEST_VALUE);
            let width = 1 + key.chars().count() + value.chars().count();
            if column + width > WIDEST_LINE && column > before.min(WIDEST_LINE / 2) {
                let _ = write!(out, "\n{}   ", self.paint(DIM, &row.below));
                column = row.below.chars().count() + 3;
            }
            let _ = write!(out, " {}{value}", self.paint(DIM, &key));
            column += width;
        }
        out.push('\n');
    }

    /// When the span ran within the trace: full cells, and an eighth's precision at its end.
    fn bar(&self, span: &SpanData) -> String {
        const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let total = self.total.as_secs_f64();
        let share = |moment: SystemTime| {
            if total > 0.0 { since(self.start, moment).as_secs_f64() / total } else { 0.0 }
        };
        #[allow(clippy::cast_sign_loss, reason = "a share is from 0 to 1")]
        let eighths = |share: f64| ((share * (BAR * 8) as f64).round() as usize).min(BAR * 8);
        // A whole cell to begin with, so that a bar never begins after its span.
        let from = (eighths(share(span.start_time)) / 8).min(BAR - 1);
        let to = if total > 0.0 { eighths(share(span.end_time)) } else { BAR * 8 };
        let length = to.saturating_sub(from * 8).max(1);
        let bar = format!("{}{}{}", " ".repeat(from), "█".repeat(length / 8), EIGHTHS[length % 8]);
        format!("{bar}{:pad$}", "", pad = BAR.saturating_sub(bar.chars().count()))
    }

    fn footer(&self, out: &mut String) {
        let Some(row) = self.rows.first() else { return };
        let root = row.span;
        let _ = write!(out, "{}", self.paint(DIM, &format!("trace {}", root.span_context.trace_id())));
        let workflow =
            root.attributes.iter().find(|attribute| attribute.key.as_str() == attribute::WORKFLOW_ID);
        if let Some(id) = workflow {
            let id = clean(&id.value.to_string(), LONGEST_VALUE);
            let _ = write!(out, "{}", self.paint(DIM, &format!("  workflow {id}")));
        }
        if root.parent_span_is_remote {
            let _ = write!(out, "{}", self.paint(DIM, "  below a span of another process"));
        } else if root.parent_span_id != SpanId::INVALID {
            let _ = write!(
                out,
                "{}",
                self.paint(YELLOW, "  without its root, which has not ended or was shown before")
            );
        }
        out.push('\n');
    }

    fn paint(&self, color: &str, text: &str) -> String {
        if self.style.color && !text.is_empty() {
            format!("\u{1b}[{color}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

fn status(span: &SpanData) -> (String, &'static str) {
    let read = |key: &str| {
        let found = span.attributes.iter().find(|attribute| attribute.key.as_str() == key);
        found.map(|attribute| clean(&attribute.value.to_string(), LONGEST_VALUE))
    };
    if let Status::Error { description } = &span.status {
        let kind = read(attribute::ERROR_TYPE).unwrap_or_else(|| clean(description, LONGEST_VALUE));
        return (format!("error {kind}").trim_end().to_owned(), RED);
    }
    match read(attribute::STATUS).as_deref() {
        Some("cancelled") => ("cancelled".to_owned(), YELLOW),
        _ => ("ok".to_owned(), GREEN),
    }
}

fn matters(attribute: &KeyValue) -> bool {
    let key = attribute.key.as_str();
    !LEFT_OUT.contains(&key) && !LEFT_OUT_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

fn since(start: SystemTime, end: SystemTime) -> Duration {
    end.duration_since(start).unwrap_or_default()
}

/// Text that cannot move the cursor or colour the rest of the screen, of bounded length.
fn clean(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest));
    for (index, char) in text.chars().enumerate() {
        if index == longest {
            out.push('…');
            break;
        }
        if char.is_control() {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use opentelemetry::trace::{Event, SpanContext, SpanKind, TraceFlags, TraceId, TraceState};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    fn at(milliseconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(milliseconds)
    }

    fn span(id: u64, parent: u64, name: &'static str, start: u64, end: u64) -> SpanData {
        SpanData {
            span_context: SpanContext::new(
                TraceId::from(0xabcd_u128),
                SpanId::from(id),
                TraceFlags::SAMPLED,
                false,
                TraceState::default(),
            ),
            parent_span_id: SpanId::from(parent),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time: at(start),
            end_time: at(end),
            attributes: vec![KeyValue::new("tta.status", "success"), KeyValue::new("code.file.path", "x")],
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: opentelemetry::InstrumentationScope::default(),
        }
    }

    #[test]
    fn a_trace_is_a_tree_with_a_bar_for_each_span() {
        let mut failing = span(3, 1, "ship", 180, 240);
        failing.status = Status::error("sold_out");
        failing.attributes.push(KeyValue::new("weight", 3));
        let mut events = SpanEvents::default();
        events.events.push(Event::new(
            "exception",
            at(200),
            vec![KeyValue::new("exception.message", "a\n\u{1b}[31mb")],
            0,
        ));
        failing.events = events;
        let spans = [
            failing,
            span(4, 2, "cache", 10, 20),
            span(2, 1, "price", 0, 180),
            span(1, 0, "invoke_workflow order", 0, 240),
        ];
        let expected = "\
invoke_workflow order  ████████████████████████    240ms  ok
├─ price               ██████████████████          180ms  ok
│  └─ cache             █                         10.0ms  ok
└─ ship                                  ██████   60.0ms  error sold_out weight=3
   • exception exception.message=a\\n\\u{1b}[31mb
trace 0000000000000000000000000000abcd
";
        assert_eq!(render(&spans, Style { color: false }), expected);
    }

    #[test]
    fn attributes_go_on_below_before_a_line_is_too_long() {
        let mut wide = span(1, 0, "wide", 0, 1);
        wide.attributes = (0..20).map(|n| KeyValue::new(format!("attribute.{n}"), "value")).collect();
        let text = render(&[wide], Style { color: false });
        assert!(text.lines().all(|line| line.chars().count() <= WIDEST_LINE), "{text}");
        assert_eq!(text.matches("=value").count(), 20);
        assert_eq!(text.lines().count(), 5, "{text}");
    }

    #[test]
    fn colour_is_only_added_around_the_same_text() {
        let spans = [span(1, 0, "a", 0, 1)];
        let colored = render(&spans, Style { color: true });
        let mut plain = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, after)| after);
        }
        plain.push_str(rest);
        assert_eq!(plain, render(&spans, Style { color: false }));
    }

    #[test]
    fn a_trace_of_no_length_and_one_without_its_root_are_shown() {
        let text = render(&[span(2, 1, "late", 5, 5)], Style { color: false });
        assert!(text.contains("late") && text.contains("without its root"), "{text}");
        assert_eq!(render(&[], Style { color: false }), "");
    }
}
