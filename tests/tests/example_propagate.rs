//! The example `propagate`, and with it the variables that choose propagators and trust.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::LazyLock;

use tta_tests::{Program, example};

static PROPAGATE: LazyLock<String> = LazyLock::new(|| example("propagate"));

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";

/// The headers of the one request that the example sends when it gets one with these.
fn passed_on(env: &[(&str, &str)], headers: &[(&str, &str)]) -> HashMap<String, String> {
    let env = [&[("OTEL_EXPORTER_PROMETHEUS_PORT", "0")], env].concat();
    let program = Program::start(&PROPAGATE, &["--listen", "127.0.0.1:0"], &env);
    let line = program.line();
    let url = line.strip_prefix("listening on ").expect("it says where");

    let callee = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = callee.local_addr().expect("it is bound");
    let called = std::thread::spawn(move || {
        let (stream, _) = callee.accept().expect("the example calls");
        let mut lines = BufReader::new(&stream);
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).expect("HTTP");
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_lowercase(), value.to_owned()),
                None if line.trim_end().is_empty() => break,
                None => None,
            };
        }
        let length = headers["content-length"].parse().expect("a number");
        lines.take(length).read_to_end(&mut Vec::new()).expect("the body");
        (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("an answer");
        headers
    });

    let mut request = ureq::post(format!("{url}/test")).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send(format!(r#"[{{"url": "http://{address}", "arguments": []}}]"#));
    assert_eq!(response.expect("an answer").status(), 200);
    called.join().expect("a request")
}

fn names(headers: &HashMap<String, String>) -> Vec<&str> {
    let mut names: Vec<_> = headers.keys().map(String::as_str).collect();
    names.retain(|name| !["host", "accept", "content-type", "content-length", "user-agent"].contains(name));
    names.sort_unstable();
    names
}

#[test]
fn by_default_w3c_s_headers_come_in_and_go_out() {
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let received = [
        ("traceparent", traceparent.as_str()),
        ("tracestate", "a@b@c=1"),
        ("tracestate", "d=2"),
        ("baggage", "x=1"),
        ("baggage", "y=%C3%A9;p"),
    ];
    let sent = passed_on(&[], &received);
    assert_eq!(names(&sent), ["baggage", "traceparent", "tracestate"]);
    assert!(sent["traceparent"].contains(TRACE) && !sent["traceparent"].contains(SPAN), "{sent:?}");
    assert_eq!(sent["tracestate"], "a@b@c=1,d=2");
    assert!(sent["baggage"].starts_with("tta-workflow-id=") && sent["baggage"].ends_with(",x=1,y=%C3%A9;p"));
}

#[test]
fn the_variable_chooses_whose_headers_those_are() {
    let b3 = format!("{TRACE}-{SPAN}-1");
    let traceparent = format!("00-{}-{SPAN}-01", "1".repeat(32));
    let received = [("b3", b3.as_str()), ("traceparent", traceparent.as_str()), ("baggage", "x=1")];
    let sent = passed_on(&[("OTEL_PROPAGATORS", "b3")], &received);
    assert_eq!(names(&sent), ["b3"]);
    assert!(sent["b3"].starts_with(TRACE) && !sent["b3"].contains(SPAN), "{sent:?}");

    let sent = passed_on(&[("OTEL_PROPAGATORS", "tracecontext, b3multi,jaeger,b3multi")], &received);
    let expected = ["traceparent", "uber-trace-id", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid"];
    assert_eq!(names(&sent), expected);
    assert_eq!(sent["x-b3-traceid"], TRACE, "the later one counts");

    assert!(names(&passed_on(&[("OTEL_PROPAGATORS", "none")], &received)).is_empty());
    // A preset chooses only where nobody else does.
    let xray = [("OTEL_TRACES_EXPORTER", "xray,console"), ("OTEL_METRICS_EXPORTER", "none")];
    let expected = ["baggage", "traceparent", "x-amzn-trace-id"];
    assert_eq!(names(&passed_on(&xray, &[])), expected);
    let chosen = [&xray[..], &[("OTEL_PROPAGATORS", "tracecontext")]].concat();
    assert_eq!(names(&passed_on(&chosen, &[])), ["traceparent"]);
}

#[test]
fn the_other_variable_says_how_far_the_caller_is_believed() {
    let traceparent = format!("00-{TRACE}-{SPAN}-00");
    let received = [("traceparent", traceparent.as_str()), ("baggage", "x=1")];
    let sent = passed_on(&[("TTA_TRUST_REMOTE", "sampled-off")], &received);
    assert!(sent["traceparent"].contains(TRACE) && sent["traceparent"].ends_with("-01"), "{sent:?}");
    let sent = passed_on(&[("TTA_TRUST_REMOTE", "never")], &received);
    assert!(!sent["traceparent"].contains(TRACE) && !sent["baggage"].contains("x=1"), "{sent:?}");
}
