//! What the user gets.

use std::{
    fmt,
    io::{self, Write as _},
};

pub(crate) struct Answer {
    pub(crate) text: String,
    /// The passages it rests on, by file and headings, with the numbers that the text gives them.
    pub(crate) sources: Vec<String>,
}

impl Answer {
    pub(crate) fn print(&self) {
        // A reader that has gone, as in `ask ... | head -1`, is no failure of the workflow.
        let _ = write!(io::stdout().lock(), "{self}");
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\nSources", self.text.trim())?;
        for source in &self.sources {
            writeln!(f, "  {source}")?;
        }
        // What follows on a terminal is the trace.
        writeln!(f)
    }
}
