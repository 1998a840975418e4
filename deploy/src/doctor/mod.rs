//! `tta doctor`: whether a running Prometheus has what the catalog says, and does what the generated files say.

mod connection;
mod duration;
mod exceptions;
mod families;
mod inputs;
mod queries;
mod receiver;
mod rules;
mod server;
mod settings;
mod targets;

use serde::Serialize;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::cli::{Doctor, Failure, Outcome};
use crate::files::{Files, MANIFEST};
use crate::generate;
use crate::queries::{self as in_files, Query};
use crate::terminal::Terminal;

use self::receiver::Receiver;
use self::server::Server;

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    /// It may be as it is; somebody may want to know.
    Note,
    Failed,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    state: State,
    detail: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Check { name, state: State::Ok, detail: detail.into(), advice: None }
    }

    fn note(name: &'static str, detail: impl Into<String>) -> Self {
        Check { name, state: State::Note, detail: detail.into(), advice: None }
    }

    fn failed(name: &'static str, detail: impl Into<String>, advice: impl Into<String>) -> Self {
        Check { name, state: State::Failed, detail: detail.into(), advice: Some(advice.into()) }
    }
}

/// What is examined.
#[derive(Debug)]
struct Examined<'a> {
    catalog: &'a Catalog,
    job: &'a str,
    prometheus: &'a Server,
    rules: Vec<Query>,
    panels: Vec<Query>,
    /// Whether what may be empty has to be.
    strict: bool,
    /// Whether every family has to have had another value than 0.
    used: bool,
}

/// What is said to a program.
#[derive(Serialize)]
struct Answer<'a> {
    ok: bool,
    command: &'static str,
    prometheus: &'a str,
    checks: &'a [Check],
}

pub(crate) fn run(asked: &Doctor, catalog: &Catalog, terminal: &mut Terminal) -> Result<Outcome, Failure> {
    let prometheus = Server::new("--prometheus", &asked.prometheus, asked.timeout)?;
    let receiver = asked.otlp.as_deref().map(|url| Receiver::new(url, asked.timeout)).transpose()?;
    let files = match &asked.files {
        Some(folder) => {
            let files = Files::read(folder)?;
            if files.iter().next().is_none() {
                let folder = folder.display();
                return Err(format!(
                    "--files: {folder} has no {MANIFEST}, so tta generate has not written it"
                )
                .into());
            }
            files
        }
        None => generate::core(catalog, &asked.options)?,
    };
    let examined = Examined {
        catalog,
        job: &asked.options.job,
        prometheus: &prometheus,
        rules: in_files::of_rules(&files)?,
        panels: in_files::of_dashboards(&files, &asked.options.job)?,
        strict: asked.strict,
        used: asked.used,
    };

    let mut all: Vec<Check> = Vec::new();
    let mut say = |checks: Vec<Check>| {
        for check in checks {
            let word = match check.state {
                State::Ok => "ok  ",
                State::Note => "note",
                State::Failed => "FAIL",
            };
            terminal.line(format!("{word}  {:<12} {}", check.name, check.detail));
            if let Some(advice) = &check.advice {
                terminal.line(format!("      {:<12} -> {advice}", ""));
            }
            all.push(check);
        }
    };
    let reached = examined.reached();
    let is_there = reached.state == State::Ok;
    say(vec![reached]);
    if is_there {
        say(vec![examined.clock()]);
        say(examined.target());
        say(examined.families());
        say(examined.rules());
        say(examined.queries());
        say(examined.settings());
        say(examined.alertmanagers());
    }
    if let Some(receiver) = receiver {
        say(vec![receiver.check()]);
    }

    let failed = all.iter().filter(|check| check.state == State::Failed).count();
    let checks = all.len();
    terminal.line(match failed {
        0 => format!("{checks} checks, all well"),
        failed => format!("{checks} checks, {failed} failed"),
    });
    let ok = failed == 0;
    terminal.answer(&Answer { ok, command: "doctor", prometheus: prometheus.shown(), checks: &all });
    Ok(if ok { Outcome::Done } else { Outcome::Found })
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
