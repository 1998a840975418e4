//! What the attribute costs when a program is compiled: 500 functions, plain, traced by `#[tracing::instrument]`
//! and annotated with `#[tta::primitive]`.
//!
//! ```text
//! cargo run --release -p tta-benches --bin compile
//! ```
#![allow(clippy::print_stdout, reason = "that is what it is for")]

mod cargo;
mod report;
mod source;

use clap::Parser;
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use self::cargo::{Took, Workspace};
use self::source::Edition;

#[derive(Parser)]
#[command(about = "What the attribute costs when a program is compiled")]
struct Cli {
    /// Rounds that everything is compiled in.
    #[arg(long, default_value_t = 11, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Keep the table and the array in this folder, as compile.txt and compile.json.
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
}

/// What is asked of cargo, and of which crate.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Step {
    command: &'static str,
    /// Compiled before, with one other line; nothing is kept of an earlier compilation otherwise.
    edited: bool,
}

impl Step {
    const ALL: [Step; 4] = [
        Step { command: "check", edited: false },
        Step { command: "check", edited: true },
        Step { command: "build", edited: false },
        Step { command: "build", edited: true },
    ];

    fn name(self) -> String {
        format!("{}, {}", self.command, if self.edited { "one line edited" } else { "cold" })
    }
}

/// A step of an edition, and what it took in each round.
struct Measured {
    step: Step,
    edition: Edition,
    rounds: Vec<Took>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let Cli { rounds, save } = Cli::parse();
    let program = std::env::current_exe()?;
    let profile = program.parent().ok_or("expected a program in a directory")?;
    let measured = measure(&profile.with_file_name("compile"), rounds)?;
    report::print(&measured, save.as_deref())
}

/// Compiles every edition in every round: what slows the machine for a while slows all of them.
fn measure(folder: &Path, rounds: u32) -> Result<Vec<Measured>, Box<dyn Error>> {
    let workspace = Workspace::write(folder)?;
    progress("building what the crates depend on")?;
    workspace.build_all()?;
    let mut measured: Vec<Measured> = Step::ALL
        .into_iter()
        .flat_map(|step| Edition::ALL.map(|edition| Measured { step, edition, rounds: Vec::new() }))
        .collect();
    for round in 0..rounds {
        progress(&format!("round {} of {rounds}", round + 1))?;
        // Each edition is the first one in a third of the rounds.
        let mut editions = Edition::ALL;
        editions.rotate_left(round as usize % Edition::ALL.len());
        for step in Step::ALL {
            for edition in editions {
                if step.edited {
                    workspace.edit(edition, round)?;
                } else {
                    workspace.clean(edition)?;
                }
                let took = workspace.run(step.command, edition)?;
                let line = measured.iter_mut().find(|line| line.step == step && line.edition == edition);
                line.ok_or("expected a line for every step")?.rounds.push(took);
            }
        }
    }
    Ok(measured)
}

fn progress(what: &str) -> io::Result<()> {
    writeln!(io::stderr(), "{what}")
}
