//! `tta lint`: rules and dashboards that somebody wrote, against the catalog.

use std::path::PathBuf;

use crate::catalog::Catalog;
use crate::cli::{Failure, Options, Outcome};
use crate::rules::{self, RuleFile};
use crate::terminal::Terminal;

use super::checks::{self, Severity};
use super::dashboard::DashboardSource;
use super::{Finding, Sources, check_sources, read_dashboard, read_rules};

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
enum NothingError {
    #[error("nothing to look at: name files of rules with --rules, dashboards with --dashboards, or both")]
    NoFiles,
    #[error("nothing to look at: there is no rule and no query in {0}")]
    Empty(String),
}

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
    /// Checks to leave out, by the name that a finding has in brackets; `style` for all that are no mistakes.
    #[arg(long, num_args = 1.., value_parser = checks::parse)]
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
    if asked.rules.is_empty() && asked.dashboards.is_empty() {
        return Err(NothingError::NoFiles.into());
    }
    let sources = Sources {
        // What is generated may be used, and is looked at when it is generated.
        given: if asked.complete { Vec::new() } else { rules::generate(catalog, &asked.options) },
        rules: asked.rules.iter().map(|path| read_rules(path)).collect::<Result<_, _>>()?,
        dashboards: asked.dashboards.iter().map(|path| read_dashboard(path)).collect::<Result<_, _>>()?,
        foreign: asked.foreign.clone(),
        is_complete: asked.complete,
    };
    let rules = sources.rules.iter().flat_map(RuleFile::rules).count();
    let queries = |(file, json): &(String, _)| DashboardSource::new(file, json).queries().len();
    if rules + sources.dashboards.iter().map(queries).sum::<usize>() == 0 {
        let files = asked.rules.iter().chain(&asked.dashboards).map(|path| path.display().to_string());
        return Err(NothingError::Empty(files.collect::<Vec<_>>().join(", ")).into());
    }
    let mut findings = check_sources(catalog, &asked.options, &sources);
    findings.retain(|finding| !asked.without.iter().any(|name| checks::is_meant(finding.rule, name)));
    terminal.line(text(&findings));
    terminal.answer(&findings);
    Ok(if findings.is_empty() { Outcome::Done } else { Outcome::Found })
}

/// One paragraph for each finding, those of style after an empty line, and how many there are.
pub(crate) fn text(findings: &[Finding]) -> String {
    let (mistakes, style): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.severity == Severity::Mistake);
    let mut lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    if !mistakes.is_empty() && !style.is_empty() {
        lines.push(String::new());
    }
    lines.extend(style.iter().map(ToString::to_string));
    let count = |count, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let of_mistakes = count(mistakes.len(), "mistake", "mistakes");
    let of_style = count(style.len(), "matter of style", "matters of style");
    lines.push(match (mistakes.len(), style.len()) {
        (0, 0) => "nothing found".to_owned(),
        (_, 0) => of_mistakes,
        (0, _) => format!("no mistake, {of_style} (--without style)"),
        (_, _) => format!("{of_mistakes}, {of_style} (--without style)"),
    });
    lines.join("\n")
}
