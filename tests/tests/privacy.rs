//! What leaves the process: prompts and answers where that was asked for, and no text with a secret in it. One telemetry
//! runs at a time, so they take turns.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{self, Stream, StreamExt as _};
use serde_json::{Value, json};
use tta::llm::Response;
use tta::opentelemetry::trace::{Span as _, Status, Tracer as _, TracerProvider as _};
use tta::opentelemetry::{Context, KeyValue};
use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tta::{LlmResponse, Telemetry, TelemetryBuilder, Usage};

static TURN: Mutex<()> = Mutex::new(());

const KEY: &str = "sk-proj-abcdefghijklmnopqrstuvwxyZ";

#[derive(Clone, Debug, Default)]
struct Exported(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Exported {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        Ok(())
    }
}

/// What was exported of what `work` does.
fn exported(set_up: impl FnOnce(TelemetryBuilder) -> TelemetryBuilder, work: impl Future) -> Vec<SpanData> {
    let _turn: MutexGuard<'_, ()> = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let exported = Exported::default();
    let builder = Telemetry::builder().console(false).otlp(false);
    let builder = builder.prometheus(false).span_exporter(exported.clone());
    let telemetry = set_up(builder).init().expect("nothing is wrong");
    futures::executor::block_on(work);
    let report = telemetry.shutdown(Duration::from_secs(10));
    assert_eq!(report.exporters()[0].dropped, 0);
    let mut spans = exported.0.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut *spans)
}

fn span<'a>(spans: &'a [SpanData], name: &str) -> &'a SpanData {
    spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {spans:#?}"))
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    attributes.iter().find(|own| own.key.as_str() == key).map(|own| own.value.as_str().into_owned())
}

struct Answer(&'static str);

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().content(self.0).finish_reason("stop").usage(Usage::openai(10, 10))
    }
}

static LOOKED: AtomicUsize = AtomicUsize::new(0);

fn looked<T>(value: T) -> T {
    LOOKED.fetch_add(1, Relaxed);
    value
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"), fields(gen_ai.input.messages = looked(prompt)))]
async fn ask(prompt: &str) -> Result<Answer, std::io::Error> {
    Ok(Answer("Write to bob@example.com."))
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o-mini"))]
async fn ask_for_a_body() -> Value {
    json!({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}]})
}

#[tta::primitive(
    kind = "tool",
    fields("gen_ai.tool.call.arguments" = looked(arguments), asked = %arguments),
    ret("gen_ai.tool.call.result" = ret)
)]
async fn look_up(arguments: &Value) -> Vec<String> {
    vec!["4111 1111 1111 1111".to_owned(), "17".to_owned()]
}

#[tta::workflow(fields(gen_ai.input.messages = ?question))]
async fn study(question: &str) {
    let _ = ask(&format!("My key is {KEY}.")).await;
    ask_for_a_body().await;
    look_up(&json!({"user": "bob@example.com", "page": 2})).await;
    tta::span().set("gen_ai.output.messages", "by hand");
}

fn content(spans: &[SpanData]) -> usize {
    let all = spans.iter().flat_map(|span| &span.attributes);
    all.filter(|own| own.key.as_str().contains("messages") || own.key.as_str().contains("tool.call")).count()
}

#[test]
fn what_is_said_is_recorded_only_where_that_was_asked_for_and_else_not_even_looked_at() {
    LOOKED.store(0, Relaxed);
    let spans = exported(|builder| builder, study("Why?"));
    assert_eq!((spans.len(), content(&spans), LOOKED.load(Relaxed)), (4, 0, 0));

    let spans = exported(|builder| builder.capture_content(true), study("Why?"));
    assert_eq!((spans.len(), LOOKED.load(Relaxed)), (4, 2));
    let asked = &span(&spans, "chat gpt-4o").attributes;
    let read = |attributes: &[KeyValue], key: &str| -> Value {
        serde_json::from_str(&attribute(attributes, key).unwrap_or_default()).expect("it is JSON")
    };
    let text = |text: &str| json!([{"type": "text", "content": text}]);
    assert_eq!(
        read(asked, "gen_ai.input.messages"),
        json!([{"role": "user", "parts": text("My key is [redacted api key].")}])
    );
    assert_eq!(
        read(asked, "gen_ai.output.messages"),
        json!([{"role": "assistant", "parts": text("Write to [redacted email]."), "finish_reason": "stop"}])
    );
    assert_eq!(
        read(&span(&spans, "chat gpt-4o-mini").attributes, "gen_ai.output.messages"),
        json!([{"role": "assistant", "parts": text("Yes."), "finish_reason": "stop"}])
    );
    let tool = &span(&spans, "execute_tool look_up").attributes;
    let arguments = json!({"user": "[redacted email]", "page": 2});
    assert_eq!(read(tool, "gen_ai.tool.call.arguments"), arguments);
    assert_eq!(read(tool, "gen_ai.tool.call.result"), json!(["[redacted card]", "17"]));
    let study = &span(&spans, "invoke_workflow study").attributes;
    assert_eq!(read(study, "gen_ai.input.messages"), json!([{"role": "user", "parts": text("\"Why?\"")}]));
    assert_eq!(attribute(study, "gen_ai.output.messages").as_deref(), Some("by hand"));
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
fn ask_in_chunks(chunks: Vec<Value>) -> impl Stream<Item = Value> + use<> {
    stream::iter(chunks)
}

/// Bytes of text in an attribute.
const LONGEST: usize = 32 * 1024;

#[test]
fn an_answer_in_chunks_is_put_together() {
    let chunk = |index: u32, text: &str| json!({"choices": [{"index": index, "delta": {"content": text}}]});
    let long = "word ".repeat(20_000);
    for (chunks, expected) in [
        (
            vec![chunk(0, "Write to bob@exam"), chunk(1, "No."), chunk(0, "ple.com.")],
            "Write to [redacted email].",
        ),
        (vec![chunk(0, &long[..40_000]), chunk(0, &long[40_000..])], &long[..LONGEST]),
    ] {
        let stream = || async { ask_in_chunks(chunks.clone()).for_each(|_| async {}).await };
        let spans = exported(|builder| builder.capture_content(true), stream());
        let said = attribute(&span(&spans, "chat gpt-4o").attributes, "gen_ai.output.messages")
            .expect("it is recorded");
        let said: Value = serde_json::from_str(&said).expect("it is JSON");
        let said = said[0]["parts"][0]["content"].as_str().expect("it is text");
        assert!(said.len() <= LONGEST && said.len() + 40 > expected.len(), "{} bytes", said.len());
        assert!(expected.starts_with(said), "{}", &said[said.len() - 20..]);
        assert_eq!(content(&exported(|builder| builder, stream())), 0);
    }
}

const NAMES: [&str; 10] = [
    "gen_ai.system_instructions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
    "gen_ai.tool.definitions",
    "gen_ai.retrieval.query.text",
    "gen_ai.retrieval.documents",
    "gen_ai.prompt",
    "gen_ai.completion",
];

#[tta::primitive(kind = "retrieval", fields("gen_ai.retrieval.query.text" = query))]
async fn retrieve(query: &str) {
    for name in NAMES {
        tta::span().set(name, "by hand");
    }
}

#[test]
fn whatever_the_conventions_call_content_is_content() {
    let kept = |spans: &[SpanData]| {
        NAMES.iter().filter(|name| attribute(&spans[0].attributes, name).is_some()).count()
    };
    assert_eq!(kept(&exported(|builder| builder, retrieve("Why?"))), 0);
    assert_eq!(kept(&exported(|builder| builder.capture_content(true), retrieve("Why?"))), NAMES.len());
}

#[tta::primitive(fields(key = key, list = ?[key], number = 17))]
async fn leaky(key: &str) {
    let error = std::io::Error::other(format!("401 for {key}"));
    let span = tta::span();
    span.error(&error).set("set", format!("{key}!")).event("said", [("to", key.to_owned().into())]);
    Context::map_current(|context| {
        use tta::opentelemetry::trace::TraceContextExt as _;
        context.span().set_status(Status::error(format!("refused {key}")));
    });
    let mut foreign = tta::Provider::default().tracer("theirs").start(format!("call with {key}"));
    foreign.set_attribute(KeyValue::new("url.full", format!("https://a.test/?key={key}")));
    foreign.add_event(format!("logged {key}"), Vec::new());
    foreign.end();
}

#[test]
fn no_text_with_a_secret_in_it_leaves_by_any_way() {
    let tagged = tta::WorkflowContext::builder().tag("contact", KEY);
    let spans = exported(|builder| builder, tagged.scope(wraps()));
    let all = format!("{spans:?}");
    assert!(!all.contains(KEY) && all.contains("401 for [redacted api key]"), "{all}");
    let leaky = span(&spans, "leaky");
    assert_eq!(attribute(&leaky.attributes, "list").as_deref(), Some("[\"[redacted api key]\"]"));
    assert_eq!(attribute(&leaky.attributes, "number").as_deref(), Some("17"));
    assert_eq!(leaky.status, Status::error("refused [redacted api key]"));
    assert_eq!(
        span(&spans, "call with [redacted api key]").events.events[0].name,
        "logged [redacted api key]"
    );
    let workflow = span(&spans, "invoke_workflow wraps");
    assert_eq!(attribute(&workflow.attributes, "tta.tag.contact").as_deref(), Some("[redacted api key]"));
}

#[tta::workflow]
async fn wraps() {
    leaky(KEY).await;
}

#[tta::primitive(fields(word, other))]
async fn says(word: &str, other: &str) {}

#[test]
fn the_programs_own_redaction_has_the_last_word_and_takes_nothing_with_it_when_it_panics() {
    let spans = exported(
        |builder| {
            builder.redact(|text: &str| match text {
                "panic" => panic!("deliberate"),
                "ACME" => Cow::Borrowed("[customer]"),
                _ => Cow::Borrowed(text),
            })
        },
        async {
            says("ACME", KEY).await;
            says("panic", "plain").await;
        },
    );
    let said: Vec<_> = spans
        .iter()
        .map(|span| ["word", "other"].map(|key| attribute(&span.attributes, key).unwrap_or_default()))
        .collect();
    assert_eq!(
        said,
        [["[customer]", "[redacted api key]"], ["[redaction failed]", "plain"]]
            .map(|pair| pair.map(String::from))
    );
    let spans = exported(|builder| builder, says("ACME", "panic"));
    assert_eq!(attribute(&spans[0].attributes, "word").as_deref(), Some("ACME"), "it was another program's");
}
