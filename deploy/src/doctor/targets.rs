//! Whether the program is scraped, and often enough.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::Expr;
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;

use super::duration::duration;
use super::{Check, Examined, array, listed};
use crate::promql::{number, quote};

/// The shortest window of the rules, where no rule says.
const SHORTEST_WINDOW: Duration = Duration::from_mins(5);
/// Scrapes that a window has to hold.
const SCRAPES: u32 = 4;
/// Everything that a program emits, and nothing that Prometheus makes or records of it.
const EMITTED: &str = r#"__name__!~"up|scrape_.+|ALERTS|ALERTS_FOR_STATE|.*:.*""#;

/// What is known of the program.
#[derive(Debug)]
pub(super) enum Program {
    /// Its metrics arrive, with these labels more than it has given them.
    Emits { labels: BTreeSet<String> },
    /// They do not, and why.
    Silent(String),
    /// There is none of this job.
    Unknown(String),
}

impl Examined<'_> {
    /// Whether it scrapes the program, successfully and often enough; or whether the program pushes.
    pub(super) fn target(&self) -> (Vec<Check>, Program) {
        if self.pushed {
            return self.pushed();
        }
        let targets = match self.prometheus.api("targets?state=active") {
            Ok(targets) => targets,
            Err(error) => {
                let check = Check::failed("target", error.to_string(), "see the log of Prometheus");
                return (vec![check], Program::Silent("the targets are not known".to_owned()));
            }
        };
        let all = array(&targets["activeTargets"]);
        let ours: Vec<&Value> = all.iter().filter(|target| target["labels"]["job"] == self.job).collect();
        if ours.is_empty() {
            let jobs = all.iter().filter_map(|target| target["labels"]["job"].as_str());
            let found = found(&jobs.map(str::to_owned).collect(), "it scrapes nothing");
            let since = format!("no target has the job {}", self.job);
            let check = Check::failed("target", format!("{since}; {found}"), self.other_job());
            return (vec![check], Program::Unknown(since));
        }
        let mut checks = Vec::new();
        let mut labels = BTreeSet::new();
        let mut is_any_up = false;
        for target in &ours {
            labels.extend(target["labels"].as_object().into_iter().flat_map(serde_json::Map::keys).cloned());
            let asked = target["scrapeUrl"].as_str().unwrap_or("?");
            // What is asked of it may be a secret.
            let url = asked.split('?').next().unwrap_or(asked);
            match target["health"].as_str() {
                Some("up") => {
                    is_any_up = true;
                    checks.push(Check::ok("target", format!("{url} is up")));
                }
                Some("unknown") => checks.push(Check::failed(
                    "target",
                    format!("{url} has not been scraped yet"),
                    "wait for a scrape interval",
                )),
                _ => checks.push(Check::failed(
                    "target",
                    format!(
                        "{url} is down: {}",
                        target["lastError"].as_str().unwrap_or("no reason given").replace(asked, url)
                    ),
                    "start the program with its exporter prometheus, or correct the target in scrape_configs",
                )),
            }
            checks.extend(self.interval(url, target));
        }
        let program = if is_any_up {
            Program::Emits { labels }
        } else {
            Program::Silent(format!("no target of the job {} is up", self.job))
        };
        (checks, program)
    }

    /// Whether anything arrives of a program that pushes.
    fn pushed(&self) -> (Vec<Check>, Program) {
        const CHECK: &str = "target";
        let job = quote(self.job);
        let answer = match self.prometheus.query(&format!("count({{job={job}, {EMITTED}}})")) {
            Ok(answer) => answer,
            Err(error) => {
                let check = Check::failed(CHECK, error.to_string(), "see the log of Prometheus");
                return (vec![check], Program::Silent("what it has is not known".to_owned()));
            }
        };
        if let Some(sample) = array(&answer["result"]).first() {
            let count = sample["value"][1].as_str().unwrap_or("some");
            let check = Check::ok(CHECK, format!("{count} series are pushed with the job {}", self.job));
            return (vec![check], Program::Emits { labels: BTreeSet::new() });
        }
        let found = found(&self.jobs(), "nothing of tta is there");
        let since = format!("nothing has been pushed with the job {}", self.job);
        let advice = "see that the program's exporter, and the Collector if there is one, send to this Prometheus and \
                      that it takes what is sent (its receiver of OTLP or of remote write is on), or say --job";
        (vec![Check::failed(CHECK, format!("{since}; {found}"), advice)], Program::Unknown(since))
    }

    /// What to do where no target has the job.
    fn other_job(&self) -> String {
        let jobs = self.jobs();
        if jobs.contains(self.job) {
            return "metrics of this job are there without a target: if the program pushes them, say --pushed".to_owned();
        }
        let known = if jobs.is_empty() {
            ", or say --job".to_owned()
        } else {
            let jobs: Vec<&String> = jobs.iter().collect();
            format!(", or say --job: metrics of tta have the job {}", listed(&jobs))
        };
        format!("add the program to scrape_configs (prometheus/prometheus.yml has it){known}")
    }

    /// The jobs that have metrics of tta.
    fn jobs(&self) -> BTreeSet<String> {
        let answer = self.prometheus.query("group by (job) ({__name__=~\"tta_.+\"})").unwrap_or_default();
        let jobs = array(&answer["result"]).iter().filter_map(|sample| sample["metric"]["job"].as_str());
        jobs.map(str::to_owned).collect()
    }

    /// Whether the shortest window holds enough scrapes.
    fn interval(&self, url: &str, target: &Value) -> Option<Check> {
        let interval = duration(target["scrapeInterval"].as_str()?)?;
        let window = self.shortest_window();
        let most = window / SCRAPES;
        let (interval, window) = (seconds(interval), seconds(window));
        Some(if interval <= seconds(most) {
            Check::ok("interval", format!("{url} is scraped every {} s", number(interval)))
        } else {
            Check::failed(
                "interval",
                format!(
                    "{url} is scraped every {} s, and the shortest window of the rules is {} s",
                    number(interval),
                    number(window)
                ),
                format!("set its scrape_interval to {} s or less", number(seconds(most))),
            )
        })
    }

    /// The shortest range that a rule looks back on.
    fn shortest_window(&self) -> Duration {
        struct Ranges(Vec<Duration>);

        impl ExprVisitor for Ranges {
            type Error = std::convert::Infallible;

            fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
                if let Expr::MatrixSelector(matrix) = expr {
                    self.0.push(matrix.range);
                }
                Ok(true)
            }
        }

        let mut ranges = Ranges(Vec::new());
        for rule in &self.rules {
            if let Ok(expr) = promql_parser::parser::parse(&rule.expr) {
                let Ok(_) = walk_expr(&mut ranges, &expr);
            }
        }
        ranges.0.into_iter().min().unwrap_or(SHORTEST_WINDOW)
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// What is said of the jobs that are there.
fn found(jobs: &BTreeSet<String>, without: &str) -> String {
    let jobs: Vec<&String> = jobs.iter().collect();
    if jobs.is_empty() { without.to_owned() } else { format!("its jobs: {}", listed(&jobs)) }
}
