//! What a real OTLP receiver and a strict parser of OpenMetrics get of requests.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use tower::{Layer as _, ServiceExt as _};
use tta::Telemetry;
use tta::http::{ClientLayer, ServerLayer};
use tta_tests::{CLOSED, OPENMETRICS, PATIENCE, Receiver, attribute, exemplars, http_get, number, seconds};

/// The bounds that the conventions advise, in seconds:
/// <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// `/orders/{id}` answers, `/broken` fails.
async fn serve() -> SocketAddr {
    let app = Router::new()
        .route("/orders/{id}", get(|| async { "here" }))
        .route("/broken", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .layer(ServerLayer::new());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Asks through both kinds of clients, and somebody who is not there.
async fn ask(address: SocketAddr) {
    let layer = ClientLayer::new().propagate_to(["127.0.0.1"]);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let client = reqwest_middleware::ClientBuilder::new(client).with(layer.clone()).build();
    for path in ["orders/1", "orders/2", "broken"] {
        let response = client.get(format!("http://{address}/{path}")).send().await.expect("it answers");
        response.bytes().await.expect("it ends");
    }
    client.get(format!("http://{CLOSED}/")).send().await.expect_err("nobody is there");
    let executor = hyper_util::rt::TokioExecutor::new();
    let hyper = hyper_util::client::legacy::Client::builder(executor).build_http::<Body>();
    let uri = format!("http://{address}/orders/3");
    let request = axum::http::Request::get(uri).body(Body::empty()).expect("a request");
    let response = layer.layer(hyper).oneshot(request).await.expect("it answers");
    http_body_util::BodyExt::collect(response.into_body()).await.expect("it ends");
}

/// The only reading of a histogram, once it is found.
fn points(receiver: &mut Receiver, name: &str) -> Vec<Value> {
    let metric = receiver.metric(name);
    assert_eq!(metric["unit"], "s", "{metric:#}");
    let histogram = &metric["histogram"];
    assert!(
        histogram["aggregationTemporality"] == "AGGREGATION_TEMPORALITY_CUMULATIVE"
            || histogram["aggregationTemporality"] == 2,
        "{metric:#}"
    );
    histogram["dataPoints"].as_array().expect("it has points").clone()
}

/// The attributes of each point and how many requests it has, the bounds being those of the conventions.
fn counted(points: &[Value]) -> Vec<Value> {
    let count = |point: &Value| {
        let bounds = point["explicitBounds"].as_array().expect("it has bounds");
        assert_eq!(bounds.iter().map(number).collect::<Vec<_>>(), BOUNDS);
        let buckets = point["bucketCounts"].as_array().expect("it has buckets");
        assert_eq!(buckets.len(), BOUNDS.len() + 1);
        assert_eq!(buckets.iter().map(number).sum::<f64>(), number(&point["count"]));
        assert!(point["exemplars"].as_array().is_some_and(|own| !own.is_empty()), "{point:#}");
        json!([point["attributes"], number(&point["count"])])
    };
    points.iter().map(count).collect()
}

/// The value on a line of the exposition.
fn last(line: &str) -> u64 {
    line.rsplit_once(' ').and_then(|(_, value)| value.parse().ok()).unwrap_or_default()
}

/// Each exemplar is one of the spans, in the bucket of its duration and the series of its request.
fn are_of(spans: &[Value], found: &[Value]) {
    let mut series = BTreeSet::new();
    for exemplar in found {
        let [family, labels, ids, value, _] = exemplar.as_array().map(Vec::as_slice).expect("an array")
        else {
            panic!("{exemplar}")
        };
        let is_it = |span: &&Value| span["spanId"] == ids["span_id"] && span["traceId"] == ids["trace_id"];
        let span = spans.iter().find(is_it).unwrap_or_else(|| panic!("{exemplar} points at nothing"));
        let took = seconds(span, "endTimeUnixNano") - seconds(span, "startTimeUnixNano");
        assert!((number(value) - took).abs() < 1e-6, "{exemplar} for {span:#?}");
        let bound = labels["le"].as_str().expect("it is on a bucket");
        assert!(number(value) <= bound.replace("+Inf", "inf").parse().expect("a bound"), "{exemplar}");
        for (label, key) in [
            ("http_route", "http.route"),
            ("http_response_status_code", "http.response.status_code"),
            ("error_type", "error.type"),
            ("server_port", "server.port"),
        ] {
            // A server's span knows its port, too.
            if label != "server_port" || family == "http_client_request_duration_seconds" {
                assert_eq!(attribute(span, key), labels[label].as_str().map(str::to_owned), "{exemplar}");
            }
        }
        let of = |name: &str| labels[name].as_str().unwrap_or_default().to_owned();
        series.insert((family.as_str().expect("a name").to_owned(), of("error_type")));
    }
    let expected =
        [("client", ""), ("client", "503"), ("client", "connect"), ("server", ""), ("server", "503")];
    let expected =
        expected.map(|(side, error)| (format!("http_{side}_request_duration_seconds"), error.to_owned()));
    assert_eq!(series, expected.into());
}

#[track_caller]
fn assert_same(found: &[Value], expected: &[Value]) {
    let is_missing = |value: &&Value| !found.contains(value);
    let missing: Vec<_> = expected.iter().filter(is_missing).collect();
    assert!(missing.is_empty() && found.len() == expected.len(), "{missing:#?} is not in {found:#?}");
}

#[test]
fn requests_arrive_as_the_conventions_want_them_with_exemplars_that_are_spans() {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let mut receiver = Receiver::start();
    let telemetry = Telemetry::builder()
        .console(false)
        .otlp_endpoint(receiver.http())
        .prometheus_addr(([127, 0, 0, 1], 0).into())
        .init()
        .expect("the settings are right");
    let metrics = format!("http://{}/metrics", telemetry.prometheus_addr().expect("it is served"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let address = runtime.block_on(async {
        let address = serve().await;
        ask(address).await;
        address
    });
    // A body that has been read has been written, and a moment later its request ends.
    let deadline = Instant::now() + PATIENCE;
    let ended = |line: &str| line.starts_with("http_server_request_duration_seconds_count{");
    while http_get(&metrics, "text/plain").2.lines().filter(|line| ended(line)).map(last).sum::<u64>() < 4 {
        assert!(Instant::now() < deadline, "the server's requests do not end");
    }
    telemetry.force_flush(PATIENCE).expect("it takes everything");
    let spans = receiver.spans(9);
    let (_, _, exposition) = http_get(&metrics, OPENMETRICS);
    are_of(&spans, &exemplars(&exposition));

    let port = address.port();
    let version = "1.1";
    let server = points(&mut receiver, "http.server.request.duration");
    assert_same(
        &counted(&server),
        &[
            json!([{"http.request.method": "GET", "http.route": "/orders/{id}", "http.response.status_code": 200,
                "url.scheme": "http", "network.protocol.version": version}, 3.0]),
            json!([{"http.request.method": "GET", "http.route": "/broken", "http.response.status_code": 503,
                "url.scheme": "http", "network.protocol.version": version, "error.type": "503"}, 1.0]),
        ],
    );
    let client = points(&mut receiver, "http.client.request.duration");
    let nobody: SocketAddr = CLOSED.parse().expect("an address");
    assert_same(
        &counted(&client),
        &[
            json!([{"http.request.method": "GET", "server.address": "127.0.0.1", "server.port": port,
                "http.response.status_code": 200, "network.protocol.version": version}, 3.0]),
            json!([{"http.request.method": "GET", "server.address": "127.0.0.1", "server.port": port,
                "http.response.status_code": 503, "network.protocol.version": version, "error.type": "503"}, 1.0]),
            json!([{"http.request.method": "GET", "server.address": nobody.ip(), "server.port": nobody.port(),
                "error.type": "connect"}, 1.0]),
        ],
    );
}
