//! Requests as servers and clients see them, over real connections.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get};
use futures::StreamExt as _;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use tokio::runtime::Runtime;
use tower::{Layer as _, ServiceExt as _};
use tta::Telemetry;
use tta::http::{ClientLayer, Inject, ServerLayer};
use tta::opentelemetry::Value;
use tta::opentelemetry::trace::{SpanId, SpanKind, Status, TraceContextExt as _, TraceId};
use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tta_tests::{CLOSED, OPENMETRICS, PATIENCE, http_get};

/// The spans of every test in this file, which tell theirs apart by what they ask for.
#[derive(Clone, Debug, Default)]
struct Spans(Arc<(Mutex<Vec<SpanData>>, Condvar)>);

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        self.0.1.notify_all();
        Ok(())
    }
}

struct Observed {
    telemetry: Telemetry,
    spans: Spans,
    runtime: Runtime,
}

static OBSERVED: LazyLock<Observed> = LazyLock::new(|| {
    let spans = Spans::default();
    let builder = Telemetry::builder().console(false).otlp(false).span_exporter(spans.clone());
    let telemetry =
        builder.prometheus_addr(([127, 0, 0, 1], 0).into()).init().expect("nothing is wrong with it");
    // What reqwest's clients need to be made, with whatever they speak.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    Observed { telemetry, spans, runtime }
});

/// The spans that fit, once there are so many of them.
fn spans(count: usize, fits: impl Fn(&SpanData) -> bool) -> Vec<SpanData> {
    let deadline = Instant::now() + PATIENCE;
    let (spans, changed) = &*OBSERVED.spans.0;
    loop {
        let _ = OBSERVED.telemetry.force_flush(PATIENCE);
        let known = spans.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: Vec<_> = known.iter().filter(|span| fits(span)).cloned().collect();
        if found.len() >= count {
            assert_eq!(found.len(), count, "{:#?}", show(&found));
            found.sort_by_key(|span| span.start_time);
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "expected {count} spans, found {:#?} of {:#?}",
            show(&found),
            show(&known)
        );
        // Some end when a server notices that its client has gone.
        drop(changed.wait_timeout(known, Duration::from_millis(10)));
    }
}

/// What tells spans apart.
fn show(spans: &[SpanData]) -> Vec<String> {
    let place = |span| attribute(span, "url.path").or(attribute(span, "url.full")).unwrap_or_default();
    spans.iter().map(|span| format!("{:?} {} {}", span.span_kind, span.name, place(span))).collect()
}

/// The one span of this kind for this path.
fn span(kind: &SpanKind, path: &str) -> SpanData {
    let found = spans(1, |span| {
        span.span_kind == *kind
            && (attribute(span, "url.path").as_deref() == Some(path)
                || attribute(span, "url.full").is_some_and(|url| url.ends_with(path)))
    });
    found.into_iter().next().expect("there is one")
}

fn server(path: &str) -> SpanData {
    span(&SpanKind::Server, path)
}

fn client(path: &str) -> SpanData {
    span(&SpanKind::Client, path)
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    value(span, key).map(ToString::to_string)
}

fn value<'a>(span: &'a SpanData, key: &str) -> Option<&'a Value> {
    span.attributes.iter().find(|attribute| attribute.key.as_str() == key).map(|attribute| &attribute.value)
}

fn error(span: &SpanData) -> Option<String> {
    assert_eq!(matches!(span.status, Status::Error { .. }), attribute(span, "error.type").is_some());
    attribute(span, "error.type")
}

/// Lines of `/metrics` that count the requests of a server's route, or of a client to a port.
fn counted(label: &str, value: &str) -> Vec<String> {
    let address = OBSERVED.telemetry.prometheus_addr().expect("it serves");
    let (_, _, body) = http_get(&format!("http://{address}/metrics"), "text/plain");
    let wanted = format!("{label}=\"{value}\"");
    let is_count = |line: &&str| line.starts_with("http_") && line.contains("_seconds_count{");
    body.lines().filter(is_count).filter(|line| line.contains(&wanted)).map(ToOwned::to_owned).collect()
}

/// Serves on a free port until the process ends.
fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.set_nonblocking(true).expect("a socket may be that");
    let address = listener.local_addr().expect("it is bound");
    OBSERVED.runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("it does not block");
        axum::serve(listener, router).await
    });
    address
}

/// Sends a request and reads the answer to its end: the first line.
fn ask(address: SocketAddr, line: &str, headers: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "{line} HTTP/1.1\r\nhost: shop.example:8080\r\nconnection: close\r\n").expect("it reads");
    stream.write_all(headers).expect("it reads");
    stream.write_all(b"\r\n").expect("it reads");
    let mut answer = Vec::new();
    // A connection that is cut has answered nothing more.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[tta::primitive]
async fn look_up(id: String) -> String {
    tokio::task::yield_now().await;
    format!("order {id}")
}

#[tta::primitive]
async fn chunk() -> Result<String, Infallible> {
    Ok("chunk".repeat(1000))
}

const CALLER: &str = "0af7651916cd43dd8448eb211c80319c";

#[test]
fn a_request_is_a_span_below_its_caller_named_by_its_route_and_around_what_it_calls() {
    let handler = |axum::extract::Path(id): axum::extract::Path<String>| look_up(id);
    let app = Router::new().route("/first/{id}", get(handler)).layer(ServerLayer::new());
    let address = serve(app);
    let headers = format!("traceparent: 00-{CALLER}-b7ad6b7169203331-01\r\nuser-agent: test/1\r\n");
    assert_eq!(ask(address, "GET /first/7?secret=1", headers.as_bytes()), "HTTP/1.1 200 OK");
    let span = server("/first/7");
    assert_eq!(span.name, "GET /first/{id}");
    assert_eq!(span.span_context.trace_id(), TraceId::from_hex(CALLER).expect("hexadecimal"));
    assert_eq!(span.parent_span_id, SpanId::from_hex("b7ad6b7169203331").expect("hexadecimal"));
    assert!(span.parent_span_is_remote);
    for (key, expected) in [
        ("http.request.method", "GET"),
        ("http.route", "/first/{id}"),
        ("http.response.status_code", "200"),
        ("url.scheme", "http"),
        ("server.address", "shop.example"),
        ("server.port", "8080"),
        ("user_agent.original", "test/1"),
        ("network.protocol.version", "1.1"),
    ] {
        assert_eq!(attribute(&span, key).as_deref(), Some(expected), "{key}");
    }
    assert_eq!(value(&span, "http.response.status_code"), Some(&Value::I64(200)));
    assert_eq!(error(&span), None);
    assert!(!span.attributes.iter().any(|attribute| attribute.value.to_string().contains("secret")));
    let below =
        spans(1, |below| below.name == "look_up" && below.parent_span_id == span.span_context.span_id());
    assert!(below[0].end_time <= span.end_time);
    let series = "http_server_request_duration_seconds_count{http_request_method=\"GET\",\
                  http_route=\"/first/{id}\",http_response_status_code=\"200\",url_scheme=\"http\",\
                  network_protocol_version=\"1.1\"} 1";
    assert_eq!(counted("http_route", "/first/{id}"), [series]);
}

#[test]
fn a_request_of_a_trace_that_is_not_sampled_counts_and_has_no_span() {
    let app = Router::new().route("/unsampled", get(|| async {})).layer(ServerLayer::new());
    let address = serve(app);
    ask(address, "GET /unsampled", format!("traceparent: 00-{CALLER}-b7ad6b7169203331-00\r\n").as_bytes());
    let deadline = Instant::now() + PATIENCE;
    while counted("http_route", "/unsampled").is_empty() {
        assert!(Instant::now() < deadline, "it is not counted");
    }
    spans(0, |span| attribute(span, "url.path").as_deref() == Some("/unsampled"));
    let metrics = OBSERVED.telemetry.prometheus_addr().expect("it serves");
    let (_, _, body) = http_get(&format!("http://{metrics}/metrics"), OPENMETRICS);
    let mut own = body.lines().filter(|line| line.contains("/unsampled"));
    assert!(own.all(|line| !line.contains("trace_id")), "there is nothing to point at");
}

#[test]
fn the_query_is_recorded_on_demand_and_skipped_requests_are_not_observed() {
    let layer = ServerLayer::new().record_query(true).https().skip(|request| request.uri.path() == "/health");
    let app = Router::new().route("/query", get(|| async {})).route("/health", get(|| async {})).layer(layer);
    let address = serve(app);
    assert_eq!(ask(address, "GET /health", b""), "HTTP/1.1 200 OK");
    ask(address, "GET /query?a=1", b"");
    let span = server("/query");
    assert_eq!(attribute(&span, "url.query").as_deref(), Some("a=1"));
    assert_eq!(attribute(&span, "url.scheme").as_deref(), Some("https"));
    spans(0, |span| attribute(span, "url.path").as_deref() == Some("/health"));
    assert!(counted("http_route", "/health").is_empty());
}

#[test]
fn garbage_in_headers_changes_nothing_and_what_is_kept_of_them_is_bounded() {
    let app = Router::new().route("/garbage/{n}", get(|| async { "fine" })).layer(ServerLayer::new());
    let address = serve(app);
    let long = format!("user-agent: {}\r\n", "ä".repeat(5_000));
    let garbage: [&[u8]; 6] = [
        b"traceparent: 00-00000000000000000000000000000000-0000000000000000-01\r\n",
        b"traceparent: \xff\xfe\r\ntracestate: \xff\r\nbaggage: \xff=\xff;;,,\r\n",
        b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra\r\n",
        b"traceparent:\r\ntracestate: ====\r\nbaggage: =,=,%zz=%\r\n",
        b"grpc-status: many\r\ncontent-type: application/grpc-what\r\n",
        long.as_bytes(),
    ];
    for (n, headers) in garbage.into_iter().enumerate() {
        let path = format!("/garbage/{n}");
        assert_eq!(ask(address, &format!("GET {path}"), headers), "HTTP/1.1 200 OK");
        let span = server(&path);
        assert_eq!(span.parent_span_id, SpanId::INVALID, "{n}");
        assert_eq!(span.name, "GET /garbage/{n}");
        assert!(attribute(&span, "user_agent.original").is_none_or(|agent| agent.len() <= 1_024));
    }
    let path = format!("/garbage/{}", "x".repeat(5_000));
    assert_eq!(ask(address, &format!("GET {path}"), b""), "HTTP/1.1 200 OK");
    assert_eq!(server(&path[..1_024]).name, "GET /garbage/{n}");
}

#[test]
fn a_method_that_nobody_knows_is_other() {
    let app = Router::new().route("/brew", any(|| async {})).layer(ServerLayer::new());
    ask(serve(app), "BREW /brew", b"");
    let span = server("/brew");
    assert_eq!(span.name, "HTTP /brew");
    assert_eq!(attribute(&span, "http.request.method").as_deref(), Some("_OTHER"));
    assert_eq!(attribute(&span, "http.request.method_original").as_deref(), Some("BREW"));
    assert!(counted("http_route", "/brew")[0].contains("http_request_method=\"_OTHER\""));
}

#[test]
fn what_no_route_matches_has_none_and_is_no_error() {
    let app = Router::new().route("/known", get(|| async {})).fallback(|| async { StatusCode::NOT_FOUND });
    let address = serve(app.layer(ServerLayer::new()));
    assert_eq!(ask(address, "DELETE /unknown/1234", b""), "HTTP/1.1 404 Not Found");
    let span = server("/unknown/1234");
    assert_eq!((&*span.name, attribute(&span, "http.route"), error(&span)), ("DELETE", None, None));
    assert_eq!(attribute(&span, "http.response.status_code").as_deref(), Some("404"));
    let [line] = &counted("http_request_method", "DELETE")[..] else { panic!("one series") };
    assert!(!line.contains("http_route") && line.contains("_code=\"404\""), "{line}");
}

#[test]
fn a_route_may_be_said_by_the_program() {
    let layer =
        ServerLayer::new().route(|request| request.uri.path().get(..5).map(|start| start.to_owned().into()));
    // Around the router, where nothing has been matched yet.
    let app = layer.layer(Router::new().route("/said/{id}", get(|| async {})));
    ask(serve(Router::new().fallback_service(app)), "GET /said/9", b"");
    assert_eq!(server("/said/9").name, "GET /said");
}

#[test]
fn a_route_that_panics_is_none_and_the_request_goes_on() {
    let layer = ServerLayer::new().route(|_| panic!("deliberate")).skip(|_| panic!("deliberate"));
    let address = serve(Router::new().route("/unroutable", get(|| async {})).layer(layer));
    assert_eq!(ask(address, "GET /unroutable", b""), "HTTP/1.1 200 OK");
    assert_eq!(server("/unroutable").name, "GET");
}

#[test]
fn a_test_captures_requests_as_it_does_calls() {
    let capture = tta::testing::capture();
    let app = Router::new().route("/captured", get(|| look_up("8".to_owned()))).layer(ServerLayer::new());
    let request = axum::http::Request::get("/captured").body(Body::empty()).expect("a request");
    let response = futures::executor::block_on(app.oneshot(request)).expect("it answers");
    drop(response);
    tta::assert_trace!(capture, { "GET /captured" { "look_up" } });
    let count = |labels: &[_]| capture.metric("http_server_request_duration_seconds_count", labels);
    assert_eq!(count(&[("http_route", "/captured"), ("http_response_status_code", "200")]), Some(1.0));
    assert!(counted("http_route", "/captured").is_empty());
}

#[test]
fn a_status_from_500_on_is_an_error_of_that_name() {
    let app = Router::new()
        .route("/five", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route("/four", get(|| async { StatusCode::BAD_REQUEST }))
        .layer(ServerLayer::new());
    let address = serve(app);
    ask(address, "GET /five", b"");
    ask(address, "GET /four", b"");
    let span = server("/five");
    assert_eq!(error(&span).as_deref(), Some("503"));
    assert_eq!(span.status, Status::error(""));
    assert!(counted("http_route", "/five")[0].contains("error_type=\"503\""));
    assert_eq!(error(&server("/four")), None);
    assert!(!counted("http_route", "/four")[0].contains("error_type"));
}

#[test]
fn a_handler_that_panics_is_counted_as_that_and_the_server_goes_on() {
    async fn panics() {
        tokio::task::yield_now().await;
        panic!("deliberate");
    }
    let app = Router::new()
        .route("/panics", get(panics))
        .route("/lives", get(|| async {}))
        .layer(ServerLayer::new());
    let address = serve(app);
    assert_eq!(ask(address, "GET /panics", b""), "");
    let span = server("/panics");
    assert_eq!(error(&span).as_deref(), Some("panic"));
    assert_eq!(attribute(&span, "http.response.status_code"), None);
    let [line] = &counted("http_route", "/panics")[..] else { panic!("one series") };
    assert!(line.contains("error_type=\"panic\"") && !line.contains("status_code"), "{line}");
    assert_eq!(ask(address, "GET /lives", b""), "HTTP/1.1 200 OK");
}

#[test]
fn a_service_that_fails_is_an_error_by_its_type() {
    #[derive(Debug)]
    struct Unwell;
    let service = ServerLayer::new().layer(tower::service_fn(|_: axum::http::Request<Body>| async {
        Err::<axum::http::Response<Body>, _>(Unwell)
    }));
    let request = axum::http::Request::get("/unwell").body(Body::empty()).expect("a request");
    assert!(OBSERVED.runtime.block_on(service.oneshot(request)).is_err());
    assert_eq!(error(&server("/unwell")).as_deref(), Some("Unwell"));
}

#[test]
fn a_body_that_is_sent_to_its_end_is_within_the_request() {
    let handler = || async { Body::from_stream(futures::stream::iter(0..3).then(|_| chunk())) };
    let app = Router::new().route("/stream", get(handler)).layer(ServerLayer::new());
    ask(serve(app), "GET /stream", b"");
    let span = server("/stream");
    assert_eq!(error(&span), None);
    let below = spans(3, |below| below.parent_span_id == span.span_context.span_id());
    assert!(below.iter().all(|below| below.name == "chunk" && below.end_time <= span.end_time));
}

#[test]
fn bodies_whose_end_nobody_asks_for_are_no_errors() {
    let app = Router::new()
        .route("/short", get(|| async { "said at once" }))
        .route("/empty", get(|| async { StatusCode::NO_CONTENT }))
        .route(
            "/length",
            get(|| async {
                let pieces = futures::stream::iter(["ab", "cd"].map(Ok::<_, Infallible>));
                ([("content-length", "4")], Body::from_stream(pieces.chain(futures::stream::pending())))
            }),
        )
        .layer(ServerLayer::new());
    let address = serve(app);
    for path in ["/short", "/empty", "/length"] {
        ask(address, &format!("GET {path}"), b"");
        assert_eq!(error(&server(path)), None, "{path}");
    }
    ask(address, "HEAD /short?", b"");
    let found = spans(1, |span| span.name == "HEAD /short");
    assert_eq!(error(&found[0]), None);
}

#[test]
fn a_client_that_goes_away_is_an_error_before_the_answer_and_during_its_body() {
    let endless = || async { Body::from_stream(futures::stream::repeat(()).then(|()| chunk())) };
    let (begun, begins) = std::sync::mpsc::channel();
    let hangs = move || async move {
        begun.send(()).expect("the test waits");
        std::future::pending::<()>().await;
    };
    let app =
        Router::new().route("/endless", get(endless)).route("/hangs", get(hangs)).layer(ServerLayer::new());
    let address = serve(app);
    for path in ["/endless", "/hangs"] {
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").expect("it reads");
        if path == "/endless" {
            let mut some = [0; 4_096];
            stream.read_exact(&mut some).expect("there is a lot to read");
        } else {
            begins.recv_timeout(PATIENCE).expect("the handler is called");
        }
        drop(stream);
        let span = server(path);
        assert_eq!(error(&span).as_deref(), Some("cancelled"), "{path}");
        let status = (path == "/endless").then_some("200");
        assert_eq!(attribute(&span, "http.response.status_code").as_deref(), status);
        assert!(counted("http_route", path)[0].contains("error_type=\"cancelled\""));
    }
}

/// A server that says which trace headers it was sent.
fn echo() -> SocketAddr {
    let handler = |headers: HeaderMap| async move {
        let sent = headers.get("traceparent").and_then(|value| value.to_str().ok());
        sent.unwrap_or("nothing").to_owned()
    };
    serve(Router::new().fallback(handler))
}

fn reqwest_client(layer: ClientLayer) -> reqwest_middleware::ClientWithMiddleware {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    reqwest_middleware::ClientBuilder::new(client).with(layer).build()
}

#[tta::workflow]
async fn through_reqwest(layer: ClientLayer, url: String) -> String {
    let response = reqwest_client(layer).get(url).send().await.expect("it answers");
    response.text().await.expect("it is text")
}

type HyperClient =
    hyper_util::client::legacy::Client<hyper_util::client::legacy::connect::HttpConnector, Body>;

fn hyper_client() -> HyperClient {
    hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http()
}

#[tta::workflow]
async fn through_tower(layer: ClientLayer, url: String) -> String {
    let request = axum::http::Request::get(url).body(Body::empty()).expect("a request");
    let response = layer.layer(hyper_client()).oneshot(request).await.expect("it answers");
    let body = http_body_util::BodyExt::collect(response.into_body()).await.expect("it has a body");
    String::from_utf8(body.to_bytes().into()).expect("it is text")
}

/// What is on the other side.
#[tta::workflow]
async fn back_office(id: String) -> String {
    look_up(id).await + " for " + tta::context().correlation_id()
}

#[test]
fn two_hops_are_one_trace_and_one_correlation() {
    let handler = |axum::extract::Path(id): axum::extract::Path<String>| back_office(id);
    let back = serve(Router::new().route("/back/{id}", get(handler)).layer(ServerLayer::new()));
    let front = move || async move {
        let layer = ClientLayer::new().propagate_to(["127.0.0.1"]);
        through_reqwest(layer, format!("http://{back}/back/7")).await
    };
    let front = serve(Router::new().route("/front", get(front)).layer(ServerLayer::new()));
    let layer = ClientLayer::new().propagate_to_all();
    let asked = tta::WorkflowContext::builder().correlation_id("ticket-7");
    let asked = asked.scope(through_tower(layer, format!("http://{front}/front")));
    assert_eq!(OBSERVED.runtime.block_on(asked), "order 7 for ticket-7");
    let chain = [client("/front"), server("/front"), client("/back/7"), server("/back/7")];
    let trace = chain[0].span_context.trace_id();
    assert!(chain.iter().all(|span| span.span_context.trace_id() == trace), "{chain:#?}");
    assert_eq!(chain[1].parent_span_id, chain[0].span_context.span_id());
    assert_eq!(chain[3].parent_span_id, chain[2].span_context.span_id());
    let workflow = spans(1, |span| {
        span.name == "invoke_workflow through_reqwest" && span.span_context.trace_id() == trace
    });
    assert_eq!(workflow[0].parent_span_id, chain[1].span_context.span_id());
    assert_eq!(chain[2].parent_span_id, workflow[0].span_context.span_id());
    let last =
        spans(1, |span| span.name == "invoke_workflow back_office" && span.span_context.trace_id() == trace);
    assert_eq!(last[0].parent_span_id, chain[3].span_context.span_id());
    assert_eq!(attribute(&chain[2], "url.full"), Some(format!("http://{back}/back/7")));
    assert_eq!(attribute(&chain[2], "server.port"), Some(back.port().to_string()));
    assert_eq!(attribute(&chain[2], "http.response.status_code").as_deref(), Some("200"));
    let series = format!(
        "http_client_request_duration_seconds_count{{http_request_method=\"GET\",server_address=\"127.0.0.1\",\
         server_port=\"{}\",http_response_status_code=\"200\",network_protocol_version=\"1.1\"}} 1",
        back.port()
    );
    assert_eq!(counted("server_port", &back.port().to_string()), [series]);
}

#[test]
fn only_hosts_on_the_list_learn_who_calls() {
    let address = echo();
    let elsewhere = ClientLayer::new().propagate_to(["api.internal", "*.svc.local", "127.0.0.1:1"]);
    for (layer, told) in [
        (ClientLayer::new(), false),
        (elsewhere.clone(), false),
        (elsewhere.propagate_to(["127.0.0.1"]), true),
        (ClientLayer::new().propagate_to_all(), true),
    ] {
        let url = format!("http://{address}/told");
        let said = OBSERVED.runtime.block_on(async {
            [through_reqwest(layer.clone(), url.clone()).await, through_tower(layer.clone(), url).await]
        });
        for said in said {
            assert_eq!(said != "nothing", told, "{layer:?}: {said}");
        }
    }
}

/// A server that sends everybody on to there.
fn redirecting(to: SocketAddr) -> SocketAddr {
    let to = format!("http://{to}/redirected");
    serve(Router::new().fallback(move || std::future::ready(axum::response::Redirect::temporary(&to))))
}

#[test]
fn a_redirect_leads_to_hosts_on_the_list_only_where_the_client_asks_for_that() {
    use reqwest::redirect::Policy;
    let stranger = echo();
    let own = redirecting(stranger);
    let through = redirecting(own);
    let ask = |layer: &ClientLayer, policy, address| {
        let client = reqwest::Client::builder().no_proxy().redirect(policy).build().expect("a client");
        let client = reqwest_middleware::ClientBuilder::new(client).with(layer.clone()).build();
        OBSERVED.runtime.block_on(async {
            let response = client.get(format!("http://{address}/")).send().await.expect("it answers");
            (response.status().as_u16(), response.text().await.expect("it is text"))
        })
    };
    let layer = ClientLayer::new().propagate_to([own.to_string(), through.to_string()]);
    for first in [own, through] {
        let (status, heard) = ask(&layer, Policy::default(), first);
        assert_eq!((status, &heard[..3]), (200, "00-"), "by itself reqwest tells the stranger");
        assert_eq!(
            ask(&layer, layer.redirects(Policy::default()), first).0,
            307,
            "the stranger is not asked"
        );
    }
    // Whoever was told nothing has nothing to keep, and all may know where all are told.
    let none = ClientLayer::new();
    assert_eq!(ask(&none, none.redirects(Policy::default()), through), (200, "nothing".to_owned()));
    let all = ClientLayer::new().propagate_to_all();
    assert!(ask(&all, all.redirects(Policy::default()), through).1.starts_with("00-"));
    // What the program's own policy says holds.
    assert_eq!(ask(&all, all.redirects(Policy::none()), through).0, 307);
    let named = ClientLayer::new().propagate_to([own, through, stranger].map(|host| host.to_string()));
    assert!(ask(&named, named.redirects(Policy::default()), through).1.starts_with("00-"));
}

#[test]
fn a_url_is_recorded_without_what_may_be_secret() {
    let address = echo();
    let url = format!("http://user:secret@{address}/hidden?token=secret");
    OBSERVED.runtime.block_on(through_reqwest(ClientLayer::new(), url.clone()));
    OBSERVED.runtime.block_on(through_tower(ClientLayer::new().record_query(true), format!("{url}&open")));
    assert_eq!(attribute(&client("/hidden"), "url.full"), Some(format!("http://{address}/hidden")));
    let open = client("&open");
    assert_eq!(attribute(&open, "url.full"), Some(format!("http://{address}/hidden?token=secret&open")));
}

#[test]
fn what_a_client_cannot_have_is_an_error_of_its_own() {
    let app = Router::new().route("/missing", get(|| async { StatusCode::NOT_FOUND }));
    let address = serve(app.route("/slow", get(std::future::pending::<()>)));
    let layer = ClientLayer::new();
    let get = |layer: &ClientLayer, url: String| reqwest_client(layer.clone()).get(url);
    OBSERVED.runtime.block_on(async {
        get(&layer, format!("http://{address}/missing")).send().await.expect("it answers");
        let slow = get(&layer, format!("http://{address}/slow?late")).timeout(Duration::from_millis(50));
        slow.send().await.expect_err("it hangs");
        get(&layer, format!("http://{CLOSED}/refused")).send().await.expect_err("nobody is there");
        // Dropped before the response.
        let dropped = get(&layer, format!("http://{address}/slow")).build().expect("a request");
        let client = reqwest_client(layer.record_query(true));
        let sent = client.execute(dropped);
        assert!(tokio::time::timeout(Duration::from_millis(50), sent).await.is_err());
        let request = axum::http::Request::get(format!("http://{CLOSED}/tower")).body(Body::empty());
        let sent = ClientLayer::new().layer(hyper_client()).oneshot(request.expect("a request"));
        sent.await.map(drop).expect_err("nobody is there");
    });
    assert_eq!(error(&client("/missing")).as_deref(), Some("404"));
    assert_eq!(error(&client("/refused")).as_deref(), Some("connect"));
    assert_eq!(error(&client("/tower")).as_deref(), Some("client::Error"));
    let slow = spans(2, |span| attribute(span, "url.full").is_some_and(|url| url.ends_with("/slow")));
    let errors: Vec<_> = slow.iter().map(|span| error(span).unwrap_or_default()).collect();
    assert_eq!(errors, ["timeout", "cancelled"]);
}

/// A real gRPC service: what it answers depends on how many resources it is sent.
struct Traces;

#[tonic::async_trait]
impl TraceService for Traces {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let sent =
            request.metadata().get("traceparent").map(|value| value.to_str().unwrap_or_default().len());
        let here = tta::opentelemetry::Context::map_current(|here| here.span().span_context().is_valid());
        match request.get_ref().resource_spans.len() {
            0 if here && sent.is_some() => Ok(tonic::Response::new(ExportTraceServiceResponse::default())),
            0 => Err(tonic::Status::invalid_argument("no trace")),
            1 => Err(tonic::Status::not_found("deliberate")),
            _ => Err(tonic::Status::unavailable("deliberate")),
        }
    }
}

/// Serves it on a free port until the process ends.
fn grpc(layer: ServerLayer) -> SocketAddr {
    OBSERVED.runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let mut server = tonic::transport::Server::builder().layer(layer);
        let server = server.add_service(TraceServiceServer::new(Traces));
        tokio::spawn(server.serve_with_incoming(tonic::transport::server::TcpIncoming::from(listener)));
        address
    })
}

async fn channel(url: String) -> tonic::transport::Channel {
    let endpoint = tonic::transport::Endpoint::from_shared(url).expect("a URL");
    endpoint.connect().await.expect("it listens")
}

const EXPORT: &str = "opentelemetry.proto.collector.trace.v1.TraceService/Export";

#[test]
fn a_call_over_grpc_is_called_by_its_method_and_counts_by_its_status() {
    let address = grpc(ServerLayer::new());
    let url = format!("http://{address}");
    let resources =
        |count| ExportTraceServiceRequest { resource_spans: vec![ResourceSpans::default(); count] };
    let codes = OBSERVED.runtime.block_on(async {
        let layer = ClientLayer::new().propagate_to(["127.0.0.1"]).origin(url.parse().expect("a URL"));
        let mut client = TraceServiceClient::new(layer.layer(channel(url).await));
        let mut codes = Vec::new();
        for count in 0..3 {
            codes.push(
                client
                    .export(resources(count))
                    .await
                    .map_or_else(|status| status.code(), |_| tonic::Code::Ok),
            );
        }
        codes
    });
    assert_eq!(codes, [tonic::Code::Ok, tonic::Code::NotFound, tonic::Code::Unavailable]);
    let here = Some(address.port().to_string());
    let of =
        |kind: SpanKind| spans(3, |span| span.span_kind == kind && attribute(span, "server.port") == here);
    let seen = |spans: &[SpanData]| -> Vec<_> {
        let status = |span| attribute(span, "rpc.response.status_code").unwrap_or_default();
        spans.iter().map(|span| (status(span), error(span))).collect()
    };
    let (clients, servers) = (of(SpanKind::Client), of(SpanKind::Server));
    let [ok, missing, down] = ["OK", "NOT_FOUND", "UNAVAILABLE"].map(ToOwned::to_owned);
    let named = |name: &str| Some(name.to_owned());
    assert_eq!(
        seen(&clients),
        [(ok.clone(), None), (missing.clone(), named("NOT_FOUND")), (down.clone(), named("UNAVAILABLE"))]
    );
    assert_eq!(seen(&servers), [(ok, None), (missing, None), (down, named("UNAVAILABLE"))]);
    for (client, server) in clients.iter().zip(&servers) {
        assert_eq!(server.parent_span_id, client.span_context.span_id());
        for span in [client, server] {
            assert_eq!(span.name, EXPORT);
            assert_eq!(attribute(span, "rpc.system.name").as_deref(), Some("grpc"));
            assert_eq!(attribute(span, "rpc.method").as_deref(), Some(EXPORT));
        }
    }
    let lines = counted("http_route", &format!("/{EXPORT}"));
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("error_type=\"UNAVAILABLE\"")), "{lines:#?}");
}

#[test]
fn a_grpc_client_with_the_interceptor_sends_context_along() {
    #[tta::workflow]
    async fn calls(url: String) -> Result<(), tonic::Code> {
        let mut client = TraceServiceClient::with_interceptor(channel(url).await, Inject);
        let answer = client.export(ExportTraceServiceRequest::default()).await;
        answer.map(drop).map_err(|status| status.code())
    }
    // The service asks for a trace here, too.
    let address = grpc(ServerLayer::new().route(|_| Some("intercepted".into())));
    assert_eq!(OBSERVED.runtime.block_on(calls(format!("http://{address}"))), Ok(()));
    let server = spans(1, |span| attribute(span, "http.route").as_deref() == Some("intercepted"));
    let workflow = spans(1, |span| span.name == "invoke_workflow calls");
    assert_eq!(server[0].parent_span_id, workflow[0].span_context.span_id());
}

#[test]
fn anybody_can_ask_for_a_method_that_does_not_exist_and_gets_no_series_for_it() {
    let answered = || async { ([("content-type", "application/grpc"), ("grpc-status", "12")], "") };
    let app = Router::new().fallback(answered).layer(ServerLayer::new());
    ask(serve(app), "POST /made.up.Service/Method", b"content-type: application/grpc\r\n");
    let span = server("/made.up.Service/Method");
    assert_eq!(error(&span).as_deref(), Some("UNIMPLEMENTED"));
    assert!(counted("http_route", "/made.up.Service/Method").is_empty());
    assert_eq!(counted("error_type", "UNIMPLEMENTED").len(), 1);
}

/// What the functions here fail with.
#[derive(Debug)]
struct Refused;

impl From<tta::PolicyError> for Refused {
    fn from(_: tta::PolicyError) -> Self {
        Refused
    }
}

/// A server that says how long it was given, and answers `/never` never.
fn patient() -> SocketAddr {
    let given = |headers: HeaderMap| async move {
        headers.get("grpc-timeout").and_then(|value| value.to_str().ok()).unwrap_or("for ever").to_owned()
    };
    serve(Router::new().route("/never", axum::routing::get(std::future::pending::<()>)).fallback(given))
}

#[test]
fn a_request_of_reqwest_has_the_time_that_is_left() {
    /// The grace is so long that the request ends by itself.
    #[tta::primitive(timeout("200ms", grace = "1m"))]
    async fn asks(url: String, own: Option<Duration>) -> Result<bool, Refused> {
        let mut request = reqwest_client(ClientLayer::new()).get(url);
        if let Some(own) = own {
            request = request.timeout(own);
        }
        let reqwest_middleware::Error::Reqwest(error) = request.send().await.expect_err("it never answers")
        else {
            panic!("it is reqwest's error");
        };
        Ok(error.is_timeout())
    }
    let url = format!("http://{}/never", patient());
    for own in [None, Some(Duration::from_hours(1)), Some(Duration::from_millis(50))] {
        let begun = std::time::Instant::now();
        assert!(OBSERVED.runtime.block_on(asks(url.clone(), own)).expect("it is told"));
        assert!(begun.elapsed() < Duration::from_secs(30), "{own:?} took {:?}", begun.elapsed());
    }
}

#[test]
fn a_call_over_grpc_says_how_much_time_is_left_unless_it_has_less() {
    #[tta::primitive(timeout("10s"))]
    async fn asks(address: SocketAddr, own: Option<&'static str>) -> Result<u64, Refused> {
        let mut request = axum::http::Request::post(format!("http://{address}/a.B/C"));
        request = request.header("content-type", "application/grpc");
        if let Some(own) = own {
            request = request.header("grpc-timeout", own);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = ClientLayer::new().layer(hyper_client()).oneshot(request).await.expect("it answers");
        let body = http_body_util::BodyExt::collect(response.into_body()).await.expect("it has a body");
        let given = String::from_utf8(body.to_bytes().into()).expect("it is text");
        Ok(given.strip_suffix('m').expect("milliseconds").parse().expect("a number"))
    }
    let address = patient();
    let given = |own| OBSERVED.runtime.block_on(asks(address, own)).expect("in time");
    assert!((1..=10_000).contains(&given(None)));
    assert!((1..=10_000).contains(&given(Some("1H"))), "no more than is left");
    assert!((1..=10_000).contains(&given(Some("garbage"))));
    assert_eq!(given(Some("5m")), 5, "no more than it wants");
}
