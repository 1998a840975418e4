//! Comparing the shape of traces.

use std::fmt::Write as _;

use opentelemetry::trace::SpanId;

use super::capture::{Capture, CapturedSpan};

/// Asserts the names and the nesting of every captured span; siblings in the order in which they started.
///
/// A span without children needs no braces. Several roots are several trees beside each other.
///
/// ```
/// # #[tta::workflow] async fn w() { a().await; b().await }
/// # #[tta::primitive] async fn a() {}
/// # #[tta::primitive] async fn b() { c().await }
/// # #[tta::primitive] async fn c() {}
/// let capture = tta::testing::capture();
/// futures_executor::block_on(w());
/// tta::assert_trace!(capture, { "invoke_workflow w" { "a" "b" { "c" } } });
/// ```
///
/// # Panics
/// When the trees differ; the message shows both.
#[macro_export]
macro_rules! assert_trace {
    ($capture:expr, { $($tree:tt)* } $(,)?) => {
        $crate::testing::assert_trace_matches(&$capture, &$crate::__expected_trace!([] $($tree)*))
    };
}

/// Reads the tree of [`assert_trace!`](crate::assert_trace).
#[doc(hidden)]
#[macro_export]
macro_rules! __expected_trace {
    ([$($done:expr,)*]) => {
        ::std::vec::Vec::<$crate::testing::Expected>::from([$($done,)*])
    };
    ([$($done:expr,)*] $name:literal { $($children:tt)* } $($rest:tt)*) => {
        $crate::__expected_trace!(
            [$($done,)* $crate::testing::Expected::new($name, $crate::__expected_trace!([] $($children)*)),]
            $($rest)*
        )
    };
    ([$($done:expr,)*] $name:literal $($rest:tt)*) => {
        $crate::__expected_trace!(
            [$($done,)* $crate::testing::Expected::new($name, ::std::vec::Vec::new()),]
            $($rest)*
        )
    };
}

/// A span's name and its children.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    name: String,
    children: Vec<Expected>,
}

impl Expected {
    /// A node of the tree.
    #[must_use]
    pub fn new(name: &str, children: Vec<Expected>) -> Self {
        Expected { name: name.to_owned(), children }
    }

    fn write(&self, depth: usize, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:indent$}{:?}", "", self.name, indent = 2 * depth + 2);
        for child in &self.children {
            child.write(depth + 1, out);
        }
    }
}

/// Compares; the function behind the macro.
///
/// # Panics
/// When the trees differ.
#[track_caller]
pub fn assert_trace_matches(capture: &Capture, expected: &[Expected]) {
    let spans = capture.spans();
    let found = forest(&spans);
    assert!(
        found == expected,
        "the trace is not the expected one\nexpected:\n{}found:\n{}",
        show_forest(expected),
        show_forest(&found)
    );
}

/// The trees of `spans`, for a message.
pub(super) fn show(spans: &[CapturedSpan]) -> String {
    show_forest(&forest(spans))
}

fn show_forest(trees: &[Expected]) -> String {
    let mut out = String::new();
    for tree in trees {
        tree.write(0, &mut out);
    }
    if trees.is_empty() {
        out.push_str("  (no spans)\n");
    }
    out
}

/// A span is a root if its parent is not among the captured ones.
fn forest(spans: &[CapturedSpan]) -> Vec<Expected> {
    let is_known = |id: SpanId| spans.iter().any(|span| span.id() == id);
    let roots = spans.iter().filter(|span| !is_known(span.parent_span_id));
    roots.map(|root| tree(root, spans)).collect()
}

fn tree(root: &CapturedSpan, spans: &[CapturedSpan]) -> Expected {
    let children = spans.iter().filter(|span| span.parent_span_id == root.id());
    Expected::new(&root.name, children.map(|child| tree(child, spans)).collect())
}
