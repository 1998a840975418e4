//! The harness: a process per line, measured in turn, round after round.
//!
//! Interleaved rounds, so that what slows the machine for a while slows every line; medians, so that
//! one bad round tells nothing.

use crate::process::{LineProcess, build_disabled, progress};
use crate::rows::{Build, Row};
use std::env;
use std::error::Error;
use std::process::Command;

/// A row, and what was measured of it.
pub(crate) struct Measured {
    pub(crate) row: Row,
    /// Nanoseconds per call, a figure for each round, in ascending order.
    pub(crate) rounds: Vec<f64>,
    /// On the thread that calls.
    pub(crate) allocations_per_call: f64,
    /// Size of the future of one request.
    pub(crate) future_bytes: usize,
}

impl Measured {
    pub(crate) fn ns_per_call(&self) -> f64 {
        self.percentile(50)
    }

    /// The round that `percent` of the rounds are faster than.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        self.rounds[(self.rounds.len() - 1) * percent / 100]
    }
}

/// Measures every row in `rounds` rounds.
///
/// # Errors
/// When a line lost a span or a call, or cannot be run.
pub(crate) fn measure(rows: Vec<Row>, rounds: u32) -> Result<Vec<Measured>, Box<dyn Error>> {
    let enabled = env::current_exe()?;
    let disabled = build_disabled(&enabled)?;
    let mut lines = rows
        .into_iter()
        .map(|row| {
            let program = match row.build {
                Build::Enabled => &enabled,
                Build::Disabled => &disabled,
            };
            Line::start(row, Command::new(program))
        })
        .collect::<Result<Vec<_>, _>>()?;
    progress(&format!("{} lines, {rounds} rounds", lines.len()))?;
    for _ in 0..rounds {
        for line in &mut lines {
            let ns = line.process.ask("round")?;
            line.rounds.push(ns);
        }
    }
    lines.into_iter().map(Line::finish).collect()
}

/// A line that is being measured.
struct Line {
    row: Row,
    process: LineProcess,
    rounds: Vec<f64>,
    future_bytes: usize,
}

impl Line {
    /// Returns when the line has warmed up.
    fn start(row: Row, program: Command) -> Result<Self, Box<dyn Error>> {
        let (process, future_bytes) = LineProcess::start(&row, program)?;
        Ok(Self { row, process, rounds: Vec::new(), future_bytes })
    }

    /// Counts allocations and ends the line.
    fn finish(mut self) -> Result<Measured, Box<dyn Error>> {
        let allocations_per_call = self.process.ask("allocations")?;
        self.process.finish()?;
        self.rounds.sort_by(f64::total_cmp);
        Ok(Measured {
            row: self.row,
            rounds: self.rounds,
            allocations_per_call,
            future_bytes: self.future_bytes,
        })
    }
}
