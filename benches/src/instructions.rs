//! The regression guard: how many instructions a call takes, counted by callgrind.
//!
//! A time is different in every run; a count is the same to a few instructions, whatever else the machine
//! does. What is counted is the thread that calls, and only within `count_instructions`: not the
//! exporters' thread, not the flushes.

use crate::process::{LineProcess, build_disabled, progress};
use crate::rows::{Build, Row, rows};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// What is counted: the main lines of tta, and the two that must be equal.
const COUNTED: [&str; 6] = [
    "plain_in_the_disabled_build",
    "tta_disabled",
    "tta_metrics_only",
    "tta_unsampled",
    "tta_sampled",
    "tta_sampled_2_attributes",
];

/// How far a count may be from its baseline, either way: an improvement should be kept too.
const TOLERANCE: f64 = 0.03;

/// How far a call without features may be from a plain one. The loop around the calls is counted in both.
const EQUAL: f64 = 0.005;

const ACCEPT: &str = "cargo run --release -p tta-benches -- instructions --accept";

/// Instructions per call, and what they depend on.
#[derive(Deserialize, Serialize)]
struct Counts {
    /// What ran, for whoever reads the file.
    command: String,
    /// The compiler's version and the machine it compiles for.
    compiler: String,
    /// Of one annotated function, by line.
    instructions_per_call: BTreeMap<String, f64>,
}

/// Counts every line and compares with what was accepted last; or accepts what was counted.
///
/// # Errors
/// When a count is further from its baseline than is tolerated, or a line cannot be run.
pub(crate) fn guard(accept: bool) -> Result<(), Box<dyn Error>> {
    let counts = counted()?;
    let file = baseline_file();
    let baseline: Option<Counts> =
        if file.exists() { Some(serde_json::from_str(&fs::read_to_string(&file)?)?) } else { None };
    write_table(&mut io::stdout().lock(), &counts, baseline.as_ref())?;
    if accept {
        equal_to_plain(&counts)?;
        fs::write(&file, serde_json::to_string_pretty(&counts)? + "\n")?;
        return Ok(progress("accepted")?);
    }
    let Some(baseline) = baseline else {
        return Err(format!("expected a baseline in {}, found none: {ACCEPT}", file.display()).into());
    };
    if baseline.compiler != counts.compiler {
        writeln!(
            io::stdout(),
            "\nThe baseline is of another compiler, so nothing is concluded from it:\n  then {}\n  now  {}",
            baseline.compiler,
            counts.compiler
        )?;
        return Ok(());
    }
    equal_to_plain(&counts)?;
    compare(&counts, &baseline)
}

fn baseline_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results/instructions.json")
}

fn counted() -> Result<Counts, Box<dyn Error>> {
    let enabled = env::current_exe()?;
    let disabled = build_disabled(&enabled)?;
    let folder = enabled.with_file_name("callgrind");
    fs::create_dir_all(&folder)?;
    let rows = rows(true);
    let mut instructions_per_call = BTreeMap::new();
    for name in COUNTED {
        progress(&format!("counting {name}"))?;
        let row = rows.iter().find(|row| row.name == name).ok_or("expected a row of that name")?;
        let program = if row.build == Build::Enabled { &enabled } else { &disabled };
        instructions_per_call.insert(name.to_owned(), count(row, program, &folder)?);
    }
    Ok(Counts { command: ACCEPT.to_owned(), compiler: compiler()?, instructions_per_call })
}

/// Instructions per call of the line `row`, with three digits after the point.
fn count(row: &Row, program: &Path, folder: &Path) -> Result<f64, Box<dyn Error>> {
    let out = folder.join(format!("{}.{}", row.name, process::id()));
    let mut callgrind = Command::new("valgrind");
    callgrind
        .args(["--tool=callgrind", "--quiet", "--toggle-collect=*count_instructions*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program);
    let (mut line, _) = LineProcess::start(row, callgrind)
        .map_err(|error| format!("expected valgrind to run {}: {error}", row.name))?;
    let calls: u64 = line.ask("count")?;
    // Not asked for its metrics: what a scrape tells of the process is read from where valgrind has no memory.
    line.end()?;
    let profile = fs::read_to_string(&out)?;
    fs::remove_file(&out)?;
    let total: u64 = profile
        .lines()
        .find_map(|line| line.strip_prefix("totals:"))
        .ok_or("expected totals in callgrind's file")?
        .trim()
        .parse()?;
    Ok((total as f64 / calls as f64 * 1e3).round() / 1e3)
}

/// The compiler's version, and the machine it compiles for.
fn compiler() -> Result<String, Box<dyn Error>> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let version = text.lines().next().unwrap_or_default();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    Ok(format!("{version} {host}"))
}

fn write_table(out: &mut impl Write, counts: &Counts, baseline: Option<&Counts>) -> io::Result<()> {
    writeln!(out, "instructions per call; {}", counts.compiler)?;
    for name in COUNTED {
        let now = counts.instructions_per_call[name];
        let then = baseline.and_then(|baseline| baseline.instructions_per_call.get(name));
        let change = then.map_or_else(String::new, |then| {
            format!("  {:+.2} % beside {then:.1}", (now / then - 1.0) * 100.0)
        });
        writeln!(out, "{name:<30}{now:>10.1}{change}")?;
    }
    Ok(())
}

/// Without features, tta leaves nothing behind.
fn equal_to_plain(counts: &Counts) -> Result<(), Box<dyn Error>> {
    let [plain, disabled] = [COUNTED[0], COUNTED[1]].map(|name| counts.instructions_per_call[name]);
    if (disabled / plain - 1.0).abs() <= EQUAL {
        return Ok(());
    }
    Err(format!(
        "expected a call without features to take as many instructions as a plain one, \
         found {disabled:.1} and {plain:.1}"
    )
    .into())
}

fn compare(counts: &Counts, baseline: &Counts) -> Result<(), Box<dyn Error>> {
    let far: Vec<String> = counts
        .instructions_per_call
        .iter()
        .filter_map(|(name, now)| {
            let Some(then) = baseline.instructions_per_call.get(name) else {
                return Some(format!("{name} has no baseline"));
            };
            let change = now / then - 1.0;
            (change.abs() > TOLERANCE)
                .then(|| format!("{name}: {now:.1} instead of {then:.1} ({:+.1} %)", change * 100.0))
        })
        .collect();
    if far.is_empty() {
        return Ok(());
    }
    Err(format!(
        "instructions per call have changed by more than {:.0} %:\n  {}\n\
         If that is meant to be, accept it and commit benches/results/instructions.json:\n  {ACCEPT}",
        TOLERANCE * 100.0,
        far.join("\n  ")
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(sampled: f64) -> Counts {
        let of = |name: &&str| ((*name).to_owned(), if *name == "tta_sampled" { sampled } else { 100.0 });
        Counts {
            command: String::new(),
            compiler: String::new(),
            instructions_per_call: COUNTED.iter().map(of).collect(),
        }
    }

    #[test]
    fn a_change_beyond_the_tolerance_tells_how_to_accept_it() {
        for sampled in [96.0, 104.0] {
            let error = compare(&counts(sampled), &counts(100.0)).expect_err("4 % is too much");
            assert!(error.to_string().contains("tta_sampled: "), "{error}");
            assert!(error.to_string().contains(ACCEPT), "{error}");
        }
        assert!(compare(&counts(102.0), &counts(100.0)).is_ok());
    }

    #[test]
    fn a_call_without_features_must_cost_what_a_plain_one_does() {
        let mut counts = counts(100.0);
        assert!(equal_to_plain(&counts).is_ok());
        counts.instructions_per_call.insert("tta_disabled".to_owned(), 101.0);
        assert!(equal_to_plain(&counts).is_err());
    }
}
