//! The table for people and the array for programs.

use crate::rounds::Measured;
use crate::single::{self, Times};
use serde::Serialize;
use std::env::consts::{ARCH, OS};
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

/// What is printed of one line.
#[derive(Serialize)]
struct Line {
    #[serde(rename = "line")]
    name: String,
    ns_per_call: f64,
    ratio_to_plain: f64,
    ratio_to_hand_written: f64,
    /// The line that `ratio_to_hand_written` is the ratio to.
    hand_written: String,
    allocations_per_call: f64,
    future_bytes: usize,
    /// `ns_per_call` of every round, in ascending order.
    rounds: Vec<f64>,
    #[serde(skip)]
    middle_half: (f64, f64),
    #[serde(skip)]
    main: bool,
}

/// All that one run measured.
pub(crate) struct Measurements<'a> {
    pub(crate) lines: &'a [Measured],
    /// Single calls; none where only the main lines were asked for.
    pub(crate) single: &'a [Times],
}

/// Prints what was measured to standard output, and keeps both forms in `save` if there is one.
pub(crate) fn print(measured: &Measurements, json: bool, save: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let lines = lines(measured.lines)?;
    if let Some(folder) = save {
        fs::create_dir_all(folder)?;
        write_json(&mut File::create(folder.join("compare.json"))?, &lines)?;
        write_table(&mut File::create(folder.join("compare.txt"))?, &lines, measured)?;
    }
    let mut out = io::stdout().lock();
    if json { write_json(&mut out, &lines) } else { write_table(&mut out, &lines, measured) }
}

/// An array with a line of text for each line measured.
fn write_json(out: &mut impl Write, lines: &[Line]) -> Result<(), Box<dyn Error>> {
    let objects: Vec<String> = lines.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    writeln!(out, "[\n{}\n]", objects.join(",\n"))?;
    Ok(())
}

fn write_table(out: &mut impl Write, lines: &[Line], measured: &Measurements) -> Result<(), Box<dyn Error>> {
    let rounds = lines.first().map_or(0, |line| line.rounds.len());
    writeln!(
        out,
        "cargo run --release -p tta-benches -- compare --rounds {rounds}\n\
         medians of {rounds} interleaved rounds; {} cores, {ARCH} {OS}; {}\n",
        available_parallelism()?,
        rustc()?
    )?;
    let (main, other): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line.main);
    table(out, &main)?;
    writeln!(out, "\nfurther lines\n")?;
    table(out, &other)?;
    writeln!(out, "\n{LEGEND}")?;
    write_targets(out, lines)?;
    if !measured.single.is_empty() {
        single::write_table(out, measured.single)?;
    }
    Ok(())
}

/// What is aimed at: a line, the one it is a ratio to, and what the ratio should be.
const TARGETS: [(&str, &str, Target); 5] = [
    ("tta_sampled", "hand_written_sampled", Target::AtMost(0.08)),
    ("tta_unsampled", "hand_written_unsampled", Target::AtMost(0.09)),
    ("tta_sampled", "otel_api_sampled", Target::AtMost(0.45)),
    ("tta_metrics_only", "autometrics", Target::AtMost(0.20)),
    ("tta_sampled_2_attributes", "fastrace_sampled_2_properties", Target::BelowOne),
];

#[derive(Clone, Copy)]
enum Target {
    /// The medians' ratio.
    AtMost(f64),
    /// That, and the fastest rounds' ratio too.
    BelowOne,
}

impl Target {
    fn is_met(self, median: f64, fastest: f64) -> bool {
        match self {
            Target::AtMost(most) => median <= most,
            Target::BelowOne => median < 1.0 && fastest < 1.0,
        }
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Target::AtMost(most) => write!(f, "median at most {most:.2}"),
            Target::BelowOne => f.write_str("both below 1"),
        }
    }
}

fn write_targets(out: &mut impl Write, lines: &[Line]) -> io::Result<()> {
    writeln!(out, "\n{:<58}{:>8}{:>9}", "targets", "medians", "fastest")?;
    for (line, other, target) in TARGETS {
        let rounds = |name: &str| lines.iter().find(|line| line.name == name).map(|line| &line.rounds);
        if let (Some(ours), Some(theirs)) = (rounds(line), rounds(other)) {
            let median = ours[(ours.len() - 1) / 2] / theirs[(theirs.len() - 1) / 2];
            let fastest = ours[0] / theirs[0];
            let verdict = if target.is_met(median, fastest) { "met" } else { "missed" };
            let ratio = format!("{line} / {other}");
            writeln!(out, "{ratio:<58}{median:>8.3}{fastest:>9.3}  {target}: {verdict}")?;
        }
    }
    writeln!(
        out,
        "tta_disabled / plain by instructions: the command `instructions`; processor time per exported span: the\n\
         program `cpu`; a scrape of 10 000 series: the program `scrape`"
    )
}

const LEGEND: &str = "\
ns/call      of one annotated function: the time of a request over the functions it passes through
middle half  of the rounds
x plain      against the same functions with nothing recorded, in the same build
by hand      against hand_written_sampled for a line that delivers spans, and against
             hand_written_unsampled for one that does not; other loads against
             hand_written_sampled under that load
allocs       per call, on the calling thread
future       bytes of the future of a request
2, 8 threads ns/call is the time in which all threads finish over the calls of all
Every span of every line was counted in its exporter, every call in its metrics: none is missing.";

fn table(out: &mut impl Write, lines: &[&Line]) -> io::Result<()> {
    writeln!(
        out,
        "{:<42}{:>10}{:>20}{:>10}{:>10}{:>9}{:>9}",
        "line", "ns/call", "middle half", "x plain", "by hand", "allocs", "future"
    )?;
    for line in lines {
        let (low, high) = line.middle_half;
        writeln!(
            out,
            "{:<42}{:>10.1}{:>20}{:>10.2}{:>10.4}{:>9.2}{:>9}",
            line.name,
            line.ns_per_call,
            format!("{low:.1} - {high:.1}"),
            line.ratio_to_plain,
            line.ratio_to_hand_written,
            line.allocations_per_call,
            line.future_bytes
        )?;
    }
    Ok(())
}

fn lines(measured: &[Measured]) -> Result<Vec<Line>, Box<dyn Error>> {
    let ns_of = |name: &str| {
        measured
            .iter()
            .find(|line| line.row.name == name)
            .map(Measured::ns_per_call)
            .ok_or_else(|| format!("expected the line {name}, found none"))
    };
    measured
        .iter()
        .map(|line| {
            let ns = line.ns_per_call();
            Ok(Line {
                name: line.row.name.clone(),
                ns_per_call: rounded(ns, 2),
                ratio_to_plain: rounded(ns / ns_of(&line.row.plain)?, 3),
                ratio_to_hand_written: rounded(ns / ns_of(&line.row.hand_written)?, 4),
                hand_written: line.row.hand_written.clone(),
                allocations_per_call: rounded(line.allocations_per_call, 3),
                future_bytes: line.future_bytes,
                rounds: line.rounds.iter().map(|ns| rounded(*ns, 2)).collect(),
                middle_half: (line.percentile(25), line.percentile(75)),
                main: line.row.main,
            })
        })
        .collect()
}

/// To `digits` after the point: what is printed is what was measured, and no more.
fn rounded(value: f64, digits: i32) -> f64 {
    let scale = 10_f64.powi(digits);
    (value * scale).round() / scale
}

/// The compiler's name and version.
fn rustc() -> Result<String, Box<dyn Error>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
