//! The presets `xray` and `gcp`, as their clouds' documentation says. Neither has met the real cloud.

use std::collections::{BTreeSet, HashMap};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{FutureExt as _, TraceContextExt as _};
use tta::{CloudTracePropagator, Preset, Telemetry, TelemetryBuilder, XrayPropagator};
use tta_tests::{Collector, Mode, Program, Receiver};

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");
const TIMEOUT: Duration = Duration::from_secs(10);

/// One `init` at a time.
static TURN: Mutex<()> = Mutex::new(());

type Headers = HashMap<String, String>;

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs()
}

/// The trace ids of five orders.
fn trace_ids(exporter: &str) -> BTreeSet<String> {
    let mut receiver = Receiver::start();
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http()),
        ("OTEL_TRACES_EXPORTER", exporter),
        ("OTEL_METRICS_EXPORTER", "none"),
    ];
    let (status, stdout, stderr) = Program::start(PROGRAM, &["run", "5"], &env).finish();
    assert!(status.success(), "{stderr:#?}");
    assert_eq!(stdout[1], "report otlp: 20 exported, 0 dropped, 0 pending");
    let spans = receiver.spans(20);
    spans.iter().map(|span| span["traceId"].as_str().expect("it has one").to_owned()).collect()
}

#[test]
fn a_trace_id_begins_with_the_time_where_x_ray_is_asked_for_and_only_there() {
    let begun = seconds();
    let ids = trace_ids("xray");
    let times = begun..=seconds();
    let time = |id: &str| u64::from_str_radix(&id[..8], 16).expect("32 bits");
    assert!(ids.iter().all(|id| id.len() == 32 && times.contains(&time(id))), "{times:?} {ids:?}");
    let rests: BTreeSet<_> = ids.iter().map(|id| &id[8..]).collect();
    assert_eq!(rests.len(), 5, "one trace for each order: {ids:?}");

    let begun = seconds();
    let ids = trace_ids("otlp");
    let times = begun..=seconds();
    assert!(ids.len() == 5 && ids.iter().all(|id| !times.contains(&time(id))), "{ids:?}");
}

/// Environment, and what the one line of error must say: the variable, what was found, what is accepted.
type Mistake = (&'static [(&'static str, &'static str)], &'static [&'static str]);

const MISTAKES: &[Mistake] = &[
    (&[("OTEL_TRACES_EXPORTER", "xray,gcp")], &["OTEL_TRACES_EXPORTER", "xray,gcp", "not both"]),
    (
        &[
            ("OTEL_TRACES_EXPORTER", "xray"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://xray.eu-west-1.amazonaws.com"),
        ],
        &[
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "https://xray.eu-west-1.amazonaws.com/v1/traces",
            "http://localhost:4318",
            "SigV4",
        ],
    ),
    (
        &[("OTEL_TRACES_EXPORTER", "gcp"), ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2")],
        &[
            "OTEL_RESOURCE_ATTRIBUTES",
            "no `gcp.project_id`",
            "https://telemetry.googleapis.com/v1/traces",
            "GOOGLE_CLOUD_PROJECT",
        ],
    ),
    (
        &[("OTEL_TRACES_EXPORTER", "gcp"), ("GOOGLE_CLOUD_PROJECT", "shop-1")],
        &[
            "OTEL_EXPORTER_OTLP_HEADERS",
            "no `authorization`",
            "https://telemetry.googleapis.com/v1/traces",
            "otlp_token",
        ],
    ),
];

#[test]
fn what_a_cloud_would_refuse_each_time_is_an_error_at_the_start() {
    for (env, parts) in MISTAKES {
        let (status, _, stderr) = Program::start(PROGRAM, &["run", "1"], env).finish();
        assert_eq!(status.code(), Some(1), "{env:?} was accepted");
        assert_eq!(stderr.len(), 1, "{stderr:#?}");
        for part in *parts {
            assert!(stderr[0].contains(part), "{env:?}: no {part:?} in {:?}", stderr[0]);
        }
        assert!(!stderr[0].contains("hunter2"), "{stderr:#?}");
    }
}

#[test]
fn a_resource_says_which_project_and_what_of_cloud_run_it_is_unless_the_program_knows_better() {
    let service = [("K_SERVICE", "checkout"), ("K_REVISION", "checkout-7")];
    let job = [("CLOUD_RUN_JOB", "nightly"), ("CLOUD_RUN_EXECUTION", "nightly-x")];
    let own = "faas.name=mine,gcp.project_id=other";
    for (place, own, expected) in [
        (&service[..], "", ["shop-1", "gcp", "gcp_cloud_run", "checkout", "checkout-7"]),
        (&job[..], "", ["shop-1", "gcp", "gcp_cloud_run", "nightly", "nightly-x"]),
        (&service[..], own, ["other", "gcp", "gcp_cloud_run", "mine", "checkout-7"]),
    ] {
        let mut receiver = Receiver::start();
        let mut env = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.http()),
            ("OTEL_TRACES_EXPORTER", "gcp"),
            ("OTEL_METRICS_EXPORTER", "none"),
            ("OTEL_RESOURCE_ATTRIBUTES", own),
            ("GOOGLE_CLOUD_PROJECT", "shop-1"),
        ];
        env.extend(place);
        let (status, _, stderr) = Program::start(PROGRAM, &["run", "1"], &env).finish();
        assert!(status.success() && stderr.is_empty(), "a collector needs no token: {stderr:#?}");
        receiver.spans(4);
        let resource = receiver.resource();
        let keys = ["gcp.project_id", "cloud.provider", "cloud.platform", "faas.name", "faas.version"];
        assert_eq!(keys.map(|key| resource[key].as_str().unwrap_or_default()), expected, "{resource:#?}");
    }
}

/// Whom the program asks a proxy for, which connects it to nobody.
fn asked_for(env: &[(&str, &str)]) -> BTreeSet<String> {
    let proxy = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", proxy.local_addr().expect("it is bound"));
    let (sender, asked) = channel();
    std::thread::spawn(move || {
        for mut stream in proxy.incoming().map_while(Result::ok) {
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let _ = stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
            if sender.send(request.lines().next().unwrap_or_default().to_owned()).is_err() {
                break;
            }
        }
    });
    let mut all = vec![
        ("HTTPS_PROXY", url.as_str()),
        ("NO_PROXY", ""),
        ("no_proxy", ""),
        ("OTEL_TRACES_EXPORTER", "gcp"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20t"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", "0"),
        ("GOOGLE_CLOUD_PROJECT", "shop-1"),
    ];
    all.extend(env);
    let (status, _, stderr) = Program::start(PROGRAM, &["run", "1"], &all).finish();
    assert!(status.success(), "{stderr:#?}");
    asked.try_iter().collect()
}

#[test]
fn google_gets_spans_without_being_named_and_metrics_only_where_they_are_asked_for() {
    let google = BTreeSet::from(["CONNECT telemetry.googleapis.com:443 HTTP/1.1".to_owned()]);
    let no_spans = ("OTEL_TRACES_SAMPLER", "always_off");
    assert_eq!(asked_for(&[]), google);
    assert_eq!(asked_for(&[no_spans]), BTreeSet::new());
    assert_eq!(asked_for(&[no_spans, ("OTEL_METRICS_EXPORTER", "otlp")]), google);
}

/// A header, and trace id, span id and whether it is sampled; nothing where it names no span.
type Case = (&'static str, Option<(&'static str, &'static str, bool)>);

const ROOT: &str = "5759e988bd862e3fe1be46a994272793";
const PARENT: &str = "53995c3f42cd8ad8";

/// The first is AWS's example; the others are its fields in other orders and company, and what is no such header.
const XRAY: &[Case] = &[
    (
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        Some((ROOT, PARENT, true)),
    ),
    (
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
        Some((ROOT, PARENT, false)),
    ),
    (
        "Sampled=1; Parent=53995c3f42cd8ad8 ; Root=1-5759e988-bd862e3fe1be46a994272793",
        Some((ROOT, PARENT, true)),
    ),
    (
        "Self=1-67891234-12456789abcdef012345678;Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5|c512fbe3:2",
        Some((ROOT, PARENT, true)),
    ),
    ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8", Some((ROOT, PARENT, false))),
    (
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=?",
        Some((ROOT, PARENT, false)),
    ),
    // A load balancer's, which names no span.
    ("Root=1-5759e988-bd862e3fe1be46a994272793", None),
    ("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", None),
    ("Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8", None),
    ("Root=1-5759e98-8bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8", None),
    ("Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8", None),
    ("Root=1-+759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8", None),
    ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad", None),
    ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=garbage", None),
    ("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000", None),
    ("Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8", None),
    ("Root=1-é759e98-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8", None),
    ("Root=1;Parent=1;Sampled=1", None),
    ("Root;Parent;Sampled", None),
    (";;=;==;-", None),
    ("", None),
];

const TRACE: &str = "105445aa7843bc8bf206b12000100000";

/// The first is Google's example.
const CLOUD_TRACE: &[Case] = &[
    ("105445aa7843bc8bf206b12000100000/1;o=1", Some((TRACE, "0000000000000001", true))),
    ("105445aa7843bc8bf206b12000100000/1;o=0", Some((TRACE, "0000000000000001", false))),
    ("105445aa7843bc8bf206b12000100000/1;o=3", Some((TRACE, "0000000000000001", true))),
    ("105445AA7843BC8BF206B12000100000/10", Some((TRACE, "000000000000000a", true))),
    ("105445aa7843bc8bf206b12000100000/18446744073709551615;o=1", Some((TRACE, "ffffffffffffffff", true))),
    ("105445aa7843bc8bf206b12000100000/18446744073709551616;o=1", None),
    ("105445aa7843bc8bf206b12000100000/0;o=1", None),
    ("105445aa7843bc8bf206b12000100000/+1;o=1", None),
    ("105445aa7843bc8bf206b12000100000/1;o=", None),
    ("105445aa7843bc8bf206b12000100000/1;o=yes", None),
    ("105445aa7843bc8bf206b12000100000/1;p=1", None),
    ("105445aa7843bc8bf206b12000100000/;o=1", None),
    ("105445aa7843bc8bf206b12000100000;o=1", None),
    ("105445aa7843bc8bf206b12000100000", None),
    ("105445aa7843bc8b/1;o=1", None),
    ("00000000000000000000000000000000/1;o=1", None),
    ("é5445aa7843bc8bf206b1200010000/1;o=1", None),
    ("/;", None),
    ("", None),
];

fn check(name: &str, propagator: &dyn TextMapPropagator, cases: &[Case]) {
    for (header, expected) in cases {
        let request = Headers::from([(name.to_owned(), (*header).to_owned())]);
        let context = propagator.extract_with_context(&Context::new(), &request);
        let span = context.span();
        let found = span.span_context();
        let (trace_id, span_id) = (found.trace_id().to_string(), found.span_id().to_string());
        let read = found.is_valid().then_some((trace_id.as_str(), span_id.as_str(), found.is_sampled()));
        assert_eq!(read, *expected, "{name}: {header}");
        assert_eq!(context.has_active_span(), expected.is_some(), "{name}: {header}");
        assert!(expected.is_none() || found.is_remote(), "{name}: {header}");
        // What was read is what is written.
        let mut written = Headers::new();
        propagator.inject_context(&context, &mut written);
        let again = propagator.extract_with_context(&Context::new(), &written);
        assert_eq!(again.span().span_context().is_valid(), expected.is_some());
        assert_eq!(again.span().span_context(), found, "{name}: {header} {written:?}");
    }
    // Garbage changes nothing of what is there already.
    let (first, garbage) = (&cases[0], cases.last().expect("the last is garbage"));
    let request = |header: &str| Headers::from([(name.to_owned(), header.to_owned())]);
    let context = propagator.extract_with_context(&Context::new(), &request(first.0));
    let same = propagator.extract_with_context(&context, &request(garbage.0));
    assert_eq!(same.span().span_context(), context.span().span_context());
    assert_eq!(propagator.fields().collect::<Vec<_>>(), [name]);
    let mut written = Headers::new();
    propagator.inject_context(&context, &mut written);
    assert_eq!(written[name], first.0, "the documentation's own example");
}

#[test]
fn the_header_of_x_ray_is_read_and_written_as_aws_documents_it() {
    check("x-amzn-trace-id", &XrayPropagator::new(), XRAY);
}

#[test]
fn the_header_of_cloud_trace_is_read_and_written_as_google_documents_it() {
    check("x-cloud-trace-context", &CloudTracePropagator::new(), CLOUD_TRACE);
}

/// What a call to the next service would carry.
#[tta::workflow]
async fn calls_another() -> (Headers, String) {
    let mut headers = Headers::new();
    opentelemetry::global::get_text_map_propagator(|propagator| propagator.inject(&mut headers));
    (headers, tta::span().trace_id().unwrap_or_default())
}

fn builder(collector: &Collector) -> TelemetryBuilder {
    Telemetry::builder().console(false).prometheus(false).otlp_endpoint(collector.endpoint())
}

#[test]
fn a_trace_goes_on_through_the_global_propagators_of_the_preset() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let collector = Collector::start(&Mode::Up);
    let w3c = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    for (preset, name, header, from_own, from_both) in [
        (Preset::Xray, "x-amzn-trace-id", XRAY[0].0, ROOT, ROOT),
        (Preset::Gcp, "x-cloud-trace-context", CLOUD_TRACE[0].0, TRACE, "0af7651916cd43dd8448eb211c80319c"),
    ] {
        let telemetry = builder(&collector).preset(preset).init().expect("nothing else is running");
        let own = [(name, header)];
        let both = [(name, header), ("traceparent", w3c)];
        for (request, expected) in [(&own[..], from_own), (&both[..], from_both)] {
            let request: Headers =
                request.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let context =
                opentelemetry::global::get_text_map_propagator(|propagator| propagator.extract(&request));
            let (headers, trace_id) = futures::executor::block_on(calls_another().with_context(context));
            assert_eq!(trace_id, expected, "{preset:?} {request:?}");
            let w3c = &headers["traceparent"];
            assert!(w3c.contains(expected) && w3c.ends_with("-01"), "{headers:?}");
            let own = headers[name].replace(['-', ';'], "");
            assert!(own.contains(expected) && own.ends_with("=1"), "sampled, and nothing else: {headers:?}");
        }
        let report = telemetry.shutdown(TIMEOUT);
        assert!(report.is_complete(), "{report}");
    }
    assert_eq!(collector.spans(), 4);
}

#[test]
fn a_new_trace_is_sampled_in_x_rays_header_too() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let collector = Collector::start(&Mode::Up);
    let telemetry = builder(&collector).preset(Preset::Xray).init().expect("nothing else is running");
    let (headers, trace_id) = futures::executor::block_on(calls_another());
    let (time, rest) = trace_id.split_at(8);
    let header = &headers["x-amzn-trace-id"];
    assert!(header.starts_with(&format!("Root=1-{time}-{rest};Parent=")), "{header}");
    assert!(header.ends_with(";Sampled=1"), "{header}");
    assert!(telemetry.shutdown(TIMEOUT).is_complete());
}

#[test]
fn a_source_of_tokens_is_asked_before_each_request_and_its_answers_are_never_shown() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for protocol in [tta::OtlpProtocol::HttpProtobuf, tta::OtlpProtocol::Grpc] {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        ASKED.store(0, SeqCst);
        let collector = Collector::start(&Mode::Up);
        let builder = builder(&collector)
            .otlp_protocol(protocol)
            .otlp_header("authorization", "old")
            .otlp_token(|| {
                match ASKED.fetch_add(1, SeqCst) {
                    // The metadata server is not up yet.
                    0 => Err("not yet"),
                    asked => Ok(format!("hunter{asked}")),
                }
            });
        assert!(!format!("{builder:?}").contains("hunter"));
        let telemetry = builder.init().expect("nothing else is running");
        for sent in 1..=3 {
            futures::executor::block_on(calls_another());
            telemetry.force_flush(TIMEOUT).expect("it is tried again when there is a token");
            assert_eq!(collector.spans(), sent);
        }
        assert!(!format!("{telemetry:?}").contains("hunter"));
        let tokens: BTreeSet<_> =
            collector.requests().iter().map(|request| request.headers["authorization"].clone()).collect();
        assert_eq!(tokens.len(), 3, "{tokens:?}");
        assert!(tokens.iter().all(|token| token.as_bytes().starts_with(b"Bearer hunter")), "{tokens:?}");
        assert!(telemetry.shutdown(TIMEOUT).is_complete());
    }
}

#[test]
fn a_source_that_panics_or_hangs_loses_spans_and_says_why() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let collector = Collector::start(&Mode::Up);
    for (hangs, why, timeout) in
        [(false, "panicked", TIMEOUT), (true, "does not answer", Duration::from_millis(300))]
    {
        let telemetry = builder(&collector)
            .otlp_token(move || -> Result<String, String> {
                assert!(hangs, "deliberate");
                loop {
                    std::thread::park();
                }
            })
            .init()
            .expect("nothing else is running");
        futures::executor::block_on(calls_another());
        let report = telemetry.shutdown(timeout);
        assert_eq!(report.lost(), 1, "{report}");
        assert!(report.problems().iter().any(|problem| problem.contains(why)), "{report:?}");
    }
    assert_eq!(collector.spans(), 0);
}
