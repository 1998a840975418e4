//! Whether the program is scraped, and often enough.

use std::collections::BTreeSet;
use std::time::Duration;

use promql_parser::parser::Expr;
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;

use super::duration::duration;
use super::{Check, Examined, array};
use crate::promql::number;

/// The shortest window of the rules, where no rule says.
const SHORTEST_WINDOW: Duration = Duration::from_mins(5);
/// Scrapes that a window has to hold.
const SCRAPES: u32 = 4;
/// Jobs that are listed.
const SHOWN: usize = 10;

impl Examined<'_> {
    /// Whether it scrapes the program, successfully and often enough.
    pub(super) fn target(&self) -> Vec<Check> {
        let targets = match self.prometheus.api("targets?state=active") {
            Ok(targets) => targets,
            Err(error) => {
                return vec![Check::failed("target", error.to_string(), "see the log of Prometheus")];
            }
        };
        let all = array(&targets["activeTargets"]);
        let ours: Vec<&Value> = all.iter().filter(|target| target["labels"]["job"] == self.job).collect();
        if ours.is_empty() {
            let jobs: BTreeSet<&str> =
                all.iter().filter_map(|target| target["labels"]["job"].as_str()).collect();
            let found = if jobs.is_empty() {
                "it scrapes nothing".to_owned()
            } else {
                format!("its jobs: {}", some(&jobs))
            };
            return vec![Check::failed(
                "target",
                format!("no target has the job {}; {found}", self.job),
                "add the program to scrape_configs (prometheus/prometheus.yml has it), or say --job",
            )];
        }
        let mut checks = Vec::new();
        for target in ours {
            let asked = target["scrapeUrl"].as_str().unwrap_or("?");
            // What is asked of it may be a secret.
            let url = asked.split('?').next().unwrap_or(asked);
            match target["health"].as_str() {
                Some("up") => checks.push(Check::ok("target", format!("{url} is up"))),
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
        checks
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

/// The first few.
fn some(names: &BTreeSet<&str>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}
