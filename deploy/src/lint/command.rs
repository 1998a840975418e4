//! `tta lint`: rules and dashboards that somebody wrote, against the catalog.

use std::path::PathBuf;

use crate::catalog::Catalog;
use crate::cli::{Failure, Options, Outcome};
use crate::rules;
use crate::terminal::Terminal;

use super::{Finding, Sources, check_sources, read_dashboard, read_rules};

/// What to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct Lint {
    /// The catalog, as `tta::testing::assert_catalog` keeps it.
    #[arg(long)]
    pub(crate) catalog: PathBuf,
    /// Files of Prometheus rules.
    #[arg(long, num_args = 1..)]
    rules: Vec<PathBuf>,
    /// Dashboards in Grafana's classic JSON.
    #[arg(long, num_args = 1..)]
    dashboards: Vec<PathBuf>,
    /// What the names of other programs' series begin with: `node_`, `kube_`.
    #[arg(long, num_args = 1..)]
    foreign: Vec<String>,
    /// Checks to leave out, by the name that a finding has in brackets.
    #[arg(long, num_args = 1..)]
    without: Vec<String>,
    /// The files are all that there is, as `tta generate` writes them: nothing else is recorded, every family has to be
    /// on a panel, and everything that is recorded has to be used.
    #[arg(long)]
    complete: bool,
    /// Findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) options: Options,
}

pub(crate) fn run(asked: &Lint, catalog: &Catalog, terminal: &mut Terminal) -> Result<Outcome, Failure> {
    let sources = Sources {
        // What is generated may be used, and is looked at when it is generated.
        given: if asked.complete { Vec::new() } else { rules::generate(catalog, &asked.options) },
        rules: asked.rules.iter().map(|path| read_rules(path)).collect::<Result<_, _>>()?,
        dashboards: asked.dashboards.iter().map(|path| read_dashboard(path)).collect::<Result<_, _>>()?,
        foreign: asked.foreign.clone(),
        is_complete: asked.complete,
    };
    let mut findings = check_sources(catalog, &asked.options, &sources);
    findings.retain(|finding| !asked.without.iter().any(|rule| rule == finding.rule));
    terminal.line(text(&findings));
    terminal.answer(&findings);
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// One paragraph for each finding, and how many there are.
pub(crate) fn text(findings: &[Finding]) -> String {
    let count = match findings.len() {
        0 => "nothing found".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    findings.iter().map(Finding::to_string).chain([count]).collect::<Vec<_>>().join("\n")
}
