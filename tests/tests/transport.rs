//! What is between us and a collector: compression, headers, TLS.

use tta_tests::{Authority, Collector, Mode, Program};

const PROGRAM: &str = env!("CARGO_BIN_EXE_program");
const PROTOCOLS: [&str; 2] = ["grpc", "http/protobuf"];

/// Runs five orders, 20 spans in all; what it reports and the lines on standard error.
fn run(collector: &Collector, protocol: &str, env: &[(&str, &str)]) -> (String, Vec<String>) {
    let endpoint = collector.endpoint();
    let mut all = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_TRACES_EXPORTER", "otlp"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ];
    all.extend(env);
    let (status, stdout, stderr) = Program::start(PROGRAM, &["run", "5"], &all).finish();
    assert!(status.success(), "{stderr:#?}");
    (stdout[1].clone(), stderr)
}

const ALL_ARRIVED: &str = "report otlp: 20 exported, 0 dropped, 0 pending";

#[test]
fn bodies_are_gzip_where_asked_and_hold_the_same_spans() {
    for protocol in PROTOCOLS {
        for compression in ["gzip", "none"] {
            let collector = Collector::start(&Mode::Up);
            let (report, stderr) =
                run(&collector, protocol, &[("OTEL_EXPORTER_OTLP_COMPRESSION", compression)]);
            assert_eq!((report.as_str(), collector.spans()), (ALL_ARRIVED, 20), "{protocol} {stderr:#?}");
            let headers = &collector.requests()[0].headers;
            let header = if protocol == "grpc" { "grpc-encoding" } else { "content-encoding" };
            let expected = (compression == "gzip").then_some("gzip");
            let found = headers.get(header).map(|value| value.to_str().expect("it is text"));
            assert_eq!(found, expected, "{protocol} {headers:?}");
        }
    }
}

#[test]
fn headers_arrive_and_are_never_shown() {
    for protocol in PROTOCOLS {
        let collector = Collector::start(&Mode::Up);
        let headers =
            [("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hunter2,x-key=hunter%32,x-team=a%2Cb")];
        let (report, stderr) = run(&collector, protocol, &headers);
        assert_eq!((report.as_str(), stderr.len()), (ALL_ARRIVED, 0), "{protocol} {stderr:#?}");
        let taken = &collector.requests()[0].headers;
        for (name, value) in [("authorization", "Bearer hunter2"), ("x-key", "hunter2"), ("x-team", "a,b")] {
            assert_eq!(taken[name], value, "{protocol}");
        }
        collector.set(&Mode::Refusing(401, None));
        let (report, stderr) = run(&collector, protocol, &headers);
        let said = format!("{report} {stderr:#?}");
        assert!(said.contains("export_failed 20"), "{protocol} {said}");
        assert!(!said.contains("hunter2"), "{protocol} {said}");
    }
}

#[test]
fn a_private_authority_is_trusted_where_its_certificate_is_named() {
    let authority = Authority::new("trusted");
    let file = authority.file().to_str().expect("a path in UTF-8");
    for protocol in PROTOCOLS {
        let collector = Collector::start_with_tls(&Mode::Up, &authority);
        let (report, stderr) = run(&collector, protocol, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", file)]);
        assert_eq!((report.as_str(), collector.spans()), (ALL_ARRIVED, 20), "{protocol} {stderr:#?}");
    }
}

#[test]
fn a_collector_that_an_unknown_authority_vouches_for_gets_nothing_and_the_log_says_why() {
    let (theirs, other) = (Authority::new("theirs"), Authority::new("other"));
    let other = other.file().to_str().expect("a path in UTF-8").to_owned();
    for protocol in PROTOCOLS {
        for trusted in [None, Some(("OTEL_EXPORTER_OTLP_CERTIFICATE", other.as_str()))] {
            let collector = Collector::start_with_tls(&Mode::Up, &theirs);
            let env: Vec<_> = trusted.into_iter().chain([("OTEL_EXPORTER_OTLP_TIMEOUT", "500")]).collect();
            let (report, stderr) = run(&collector, protocol, &env);
            assert_eq!((collector.spans(), collector.requests().len()), (0, 0), "{protocol}");
            assert!(report.contains("export_failed 20"), "{protocol} {report}");
            let said = stderr.join("\n").to_ascii_lowercase();
            assert!(said.contains("certificate") && said.contains("issuer"), "{protocol} {said}");
        }
    }
}
