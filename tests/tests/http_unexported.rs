//! Requests of a program that exports no traces.

use axum::Router;
use axum::routing::get;
use tta::Telemetry;
use tta::http::ServerLayer;
use tta::opentelemetry::Context;
use tta_tests::http_get;

#[test]
fn requests_count_without_an_exporter_of_traces_and_not_where_nothing_may_be_observed() {
    let builder = Telemetry::builder().console(false).otlp(false);
    let telemetry = builder.prometheus_addr(([127, 0, 0, 1], 0).into()).init().expect("nothing is wrong");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let app = Router::new().route("/counted", get(|| async {})).layer(ServerLayer::new());
    let ask = || {
        let request = axum::http::Request::get("/counted").body(axum::body::Body::empty());
        let response = tower::ServiceExt::oneshot(app.clone(), request.expect("a request"));
        drop(runtime.block_on(response).expect("it answers"));
    };
    ask();
    ask();
    let _suppressed = Context::enter_telemetry_suppressed_scope();
    ask();
    let metrics = telemetry.prometheus_addr().expect("it serves");
    let (_, _, body) = http_get(&format!("http://{metrics}/metrics"), "text/plain");
    let line = "http_server_request_duration_seconds_count{http_request_method=\"GET\",\
                http_route=\"/counted\",http_response_status_code=\"200\",url_scheme=\"http\",\
                network_protocol_version=\"1.1\"} 2";
    assert!(body.lines().any(|found| found == line), "no {line} in\n{body}");
}
