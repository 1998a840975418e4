//! `tta doctor`: whether a running Prometheus has what the catalog says, and does what the generated files say.

mod connection;
mod duration;
mod exceptions;
mod families;
mod folder;
mod inputs;
mod labels;
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
use crate::generate;
use crate::queries::{self as in_files, Query};
use crate::terminal::Terminal;

use self::receiver::Receiver;
use self::server::Server;
use self::targets::Program;

/// The checks that need a Prometheus, in their order.
const OF_PROMETHEUS: [&str; 8] =
    ["clock", "target", "families", "rules", "queries", "retention", "exemplars", "alertmanager"];
/// What stands in place of checks that were not made.
const LEFT_OUT: &str = "left out";
/// Names that are listed.
const SHOWN: usize = 10;

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

    /// In place of checks of which nothing could come but what is said already.
    fn left_out(checks: &[&str], since: &str) -> Self {
        Check::note(LEFT_OUT, format!("{} are not looked at, since {since}", listed(checks)))
    }
}

/// What is examined.
// What was asked for, or not.
#[expect(clippy::struct_excessive_bools)]
#[derive(Debug)]
struct Examined<'a> {
    catalog: &'a Catalog,
    job: &'a str,
    prometheus: &'a Server,
    /// Whether the program is not scraped.
    pushed: bool,
    rules: Vec<Query>,
    panels: Vec<Query>,
    /// Whether they are those of a folder, and not of the catalog and these options.
    of_folder: bool,
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
        Some(folder) => folder::read(folder)?,
        None => generate::core(catalog, &asked.options)?,
    };
    let examined = Examined {
        catalog,
        job: &asked.options.job,
        prometheus: &prometheus,
        pushed: asked.options.pushed,
        rules: in_files::of_rules(&files)?.into_iter().map(Query::readable).collect(),
        panels: in_files::of_dashboards(&files, &asked.options.job)?
            .into_iter()
            .map(Query::readable)
            .collect(),
        of_folder: asked.files.is_some(),
        strict: asked.strict,
        used: asked.used,
    };

    let mut all: Vec<Check> = Vec::new();
    examined.look(&mut |checks| {
        for check in checks {
            tell(&check, terminal);
            all.push(check);
        }
    });
    if let Some(receiver) = receiver {
        let check = receiver.check();
        tell(&check, terminal);
        all.push(check);
    }

    let failed = all.iter().filter(|check| check.state == State::Failed).count();
    let checks = match all.iter().filter(|check| check.name != LEFT_OUT).count() {
        1 => "1 check".to_owned(),
        checks => format!("{checks} checks"),
    };
    terminal.one_line(match failed {
        0 => format!("{checks}, all well"),
        failed => format!("{checks}, {failed} failed"),
    });
    let ok = failed == 0;
    terminal.answer(&Answer { ok, command: "doctor", prometheus: prometheus.shown(), checks: &all });
    Ok(if ok { Outcome::Done } else { Outcome::Found })
}

fn tell(check: &Check, terminal: &mut Terminal) {
    let word = match check.state {
        State::Ok => "ok  ",
        State::Note => "note",
        State::Failed => "FAIL",
    };
    terminal.one_line(format!("{word}  {:<12} {}", check.name, check.detail));
    if let Some(advice) = &check.advice {
        terminal.one_line(format!("      {:<12} -> {advice}", ""));
    }
}

impl Examined<'_> {
    /// Looks at everything, and says what comes of it. What only follows from something that failed is left out: the one
    /// cause would be lost among it.
    fn look(&self, say: &mut dyn FnMut(Vec<Check>)) {
        let reached = self.reached();
        let is_there = reached.state == State::Ok;
        say(vec![reached]);
        if !is_there {
            say(vec![Check::left_out(&OF_PROMETHEUS, "Prometheus does not answer")]);
            return;
        }
        say(vec![self.clock()]);
        let (target, program) = self.target();
        say(target);
        // What is not looked at, by the reason.
        let mut left_out: Vec<(&str, String)> = Vec::new();
        let mut is_emitting = false;
        match &program {
            Program::Emits { labels } => {
                let (families, is_any_there) = self.families(labels);
                say(families);
                is_emitting = is_any_there;
                if !is_any_there {
                    left_out.push(("queries", "nothing of the program is there".to_owned()));
                }
            }
            Program::Silent(since) => {
                left_out.extend(["families", "queries"].map(|check| (check, since.clone())));
            }
            Program::Unknown(since) => {
                left_out.push(("families", since.clone()));
                // Those that were generated are of a job that is another one.
                if self.is_loaded_for_others() {
                    left_out.push(("rules", since.clone()));
                }
                left_out.push(("queries", since.clone()));
            }
        }
        if !left_out.iter().any(|(check, _)| *check == "rules") {
            let (rules, is_any_loaded) = self.rules();
            say(rules);
            if !is_any_loaded && is_emitting {
                left_out.push(("queries", "no rules are loaded, of which most is made".to_owned()));
                is_emitting = false;
            }
        }
        if is_emitting {
            say(self.queries());
        }
        if let Some((_, since)) = left_out.first() {
            let checks: Vec<&str> = left_out.iter().map(|(check, _)| *check).collect();
            say(vec![Check::left_out(&checks, since)]);
        }
        say(self.settings());
        say(self.alertmanagers());
    }
}

/// `a, b and c`; the first few of them.
fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        names if names.len() > SHOWN => {
            format!("{} and {} more", names[..SHOWN].join(", "), names.len() - SHOWN)
        }
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        names => names.concat(),
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
