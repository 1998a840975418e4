//! `tta generate`: everything that the catalog leads to, as files.

use std::path::Path;

use serde::Serialize;

use crate::catalog::Catalog;
use crate::cli::{Failure, Format, Generate, Options, Outcome};
use crate::files::{Difference, Files};
use crate::lock::{self, Lock};
use crate::terminal::Terminal;
use crate::{dashboards, lint, reference, rule_tests, rules, stack};

/// Lines of differences that are shown in all.
const SHOWN_LINES: usize = 400;

/// Rules, their tests and dashboards: what the catalog and the options alone decide.
///
/// Nothing comes of what names something that is not there.
pub(crate) fn core(catalog: &Catalog, options: &Options) -> Result<Files, Failure> {
    let rules = rules::generate(catalog, options);
    let dashboards = dashboards::generate(catalog, options, &rules);
    let findings = lint::check(catalog, options, &rules, &dashboards)?;
    if !findings.is_empty() {
        let findings = lint::text(&findings);
        return Err(format!("nothing is written, since what would be is wrong\n{findings}").into());
    }
    let mut files = Files::default();
    for file in &rules {
        files.add(file.path.as_str(), file.to_yaml()?);
    }
    for file in rule_tests::generate(catalog, options, &rules) {
        files.add(file.path.as_str(), file.to_yaml()?);
    }
    for dashboard in &dashboards {
        files.add(dashboard.path(), dashboard.to_json()?);
    }
    Ok(files)
}

/// What is said to a program.
#[derive(Serialize)]
struct Answer<'a> {
    ok: bool,
    command: &'static str,
    check: bool,
    out: &'a str,
    files: usize,
    differences: Vec<Shown<'a>>,
    changes: Vec<lock::Change>,
    /// What is written, and will not work where it is meant for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    path: &'a str,
    difference: Difference,
}

pub(crate) fn run(asked: &Generate, catalog: &Catalog, terminal: &mut Terminal) -> Result<Outcome, Failure> {
    let out = asked.out.to_string_lossy();
    is_no_file(&asked.out)?;
    let before = Lock::read(&asked.out)?;
    let changes =
        before.as_ref().map(|lock| lock.changes(catalog, &asked.renames)).transpose()?.unwrap_or_default();
    if asked.accept_changes && changes.is_empty() && !asked.renames.is_empty() {
        return Err(format!(
            "there is nothing to rename: every family of {} is in the catalog",
            asked.out.join(lock::PATH).display()
        )
        .into());
    }
    let is_refused = !changes.is_empty() && !asked.accept_changes;
    if is_refused {
        for change in &changes {
            terminal.line(format!("changed   {}", change.sentence()));
        }
        terminal.line("");
        terminal
            .line("Dashboards and alerts of others may use these names. To accept that they are gone, run");
        terminal.line(format!("    {}", accepting()));
        for change in &changes {
            if let Some(advice) = change.advice() {
                terminal.line(format!("  {advice}"));
            }
        }
        if !asked.check {
            terminal.line(format!("nothing was written to {out}"));
            let answer = Answer {
                ok: false,
                command: "generate",
                check: asked.check,
                out: &out,
                files: 0,
                differences: Vec::new(),
                changes,
                warnings: Vec::new(),
            };
            terminal.answer(&answer);
            return Ok(Outcome::Found);
        }
    }

    let lock = Lock::of(catalog, before.as_ref(), &changes);
    let mut files = core(catalog, &asked.options)?;
    if let Some(text) = lock.aliases(&asked.options)? {
        files.add(lock::ALIASES, text);
    }
    reference::add(catalog, &asked.options, &lock, &mut files)?;
    files.add(lock::PATH, lock.text());
    let mut warnings = Vec::new();
    match asked.stack.format {
        Format::Files => stack::add(catalog, &asked.options, &asked.stack, &mut files),
        Format::K8s => {
            warnings = stack::k8s::too_long(&files);
            files = stack::k8s::objects(&asked.options, &asked.stack, &files);
        }
    }

    let differences = if asked.check {
        files.differences(&asked.out)?
    } else {
        files.write(&asked.out, asked.overwrite)?
    };
    if !is_refused {
        for change in &changes {
            terminal.line(format!("accepted  {}", change.sentence()));
        }
    }
    tell(asked, &files, &differences, is_refused, terminal)?;
    for warning in &warnings {
        terminal.line(format!("warning   {warning}"));
    }
    let ok = !is_refused && (!asked.check || differences.is_empty());
    terminal.answer(&Answer {
        ok,
        command: "generate",
        check: asked.check,
        out: &out,
        files: files.iter().count(),
        differences: differences
            .iter()
            .map(|(path, difference)| Shown { path, difference: *difference })
            .collect(),
        changes,
        warnings,
    });
    Ok(if ok { Outcome::Done } else { Outcome::Found })
}

/// Refuses a path below which nothing can be written.
fn is_no_file(out: &Path) -> Result<(), Failure> {
    let nearest = out.ancestors().find(|path| path.exists());
    match nearest.filter(|path| !path.is_dir()) {
        Some(file) if file == out => Err(format!(
            "--out {}: that is a file; name a folder, which is made if it is not there",
            out.display()
        )
        .into()),
        Some(file) => Err(format!(
            "--out {}: {} is a file, and there can be no folder below it",
            out.display(),
            file.display()
        )
        .into()),
        None => Ok(()),
    }
}

/// A line for each file, and for `--check` how it differs.
fn tell(
    asked: &Generate,
    files: &Files,
    differences: &[(String, Difference)],
    is_refused: bool,
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut shown = 0;
    for (path, difference) in differences {
        let word = match (asked.check, difference) {
            (true, Difference::Missing) => "missing  ",
            (true, Difference::Changed) => "differs  ",
            (true, Difference::Left) => "left over",
            (false, Difference::Missing) => "written  ",
            (false, Difference::Changed) => "changed  ",
            (false, Difference::Left) => "removed  ",
        };
        terminal.line(format!("{word} {path}"));
        if asked.check && *difference == Difference::Changed && shown < SHOWN_LINES {
            let text = files.show(&asked.out, path)?;
            for line in text.lines() {
                shown += 1;
                terminal.line(format!("    {line}"));
            }
        }
    }
    // With the manifest.
    let (out, count) = (asked.out.display(), files.iter().count() + 1);
    terminal.line(match (asked.check, differences.len()) {
        (true, 0) => format!("{count} files in {out} are as they would be written"),
        (true, differing) if is_refused => format!(
            "{differing} of {count} files in {out} differ; to accept the changes and write them, run\n    {}",
            accepting()
        ),
        (true, differing) => format!(
            "{differing} of {count} files in {out} differ; to write them, run\n    {}",
            command(&[], &["--check", "--json"])
        ),
        (false, 0) => format!("{count} files in {out}, none changed"),
        (false, changed) => format!("{count} files in {out}, {changed} changed"),
    });
    Ok(())
}

/// The command that accepts what was refused.
fn accepting() -> String {
    command(&["--accept-changes"], &["--check", "--json"])
}

/// The command that was given, with some arguments more and some less, for a shell.
fn command(more: &[&str], less: &[&str]) -> String {
    let given: Vec<String> =
        std::env::args().skip(1).filter(|argument| !less.contains(&argument.as_str())).collect();
    let all = std::iter::once("tta").chain(given.iter().map(String::as_str)).chain(more.iter().copied());
    all.map(for_a_shell).collect::<Vec<_>>().join(" ")
}

fn for_a_shell(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
