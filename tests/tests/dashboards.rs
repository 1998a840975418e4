//! How long dashboards take on a Prometheus with ten thousand series: a measurement, which takes three minutes.
//!
//! ```sh
//! cargo test --workspace --all-features --test dashboards -- --ignored --nocapture
//! ```
#![allow(clippy::print_stdout, reason = "a measurement says what it has measured")]

mod fleet {
    #[allow(dead_code, reason = "nobody is told of alerts here")]
    pub(super) mod scaled;
}

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tta_tests::{CLOSED, Prometheus, binary, http_get};

use fleet::scaled::{Scaled, save};

const STACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/stack");

/// What an hour is here: two minutes. A window has as many samples as it has otherwise.
const FACTOR: u64 = 30;

/// Of each kind, so that there are ten thousand series.
const WORKFLOWS: usize = 60;
const PRIMITIVES: usize = 180;
const SERIES: usize = 10_000;

/// What a dashboard shows unless told otherwise, as dashboards of an hour have it: at every 15 s.
const SHOWN: Duration = Duration::from_secs(3600 / FACTOR);
const STEPS: u32 = 240;

/// How often a query is asked.
const REPEATED: u32 = 5;

const LIMIT: Duration = Duration::from_millis(200);

#[test]
#[ignore = "a measurement, which takes three minutes"]
fn the_slowest_query_of_each_dashboard_takes_200_ms_at_most_on_ten_thousand_series() {
    let folder = std::env::temp_dir().join(format!("tta-tests-dashboards-{}", std::process::id()));
    let catalog = catalog();
    save(&folder, "catalog.json", &catalog.to_string());
    let generated = folder.join("generated");
    let output = Command::new(binary("tta"))
        .args(["generate", "--catalog"])
        .arg(folder.join("catalog.json"))
        .arg("--out")
        .arg(&generated)
        .output()
        .expect("it starts");
    assert!(output.status.success(), "{output:?}");

    let program = serve(catalog);
    let scaled = Scaled { from: &generated, by: FACTOR };
    let stack = folder.join("stack");
    scaled.write(&stack);
    let closed = ["127.0.0.1:9090", "127.0.0.1:9093", "127.0.0.1:8888", "127.0.0.1:8889"];
    let mut addresses: Vec<(&str, &str)> = closed.iter().map(|address| (*address, CLOSED)).collect();
    addresses.push(("127.0.0.1:9464", &program));
    let prometheus = Prometheus::start(
        stack.join("prometheus"),
        |_| scaled.prometheus(&addresses),
        &["--enable-feature=exemplar-storage", "--storage.tsdb.retention.time=31d"],
    );
    // A machine that is busy elsewhere leaves scrapes out; the windows are as long as ever.
    let deadline = Instant::now() + 3 * SHOWN;
    let is_full = format!("count_over_time(up{{job=\"tta\"}}[{}s]) >= {}", SHOWN.as_secs(), STEPS / 2);
    while prometheus.samples(&is_full, None).is_empty() {
        assert!(Instant::now() < deadline, "it does not scrape as often as it should");
        // It scrapes by the clock; there is no event to wait for.
        std::thread::sleep(Duration::from_secs(1));
    }
    let count = |query: &str| {
        let samples = prometheus.samples(query, None);
        let text = samples.first().and_then(|sample| sample["value"][1].as_str()).map(str::to_owned);
        text.and_then(|text| text.parse::<usize>().ok()).expect("it is there")
    };
    let exposed = count("scrape_samples_scraped{job=\"tta\"}");
    assert!(exposed >= SERIES, "{exposed} series");
    println!("{exposed} series are scraped, {} with what is recorded", count("count({job=\"tta\"})"));

    // From here on it does nothing but answer, so that its time is that of the queries.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
    save(&stack, "prometheus/prometheus.yml", "{}");
    prometheus.reload();
    let mut slowest: BTreeMap<(String, &str), (Duration, String, usize)> = BTreeMap::new();
    for query in queries(&stack.join("grafana/dashboards")) {
        for (kind, is_range) in [("at one time", false), ("over the hour", true)] {
            if is_range && query.is_instant {
                continue;
            }
            let once = |_| {
                let before = busy(&prometheus);
                query.ask(prometheus.url(), now, is_range);
                busy(&prometheus).saturating_sub(before)
            };
            // Now and then it does something else besides.
            let took = (0..REPEATED).map(once).min().expect("it is asked");
            let of_dashboard = slowest.entry((query.dashboard.clone(), kind)).or_default();
            of_dashboard.2 += 1;
            if took > of_dashboard.0 {
                (of_dashboard.0, of_dashboard.1) = (took, query.panel.clone());
            }
        }
    }
    for ((dashboard, kind), (took, panel, queries)) in &slowest {
        let took = took.as_secs_f64() * 1e3;
        println!("{dashboard} {kind}: {queries} queries, the slowest {took:.0} ms ({panel})");
    }
    let _ = std::fs::remove_dir_all(&folder);
    let too_slow: Vec<_> = slowest.iter().filter(|(_, (took, _, _))| *took > LIMIT).collect();
    assert!(too_slow.is_empty(), "{too_slow:#?}");
}

/// How long Prometheus has been computing; a machine that is busy elsewhere does not matter to it.
fn busy(prometheus: &Prometheus) -> Duration {
    let (_, _, metrics) = http_get(&format!("{}/metrics", prometheus.url()), "text/plain");
    let seconds = metrics.lines().find_map(|line| line.strip_prefix("process_cpu_seconds_total "));
    Duration::from_secs_f64(seconds.and_then(|text| text.parse().ok()).expect("it says so"))
}

/// A query of a panel, with everything chosen.
struct Query {
    dashboard: String,
    panel: String,
    expr: String,
    is_instant: bool,
    /// Points in time.
    steps: u32,
}

impl Query {
    /// Has it answered.
    fn ask(&self, prometheus: &str, now: Duration, is_range: bool) {
        let seconds = |time: Duration| time.as_secs_f64().to_string();
        let (path, times) = if is_range {
            let times = [("start", now.saturating_sub(SHOWN)), ("end", now), ("step", SHOWN / self.steps)];
            ("query_range", times.to_vec())
        } else {
            ("query", vec![("time", now)])
        };
        let mut form = vec![("query", self.expr.clone())];
        form.extend(times.into_iter().map(|(name, time)| (name, seconds(time))));
        let answer = ureq::post(format!("{prometheus}/api/v1/{path}")).send_form(form);
        let mut answer = answer.unwrap_or_else(|error| panic!("{error}: {}", self.expr));
        let body = answer.body_mut().with_config().limit(1 << 30).read_to_vec().expect("it ends");
        assert!(body.starts_with(b"{\"status\":\"success\""), "{}", self.expr);
    }
}

fn queries(folder: &Path) -> Vec<Query> {
    let mut queries = Vec::new();
    for entry in std::fs::read_dir(folder).expect("it can be read") {
        let text = std::fs::read_to_string(entry.expect("it can be read").path()).expect("it is text");
        let dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
        let uid = dashboard["uid"].as_str().expect("a name");
        let mut panels: Vec<&Value> = array(&dashboard["panels"]).iter().collect();
        while let Some(panel) = panels.pop() {
            panels.extend(array(&panel["panels"]));
            for target in array(&panel["targets"]) {
                let source = if target["datasource"].is_null() { panel } else { target };
                let is_prometheus =
                    source["datasource"]["type"].as_str().is_none_or(|name| name == "prometheus");
                let most = panel["maxDataPoints"].as_u64().and_then(|most| u32::try_from(most).ok());
                let steps = most.map_or(STEPS, |most| most.min(STEPS));
                if let Some(expr) = target["expr"].as_str().filter(|_| is_prometheus) {
                    queries.push(Query {
                        dashboard: uid.to_owned(),
                        panel: panel["title"].as_str().unwrap_or_default().to_owned(),
                        expr: chosen(expr, SHOWN / steps),
                        steps,
                        is_instant: target["instant"] == true && target["range"] != true,
                    });
                }
            }
        }
    }
    queries
}

/// A query with everything chosen, over the time that is shown.
fn chosen(expr: &str, step: Duration) -> String {
    let milliseconds = |of: Duration| format!("{}ms", of.as_millis());
    let scrape = SHOWN / STEPS;
    let variables = [
        // As Grafana has it.
        ("$__rate_interval", milliseconds((4 * scrape).max(step + scrape))),
        ("$__interval", milliseconds(step)),
        ("$__range", milliseconds(SHOWN)),
        ("$job", ".+".to_owned()),
        ("$instance", ".+".to_owned()),
        ("$workflow", ".+".to_owned()),
        ("$primitive", ".+".to_owned()),
        ("$model", ".+".to_owned()),
        ("$slo", ".+".to_owned()),
    ];
    let expr = variables.iter().fold(expr.to_owned(), |expr, (name, value)| expr.replace(name, value));
    assert!(!expr.contains('$'), "{expr} has a variable that is not known here");
    expr
}

/// The catalog of the shop with more functions.
fn catalog() -> Value {
    let text = std::fs::read_to_string(format!("{STACK}/tta.catalog.json")).expect("it is there");
    let mut catalog: Value = serde_json::from_str(&text).expect("it is JSON");
    let mut names: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut all = Vec::new();
    for (kind, count) in [("workflow", WORKFLOWS), ("primitive", PRIMITIVES)] {
        let of_kind: Vec<&Value> =
            array(&catalog["sites"]).iter().filter(|site| site["kind"] == kind).collect();
        for (at, site) in of_kind.into_iter().cycle().take(count).enumerate() {
            let mut site = site.clone();
            let name = Value::from(format!("{}_{at}", site["name"].as_str().expect("a name")));
            site["name"] = name.clone();
            if !site["slo"].is_null() {
                names.entry("slo".to_owned()).or_default().push(name.clone());
            }
            names.entry("name".to_owned()).or_default().push(name.clone());
            names.entry(format!("{kind}_name")).or_default().push(name);
            all.push(site);
        }
    }
    catalog["sites"] = all.into();
    for family in catalog["families"].as_array_mut().expect("an array") {
        for label in family["labels"].as_array_mut().expect("an array") {
            if let Some(values) = label["name"].as_str().and_then(|name| names.get(name)) {
                label["values"] = values.clone().into();
            }
        }
    }
    catalog
}

/// Exposes what the catalog says on a thread that ends with the test; `host:port`.
fn serve(catalog: Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a listener has an address").to_string();
    std::thread::spawn(move || {
        let begun = Instant::now();
        for stream in listener.incoming().map_while(Result::ok) {
            // Whoever asked may have gone.
            let _ = answer(&stream, &exposition(&catalog, begun.elapsed().as_secs_f64()));
        }
    });
    address
}

fn answer(mut stream: &TcpStream, text: &str) -> std::io::Result<()> {
    let mut head = BufReader::new(stream);
    let mut line = String::new();
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    let length = text.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
    )
}

/// What a program with this catalog exposes after so many seconds, in each of which everything is called ten times.
fn exposition(catalog: &Value, seconds: f64) -> String {
    let mut text = String::new();
    for family in array(&catalog["families"]) {
        let (name, kind) =
            (family["name"].as_str().expect("a name"), family["type"].as_str().expect("a type"));
        let _ = writeln!(text, "# TYPE {name} {kind}");
        for (at, labels) in series(catalog, family).iter().enumerate() {
            // Everybody is called as often, and answers as fast, as nobody else.
            let calls = (seconds * 10.0 * (1.0 + at as f64 / 100.0)).floor();
            if kind == "histogram" {
                let buckets = array(&family["buckets"]);
                for (nth, bound) in buckets.iter().enumerate() {
                    let below = (calls * (nth + 1) as f64 / (buckets.len() + 1) as f64).floor();
                    let _ = writeln!(text, "{name}_bucket{{{labels}le=\"{bound}\"}} {below}");
                }
                let _ = writeln!(text, "{name}_bucket{{{labels}le=\"+Inf\"}} {calls}");
                let _ = writeln!(text, "{name}_sum{{{labels}}} {}", calls / 50.0);
                let _ = writeln!(text, "{name}_count{{{labels}}} {calls}");
            } else if labels.contains("error") || labels.contains("bad") {
                let _ = writeln!(text, "{name}{{{labels}}} {}", (calls / 1000.0).floor());
            } else {
                let _ = writeln!(text, "{name}{{{labels}}} {}", if kind == "counter" { calls } else { 1.0 });
            }
        }
    }
    text
}

/// The labels of a family's series, each followed by a comma.
fn series(catalog: &Value, family: &Value) -> Vec<String> {
    let sites = array(&catalog["sites"]);
    let of_kind = |kind: &str| sites.iter().filter(|site| site["kind"] == kind).collect::<Vec<_>>();
    let labels: Vec<&Value> =
        array(&family["labels"]).iter().filter(|label| label["optional"] != true).collect();
    let has = |name: &str| labels.iter().any(|label| label["name"] == name);
    // Whom the series are of; a workflow has two steps.
    let (workflows, primitives) = (of_kind("workflow"), of_kind("primitive"));
    let whose: Vec<Vec<(&str, &Value)>> = if has("workflow_name") && has("primitive_name") {
        let steps = primitives.iter().cycle().enumerate().take(2 * workflows.len());
        steps.map(|(at, step)| vec![("workflow_name", workflows[at / 2]), ("primitive_name", step)]).collect()
    } else if has("workflow_name") {
        workflows.iter().map(|site| vec![("workflow_name", *site)]).collect()
    } else if has("primitive_name") {
        primitives.iter().map(|site| vec![("primitive_name", *site)]).collect()
    } else if has("slo") {
        sites.iter().filter(|site| !site["slo"].is_null()).map(|site| vec![("slo", site)]).collect()
    } else if has("name") {
        sites.iter().map(|site| vec![("name", site)]).collect()
    } else {
        vec![Vec::new()]
    };
    whose
        .iter()
        .flat_map(|whose| {
            let site = whose.first().map(|(_, site)| *site);
            labels.iter().fold(vec![String::new()], |all, label| {
                let name = label["name"].as_str().expect("a name");
                let text = |value: &Value| value.as_str().unwrap_or("some").to_owned();
                let of_site =
                    |key: &str| site.map_or_else(|| vec!["some".to_owned()], |site| vec![text(&site[key])]);
                let values = match name {
                    "workflow_type" | "primitive_type" | "kind" => of_site("type"),
                    "maturity" => site.map_or_else(Vec::new, |site| {
                        vec![site["maturity"].as_str().unwrap_or("unspecified").to_owned()]
                    }),
                    "objective" => array(&site.unwrap_or(&Value::Null)["slo"]["objectives"])
                        .iter()
                        .map(|of| text(&of["objective"]))
                        .collect(),
                    "status" | "outcome" => array(&label["values"]).iter().map(text).collect(),
                    _ => match whose.iter().find(|(of, _)| *of == name) {
                        Some((_, site)) => vec![text(&site["name"])],
                        None => vec![array(&label["values"]).first().map_or_else(|| "some".to_owned(), text)],
                    },
                };
                all.iter()
                    .flat_map(|before| values.iter().map(move |value| format!("{before}{name}=\"{value}\",")))
                    .collect()
            })
        })
        .collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
