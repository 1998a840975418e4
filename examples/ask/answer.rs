//! What the user gets.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// The passages it rests on, by file and headings, with the numbers that the text gives them.
    pub(crate) sources: Vec<String>,
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
