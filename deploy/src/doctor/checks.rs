//! The checks, one function each.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use promql_parser::parser::Expr;
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;

use super::server::{Server, UrlError};
use super::{Check, State, exceptions};
use crate::catalog::{Catalog, Family, FamilyType};
use crate::promql::{number, quote, selector};
use crate::queries::{Purpose, Query, name_of, selectors};
use crate::stack;

/// Queries that are asked at a time: it serves others as well.
const AT_A_TIME: usize = 4;
/// How far the clocks may be apart.
const SKEW: Duration = Duration::from_secs(5);
/// Things of one kind that are listed.
const SHOWN: usize = 10;
/// The prefix of our families.
const PREFIX: &str = "tta_";
/// The shortest window of the rules, where no rule says.
const SHORTEST_WINDOW: Duration = Duration::from_mins(5);
/// Scrapes that a window has to hold.
const SCRAPES: u32 = 4;

/// What is examined.
#[derive(Debug)]
pub(super) struct Examined<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) job: &'a str,
    pub(super) prometheus: &'a Server,
    pub(super) rules: Vec<Query>,
    pub(super) panels: Vec<Query>,
    pub(super) strict: bool,
}

impl Examined<'_> {
    /// Whether it answers as Prometheus does.
    pub(super) fn reached(&self) -> Check {
        let shown = self.prometheus.shown();
        match self.prometheus.api("status/buildinfo") {
            Ok(info) => {
                let version = info["version"].as_str().unwrap_or("of an unknown version");
                Check::ok("prometheus", format!("{version} at {shown}"))
            }
            Err(error) => Check::failed(
                "prometheus",
                format!("{shown}: {error}"),
                "start Prometheus, or give the URL where it is with --prometheus",
            ),
        }
    }

    /// Whether its clock and ours agree: scrapes bear its time, spans that of the program.
    pub(super) fn clock(&self) -> Check {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let before = now();
        let there = self.prometheus.query("time()");
        let after = now();
        match there {
            Ok(result) => {
                let there =
                    result["result"][1].as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
                // It read its clock between the two.
                let apart = (before - there).max(there - after).max(0.0);
                if apart <= SKEW.as_secs_f64() {
                    Check::ok(
                        "clock",
                        format!("at most {} s from that of this machine", number(round(apart))),
                    )
                } else {
                    Check::failed(
                        "clock",
                        format!("{} s from that of this machine", number(round(apart))),
                        "run a time service (chrony, systemd-timesyncd) on both machines",
                    )
                }
            }
            Err(error) => Check::failed("clock", error.to_string(), "see the log of Prometheus"),
        }
    }

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
            let url = target["scrapeUrl"].as_str().unwrap_or("?");
            match target["health"].as_str() {
                Some("up") => checks.push(Check::ok("target", format!("{url} is up"))),
                Some("unknown") => checks.push(Check::failed(
                    "target",
                    format!("{url} has not been scraped yet"),
                    "wait for a scrape interval",
                )),
                _ => checks.push(Check::failed(
                    "target",
                    format!("{url} is down: {}", target["lastError"].as_str().unwrap_or("no reason given")),
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

    /// Whether it has what the catalog says, and nothing else of ours.
    pub(super) fn families(&self) -> Vec<Check> {
        let everything = format!("count by (__name__) ({{job={}}})", quote(self.job));
        let found = match self.prometheus.query(&everything) {
            Ok(found) => found,
            Err(error) => {
                return vec![Check::failed("families", error.to_string(), "see the log of Prometheus")];
            }
        };
        let names: BTreeSet<&str> = array(&found["result"])
            .iter()
            .filter_map(|sample| sample["metric"]["__name__"].as_str())
            .collect();

        let mut checks = Vec::new();
        let mut there = 0;
        for family in &self.catalog.families {
            let missing: Vec<String> =
                series(family).into_iter().filter(|name| !names.contains(name.as_str())).collect();
            match (missing.as_slice(), exceptions::of_family(family)) {
                ([], _) => there += 1,
                (missing, Some(reason)) if missing.len() == series(family).len() => {
                    checks.push(Check::note("families", format!("{} is not there: {reason}", family.name)));
                }
                (missing, _) => checks.push(Check::failed(
                    "families",
                    format!("{} is in the catalog and not in Prometheus", missing.join(", ")),
                    format!(
                        "run the build of the program that the catalog is of; {} comes from: {}",
                        family.name, family.producer
                    ),
                )),
            }
        }
        let recorded: BTreeSet<&str> = self
            .rules
            .iter()
            .filter(|rule| rule.purpose == Purpose::Recording)
            .map(|rule| rule.name.as_str())
            .collect();
        let known: BTreeSet<String> = self.catalog.families.iter().flat_map(series).collect();
        for name in names {
            if name.starts_with(PREFIX) && !known.contains(name) && !recorded.contains(name) {
                checks.push(Check::failed(
                    "families",
                    format!("{name} is in Prometheus and not in the catalog"),
                    "write the catalog again (TTA_UPDATE=1 cargo test), and generate again",
                ));
            }
        }
        checks.insert(
            0,
            Check {
                name: "families",
                state: if there > 0 || self.catalog.families.is_empty() { State::Ok } else { State::Note },
                detail: format!("{there} of {} are there", self.catalog.families.len()),
                advice: None,
            },
        );
        checks
    }

    /// Whether it has the rules as they were generated, and can evaluate them.
    pub(super) fn rules(&self) -> Vec<Check> {
        let loaded = match self.prometheus.api("rules") {
            Ok(loaded) => loaded,
            Err(error) => {
                return vec![Check::failed("rules", error.to_string(), "see the log of Prometheus")];
            }
        };
        let mut expected: BTreeMap<&str, Vec<&Query>> = BTreeMap::new();
        for rule in &self.rules {
            expected.entry(&rule.within).or_default().push(rule);
        }
        let mut checks = Vec::new();
        for (group, rules) in expected {
            let there: Vec<&Value> = array(&loaded["groups"])
                .iter()
                .filter(|loaded| loaded["name"] == group)
                .flat_map(|group| array(&group["rules"]))
                .collect();
            let found = compare(group, &rules, there);
            if found.is_empty() {
                let count = rules.len();
                checks
                    .push(Check::ok("rules", format!("{group}: {count} loaded and evaluated without error")));
            }
            checks.extend(found);
        }
        checks
    }

    /// Whether every query returns something.
    pub(super) fn queries(&self) -> Vec<Check> {
        let asked: Vec<(&Query, Vec<String>)> =
            self.panels.iter().chain(&self.rules).map(|query| (query, self.asked_for(query))).collect();
        let distinct: BTreeSet<&str> =
            asked.iter().flat_map(|(_, exprs)| exprs).map(String::as_str).collect();
        let answers = self.ask(&distinct.into_iter().collect::<Vec<_>>());
        let empty = |exprs: &[String]| -> Vec<(String, Found)> {
            let all =
                exprs.iter().filter_map(|expr| Some((expr.clone(), answers.get(expr.as_str())?.clone())));
            all.filter(|(_, found)| !matches!(found, Found::Some)).collect()
        };
        let excused = self.excused(&asked, &empty);

        let mut checks = Vec::new();
        let mut well: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (query, exprs) in &asked {
            let kind = if query.purpose.is_of_a_rule() { "rules" } else { "dashboard" };
            let count = well.entry((kind, &query.within)).or_default();
            let (place, empty) = (query.place(), empty(exprs));
            let is_empty = empty.iter().any(|(_, found)| matches!(found, Found::Nothing));
            let missing = query.metrics().into_iter().find_map(|name| Some((excused.get(&name)?, name)));
            match (exceptions::of_query(query), missing) {
                (None, _) if empty.is_empty() => *count += 1,
                (Some(reason), _) if empty.is_empty() && self.strict => checks.push(Check::failed(
                    "queries",
                    format!("{place} returns data, and is listed as one that may be empty: {reason}"),
                    "take it off the list in deploy/src/doctor/exceptions.rs",
                )),
                (Some(reason), _) if empty.is_empty() => {
                    checks.push(Check::note(
                        "queries",
                        format!("{place} returns data; it often does not: {reason}"),
                    ));
                }
                (Some(reason), _) if is_empty => {
                    checks.push(Check::note("queries", format!("{place} is empty, as it may be: {reason}")));
                }
                (None, Some((reason, name))) if is_empty => {
                    checks.push(Check::note(
                        "queries",
                        format!("{place} is empty, since {name} is not there: {reason}"),
                    ));
                }
                _ => checks.extend(empty.iter().map(|(expr, found)| nothing(query, &place, expr, found))),
            }
        }
        let summary = well.into_iter().filter(|(_, count)| *count > 0).map(|((kind, within), count)| {
            Check::ok("queries", format!("{kind} {within}: {count} return data"))
        });
        let mut all: Vec<Check> = summary.collect();
        all.append(&mut checks);
        all
    }

    /// The metrics that may be missing and are, with the reason: of the program, and what is recorded of them.
    fn excused(&self, asked: &[(&Query, Vec<String>)], empty: &Empty<'_>) -> BTreeMap<String, String> {
        let mut excused: BTreeMap<String, String> = BTreeMap::new();
        for family in &self.catalog.families {
            if let Some(reason) = exceptions::of_family(family)
                && !self.has(family)
            {
                excused.extend(series(family).into_iter().map(|name| (name, reason.clone())));
            }
        }
        // A recorded series may be of recorded ones.
        loop {
            let before = excused.len();
            for (rule, exprs) in asked.iter().filter(|(query, _)| query.purpose == Purpose::Recording) {
                let reason = rule.metrics().into_iter().find_map(|name| excused.get(&name).cloned());
                if let Some(reason) = reason
                    && !empty(exprs).is_empty()
                {
                    excused.entry(rule.name.clone()).or_insert(reason);
                }
            }
            if excused.len() == before {
                return excused;
            }
        }
    }

    /// Whether a family has any series.
    fn has(&self, family: &Family) -> bool {
        series(family).into_iter().any(|name| {
            let series = selector(&name, &[("job", self.job)]);
            matches!(Found::of(self.prometheus.query(&series)), Found::Some | Found::NotANumber)
        })
    }

    /// What is asked to see that a query has what it needs.
    fn asked_for(&self, query: &Query) -> Vec<String> {
        match query.purpose {
            Purpose::Panel | Purpose::Variable | Purpose::Annotation => {
                vec![query.substituted(&mut |expr, label| self.one_of(expr, label))]
            }
            Purpose::Recording => {
                let mut matchers = vec![("job", self.job)];
                matchers.extend(query.labels.iter().map(|(label, value)| (label.as_str(), value.as_str())));
                vec![selector(&query.name, &matchers)]
            }
            // An alert is silent if all is well, so what it looks at has to be there.
            Purpose::Alert => {
                let mut asked: Vec<String> = selectors(&query.expr)
                    .into_iter()
                    .map(|mut selector| {
                        (selector.offset, selector.at) = (None, None);
                        selector.to_string()
                    })
                    .collect();
                asked.sort();
                asked.dedup();
                asked
            }
        }
    }

    /// A value of a label, for a variable that holds one.
    fn one_of(&self, expr: &str, label: &str) -> Option<String> {
        let inner: Query = Query { expr: expr.to_owned(), ..self.panels.first()?.clone() };
        // Whatever it uses itself stands for everything.
        let expr = inner.substituted(&mut |_, _| None);
        let found = self.prometheus.query(&expr).ok()?;
        let samples = array(&found["result"]);
        samples.iter().find_map(|sample| sample["metric"][label].as_str().map(str::to_owned))
    }

    /// What each query returns.
    fn ask<'q>(&self, queries: &[&'q str]) -> BTreeMap<&'q str, Found> {
        let next = AtomicUsize::new(0);
        let answers = Mutex::new(BTreeMap::new());
        std::thread::scope(|scope| {
            for _ in 0..AT_A_TIME.min(queries.len()) {
                scope.spawn(|| {
                    while let Some(query) = queries.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let found = Found::of(self.prometheus.query(query));
                        answers
                            .lock()
                            .unwrap_or_else(std::sync::PoisonError::into_inner)
                            .insert(*query, found);
                    }
                });
            }
        });
        answers.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether it keeps enough, and exemplars at all.
    pub(super) fn settings(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        let days = stack::retention_days(self.catalog);
        let needed = Duration::from_secs(u64::from(days) * 86_400);
        let periods = self.catalog.objectives().iter().map(|(_, slo, _)| slo.window_days).max();
        match self.prometheus.api("status/runtimeinfo") {
            Ok(info) => {
                let kept = info["storageRetention"].as_str().unwrap_or_default();
                // `15d or 10GiB`: whichever comes first.
                let time = kept.split(" or ").find_map(duration);
                checks.push(match (periods, time) {
                    (None, _) => Check::ok("retention", format!("{kept}; no objective needs any")),
                    (Some(_), None) => Check::note("retention", format!("limited by size only ({kept})")),
                    (Some(period), Some(time)) if time.as_secs() >= u64::from(period) * 86_400 => Check::ok(
                        "retention",
                        format!("{kept}; the longest period of an objective is {period}d"),
                    ),
                    (Some(period), Some(_)) => Check::failed(
                        "retention",
                        format!(
                            "{kept}, and the longest period of an objective is {period}d: its budget is wrong"
                        ),
                        format!(
                            "start Prometheus with --storage.tsdb.retention.time={}d",
                            needed.as_secs() / 86_400
                        ),
                    ),
                });
            }
            Err(error) => {
                checks.push(Check::failed("retention", error.to_string(), "see the log of Prometheus"));
            }
        }
        if !self.catalog.families.iter().any(|family| family.type_ == FamilyType::Histogram) {
            return checks;
        }
        match self.prometheus.api("status/flags") {
            Ok(flags) => {
                let features = flags["enable-feature"].as_str().unwrap_or_default();
                let is_on = features.split(',').any(|feature| feature.trim() == "exemplar-storage");
                checks.push(if is_on {
                    Check::ok("exemplars", "are kept")
                } else {
                    Check::failed(
                        "exemplars",
                        "are not kept, so no panel of a latency has a link to a trace",
                        "start Prometheus with --enable-feature=exemplar-storage",
                    )
                });
            }
            Err(error) => {
                checks.push(Check::failed("exemplars", error.to_string(), "see the log of Prometheus"));
            }
        }
        checks
    }

    /// Whether somebody is told of alerts.
    pub(super) fn alertmanagers(&self) -> Vec<Check> {
        const CHECK: &str = "alertmanager";
        if !self.rules.iter().any(|rule| rule.purpose == Purpose::Alert) {
            return Vec::new();
        }
        let known = match self.prometheus.api("alertmanagers") {
            Ok(known) => known,
            Err(error) => return vec![Check::failed(CHECK, error.to_string(), "see the log of Prometheus")],
        };
        let active = array(&known["activeAlertmanagers"]);
        if active.is_empty() {
            return vec![Check::failed(
                CHECK,
                "Prometheus knows none, so nobody is told of alerts",
                "add it to alerting in the configuration (prometheus/prometheus.yml has it)",
            )];
        }
        let mut checks = Vec::new();
        for url in active.iter().filter_map(|known| known["url"].as_str()) {
            let base = url.split("/api/").next().unwrap_or(url).trim_end_matches('/');
            checks.push(match self.prometheus.other(base).status("/-/ready") {
                Ok(200) => Check::ok(CHECK, format!("{base} is ready")),
                Ok(status) => Check::failed(CHECK, format!("{base} answers HTTP {status}"), "see its log"),
                Err(error) => Check::failed(
                    CHECK,
                    format!("{base}: {error}"),
                    "start it, or correct alerting in the configuration; run doctor where it can be reached",
                ),
            });
        }
        checks
    }
}

/// Those of some queries that return nothing.
type Empty<'a> = dyn Fn(&[String]) -> Vec<(String, Found)> + 'a;

/// What a query returned.
#[derive(Clone, Debug)]
enum Found {
    Some,
    Nothing,
    NotANumber,
    Error(String),
}

impl Found {
    fn of(answer: Result<Value, super::server::AskError>) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Found::Error(error.to_string()),
        };
        let values: Vec<&Value> = match answer["resultType"].as_str() {
            Some("scalar") => vec![&answer["result"][1]],
            _ => array(&answer["result"]).iter().map(|sample| &sample["value"][1]).collect(),
        };
        if values.is_empty() {
            Found::Nothing
        } else if values.iter().all(|value| *value == "NaN") {
            Found::NotANumber
        } else {
            Found::Some
        }
    }
}

fn nothing(query: &Query, place: &str, expr: &str, found: &Found) -> Check {
    let expr = expr.split_whitespace().collect::<Vec<_>>().join(" ");
    let metrics: Vec<String> = selectors(&expr).iter().filter_map(name_of).collect();
    let advice = format!(
        "see that {} is there and has been used: {expr}",
        if metrics.is_empty() { "it".to_owned() } else { metrics.join(", ") }
    );
    let what = match (found, query.purpose) {
        (Found::Error(error), _) => format!("{place} cannot be answered; {error}"),
        (Found::NotANumber, _) => format!("{place} is no number: what it divides by is 0"),
        (_, Purpose::Alert) => format!("{place} can never fire: nothing is there to look at"),
        (_, Purpose::Recording) => format!("{place} has recorded nothing"),
        _ => format!("{place} returns nothing"),
    };
    Check::failed("queries", what, advice)
}

/// How the rules of a group that are there differ from those that were generated.
fn compare(group: &str, expected: &[&Query], mut there: Vec<&Value>) -> Vec<Check> {
    const RELOAD: &str = "copy prometheus/rules beside the configuration and reload Prometheus (SIGHUP)";
    if there.is_empty() {
        return vec![Check::failed("rules", format!("no rule of the group {group} is loaded"), RELOAD)];
    }
    let mut checks = Vec::new();
    // Those of one name differ by their expression or their labels.
    for rule in expected {
        let is_named = |loaded: &&Value| loaded["name"] == rule.name.as_str();
        let has_labels =
            |loaded: &Value| rule.labels.iter().all(|(key, value)| loaded["labels"][key] == value.as_str());
        let has_expr =
            |loaded: &Value| normal(loaded["query"].as_str().unwrap_or_default()) == normal(&rule.expr);
        let place = rule.place();
        let Some(at) =
            there.iter().position(|loaded| is_named(loaded) && has_labels(loaded) && has_expr(loaded))
        else {
            let what = if there.iter().any(is_named) {
                "is loaded with another expression or other labels than generated"
            } else {
                "is not loaded"
            };
            checks.push(Check::failed("rules", format!("{place} {what}"), RELOAD));
            continue;
        };
        let loaded = there.swap_remove(at);
        match loaded["health"].as_str() {
            Some("ok") => {}
            Some("err") => checks.push(Check::failed(
                "rules",
                format!(
                    "{place} cannot be evaluated: {}",
                    loaded["lastError"].as_str().unwrap_or("no reason given")
                ),
                "see the series that it is about",
            )),
            _ => checks.push(Check::failed(
                "rules",
                format!("{place} has not been evaluated yet"),
                "wait for the interval of its group",
            )),
        }
    }
    for loaded in there {
        let name = loaded["name"].as_str().unwrap_or("?");
        // Said already of the one that was generated.
        if !expected.iter().any(|rule| rule.name == name) {
            checks.push(Check::failed(
                "rules",
                format!("{group}/{name} is loaded, and nothing generates it"),
                RELOAD,
            ));
        }
    }
    checks
}

/// An expression as the parser writes it, whoever wrote it before.
fn normal(expr: &str) -> String {
    promql_parser::parser::parse(expr).map_or_else(|_| expr.to_owned(), |parsed| parsed.to_string())
}

/// The names of a family's series.
fn series(family: &Family) -> Vec<String> {
    match family.type_ {
        FamilyType::Histogram => {
            ["_bucket", "_count", "_sum"].iter().map(|end| format!("{}{end}", family.name)).collect()
        }
        FamilyType::Counter | FamilyType::Gauge => vec![family.name.clone()],
    }
}

/// Where spans are sent to.
#[derive(Debug)]
pub(super) enum Receiver {
    Http(Server),
    /// Only whether somebody listens: a call takes more than the question is worth.
    Grpc {
        address: String,
        timeout: Duration,
    },
}

impl Receiver {
    pub(super) fn new(url: &str, timeout: Duration) -> Result<Self, UrlError> {
        match url.strip_prefix("grpc://") {
            Some(address) => {
                // It has to be an address as much as that of an URL; the scheme is for the check only.
                Server::new("--otlp", &format!("http://{address}"), timeout)?;
                let address = address.trim_end_matches('/');
                let address = address.rsplit_once('@').map_or(address, |(_, host)| host);
                let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
                let address = if has_port { address.to_owned() } else { format!("{address}:4317") };
                Ok(Receiver::Grpc { address, timeout })
            }
            None => Server::new("--otlp", url, timeout).map(Receiver::Http),
        }
    }

    pub(super) fn check(&self) -> Check {
        const START: &str =
            "start the Collector (collector/config.yml), or give the URL where it is with --otlp";
        match self {
            Receiver::Http(server) => {
                let path = if server.shown().ends_with("/v1/traces") { "" } else { "/v1/traces" };
                // An export request without spans is an empty message.
                match server.post(path, "application/x-protobuf", &[]) {
                    Ok(200..=299) => Check::ok("otlp", format!("{} takes spans", server.shown())),
                    Ok(status) => Check::failed(
                        "otlp",
                        format!("{} answers HTTP {status} to an export without spans", server.shown()),
                        "see that it is a receiver of OTLP over HTTP; its port is 4318 (for 4317, say grpc://)",
                    ),
                    Err(error) => Check::failed("otlp", format!("{}: {error}", server.shown()), START),
                }
            }
            Receiver::Grpc { address, timeout } => {
                let addresses =
                    address.to_socket_addrs().map(Iterator::collect::<Vec<_>>).unwrap_or_default();
                if addresses.iter().any(|address| TcpStream::connect_timeout(address, *timeout).is_ok()) {
                    Check::ok("otlp", format!("{address} listens"))
                } else {
                    Check::failed("otlp", format!("{address}: no connection"), START)
                }
            }
        }
    }
}

/// A duration as Prometheus writes it: `1h30m`, `15d`, `250ms`.
fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 7] = [
        ("ms", 1),
        ("y", 365 * 86_400_000),
        ("w", 7 * 86_400_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ];
    let mut rest = text.trim();
    let mut sum = 0_u64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (count, after) = rest.split_at(end);
        let (unit, factor) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        sum = sum.checked_add(count.parse::<u64>().ok()?.checked_mul(*factor)?)?;
        rest = &after[unit.len()..];
    }
    Some(Duration::from_millis(sum))
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// To a hundredth.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The first few.
fn some(names: &BTreeSet<&str>) -> String {
    let more = names.len().saturating_sub(SHOWN);
    let text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_prometheus_are_understood() {
        for (text, milliseconds) in [
            ("15s", 15_000),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("15d", 1_296_000_000),
            ("2w1d", 1_296_000_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "15", "x", "1h 2m", "10GiB", "99999999999999999999s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}
