//! How long a single call takes, timed one by one: the slow ones are what a median hides.

use crate::lines::System;
use crate::process::{LineProcess, progress};
use crate::rows::{Row, single};
use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::Command;

/// What happens meanwhile, as a line is asked for it.
const BESIDE: [(&str, &str); 3] =
    [("single", ""), ("single_scraped", ", scraped meanwhile"), ("single_full", ", queue full")];

/// The times of one line, in nanoseconds.
pub(crate) struct Times {
    what: String,
    /// p50, p99, p99.9 and the maximum.
    at: [u64; 4],
}

/// Times single calls of the hand-written line and of tta's, each in a process of its own.
pub(crate) fn measure() -> Result<Vec<Times>, Box<dyn Error>> {
    progress("single calls")?;
    let program = env::current_exe()?;
    let mut measured = Vec::new();
    for (question, beside) in BESIDE {
        for system in [System::Plain, System::HandWrittenSampled, System::TtaSampled] {
            if system == System::Plain && question != "single" {
                continue;
            }
            let row = single(system);
            let what = format!("{}{beside}", row.name);
            measured.push(Times { what, at: times(&row, question, Command::new(&program))? });
        }
    }
    Ok(measured)
}

fn times(row: &Row, question: &str, program: Command) -> Result<[u64; 4], Box<dyn Error>> {
    let (mut line, _) = LineProcess::start(row, program)?;
    let reply: String = line.ask(question)?;
    line.end()?;
    let times: Vec<u64> = reply.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    times.try_into().map_err(|_| format!("expected four times, found {reply:?}").into())
}

pub(crate) fn write_table(out: &mut impl Write, measured: &[Times]) -> io::Result<()> {
    writeln!(
        out,
        "\nsingle calls, ns, two readings of the clock included\n\n{:<54}{:>10}{:>10}{:>10}{:>12}",
        "line", "p50", "p99", "p99.9", "maximum"
    )?;
    for Times { what, at: [p50, p99, p999, maximum] } in measured {
        writeln!(out, "{what:<54}{p50:>10}{p99:>10}{p999:>10}{maximum:>12}")?;
    }
    Ok(())
}
