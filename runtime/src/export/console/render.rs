//! A trace as text: a tree, and beside it when each span ran.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::SpanId;
use opentelemetry_sdk::trace::SpanData;

use super::line::{self, Ending, Note, Pair};
use super::plain::{clean, width, wrap};
use super::unit;
use crate::names::attribute;

/// How it may look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) color: bool,
    /// Columns of a line.
    pub(super) width: usize,
}

/// Columns where nothing says how many there are.
const USUAL_WIDTH: usize = 100;
/// Columns that a name has at least; what is so deep that it would have fewer is indented no further.
const SHORTEST_NAME: usize = 20;
/// Further lines that one span's attributes may take.
const MOST_LINES: usize = 4;

const DIM: &str = "2";
const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

impl Style {
    /// `width` is the terminal's, if there is one.
    pub(super) fn new(color: bool, width: Option<usize>) -> Self {
        Style { color, width: width.unwrap_or(USUAL_WIDTH).clamp(60, 200) }
    }

    /// A line above spans that are not a whole trace.
    pub(super) fn heading(self, text: &str) -> String {
        format!("{}\n", self.paint(YELLOW, &clean(text, self.width)))
    }

    fn paint(self, color: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[{color}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Columns of the bar chart.
    fn bar(self) -> usize {
        self.width / 4
    }

    /// Columns of the tree, at most.
    fn tree(self) -> usize {
        self.width / 2
    }

    /// Levels that are indented; each takes three columns.
    fn deepest(self) -> usize {
        (self.tree() - SHORTEST_NAME) / 3
    }
}

/// The trees of the spans, which are of one trace.
pub(super) fn render(spans: &[SpanData], style: Style) -> String {
    let (Some(start), Some(end)) =
        (spans.iter().map(|span| span.start_time).min(), spans.iter().map(|span| span.end_time).max())
    else {
        return String::new();
    };
    let page = Page { start, total: since(start, end), style };
    let rows = rows(spans, style.deepest());
    let tree = rows.iter().map(Row::width).max().unwrap_or(0).min(style.tree());
    let mut out = String::new();
    for row in &rows {
        page.row(row, tree, &mut out);
    }
    page.footer(rows.first().map(|row| row.span), &mut out);
    out
}

/// A span and its place in the tree.
struct Row<'a> {
    span: &'a SpanData,
    /// Branches in front of the name.
    branches: String,
    /// What stands in front of the lines below the name.
    below: String,
}

impl Row<'_> {
    fn width(&self) -> usize {
        width(&self.branches) + width(&self.span.name)
    }
}

/// The spans in the order of their lines. A tree can be as deep as there are spans, so no recursion.
fn rows(spans: &[SpanData], deepest: usize) -> Vec<Row<'_>> {
    let ids: HashSet<SpanId> = spans.iter().map(|span| span.span_context.span_id()).collect();
    let mut sorted: Vec<&SpanData> = spans.iter().collect();
    sorted.sort_by_key(|span| span.start_time);
    let mut children: HashMap<SpanId, Vec<&SpanData>> = HashMap::new();
    let mut roots = Vec::new();
    for span in &sorted {
        // Its parent is in another process, has not ended, or was shown before.
        let is_root =
            !ids.contains(&span.parent_span_id) || span.parent_span_id == span.span_context.span_id();
        if is_root { roots.push(*span) } else { children.entry(span.parent_span_id).or_default().push(span) }
    }
    let mut rows = Vec::with_capacity(spans.len());
    for root in roots {
        descend(root, &mut children, &mut rows, deepest);
    }
    // Spans that are each other's parents, which only a broken producer makes, still are shown.
    while let Some(span) = sorted.iter().find(|span| children.contains_key(&span.parent_span_id)) {
        let mut siblings = children.remove(&span.parent_span_id).unwrap_or_default();
        siblings.drain(..).for_each(|span| descend(span, &mut children, &mut rows, deepest));
    }
    rows
}

fn descend<'a>(
    root: &'a SpanData,
    children: &mut HashMap<SpanId, Vec<&'a SpanData>>,
    rows: &mut Vec<Row<'a>>,
    deepest: usize,
) {
    let mut open = vec![(root, String::new(), String::new(), 0)];
    while let Some((span, branches, below, depth)) = open.pop() {
        let own = children.remove(&span.span_context.span_id()).unwrap_or_default();
        for (index, child) in own.iter().rev().enumerate() {
            let (branch, line) = match index {
                _ if depth >= deepest => ("┄ ", ""),
                0 => ("└─ ", "   "),
                _ => ("├─ ", "│  "),
            };
            open.push((child, format!("{below}{branch}"), format!("{below}{line}"), depth + 1));
        }
        let below =
            if own.is_empty() || depth >= deepest { format!("{below}   ") } else { format!("{below}│  ") };
        rows.push(Row { span, branches, below });
    }
}

/// What all rows share.
struct Page {
    start: SystemTime,
    total: Duration,
    style: Style,
}

impl Page {
    fn row(&self, row: &Row<'_>, tree: usize, out: &mut String) {
        let (span, style) = (row.span, self.style);
        let name = clean(&span.name, tree.saturating_sub(width(&row.branches)));
        let ending = Ending::of(span);
        let color = match ending {
            Ending::Ok => GREEN,
            Ending::Error(_) => RED,
            Ending::Cancelled => YELLOW,
        };
        let pad = " ".repeat(tree.saturating_sub(width(&row.branches) + width(&name)));
        let took = unit::duration(since(span.start_time, span.end_time));
        let took = format!("{}{took}", " ".repeat(7_usize.saturating_sub(width(&took))));
        let status = clean(&ending.text(), style.width / 3);
        let name = if row.branches.is_empty() { style.paint(BOLD, &name) } else { name };
        let parts = [
            style.paint(DIM, &row.branches),
            name,
            pad,
            "  ".to_owned(),
            style.paint(CYAN, &self.bar(span)),
            format!("  {took}  "),
            style.paint(color, &status),
        ];
        out.extend(parts);
        let used = tree + 2 + style.bar() + 2 + 7 + 2 + width(&status);
        self.pairs(&line::pairs(span), used, &row.below, out);
        for note in line::notes(span) {
            self.note(&note, &row.below, out);
        }
    }

    /// Attributes: as many as fit on the line that has begun, the others on lines below it.
    fn pairs(&self, pairs: &[Pair], mut used: usize, below: &str, out: &mut String) {
        let (full, indent) = (self.style.width, width(below));
        let mut lines = 0;
        for (index, Pair { key, value }) in pairs.iter().enumerate() {
            let room = full.saturating_sub(indent + width(key) + 2).max(12);
            let value = clean(value, room);
            let needed = 1 + width(key) + 1 + width(&value);
            if used + needed > full {
                // To say that one is left out takes a line, too.
                if lines == MOST_LINES && index + 1 < pairs.len() {
                    out.push_str(&self.style.paint(DIM, &format!("\n{below}…{} more", pairs.len() - index)));
                    break;
                }
                lines += 1;
                out.push('\n');
                out.push_str(&self.style.paint(DIM, below));
                used = indent;
            } else {
                out.push(' ');
            }
            out.push_str(&self.style.paint(DIM, &format!("{key}=")));
            out.push_str(&value);
            used += needed;
        }
        out.push('\n');
    }

    fn note(&self, note: &Note, below: &str, out: &mut String) {
        let style = self.style;
        let mut begin = |color: &str, text: &str| {
            out.push_str(&style.paint(DIM, below));
            out.push_str(&style.paint(color, text));
        };
        match note {
            Note::Event { name, pairs } => {
                let name = clean(name, style.width.saturating_sub(width(below) + 2));
                begin(YELLOW, &format!("• {name}"));
                self.pairs(pairs, width(below) + 2 + width(&name), &format!("{below}  "), out);
            }
            Note::Message(message) => {
                let columns = style.width.saturating_sub(width(below) + 2).max(20);
                for (index, line) in wrap(message, columns, 3).iter().enumerate() {
                    begin(RED, &format!("{}{line}\n", if index == 0 { "! " } else { "  " }));
                }
            }
            Note::More(count) => begin(DIM, &format!("• {count} more events\n")),
        }
    }

    /// When the span ran within the trace, to the eighth of a column at its end.
    fn bar(&self, span: &SpanData) -> String {
        const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let cells = self.style.bar();
        let total = self.total.as_secs_f64();
        let share = |moment| if total > 0.0 { since(self.start, moment).as_secs_f64() / total } else { 0.0 };
        #[allow(clippy::cast_sign_loss, reason = "a share is from 0 to 1")]
        let eighths = |share: f64| ((share * (cells * 8) as f64).round() as usize).min(cells * 8);
        // A whole column to begin with, so that a bar never begins after its span.
        let from = (eighths(share(span.start_time)) / 8).min(cells - 1);
        let to = if total > 0.0 { eighths(share(span.end_time)) } else { cells * 8 };
        let length = to.saturating_sub(from * 8).max(1);
        let rest = cells - from - length.div_ceil(8);
        format!("{}{}{}{}", " ".repeat(from), "█".repeat(length / 8), EIGHTHS[length % 8], " ".repeat(rest))
    }

    /// What the trace is called elsewhere.
    fn footer(&self, root: Option<&SpanData>, out: &mut String) {
        let Some(root) = root else { return };
        let mut text = format!("trace {}", root.span_context.trace_id());
        if let Some(id) = line::read(root, attribute::WORKFLOW_ID) {
            text = format!("{text}  workflow {id}");
        }
        if root.parent_span_is_remote {
            text.push_str("  below a span of another process");
        }
        out.push_str(&self.style.paint(DIM, &clean(&text, self.style.width)));
        out.push('\n');
    }
}

pub(super) fn since(start: SystemTime, end: SystemTime) -> Duration {
    end.duration_since(start).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests;
