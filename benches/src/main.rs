//! What one call costs: tta beside its peers, measured in one run.
//!
//! ```text
//! cargo run --release -p tta-benches -- compare
//! ```

// Ten functions under `#[tracing::instrument(err)]` pass the default depth of types.
#![recursion_limit = "256"]

mod alloc;
mod bench;
#[cfg(feature = "enabled")]
mod instructions;
mod laps;
mod lines;
#[cfg(feature = "enabled")]
mod process;
#[cfg(feature = "enabled")]
mod report;
#[cfg(feature = "enabled")]
mod rounds;
#[cfg(feature = "enabled")]
mod rows;
#[cfg(feature = "enabled")]
mod single;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::io::{self, Write};
#[cfg(feature = "enabled")]
use std::path::PathBuf;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

#[derive(Parser)]
#[command(about = "What one call costs: tta beside its peers, measured in one run")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure every line in interleaved rounds and print what one call costs.
    #[cfg(feature = "enabled")]
    Compare {
        /// Print an array of objects instead of the table.
        #[arg(long)]
        json: bool,
        /// Rounds that each line is measured in; the figures are their medians.
        #[arg(long, default_value_t = 31, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
        /// Keep the table and the array in this folder, as compare.txt and compare.json.
        #[arg(long, value_name = "FOLDER")]
        save: Option<PathBuf>,
        /// Measure the main lines only, not the other loads.
        #[arg(long)]
        main_only: bool,
    },
    /// Count the instructions of a call with callgrind; an error if they differ from what was accepted last.
    #[cfg(feature = "enabled")]
    Instructions {
        /// Keep the counts as what is accepted, in results/instructions.json.
        #[arg(long)]
        accept: bool,
    },
    /// Be one line: measure a round whenever standard input asks for one.
    #[command(hide = true)]
    Line {
        system: lines::System,
        #[command(flatten)]
        load: bench::Load,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A standard error that is closed leaves the exit code to tell of it.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        #[cfg(feature = "enabled")]
        Command::Compare { json, rounds, save, main_only } => {
            release_build()?;
            let measured = rounds::measure(rows::rows(main_only), rounds)?;
            let single = if main_only { Vec::new() } else { single::measure()? };
            report::print(&report::Measurements { lines: &measured, single: &single }, json, save.as_deref())
        }
        #[cfg(feature = "enabled")]
        Command::Instructions { accept } => {
            release_build()?;
            instructions::guard(accept)
        }
        Command::Line { system, load } => lines::serve(system, load),
    }
}

#[cfg(feature = "enabled")]
fn release_build() -> Result<(), &'static str> {
    if cfg!(debug_assertions) {
        return Err("expected a release build: cargo run --release -p tta-benches");
    }
    Ok(())
}
