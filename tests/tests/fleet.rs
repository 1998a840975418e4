//! `deploy/stack` on a real Prometheus and a real Alertmanager, which look at the program that it was generated from.
//!
//! Its files are those of the repository, with their times divided by thirty: five minutes are ten seconds.

mod fleet {
    pub(super) mod exposition;
    pub(super) mod scaled;
}

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tta_tests::{
    Alertmanager, CLOSED, Collector, Mode, Program, Prometheus, Redis, Webhook, binary, example, free_port,
    http_get, http_post,
};

use fleet::exposition::{beyond, samples};
use fleet::scaled::{Scaled, save};

/// The files, as they are in the repository.
const STACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/stack");

/// What an hour is here: two minutes. Faster, and a busy machine does not answer every scrape in the time there is.
const FACTOR: u64 = 30;

/// How long it may take until everything has been scraped, recorded and judged.
const PATIENCE: Duration = Duration::from_mins(2);

/// Requests a second: so many that in a thirtieth of six hours no workflow counts as one that is seldom called.
const RATE: &str = "125";

/// The workflow that is broken: no other one shares a primitive with it that has an objective.
const BROKEN: &str = "nightly_report";

/// All that `tta doctor` has to say of the fleet apart from what is well: each is an exception, with its reason. What is
/// missing here or is there no longer is a mistake, in either direction.
const NOTES: [&str; 11] = [
    // One for each dashboard. Of this shop it does return data: of what `ALWAYS` has it is told always.
    "queries: tta-agents/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-cost/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-dependencies/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-errors/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-maturity/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-overview/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-performance/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-resilience/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-slo/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-telemetry/Alerts returns data; it often does not: no alert is pending or fires",
    "queries: tta-workflow/Alerts returns data; it often does not: no alert is pending or fires",
];

/// The alerts that fire before anything is broken: there are more banks than `card` has room for, some letters ask more than
/// their replies may cost, and nobody has said what
/// the shop's own model costs.
const ALWAYS: [&str; 3] = ["TtaCostBudgetExhausted ", "TtaLabelOverflow ", "TtaLlmUnpricedCalls "];

/// The alert that has to fire.
const PAGE: &str = "TtaSloSuccessBurn1h nightly_report";

/// The alerts that may fire once a few minutes have been lost of the short time that there has been: of this workflow
/// only, since all of its calls failed, and of an objective of 99.9 %.
const MAY_FOLLOW: [&str; 4] = [
    "TtaErrorBudgetExhausted nightly_report",
    "TtaSloSuccessBurn1d nightly_report",
    "TtaSloSuccessBurn3d nightly_report",
    "TtaSloSuccessBurn6h nightly_report",
];

/// How much later than the workflow breaks its page fires: 52 s until 1.44 % of an hour's calls have failed, a minute
/// until that is recorded, two that the alert is pending, and what a scrape and an evaluation take; twice.
const SOON: Duration = Duration::from_secs(10 * 60 / FACTOR);

/// The fleet, and all that looks at it.
struct Stack {
    folder: PathBuf,
    tta: String,
    shop: String,
    metrics: String,
    collector: Collector,
    webhook: Webhook,
    _alertmanager: Alertmanager,
    prometheus: Prometheus,
    fleet: Program,
    redis: Option<Redis>,
}

impl Stack {
    fn start() -> Self {
        let scaled = scaled();
        let (fleet, tta) = (example("fleet"), binary("tta"));
        let (collector, webhook) = (Collector::start(&Mode::Up), Webhook::start());
        let alertmanager =
            Alertmanager::start(&scaled.alertmanager(&[("127.0.0.1:9095", webhook.address())]));
        let redis = Redis::start(free_port(), "secret");
        let fleet = Program::start(
            &fleet,
            &["--listen", "127.0.0.1:0", "--rate", RATE],
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint()),
                ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
                ("TTA_REDIS_URL", &redis.url()),
                // A machine that is busy elsewhere may keep the exporter waiting for longer than usual.
                ("OTEL_BSP_MAX_QUEUE_SIZE", "65536"),
            ],
        );
        let address = |what: &str| {
            let line = fleet.error_line(|line| line.starts_with(what));
            line.trim_start_matches(what).to_owned()
        };
        let (shop, metrics) = (address("fleet: open at "), address("fleet: metrics at "));
        let target = metrics.trim_start_matches("http://").trim_end_matches("/metrics").to_owned();

        let folder = std::env::temp_dir().join(format!("tta-tests-fleet-{}", std::process::id()));
        scaled.write(&folder.join("stack"));
        let prometheus = Prometheus::start(
            folder.join("stack/prometheus"),
            |address| {
                scaled.prometheus(&[
                    ("127.0.0.1:9464", &target),
                    ("127.0.0.1:9093", alertmanager.address()),
                    ("127.0.0.1:9090", address),
                    // There is no Collector.
                    ("127.0.0.1:8888", CLOSED),
                    ("127.0.0.1:8889", CLOSED),
                ])
            },
            &["--enable-feature=exemplar-storage", "--storage.tsdb.retention.time=31d"],
        );
        Stack {
            folder,
            tta,
            shop,
            metrics,
            collector,
            webhook,
            _alertmanager: alertmanager,
            prometheus,
            fleet,
            redis: Some(redis),
        }
    }

    /// What `tta doctor` says of files.
    fn doctor(&self, files: &Path) -> Said {
        let output = Command::new(&self.tta)
            .args(["doctor", "--json", "--used", "--catalog", &format!("{STACK}/tta.catalog.json")])
            .args(["--prometheus", self.prometheus.url(), "--otlp", &self.collector.endpoint()])
            .arg("--files")
            .arg(files)
            .output()
            .expect("it starts");
        let text = String::from_utf8_lossy(&output.stdout);
        Said(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}")))
    }

    /// Asks the doctor until it says what is wanted; what it said last.
    fn doctor_until(&self, files: &Path, wanted: impl Fn(&Said) -> bool) -> Said {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.doctor(files);
            if wanted(&said) || Instant::now() > deadline {
                return said;
            }
        }
    }

    /// Asks Prometheus until a query returns something, by the clock of which it scrapes.
    fn wait_for(&self, query: &str) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let samples = self.prometheus.samples(query, None);
            if !samples.is_empty() {
                return samples;
            }
            assert!(Instant::now() < deadline, "nothing for {query}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The alerts that a query selects, by their names and their objectives.
    fn alerts(&self, query: &str, at: Option<f64>) -> BTreeSet<String> {
        self.prometheus.samples(query, at).iter().map(|sample| alert(&sample["metric"])).collect()
    }

    /// Succeeded, failed, neither, of each workflow, as the shop has counted them.
    fn done(&self) -> BTreeMap<String, [f64; 3]> {
        let (_, _, body) = http_get(&format!("{}/done", self.shop), "application/json");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// What Prometheus has seen of a workflow's calls within a range: the first number, and the last.
    fn ends(&self, workflow: &str, status: &str, range: &str, at: Option<f64>) -> [f64; 2] {
        let number = |pair: Option<&Value>| -> f64 {
            pair.and_then(|pair| pair[1].as_str()).and_then(|text| text.parse().ok()).expect("a number")
        };
        let counters = format!(
            "tta_workflow_executions_total{{workflow_name={workflow:?}, status={status:?}}}[{range}]"
        );
        let mut ends = [0.0; 2];
        for series in self.prometheus.samples(&counters, at) {
            let values = series["values"].as_array().expect("a range has values");
            ends[0] += number(values.first());
            ends[1] += number(values.last());
        }
        ends
    }

    fn post(&self, path: &str) {
        let (status, body) = http_post(&format!("{}{path}", self.shop));
        assert_eq!(status, 204, "{path}: {body}");
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // Left behind if it cannot be removed; it is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What the doctor said.
#[derive(Debug)]
struct Said(Value);

impl Said {
    fn of(&self, state: &str) -> Vec<String> {
        let checks = self.0["checks"].as_array().map_or(&[][..], Vec::as_slice);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of_state = checks.iter().filter(|check| check["state"] == state);
        of_state.map(|check| format!("{}: {}", text(&check["check"]), text(&check["detail"]))).collect()
    }
}

fn alert(labels: &Value) -> String {
    let text = |label: &str| labels[label].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("alertname"), text("slo"))
}

fn scaled() -> Scaled<'static> {
    Scaled { from: Path::new(STACK), by: FACTOR }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs_f64()
}

fn set(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

fn value(sample: &Value) -> f64 {
    let value = sample["value"][1].as_str().expect("a value");
    value.parse().expect("a number")
}

#[test]
fn the_stack_says_of_a_shop_what_is_so_and_pages_for_what_breaks() {
    let mut stack = Stack::start();
    everything_returns_data(&stack);
    what_is_scraped_is_in_the_catalog(&stack);
    ratios_are_those_of_the_counters(&stack);
    exemplars_are_spans_that_arrived(&stack);
    a_workflow_that_breaks_is_paged_for_and_no_other(&stack);
    a_cache_that_loses_its_redis_is_told_of(&mut stack);
    what_is_taken_away_is_named(&stack);
    the_numbers_are_those_of_the_shop(&stack);
    every_dollar_is_in_prometheus_once(&stack);
    a_target_that_ends_is_named(&stack);
}

fn everything_returns_data(stack: &Stack) {
    let notes = |said: &Said| said.of("note").into_iter().collect::<BTreeSet<_>>();
    let files = stack.folder.join("stack");
    let said = stack.doctor_until(&files, |said| said.0["ok"] == true && notes(said) == set(&NOTES));
    assert_eq!(said.of("failed"), [""; 0]);
    assert_eq!(notes(&said), set(&NOTES));
}

fn what_is_scraped_is_in_the_catalog(stack: &Stack) {
    let catalog = std::fs::read_to_string(format!("{STACK}/tta.catalog.json")).expect("it is there");
    let catalog = serde_json::from_str(&catalog).expect("it is JSON");
    let (status, _, text) = http_get(&stack.metrics, "text/plain;version=0.0.4");
    assert_eq!(status, 200);
    assert!(samples(&text).len() > 900, "{text}");
    assert_eq!(beyond(&catalog, &text), [""; 0]);
    // The check itself is one.
    let other =
        text.replace("workflow_name=\"refund\"", "workflow_name=\"refunds\"").replace("# TYPE ", "# TYPE x_");
    let beyond = beyond(&catalog, &other);
    assert!(beyond.contains(&"x_tta_workflows_active is a gauge".to_owned()), "{beyond:#?}");
    let label = "tta_workflows_active with workflow_name=\"refunds\"";
    assert!(beyond.contains(&label.to_owned()), "{beyond:#?}");
}

/// The recorded ratio of errors is what the counters had in the same five minutes.
fn ratios_are_those_of_the_counters(stack: &Stack) {
    const RECORDED: &str = "workflow:tta_workflow_errors_per_execution:ratio_rate5m";
    let recorded = stack.wait_for(RECORDED);
    assert_eq!(recorded.len(), 6, "{recorded:#?}");
    for sample in &recorded {
        let name = sample["metric"]["workflow_name"].as_str().expect("it is by workflow");
        let evaluated = format!("timestamp({RECORDED}{{workflow_name=\"{name}\"}})");
        let at = stack.prometheus.samples(&evaluated, None).first().map(value).expect("it was evaluated");
        let of_then = format!("{RECORDED}{{workflow_name=\"{name}\"}}");
        let ratio = stack.prometheus.samples(&of_then, Some(at)).first().map(value).expect("it is kept");
        let counted = |status: &str| {
            let [first, last] = stack.ends(name, status, "10s", Some(at));
            last - first
        };
        let (errors, successes) = (counted("error"), counted("success"));
        let expected = errors / (errors + successes);
        // A rate is extrapolated to the ends of its window, except below 0: a counter that has just begun may have less.
        assert!(
            (ratio - expected).abs() <= 0.1 * expected,
            "{name}: {ratio} and not {expected} of {errors} errors"
        );
    }
    // What the older name says is the rest, once both have been evaluated over the same scrape.
    stack.wait_for(&format!(
        "count(abs(tta:success_rate_5m + on (job, workflow_name) {RECORDED} - 1) < 1e-9) == 6"
    ));
}

fn exemplars_are_spans_that_arrived(stack: &Stack) {
    for family in [
        "tta_workflow_duration_seconds",
        "tta_primitive_duration_seconds",
        "tta_workflow_step_duration_seconds",
    ] {
        let exemplars = stack.prometheus.exemplars(&format!("{family}_bucket"));
        assert!(exemplars.len() >= 5, "{exemplars:#?}");
        for exemplar in exemplars {
            let id =
                |name: &str| exemplar[name].as_str().unwrap_or_else(|| panic!("{exemplar} has no {name}"));
            assert!(stack.collector.has(id("trace_id"), id("span_id")), "{exemplar} of {family} is nowhere");
        }
    }
}

fn a_workflow_that_breaks_is_paged_for_and_no_other(stack: &Stack) {
    // From so many calls on three failures are no longer told of as those of a workflow that is seldom called.
    stack.wait_for(&format!("slo:tta_slo_events:increase6h{{slo={BROKEN:?}, objective=\"success\"}} > 550"));
    for name in ALWAYS {
        stack.wait_for(&format!("ALERTS{{alertname={:?}, alertstate=\"firing\"}}", name.trim_end()));
    }
    assert_eq!(stack.alerts("ALERTS{alertstate=\"firing\"}", None), set(&ALWAYS));

    let (told_before, broken) = (stack.webhook.all().len(), now());
    stack.post(&format!("/break/{BROKEN}"));
    let told = stack.webhook.alert(|told| alert(&told["labels"]) == PAGE && told["status"] == "firing");
    assert_eq!(told["told"], "page", "{told:#}");
    assert_eq!(told["labels"]["severity"], "page");
    let summary = told["annotations"]["summary"].as_str().expect("it has one");
    assert!(summary.starts_with("nightly_report burns its error budget of success "), "{summary}");
    let firing = format!(
        "min_over_time(timestamp(ALERTS{{alertname=\"TtaSloSuccessBurn1h\", alertstate=\"firing\", slo={BROKEN:?}}})[3m:100ms])"
    );
    let since = stack.wait_for(&firing).first().map(value).expect("it fires");
    assert!(since - broken < SOON.as_secs_f64(), "it fired {} s after the workflow broke", since - broken);
    // And then there was no other one.
    let mut expected = set(&ALWAYS);
    expected.extend(set(&[PAGE]));
    assert_eq!(stack.alerts("ALERTS{alertstate=\"firing\"}", Some(since)), expected);
    let success = format!("tta:success_rate_5m{{workflow_name={BROKEN:?}}} == 0");
    stack.wait_for(&success);
    let others =
        stack.prometheus.samples(&format!("tta:success_rate_5m{{workflow_name!={BROKEN:?}}} < 0.9"), None);
    assert!(others.is_empty(), "{others:#?}");

    stack.post(&format!("/mend/{BROKEN}"));
    let _ = stack.webhook.alert(|told| alert(&told["labels"]) == PAGE && told["status"] == "resolved");
    let mut allowed = set(&MAY_FOLLOW);
    allowed.extend(expected);
    // Until Prometheus had read its targets, which takes it five seconds however fast it scrapes, there was none.
    let since = (now() - broken).ceil();
    let fired = stack.alerts(&format!("last_over_time(ALERTS{{alertstate=\"firing\"}}[{since}s])"), None);
    assert!(fired.is_subset(&allowed), "{fired:#?}");
    let told: BTreeSet<String> = stack.webhook.all()[told_before..]
        .iter()
        .filter(|told| told["status"] == "firing")
        .map(|told| alert(&told["labels"]))
        .collect();
    assert!(told.is_subset(&allowed), "{told:#?}");
}

fn a_cache_that_loses_its_redis_is_told_of(stack: &mut Stack) {
    let is_lost = |told: &Value, status| {
        told["labels"]["alertname"] == "TtaCacheBackendDown" && told["status"] == status
    };
    let kept = stack.redis.as_ref().map(Redis::keys).unwrap_or_default();
    assert!(!kept.is_empty() && kept.iter().all(|key| key.starts_with("tta:tax_rate:")), "{kept:?}");
    let webhook = &stack.webhook;
    let lost = || {
        let told = webhook.alert(|told| is_lost(told, "firing"));
        assert_eq!(
            (&told["labels"]["severity"], &told["labels"]["backend"]),
            (&"ticket".into(), &"redis".into())
        );
    };
    stack.redis = stack.redis.take().map(|redis| redis.restart(lost));
    let _ = webhook.alert(|told| is_lost(told, "resolved"));
    assert!(stack.redis.as_ref().is_some_and(|redis| !redis.keys().is_empty()), "it is written to again");
}

fn what_is_taken_away_is_named(stack: &Stack) {
    // A metric is called otherwise in a dashboard.
    let other = stack.folder.join("other");
    scaled().write(&other);
    let dashboard = "grafana/dashboards/tta-telemetry.json";
    let text = std::fs::read_to_string(other.join(dashboard)).expect("it is there");
    assert!(text.contains("tta_telemetry_queue_capacity"));
    save(&other, dashboard, &text.replace("tta_telemetry_queue_capacity", "tta_telemetry_queue_size"));
    let said = stack.doctor(&other);
    assert_eq!(said.of("failed"), ["queries: tta-telemetry/Queue returns nothing"]);

    // A rule is lost.
    let (rules, lost) = ("prometheus/rules/compatibility.yml", "tta:workflow_rate_5m");
    let files = stack.folder.join("stack");
    let whole = std::fs::read_to_string(files.join(rules)).expect("it is there");
    let mut without: Value = serde_json::from_str(&whole).expect("it is JSON");
    for group in without["groups"].as_array_mut().expect("groups") {
        group["rules"].as_array_mut().expect("rules").retain(|rule| rule["record"] != lost);
    }
    save(&files, rules, &without.to_string());
    stack.prometheus.reload();
    save(&files, rules, &whole);
    let expected = [
        format!("rules: tta-older-rules/{lost} is not loaded"),
        format!("queries: tta-older-rules/{lost} has recorded nothing"),
    ];
    let said = stack.doctor_until(&files, |said| said.of("failed") == expected);
    assert_eq!(said.of("failed"), expected);
}

fn the_numbers_are_those_of_the_shop(stack: &Stack) {
    // From here on nothing is called any more.
    stack.post("/close");
    let done = stack.done();
    assert_eq!(done.len(), 5);
    let counted =
        |name: &str| ["success", "error", "cancelled"].map(|status| stack.ends(name, status, "10m", None));
    for (name, done) in &done {
        let deadline = Instant::now() + PATIENCE;
        while counted(name).map(|[_, last]| last) != *done {
            assert!(
                Instant::now() < deadline,
                "{name}: {done:?} in the shop, {:?} in Prometheus",
                counted(name)
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    // The objective has been judged over all of this time, since six hours are twelve minutes; without what came before the
    // first scrape.
    let [succeeded, failed, _] = counted(BROKEN).map(|[first, last]| last - first);
    assert!(failed > 0.0, "it was broken: {done:?}");
    let expected = failed / (succeeded + failed);
    let judged =
        format!("slo:tta_slo_errors_per_event:ratio_rate6h{{slo={BROKEN:?}, objective=\"success\"}}");
    stack.wait_for(&format!("abs({judged} - {expected}) < 0.01 * {expected}"));
}

/// What the models have billed, by their own reckoning: all of it, by model and by workflow, and nothing twice.
fn every_dollar_is_in_prometheus_once(stack: &Stack) {
    let (_, _, body) = http_get(&format!("{}/spent", stack.shop), "application/json");
    let spent: BTreeMap<String, u64> =
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
    let of = |what: &str| spent[what];
    assert!(spent.values().all(|of_some| *of_some > 0), "{spent:?}");
    // A double has more digits than these sums of dollars, of which each series is one.
    let dollars = |pico: u64| pico as f64 / 1e12;
    let all = of("useful") + of("wasted");
    for (sum, expected) in [
        ("sum(tta_llm_cost_dollars_total{disposition=\"useful\"})", dollars(of("useful"))),
        ("sum(tta_llm_cost_dollars_total{disposition=\"wasted\"})", dollars(of("wasted"))),
        ("sum(tta_workflow_cost_dollars_total{root=\"true\"})", dollars(all)),
        // All that is spent by a workflow within another is that one's, too.
        ("sum(tta_workflow_call_cost_dollars_sum{workflow_name=\"support_ticket\"})", dollars(all)),
        ("sum(tta_llm_unpriced_calls_total)", of("unpriced") as f64),
        ("sum(tta_cache_savings_dollars_total)", dollars(of("cache_saved"))),
        ("sum(tta_router_cost_savings_dollars_total)", dollars(of("router_saved"))),
        ("sum(tta_router_extra_cost_dollars_total)", dollars(of("router_extra"))),
    ] {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = stack.prometheus.samples(sum, None).first().map(value);
            if found.is_some_and(|found| (found - expected).abs() <= 1e-12 * expected) {
                break;
            }
            assert!(Instant::now() < deadline, "{sum} is {found:?}, and {expected} was billed");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    let within = stack.prometheus.samples("sum(tta_workflow_cost_dollars_total{root=\"false\"}) > 0", None);
    assert_eq!(within.len(), 1, "there is a workflow within another");
}

fn a_target_that_ends_is_named(stack: &Stack) {
    let metrics = &stack.metrics;
    assert!(Command::new("kill").arg(stack.fleet.id().to_string()).status().expect("it starts").success());
    let is_named = |line: &String| {
        line.starts_with(&format!("target: {metrics} is down: ")) && line.ends_with("connection refused")
    };
    let said = stack.doctor_until(&stack.folder.join("stack"), |said| said.of("failed").iter().any(is_named));
    assert!(said.of("failed").first().is_some_and(is_named), "{said:#?}");
}
