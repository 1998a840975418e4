//! The table for people and the array for programs.

use serde_json::json;
use std::env::consts::{ARCH, OS};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::Measured;
use crate::cargo::Took;
use crate::source::{Edition, FUNCTIONS};

/// Prints what was measured to standard output, and keeps it in `save` if there is such a folder.
pub(crate) fn print(measured: &[Measured], save: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let table = table(measured)?;
    print!("{table}");
    if let Some(folder) = save {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("compile.txt"), table)?;
        fs::write(folder.join("compile.json"), array(measured))?;
    }
    Ok(())
}

fn table(measured: &[Measured]) -> Result<String, Box<dyn Error>> {
    let rounds = measured.first().map_or(0, |line| line.rounds.len());
    let mut out = String::new();
    writeln!(
        out,
        "cargo run --release -p tta-benches --bin compile -- --rounds {rounds}\n\
         a crate of {FUNCTIONS} functions, {rounds} interleaved rounds; {} cores, {ARCH} {OS}; {}\n",
        available_parallelism()?,
        rustc()?
    )?;
    writeln!(
        out,
        "{:<24}{:<12}{:>9}{:>9}{:>11}{:>9}{:>14}{:>14}",
        "", "", "minimum", "median", "processor", "x plain", "x instrument", "by processor"
    )?;
    for line in measured {
        let same_step = |edition: Edition| {
            measured.iter().find(|other| other.step == line.step && other.edition == edition)
        };
        let (Some(plain), Some(instrument)) = (same_step(Edition::Plain), same_step(Edition::Instrument))
        else {
            continue;
        };
        let [wall, processor] = [wall, processor].map(|of| Spread::new(&line.rounds, of));
        writeln!(
            out,
            "{:<24}{:<12}{:>7.2} s{:>7.2} s{:>9.2} s{:>9.2}{:>14.2}{:>14.2}",
            if line.edition == Edition::Plain { line.step.name() } else { String::new() },
            line.edition.name(),
            wall.minimum,
            wall.median,
            processor.median,
            wall.median / Spread::new(&plain.rounds, self::wall).median,
            wall.median / Spread::new(&instrument.rounds, self::wall).median,
            processor.median / Spread::new(&instrument.rounds, self::processor).median,
        )?;
    }
    writeln!(out, "\n{LEGEND}")?;
    Ok(out)
}

const LEGEND: &str = "\
minimum, median  from the start of cargo to its end, over the rounds
processor        user and system time of cargo and of the compiler, all threads; the median
x plain, x instrument  ratios of the medians; by processor, of the processor times
plain            no attribute
instrument       #[tracing::instrument(skip_all, err)]
tta              #[tta::primitive], tta with otlp and prometheus
check, build     of that crate alone, in the dev profile; what it depends on has been compiled
cold             after `cargo clean -p` of it
one line edited  a number in the middle of one function; incremental";

/// Seconds.
struct Spread {
    minimum: f64,
    median: f64,
}

impl Spread {
    fn new(rounds: &[Took], of: fn(&Took) -> Duration) -> Self {
        let mut figures: Vec<f64> = rounds.iter().map(|took| of(took).as_secs_f64()).collect();
        figures.sort_by(f64::total_cmp);
        let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
        Spread { minimum: at(0), median: at(figures.len().saturating_sub(1) / 2) }
    }
}

fn wall(took: &Took) -> Duration {
    took.wall
}

fn processor(took: &Took) -> Duration {
    took.processor
}

/// An array with a line of text for each line of the table; times are seconds in the order of the rounds.
fn array(measured: &[Measured]) -> String {
    let milliseconds = |of: fn(&Took) -> Duration, line: &Measured| -> Vec<f64> {
        line.rounds.iter().map(|took| of(took).as_millis() as f64 / 1e3).collect()
    };
    let lines: Vec<String> = measured
        .iter()
        .map(|line| {
            json!({
                "command": line.step.command,
                "edited": line.step.edited,
                "edition": line.edition.name(),
                "seconds": milliseconds(wall, line),
                "processor_seconds": milliseconds(processor, line),
            })
            .to_string()
        })
        .collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// The compiler's name and version.
fn rustc() -> Result<String, Box<dyn Error>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
