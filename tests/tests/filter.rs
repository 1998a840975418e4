//! `TTA_FILTER` and `tta.busy_ms`: which spans there are, and what they tell of the time on the task. One
//! telemetry runs at a time, so the tests take turns.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, Response};
use tower::{Layer as _, ServiceExt as _};
use tta::http::{ClientLayer, ServerLayer};
use tta::opentelemetry::trace::SpanId;
use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tta::{Telemetry, TelemetryBuilder};

static TURN: Mutex<()> = Mutex::new(());

#[derive(Clone, Debug, Default)]
struct Exporter(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        Ok(())
    }
}

#[tta::workflow]
async fn checkout() -> u32 {
    prices().await
}

#[tta::primitive(kind = "cache")]
async fn prices() -> u32 {
    price().await + price().await
}

#[tta::primitive]
async fn price() -> u32 {
    21
}

#[tta::workflow]
async fn health_check() -> u32 {
    prices().await
}

#[tta::primitive]
async fn works_and_waits() {
    works();
    tokio::time::sleep(Duration::from_millis(60)).await;
    works();
}

#[tta::primitive]
fn works() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(10) {}
}

/// What the exporter gets of `run`.
fn exported(build: impl FnOnce(TelemetryBuilder) -> TelemetryBuilder, run: impl FnOnce()) -> Vec<SpanData> {
    let exporter = Exporter::default();
    let builder = Telemetry::builder().span_exporter(exporter.clone());
    let builder = builder.console(false).otlp(false).prometheus(false);
    let telemetry = build(builder).init().expect("telemetry");
    run();
    let report = telemetry.shutdown(Duration::from_secs(10));
    assert!(report.is_complete(), "{report}");
    exporter.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn names(spans: &[SpanData]) -> Vec<&str> {
    let mut names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    names.sort_unstable();
    names
}

fn orders() {
    assert_eq!(futures::executor::block_on(checkout()), 42);
    assert_eq!(futures::executor::block_on(health_check()), 42);
}

#[test]
fn what_a_filter_names_has_no_span_and_what_it_calls_hangs_below_its_caller() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let spans = exported(|builder| builder.filter("kind=cache, workflow=health_*"), orders);
    assert_eq!(names(&spans), ["invoke_workflow checkout", "price", "price"]);
    let root = spans.iter().find(|span| span.parent_span_id == SpanId::INVALID).expect("a root");
    for span in spans.iter().filter(|span| span.name == "price") {
        assert_eq!(span.parent_span_id, root.span_context.span_id());
    }
}

#[test]
fn without_a_filter_every_call_has_a_span_again() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    drop(exported(|builder| builder.filter("name=*"), orders));
    assert_eq!(exported(|builder| builder, orders).len(), 8);
}

#[test]
fn a_filter_does_not_change_a_metric() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let executions = || {
        let stats = tta::stats();
        stats.sites().iter().map(tta::SiteStats::calls).sum::<u64>()
    };
    let before = executions();
    let spans = exported(|builder| builder.filter("name=*"), orders);
    assert_eq!((spans.len(), executions() - before), (0, 8));
}

#[test]
fn a_filter_that_cannot_be_read_is_an_error_that_says_what_can() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let error = Telemetry::builder().filter("ping").init().expect_err("no rule").to_string();
    assert!(
        error.contains("TTA_FILTER") && error.contains("\"ping\"") && error.contains("`name=…`"),
        "{error}"
    );
}

/// Answers after a call of its own; over gRPC with a status that is one.
async fn answer(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    price().await;
    Ok(Response::builder().header("grpc-status", "0").body(Body::empty()).expect("a response"))
}

/// Asks somebody, who is in this process, too.
#[tta::workflow]
async fn visit(uri: &str, content: &str) -> u16 {
    let server = ServerLayer::new().route(|request| {
        let is_call = request.headers["content-type"] == "application/grpc";
        (!is_call).then(|| request.uri.path().to_owned().into())
    });
    let client = ClientLayer::new().propagate_to_all();
    let service = client.layer(server.layer(tower::service_fn(answer)));
    let request = Request::get(uri).header("content-type", content).body(Body::empty()).expect("a request");
    service.oneshot(request).await.expect("it answers").status().as_u16()
}

/// The health check, an order and a call over gRPC.
fn visits() {
    for (uri, content) in [
        ("http://shop.test/healthz", "text/plain"),
        ("http://shop.test:81/orders", "text/plain"),
        ("http://shop.test/pay.Bank/Pay", "application/grpc"),
    ] {
        assert_eq!(futures::executor::block_on(visit(uri, content)), 200);
    }
}

/// The names of each trace's spans, from the first to the one at the bottom; one below the other.
fn chains(spans: &[SpanData]) -> Vec<String> {
    let below = |id| spans.iter().filter(move |span| span.parent_span_id == id).collect::<Vec<_>>();
    let mut chains = Vec::new();
    for root in below(SpanId::INVALID) {
        let (mut chain, mut last) = (root.name.to_string(), root);
        while let [next] = *below(last.span_context.span_id()) {
            assert_eq!(next.span_context.trace_id(), root.span_context.trace_id());
            chain = format!("{chain} > {}", next.name);
            last = next;
        }
        chains.push(chain);
    }
    let number: usize = chains.iter().map(|chain| chain.split(" > ").count()).sum();
    assert_eq!(number, spans.len(), "{chains:?} and more");
    chains
}

#[test]
fn a_filter_hides_requests_by_side_route_and_place_and_what_is_below_hangs_below_what_is_above() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (visit, health, order, call) =
        ("invoke_workflow visit", "GET > GET /healthz", "GET > GET /orders", "pay.Bank/Pay");
    let both = format!("{call} > {call}");
    let cases: [(&str, [&str; 3]); 12] = [
        ("", [health, order, &both]),
        ("name=/healthz", ["GET", order, &both]),
        ("name=GET /*", ["GET", "GET", &both]),
        ("name=shop.test/*", ["GET /healthz", order, call]),
        ("name=shop.test:81/orders", [health, "GET /orders", &both]),
        ("name=shop.test/healthz,name=/healthz", ["", order, &both]),
        ("name=pay.Bank/*", [health, order, ""]),
        ("kind=http", ["", "", &both]),
        ("kind=http_client", ["GET /healthz", "GET /orders", &both]),
        ("kind=http_server", ["GET", "GET", &both]),
        ("kind=rpc_client, kind=http", ["", "", call]),
        ("kind=http*, kind=rpc*", ["", "", ""]),
    ];
    for (filter, expected) in cases {
        let spans = exported(|builder| builder.filter(filter), visits);
        let chain = |between: &str| match between {
            "" => format!("{visit} > price"),
            between => format!("{visit} > {between} > price"),
        };
        assert_eq!(chains(&spans), expected.map(chain), "{filter}");
    }
    // Whoever answers is not within that workflow: it might be another process.
    let answers = ["GET /healthz > price", "GET /orders > price", "pay.Bank/Pay > price"];
    assert_eq!(chains(&exported(|builder| builder.filter("workflow=visit"), visits)), answers);
}

#[test]
fn a_hidden_request_counts() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let telemetry = Telemetry::builder().console(false).otlp(false).span_exporter(Exporter::default());
    let telemetry = telemetry.prometheus_addr(([127, 0, 0, 1], 0).into()).filter("kind=http,kind=rpc").init();
    let telemetry = telemetry.expect("the settings are right");
    let url = format!("http://{}/metrics", telemetry.prometheus_addr().expect("it is served"));
    let value = |beginning: &str| {
        let (_, _, body) = tta_tests::http_get(&url, "text/plain");
        let found = body.lines().filter(|line| line.starts_with(beginning));
        found.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).sum::<u64>()
    };
    let counts = || {
        (
            value("http_server_request_duration_seconds_count{"),
            value("http_client_request_duration_seconds_count{"),
            value("tta_telemetry_spans_total{outcome=\"sampled_out\",reason=\"filter\"}"),
        )
    };
    let before = counts();
    visits();
    let after = counts();
    assert_eq!((after.0 - before.0, after.1 - before.1, after.2 - before.2), (3, 3, 6));
}

#[test]
fn a_rule_for_requests_is_not_warned_about() {
    let rules = "name=/healthz,name=GET,kind=rpc_client,kind=htp,name=misspelt";
    let env = [("TTA_FILTER", rules), ("OTEL_SDK_DISABLED", "false"), ("ENVIRONMENT", "production")];
    let program = env!("CARGO_BIN_EXE_program");
    let output = std::process::Command::new(program).args(["run", "1"]).envs(env).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let warned: Vec<_> = said.lines().filter(|line| line.contains("hides nothing")).collect();
    assert_eq!(warned.len(), 2, "{said}");
    assert!(warned[0].contains("`kind=htp`") && warned[1].contains("`name=misspelt`"), "{said}");
}

#[test]
fn the_time_on_the_task_is_the_time_of_the_polls() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let spans = exported(|builder| builder.busy_time(true), || runtime.block_on(works_and_waits()));
    let busy = |name: &str| {
        let span = spans.iter().find(|span| span.name == name).expect("the span");
        let value = span.attributes.iter().find(|attribute| attribute.key.as_str() == "tta.busy_ms");
        let value = value.expect("the attribute").value.as_str().parse::<f64>().expect("a number");
        let took = span.end_time.duration_since(span.start_time).expect("in order").as_secs_f64() * 1e3;
        (value, took)
    };
    let (worked, took) = busy("works_and_waits");
    assert!(worked >= 20.0 && worked <= took - 50.0, "{worked} ms of {took} ms");
    let (worked, took) = busy("works");
    assert!((took - worked).abs() < 0.001, "a sync function is busy all the time: {worked} ms of {took} ms");

    let spans = exported(|builder| builder, || runtime.block_on(works_and_waits()));
    let is_busy = |span: &SpanData| span.attributes.iter().any(|own| own.key.as_str() == "tta.busy_ms");
    assert!(!spans.iter().any(is_busy), "nobody asked for it");
}
