//! What `cargo doc` shows of an annotated function with the feature `doc-links`, and that Prometheus understands it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::{Value, json};

/// A crate whose names have to be escaped in a query, in Markdown, in HTML and in an address.
const SOURCE: &str = r#"//! A shop.

/// Finds things.
///
/// Slowly.
#[tta::primitive(name = "find <all> [a](b) & *100%* #1 größe")]
pub async fn find() {}

/// Answers.
#[tta::workflow]
pub async fn r#answer() -> Result<(), std::fmt::Error> {
    Ok(())
}

/// Sells things.
pub struct Shop;

impl Shop {
    /// What it costs.
    #[tta::primitive]
    #[must_use]
    pub fn price(&self) -> u32 {
        1
    }
}

/// Who can be paid.
pub trait Paid {
    /// Pays.
    fn pay(&self) -> impl Future<Output = ()>;
}

impl Paid for Shop {
    /// In cash.
    #[tta::primitive]
    async fn pay(&self) {}
}
"#;

const NAME: &str = "find <all> [a](b) & *100%* #1 größe";

/// The documentation of the crate, built one after the other in one target folder.
struct Shop {
    without: Pages,
    with: Pages,
    elsewhere: Pages,
    wrong: Output,
    wrong_and_not_documented: Output,
}

struct Pages {
    find: String,
    answer: String,
    shop: String,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let folder = write_crate();
    let pages = |url| {
        let output = cargo(&folder, "doc", url);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let page =
            |name: &str| fs::read_to_string(folder.join("target/doc/shop").join(name)).expect("a page");
        Pages { find: page("fn.find.html"), answer: page("fn.answer.html"), shop: page("struct.Shop.html") }
    };
    Shop {
        without: pages(None),
        with: pages(Some("http://localhost:9090/")),
        elsewhere: pages(Some("https://prometheus.example/shop")),
        wrong: cargo(&folder, "doc", Some("prometheus.example")),
        wrong_and_not_documented: cargo(&folder, "check", Some("prometheus.example")),
    }
});

fn write_crate() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("doc-links");
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::create_dir_all(folder.join("src")).expect("a folder for the crate");
    fs::copy(ours.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the versions that are tested");
    let manifest = format!(
        "[package]\nname = \"shop\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\ntta = {{ path = {:?}, features = [\"doc-links\"] }}\n",
        ours.join("runtime").to_str().expect("a path in UTF-8")
    );
    fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
    fs::write(folder.join("src/lib.rs"), SOURCE).expect("the source");
    folder
}

fn cargo(folder: &Path, command: &str, url: Option<&str>) -> Output {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([command, "--quiet"]).current_dir(folder);
    if command == "doc" {
        cargo.arg("--no-deps");
    }
    cargo.env("CARGO_TARGET_DIR", folder.join("target")).env("RUSTDOCFLAGS", "-D warnings");
    match url {
        Some(url) => cargo.env("TTA_PROMETHEUS_URL", url),
        None => cargo.env_remove("TTA_PROMETHEUS_URL"),
    };
    cargo.output().expect("cargo runs")
}

/// What stands between `before` and `after`, each time, as a browser shows it.
fn between(html: &str, before: &str, after: &str) -> Vec<String> {
    let parts = html.split(before).skip(1).filter_map(|rest| rest.split_once(after));
    parts
        .map(|(text, _)| {
            text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
        })
        .collect()
}

/// The section of the queries.
fn section(html: &str) -> &str {
    html.split_once("id=\"metrics\"").map(|(_, rest)| rest).expect("a section about metrics")
}

/// Rate, ratio and p95.
fn queries(html: &str) -> [String; 3] {
    let queries = between(section(html), "<code>", "</code>");
    queries.try_into().unwrap_or_else(|queries| panic!("expected three queries, found {queries:#?}"))
}

#[test]
fn the_queries_come_after_the_text_of_the_user() {
    let page = &SHOP.without.find;
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is not in {page}"));
    assert!(at("Finds things.") < at("Slowly.") && at("Slowly.") < at("id=\"metrics\""));
    assert_eq!(
        queries(page)[0],
        format!("sum(rate(tta_primitive_executions_total{{primitive_name=\"{NAME}\"}}[5m]))")
    );
    assert!(between(section(page), "href=\"http", "\"").is_empty(), "no link without an address");
}

#[test]
fn with_an_address_each_query_is_a_link_that_prometheus_reads_back() {
    for (pages, base) in [(&SHOP.with, "://localhost:9090"), (&SHOP.elsewhere, "s://prometheus.example/shop")]
    {
        for page in [&pages.find, &pages.answer] {
            let links = between(section(page), "href=\"http", "\"");
            let expected = queries(page).map(|query| format!("{base}/graph?g0.expr={query}&g0.tab=0"));
            assert_eq!(links.iter().map(|link| decoded(link)).collect::<Vec<_>>(), expected);
        }
    }
}

/// Without the percent-encoding.
fn decoded(url: &str) -> String {
    let mut parts = url.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).expect("two digits after a percent sign"));
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_workflow_and_methods_have_theirs_too() {
    assert!(queries(&SHOP.without.answer).iter().all(|query| query.contains("tta_workflow_")));
    assert!(queries(&SHOP.without.answer)[0].contains("workflow_name=\"answer\""));
    let methods = between(&SHOP.without.shop, "<code>sum(rate(", "[5m]))</code>");
    assert_eq!(
        methods,
        ["price", "pay"].map(|name| format!("tta_primitive_executions_total{{primitive_name=\"{name}\"}}"))
    );
}

#[test]
fn a_wrong_address_is_an_error_at_the_attribute_and_of_the_documentation_only() {
    let said = String::from_utf8_lossy(&SHOP.wrong.stderr);
    assert!(!SHOP.wrong.status.success(), "{said}");
    assert!(
        said.contains(
            "TTA_PROMETHEUS_URL is no address of a Prometheus: found `prometheus.example`, \
             expected `http://` or `https://`, a host, and at most a port and a path"
        ),
        "{said}"
    );
    assert!(said.contains("src/lib.rs:6:1"), "{said}");
    let said = String::from_utf8_lossy(&SHOP.wrong_and_not_documented.stderr);
    assert!(SHOP.wrong_and_not_documented.status.success(), "{said}");
}

#[test]
fn the_queries_say_what_happened_without_errors_and_without_calls_too() {
    let [rate, ratio, p95] = queries(&SHOP.without.find);
    let counter = |status: &str, values: &str| {
        let labels = format!("primitive_name=\"{NAME}\",primitive_type=\"lambda\",status=\"{status}\"");
        json!({ "series": format!("tta_primitive_executions_total{{{labels}}}"), "values": values })
    };
    let bucket = |le: &str, values: &str| {
        let labels = format!("primitive_name=\"{NAME}\",primitive_type=\"lambda\",le=\"{le}\"");
        json!({ "series": format!("tta_primitive_duration_seconds_bucket{{{labels}}}"), "values": values })
    };
    let test = |name: &str, series: &[Value], query: &str, expected: Option<f64>| {
        let samples: Vec<Value> =
            expected.iter().map(|value| json!({ "labels": "{}", "value": value })).collect();
        json!({
            "name": name,
            "interval": "1m",
            "input_series": series,
            "promql_expr_test": [{ "expr": query, "eval_time": "10m", "exp_samples": samples }],
        })
    };
    let (success, error) = (counter("success", "0+45x10"), counter("error", "0+15x10"));
    let idle = [counter("success", "7x10"), counter("error", "7x10")];
    let buckets = [bucket("1", "0+90x10"), bucket("2", "0+100x10"), bucket("+Inf", "0+100x10")];
    let tests = [
        test("calls in a second", &[success.clone(), error.clone()], &rate, Some(1.0)),
        test("a quarter fails", &[success.clone(), error], &ratio, Some(0.25)),
        test("there is no series of errors", &[success], &ratio, Some(0.0)),
        test("nobody calls", &idle, &ratio, None),
        test("there is no series at all", &[], &ratio, None),
        test("halfway through a bucket", &buckets, &format!("round({p95}, 0.001)"), Some(1.5)),
    ];
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("doc-links.yaml");
    // JSON is YAML.
    let suite = json!({ "rule_files": [], "evaluation_interval": "1m", "tests": tests });
    fs::write(&file, suite.to_string()).expect("a file for promtool");
    let output = Command::new("promtool").args(["test", "rules"]).arg(&file).output();
    let output = output.expect("promtool runs, which tests/run installs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
}
