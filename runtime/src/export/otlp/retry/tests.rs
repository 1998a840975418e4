use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{Overrides, Settings};
use super::*;

/// Answers each request over HTTP with the next of `answers`, and with the last of them from then on.
fn collector(answers: &'static [&'static str]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it has one");
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = vec![0; 65_536];
            let read = stream.read(&mut request).unwrap_or(0);
            let head = String::from_utf8_lossy(&request[..read]).to_ascii_lowercase();
            assert!(head.starts_with("post /v1/traces ") && head.contains("user-agent: tta/"), "{head}");
            assert_eq!(head.matches("content-type: application/x-protobuf").count(), 1, "{head}");
            let answer = answers[count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
            let _ = stream.write_all(format!("HTTP/1.1 {answer}").as_bytes());
        }
    });
    (address, asked)
}

const OK: &str = "200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
/// `partial_success { rejected_spans: 3 }`.
const PARTIAL: &str = "200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\n\n\u{2}\u{8}\u{3}";
const BAD: &str = "400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const BUSY: &str =
    "503 Service Unavailable\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const LONG: &str =
    "429 Too Many Requests\r\nretry-after: 3600\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const MOVED: &str =
    "302 Found\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

struct Exporter {
    runtime: tokio::runtime::Runtime,
    client: Client,
    retrying: Retrying,
}

impl Exporter {
    fn to(address: SocketAddr) -> Self {
        let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
        let overrides =
            Overrides { endpoint: Some(format!("http://{address}")), headers, ..Overrides::default() };
        let target = Settings::from_env(&overrides).expect("it is a URL").traces;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Exporter { runtime, client: Client::new(&target), retrying: Retrying::new(&target) }
    }

    fn send(&mut self) -> Result<u64, String> {
        let message = Message { signal: super::super::Signal::Traces, body: bytes::Bytes::new() };
        let later = Instant::now() + Duration::from_secs(5);
        let patience = Patience {
            answer: later,
            overtime: Duration::ZERO,
            retries: later,
            stop: tokio::sync::watch::channel(None).1,
        };
        let sent = self.runtime.block_on(self.retrying.send(&mut self.client, &message, patience));
        sent.map(|accepted| accepted.rejected).map_err(|failure| failure.0)
    }
}

#[test]
fn a_busy_collector_is_asked_again() {
    let (address, asked) = collector(&[BUSY, BUSY, OK]);
    assert_eq!(Exporter::to(address).send(), Ok(0));
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[test]
fn what_a_collector_rejects_is_told() {
    let (address, _) = collector(&[PARTIAL]);
    assert_eq!(Exporter::to(address).send(), Ok(3));
}

#[test]
fn a_refusal_is_one_sentence_and_not_repeated() {
    for (answer, said) in [(BAD, "400 Bad Request"), (LONG, "429 Too Many Requests"), (MOVED, "302 Found")] {
        let (address, asked) = collector(match answer {
            BAD => &[BAD],
            LONG => &[LONG],
            _ => &[MOVED],
        });
        let expected = format!("http://{address}/v1/traces answered {said}");
        assert_eq!(Exporter::to(address).send(), Err(expected));
        assert_eq!(asked.load(Ordering::SeqCst), 1, "{said}");
    }
}

#[test]
fn a_collector_that_is_down_is_tried_once_for_each_batch_until_it_answers() {
    let (address, asked) = collector(&[BUSY, BUSY, BUSY, BUSY, OK, BUSY, OK]);
    let mut exporter = Exporter::to(address);
    exporter.retrying.is_down = true;
    for attempts in 1..=4 {
        assert!(exporter.send().is_err());
        assert_eq!(asked.load(Ordering::SeqCst), attempts);
    }
    assert_eq!(exporter.send(), Ok(0));
    assert_eq!(exporter.send(), Ok(0), "tried again since it has answered");
    assert_eq!(asked.load(Ordering::SeqCst), 7);
}

#[test]
fn a_closed_port_is_named_with_the_reason() {
    // A port that has been reserved, and unused, for decades.
    let closed = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut exporter = Exporter::to(closed);
    exporter.retrying.is_down = true;
    let error = exporter.send().expect_err("nobody listens");
    assert!(error.starts_with(&format!("cannot export to http://{closed}/v1/traces: ")), "{error}");
    assert!(error.to_lowercase().contains("connection refused"), "{error}");
}
