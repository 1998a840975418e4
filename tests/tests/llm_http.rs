//! Models asked over HTTP: answers of each family of providers, whole and in chunks, in the shape that they are documented
//! in, and what goes wrong on the way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response as Answer};
use axum::routing::get;
use futures::stream::{self, Stream, StreamExt as _};
use serde_json::Value;
use tta::LlmResponse;
use tta::llm::{Response, Spent};
use tta::testing::{Capture, CapturedSpan, capture};

/// What is answered, by its name.
const BODIES: &[(&str, &str)] = &[
    ("openai_chat.json", include_str!("llm_http/openai_chat.json")),
    ("openai_chat.sse", include_str!("llm_http/openai_chat.sse")),
    ("openai_responses.json", include_str!("llm_http/openai_responses.json")),
    ("openai_responses.sse", include_str!("llm_http/openai_responses.sse")),
    ("anthropic.json", include_str!("llm_http/anthropic.json")),
    ("anthropic.sse", include_str!("llm_http/anthropic.sse")),
    ("gemini.json", include_str!("llm_http/gemini.json")),
    ("gemini.sse", include_str!("llm_http/gemini.sse")),
    ("garbage.json", "<html>upstream request timeout</html>"),
    ("garbage.sse", "data: {\"choices\": [\n\n"),
];

fn body(name: &str) -> &'static str {
    BODIES.iter().find(|(known, _)| *known == name).map_or("", |(_, body)| body)
}

/// Answers with a body, or refuses.
async fn answer(Path((how, name)): Path<(String, String)>) -> Answer {
    if let Ok(status) = how.parse::<u16>().map(StatusCode::from_u16) {
        let error = r#"{"error": {"message": "no", "type": "requests", "code": null}}"#;
        return (status.expect("a status"), error).into_response();
    }
    // In pieces that end where no event does.
    let pieces = body(&name).as_bytes().chunks(97).map(|piece| Ok::<_, String>(Bytes::from(piece)));
    Body::from_stream(stream::iter(pieces.collect::<Vec<_>>())).into_response()
}

/// A server that sends so many events of a body, promises more, and cuts the connection.
fn cut(name: &str, events: usize) -> String {
    let sent: String = body(name).split_inclusive("\n\n").take(events).collect();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a listener has an address");
    std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("a connection");
        let mut read = BufReader::new(connection.try_clone().expect("another handle")).lines();
        while read.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let promised = sent.len() + 1_000;
        write!(connection, "HTTP/1.1 200 OK\r\ncontent-length: {promised}\r\n\r\n{sent}")
            .expect("it is sent");
    });
    format!("http://{address}/cut.sse")
}

/// Where the models are.
static SERVER: LazyLock<String> = LazyLock::new(|| {
    // What reqwest's clients need to be made, with whatever they speak.
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.set_nonblocking(true).expect("it can be");
    let address = listener.local_addr().expect("a listener has an address");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("it listens");
            let router = Router::new().route("/{how}/{name}", get(answer));
            axum::serve(listener, router).await
        })
    });
    format!("http://{address}")
});

#[derive(Clone, Debug, PartialEq, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Busy,
    #[error_kind(transient)]
    Status,
    #[error_kind(transient)]
    Connection,
    #[error_kind(permanent)]
    Garbage,
}

impl LlmResponse for Failure {
    fn response(&self) -> Response<'_> {
        if *self == Failure::Busy { Response::unbilled() } else { Response::new() }
    }
}

impl From<reqwest::Error> for Failure {
    fn from(_: reqwest::Error) -> Self {
        Failure::Connection
    }
}

async fn send(path: &str) -> Result<reqwest::Response, Failure> {
    let server = &*SERVER;
    let url = if path.starts_with("http:") { path.to_owned() } else { format!("{server}/{path}") };
    let response = reqwest::get(url).await?;
    match response.status().as_u16() {
        200 => Ok(response),
        429 => Err(Failure::Busy),
        _ => Err(Failure::Status),
    }
}

#[tta::primitive(llm(provider = provider, model = model))]
async fn ask(provider: &str, model: &str, path: &str) -> Result<Value, Failure> {
    let text = send(path).await?.text().await?;
    serde_json::from_str(&text).map_err(|_| Failure::Garbage)
}

#[tta::primitive(llm(provider = provider, model = model))]
async fn ask_in_chunks(
    provider: &str,
    model: &str,
    path: &str,
) -> Result<impl Stream<Item = Result<Value, Failure>> + use<>, Failure> {
    Ok(events(send(path).await?))
}

/// The events of a response.
fn events(response: reqwest::Response) -> impl Stream<Item = Result<Value, Failure>> {
    stream::unfold(Some((response, String::new())), |reading| async move {
        let (mut response, mut read) = reading?;
        loop {
            if let Some((event, rest)) = read.split_once("\n\n") {
                let data =
                    event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or("").to_owned();
                read = rest.to_owned();
                if data == "[DONE]" {
                    return None;
                }
                let event = serde_json::from_str(&data).map_err(|_| Failure::Garbage);
                return Some((event, Some((response, read))));
            }
            match response.chunk().await {
                Ok(Some(piece)) => read.push_str(&String::from_utf8_lossy(&piece)),
                Ok(None) => return None,
                Err(error) => return Some((Err(error.into()), None)),
            }
        }
    })
}

#[tta::workflow]
async fn asked(provider: &str, model: &str, path: &str) -> (Result<usize, Failure>, Spent) {
    let result = if path.ends_with("json") {
        ask(provider, model, path).await.map(|_| 1)
    } else {
        read(provider, model, path).await
    };
    (result, tta::context().spent())
}

async fn read(provider: &str, model: &str, path: &str) -> Result<usize, Failure> {
    let mut stream = Box::pin(ask_in_chunks(provider, model, path).await?);
    let mut count = 0;
    while let Some(event) = stream.next().await {
        event?;
        count += 1;
    }
    Ok(count)
}

/// A family of providers, and what its answer has used and cost.
struct Expected {
    name: &'static str,
    provider: &'static str,
    model: &'static str,
    answered: &'static str,
    finish: Option<&'static str>,
    /// Sent, received, and of those read from the cache, written to it, reasoning.
    tokens: [u64; 5],
    /// In millionths of a millionth of a dollar.
    pico: u64,
}

const FAMILIES: [Expected; 4] = [
    Expected {
        name: "openai_chat",
        provider: "openai",
        model: "gpt-4o",
        answered: "gpt-4o-2024-08-06",
        finish: Some("[\"stop\"]"),
        tokens: [1_200, 40, 1_000, 0, 10],
        // 200 at $2.50 for a million, 1 000 at $1.25, 40 at $10: $0.0005 + $0.00125 + $0.0004.
        pico: 2_150_000_000,
    },
    Expected {
        name: "openai_responses",
        provider: "openai",
        model: "gpt-4o-mini",
        answered: "gpt-4o-mini-2024-07-18",
        finish: None,
        tokens: [2_000, 100, 500, 0, 20],
        // 1 500 at $0.15, 500 at $0.075, 100 at $0.60: $0.000225 + $0.0000375 + $0.00006.
        pico: 322_500_000,
    },
    Expected {
        name: "anthropic",
        provider: "anthropic",
        model: "claude-haiku-4-5",
        answered: "claude-haiku-4-5-20251001",
        finish: Some("[\"end_turn\"]"),
        // What was cached is no part of the 100 that the answer calls its input.
        tokens: [1_300, 50, 1_000, 200, 0],
        // 100 at $1, 1 000 at $0.10, 200 at $1.25, 50 at $5: $0.0001 + $0.0001 + $0.00025 + $0.00025.
        pico: 700_000_000,
    },
    Expected {
        name: "gemini",
        provider: "gcp.gemini",
        model: "gemini-2.5-flash",
        answered: "gemini-2.5-flash",
        finish: Some("[\"STOP\"]"),
        // Thoughts are no part of the 30 of the candidates.
        tokens: [1_000, 100, 400, 0, 70],
        // 600 at $0.30, 400 at $0.03, 100 at $2.50: $0.00018 + $0.000012 + $0.00025.
        pico: 442_000_000,
    },
];

impl Expected {
    fn span(&self, seen: &Capture) -> CapturedSpan {
        seen.span(&format!("chat {}", self.model))
    }

    fn metric(&self, seen: &Capture, family: &str, label: Option<(&str, &str)>) -> Option<f64> {
        let labels = [("provider", self.provider), ("model", self.model)];
        seen.metric(family, &labels.into_iter().chain(label).collect::<Vec<_>>())
    }
}

fn is(found: Option<f64>, pico: u64) -> bool {
    found.is_some_and(|found| (found - pico as f64 / 1e12).abs() < 1e-15)
}

#[tokio::test]
async fn an_answer_of_each_family_is_priced_the_same_whole_and_in_chunks() {
    for expected in &FAMILIES {
        for form in ["json", "sse"] {
            let path = format!("whole/{}.{form}", expected.name);
            let seen = capture();
            let (result, spent) = seen.scope(asked(expected.provider, expected.model, &path)).await;
            assert!(result.is_ok_and(|events| events > 0), "{path}");
            assert_eq!(
                (spent.total().pico(), spent.calls(), spent.is_complete()),
                (expected.pico, 1, true),
                "{path}"
            );
            let [input, output, cache_read, cache_write, reasoning] = expected.tokens;
            let span = expected.span(&seen);
            let some = |tokens: u64| (tokens > 0).then(|| tokens.to_string());
            for (key, value) in [
                ("gen_ai.response.model", Some(expected.answered.to_owned())),
                ("gen_ai.response.finish_reasons", expected.finish.map(str::to_owned)),
                ("gen_ai.usage.input_tokens", Some(input.to_string())),
                ("gen_ai.usage.output_tokens", Some(output.to_string())),
                ("gen_ai.usage.cache_read.input_tokens", some(cache_read)),
                ("gen_ai.usage.cache_creation.input_tokens", some(cache_write)),
                ("gen_ai.usage.reasoning.output_tokens", some(reasoning)),
                ("gen_ai.request.stream", (form == "sse").then(|| "true".to_owned())),
                ("tta.llm.usage.inconsistent", None),
            ] {
                assert_eq!(span.attribute(key), value, "{path}: {key}");
            }
            assert!(span.attribute("gen_ai.response.id").is_some(), "{path}");
            let first = span.attribute("gen_ai.response.time_to_first_chunk");
            assert_eq!(first.is_some(), form == "sse", "{path}");
            let workflow = seen.span("invoke_workflow asked");
            let total = workflow.attribute("tta.cost.total_usd").and_then(|total| total.parse().ok());
            assert!(is(total, expected.pico), "{path}: {total:?}");
            for (of, tokens) in
                ["prompt", "completion", "cache_read", "cache_write", "reasoning"].iter().zip(expected.tokens)
            {
                let counted = expected.metric(&seen, "tta_llm_tokens_total", Some(("type", of)));
                assert_eq!(counted, Some(tokens as f64), "{path}: {of}");
            }
            let cost = |of| expected.metric(&seen, "tta_llm_cost_dollars_total", Some(("disposition", of)));
            assert!(is(cost("useful"), expected.pico) && is(cost("wasted"), 0), "{path}");
            let begun = expected.metric(&seen, "tta_llm_time_to_first_token_seconds_count", None);
            assert_eq!(begun, (form == "sse").then_some(1.0), "{path}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_costs_what_was_told_until_then() {
    // Of Anthropic the prompt and a token, $0.00045 + $0.000005; of Gemini the thoughts too; OpenAI has told nothing.
    for (index, pico) in
        [(0, None), (2, Some(455_000_000)), (3, Some(180_000_000 + 12_000_000 + 175_000_000))]
    {
        let expected = &FAMILIES[index];
        let events = if index == 3 { 1 } else { 2 };
        let seen = capture();
        let path = format!("{}.sse", expected.name);
        let url = cut(&path, events);
        let (result, spent) = seen.scope(asked(expected.provider, expected.model, &url)).await;
        assert_eq!(result, Err(Failure::Connection), "{path}");
        assert_eq!((spent.calls(), spent.is_complete()), (1, pico.is_some()), "{path}");
        assert_eq!(
            (spent.wasted().pico(), spent.total().pico()),
            (pico.unwrap_or(0), pico.unwrap_or(0)),
            "{path}"
        );
        let span = expected.span(&seen);
        assert_eq!(span.attribute("error.type").as_deref(), Some("connection"), "{path}");
        assert_eq!(span.attribute("tta.llm.usage.partial").is_some(), pico.is_some(), "{path}");
        assert_eq!(span.attribute("tta.stream.items"), Some((events + 1).to_string()), "{path}");
        let failed = expected.metric(&seen, "tta_llm_requests_total", Some(("status", "error")));
        assert_eq!(failed, Some(1.0), "{path}");
        let unpriced = expected.metric(&seen, "tta_llm_unpriced_calls_total", None);
        assert_eq!(unpriced, Some(if pico.is_some() { 0.0 } else { 1.0 }), "{path}");
    }
}

#[tokio::test]
async fn a_refusal_is_not_billed_and_what_cannot_be_read_is_not_priced() {
    let expected = &FAMILIES[0];
    for (how, failure, is_known) in
        [("429", Failure::Busy, true), ("500", Failure::Status, false), ("whole", Failure::Garbage, false)]
    {
        for form in ["json", "sse"] {
            let path = format!("{how}/garbage.{form}");
            let seen = capture();
            let (result, spent) = seen.scope(asked(expected.provider, expected.model, &path)).await;
            assert_eq!(result, Err(failure.clone()), "{path}");
            assert_eq!((spent.calls(), spent.is_complete()), (1, is_known), "{path}");
            assert_eq!(spent.total().pico(), 0, "{path}");
            let failed = expected.metric(&seen, "tta_llm_requests_total", Some(("status", "error")));
            assert_eq!(failed, Some(1.0), "{path}");
            let unpriced = expected.metric(&seen, "tta_llm_unpriced_calls_total", Some(("reason", "answer")));
            assert_eq!(unpriced, Some(if is_known { 0.0 } else { 1.0 }), "{path}");
            let complete = expected.span(&seen).attribute("tta.cost.complete");
            assert_eq!(complete.is_none_or(|complete| complete == "true"), is_known, "{path}");
        }
    }
}
